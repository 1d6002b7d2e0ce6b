"""Conditioning of factor models against the closed form of the dense covariance."""

import numpy as np
import pytest
import torch

from sktsgen.ops import condition, deviation, factor_pattern, factorise


@pytest.fixture
def model():
    generator = torch.Generator().manual_seed(0)
    loadings = torch.randn(6, 3, generator=generator)
    variances = 0.1 + torch.rand(6, generator=generator)
    values = torch.randn(4, 2, 6, generator=generator)
    visible = torch.rand(4, 6, generator=generator) < 0.5
    return loadings, variances, values, visible


def posterior_of(loadings, variances, values, visible):
    """Mean, scale and root."""
    pattern = factor_pattern(loadings, variances, visible)
    return condition(loadings, variances, values, visible, pattern), *pattern


def dense_posterior(loadings, variances, values, visible):
    """Mean and covariance of the hidden variables by the textbook formula."""
    covariance = (loadings @ loadings.T + variances.diag()).double().numpy()
    shown, hidden = visible.numpy(), ~visible.numpy()
    weights = np.linalg.solve(covariance[np.ix_(shown, shown)], covariance[np.ix_(shown, hidden)])
    left = covariance[np.ix_(hidden, hidden)] - weights.T @ covariance[np.ix_(shown, hidden)]
    return values.double().numpy()[:, shown] @ weights, left


def test_hidden_variables_have_the_dense_posterior(model):
    loadings, variances, values, visible = model
    mean, scale, _ = posterior_of(*model)
    for i in range(len(values)):
        expected, covariance = dense_posterior(loadings, variances, values[i], visible[i])
        hidden = ~visible[i]
        np.testing.assert_allclose(mean[i][:, hidden], expected, atol=1e-5)
        np.testing.assert_allclose(scale[i][hidden], np.sqrt(np.diag(covariance)), atol=1e-5)


@pytest.mark.parametrize("rank", [3, 30, 101])
def test_any_number_of_factors_will_do(rank):
    generator = torch.Generator().manual_seed(0)
    loadings = torch.randn(8, rank, generator=generator)
    variances, values = torch.full((8,), 0.5), torch.randn(1, 1, 8, generator=generator)
    visible = torch.tensor([[True, False] * 4])
    mean, scale, _ = posterior_of(loadings, variances, values, visible)
    expected, covariance = dense_posterior(loadings, variances, values[0], visible[0])
    np.testing.assert_allclose(mean[0][:, ~visible[0]], expected, atol=1e-3)
    expected = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(scale[0][~visible[0]], expected, rtol=1e-3)


def test_visible_variables_are_their_values(model):
    _, _, values, visible = model
    mean, scale, _ = posterior_of(*model)
    seen = visible[:, None].expand_as(values)
    assert torch.equal(mean[seen], values[seen])
    assert (scale[visible] == 0).all()


def test_hidden_values_are_not_read(model):
    loadings, variances, values, visible = model
    spoilt = torch.where(visible[:, None], values, torch.nan)
    found, *_ = posterior_of(loadings, variances, spoilt, visible)
    assert torch.equal(found, posterior_of(*model)[0])


def test_deviations_have_the_covariance_of_the_posterior(model):
    loadings, variances, values, visible = model
    *_, root = posterior_of(*model)
    generator = torch.Generator().manual_seed(1)
    drawn = deviation(
        loadings,
        variances,
        root,
        visible,
        torch.randn(4, 40_000, 3, generator=generator),
        torch.randn(4, 40_000, 6, generator=generator),
    )
    for i in range(4):
        _, expected = dense_posterior(loadings, variances, values[i], visible[i])
        found = np.cov(drawn[i][:, ~visible[i]].numpy().T)
        np.testing.assert_allclose(found, expected, atol=0.05 * np.abs(expected).max())
        assert (drawn[i][:, visible[i]] == 0).all()


def test_factors_of_a_factor_model_give_its_covariance_back(model):
    loadings, variances, _, _ = model
    loadings = loadings[:, :1].double()
    covariance = loadings @ loadings.T + variances.double().diag()
    found, left = factorise(covariance, 1, smallest=1e-6, n_rounds=200)
    torch.testing.assert_close(found @ found.T + left.diag(), covariance, atol=1e-4, rtol=0)


def test_an_explained_variable_keeps_little_noise():
    """Two equal variables: principal components would leave either half of the rest."""
    covariance = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).double()
    _, left = factorise(covariance, 1, smallest=1e-3)
    np.testing.assert_allclose(left, [1e-3, 1e-3, 1.0], atol=1e-3)
