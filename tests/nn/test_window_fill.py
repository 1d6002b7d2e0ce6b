"""First guesses of hidden cells."""

import numpy as np
import pytest
import torch

from sktsgen.nn import GaussianFill, LinearFill
from tests.nn.networks import normal, seeded

PHI = 0.8


@pytest.fixture
def gaussian():
    """Two independent AR(1) channels round (1, -1), windows of six steps."""
    lags = torch.arange(6)
    of_one = PHI ** (lags[:, None] - lags).abs() / (1 - PHI**2)
    fill = GaussianFill(6, 2, 12)
    covariance = torch.kron(of_one, torch.eye(2)).double()
    fill.learn(torch.tensor([1.0, -1.0]), covariance, smallest=1e-6)
    return fill


def test_a_gap_of_one_step_lies_between_its_neighbours(gaussian):
    values = normal(3, 1, 6, 2)
    visible = torch.ones(3, 6, 2, dtype=torch.bool)
    visible[:, 3, 0] = False
    fill = gaussian(values, visible)
    between = 1.0 + PHI / (1 + PHI**2) * (values[:, 0, [2, 4], 0] - 1.0).sum(1)
    torch.testing.assert_close(fill.mean[:, 0, 3, 0], between, atol=1e-3, rtol=1e-3)
    expected = torch.full((3,), (1 + PHI**2) ** -0.5)
    torch.testing.assert_close(fill.scale[:, 3, 0], expected, atol=1e-3, rtol=1e-3)


def test_nothing_visible_leaves_the_mean_and_the_spread_of_the_process(gaussian):
    fill = gaussian(normal(2, 1, 6, 2), torch.zeros(2, 6, 2, dtype=torch.bool))
    torch.testing.assert_close(fill.mean[0, 0], torch.tensor([[1.0, -1.0]]).expand(6, 2))
    np.testing.assert_allclose(fill.scale, (1 - PHI**2) ** -0.5, rtol=1e-4)


@pytest.mark.parametrize("cls", [GaussianFill, LinearFill])
def test_deviations_are_zero_where_visible_and_of_the_given_scale_elsewhere(cls, gaussian):
    fill = gaussian if cls is GaussianFill else LinearFill(6, 2)
    visible = torch.rand(4, 6, 2, generator=seeded()) < 0.5
    guess = fill(normal(4, 1, 6, 2), visible)
    noise = torch.randn(4, 20_000, fill.n_noise, generator=seeded(1))
    drawn = fill.deviation(guess, visible, noise)
    assert (drawn[visible[:, None].expand_as(drawn)] == 0).all()
    torch.testing.assert_close(drawn.std(1), guess.scale, atol=0.05, rtol=0.05)


def test_the_mean_moves_towards_lines_by_the_share_of_its_kind_of_span_and_is_else_the_same(
    gaussian,
):
    moved = GaussianFill(6, 2, 12, has_lines=True)
    moved.load_state_dict(gaussian.state_dict(), strict=False)
    values, visible = normal(3, 1, 6, 2), torch.ones(3, 6, 2, dtype=torch.bool)
    visible[:, 1, 0] = visible[:, 3:5, 0] = False
    guess = gaussian(values, visible).mean
    assert moved(values, visible).mean.equal(guess)
    moved.line_shares[0, 0] = 1.0
    found = moved(values, visible).mean
    torch.testing.assert_close(found[:, 0, 1, 0], values[:, 0, [0, 2], 0].mean(1))
    found[:, 0, 1, 0] = guess[:, 0, 1, 0]
    assert found.equal(guess)


def test_steps_are_as_large_as_those_of_the_process(gaussian):
    expected = (2 / (1 + PHI)) ** 0.5
    np.testing.assert_allclose(gaussian.step_scale, expected, rtol=1e-3)
    np.testing.assert_allclose(GaussianFill(1, 2, 1).step_scale, 1.0)


def test_lines_go_on_from_the_mean_they_were_given():
    fill = LinearFill(4, 2)
    fill.learn(torch.tensor([3.0, 5.0]), torch.tensor([0.1, 0.2]))
    visible = torch.zeros(1, 4, 2, dtype=torch.bool)
    visible[0, [0, 3], 0] = True
    values = torch.tensor([[0.0, 9.0], [9.0, 9.0], [9.0, 9.0], [3.0, 9.0]])[None, None]
    guess = fill(values, visible)
    np.testing.assert_allclose(guess.mean[0, 0], [[0, 5], [1, 5], [2, 5], [3, 5]], atol=1e-6)
    np.testing.assert_allclose(guess.scale[0, 1], [0.1, 0.2], rtol=1e-6)


def test_windows_that_show_the_same_cells_are_as_each_would_be_alone(gaussian):
    torch.manual_seed(0)
    shown = torch.rand(3, 6, 2) < 0.5
    visible = shown[[0, 2, 0, 1, 2]]
    together = gaussian.pattern(visible)
    for i, own in enumerate(visible):
        for found, alone in zip(together, gaussian.pattern(own[None]), strict=True):
            torch.testing.assert_close(found[i], alone[0])
