"""Density and draws of values are those of one distribution."""

import numpy as np
import torch
from scipy.stats import kstest

from sktsgen.nn import MixtureEmission
from tests.nn.networks import normal, seeded

GRID = torch.linspace(-12.0, 12.0, 1201)
STEP = (GRID[1] - GRID[0]).item()


def new_emission(n_features, *, n_mixture=3):
    """Weights are enlarged so that features, context and guesses matter."""
    emission = MixtureEmission(
        n_features,
        4,
        n_mixture=n_mixture,
        d_hidden=6,
        smallest_scale=0.02,
        generator=seeded(),
    )
    emission.out.data *= 6.0
    emission.from_earlier.data *= 2.0
    return emission.requires_grad_(False)


def setting(n_rows, n_features):
    """The same guesses and context in every row."""
    guesses = tuple(normal(n_features, seed=seed).expand(n_rows, -1) for seed in (1, 2))
    return guesses, normal(4, seed=3).expand(n_rows, -1)


def density(emission, values):
    guesses, context = setting(len(values), emission.n_features)
    return emission.log_density(values, guesses, context)


def drawn(emission, n):
    guesses, context = setting(n, emission.n_features)
    uniforms = torch.rand(n, emission.n_features, 2, generator=seeded(4))
    return emission.draw(guesses, context, uniforms)


def ranks(emission, values, feature):
    """CDF of a feature at `values` given the features before it, by summing the density."""
    rows = values.repeat_interleave(len(GRID), 0)
    rows[:, feature] = GRID.repeat(len(values))
    weights = density(emission, rows)[:, feature].exp().view(len(values), -1) * STEP
    below = (values[:, feature, None] > GRID).double()
    return (weights * below).sum(1).numpy()


def test_density_of_one_feature_integrates_to_one():
    total = density(new_emission(1), GRID[:, None]).exp().sum() * STEP
    torch.testing.assert_close(total, torch.tensor(1.0), rtol=0, atol=1e-4)


def test_density_of_two_features_integrates_to_one():
    grid = torch.linspace(-7.0, 7.0, 281)
    pairs = torch.cartesian_prod(grid, grid)
    total = density(new_emission(2), pairs).sum(1).exp().sum() * (grid[1] - grid[0]) ** 2
    torch.testing.assert_close(total, torch.tensor(1.0), rtol=0, atol=1e-3)


def test_draws_of_one_feature_follow_the_density():
    emission = new_emission(1)
    assert kstest(ranks(emission, drawn(emission, 1500), 0), "uniform").pvalue > 0.01


def test_draws_of_later_features_follow_the_density_given_the_earlier_ones():
    emission = new_emission(3)
    values = drawn(emission, 400)
    for feature in range(3):
        assert kstest(ranks(emission, values, feature), "uniform").pvalue > 0.01
    assert abs(np.corrcoef(values.T.numpy())[0, 1]) > 0.1  # features do depend on each other


def test_a_feature_depends_on_earlier_features_only():
    emission, values = new_emission(3), normal(1, 3)
    base = density(emission, values)
    for feature in range(3):
        other = values.clone()
        other[:, feature] += 0.7
        change = (density(emission, other) - base)[0].abs()
        assert (change[:feature] == 0).all()
        assert (change[feature:] > 1e-6).all()


def test_mean_lies_between_the_two_guesses():
    emission = new_emission(1)
    emission.out.data.zero_()
    emission.out_bias.data[:] = 0.0
    (first, second), _ = setting(1, 1)
    values = drawn(emission, 20_000)
    assert min(first, second) - 0.05 < values.mean() < max(first, second) + 0.05


def test_a_standard_deviation_is_never_below_the_smallest():
    emission = new_emission(1, n_mixture=1)
    emission.out_bias.data[:, 2] = -100.0
    emission.out.data[..., 2] = 0.0
    values = drawn(emission, 5000)
    torch.testing.assert_close(values.std(), torch.tensor(0.02), rtol=0.05, atol=0)


def test_each_number_may_have_a_smallest_standard_deviation_of_its_own():
    emission = MixtureEmission(
        2, 4, n_mixture=1, d_hidden=6, smallest_scale=[0.002, 0.5], generator=seeded()
    ).requires_grad_(False)
    emission.out_bias.data[:, 2] = -100.0
    emission.out.data.zero_()
    emission.from_earlier.data.zero_()
    values = drawn(emission, 5000)
    torch.testing.assert_close(values.std(0), torch.tensor([0.002, 0.5]), rtol=0.05, atol=0)
    at = values[:100].clone()
    expected = torch.distributions.Normal(values.mean(0), torch.tensor([0.002, 0.5])).log_prob(at)
    torch.testing.assert_close(density(emission, at).mean(0), expected.mean(0), rtol=0, atol=0.05)


def test_dropout_is_switched_on_by_a_generator():
    emission = MixtureEmission(
        2, 4, n_mixture=3, d_hidden=6, smallest_scale=0.02, dropout=0.5, generator=seeded()
    )
    guesses, context = setting(8, 2)
    values = normal(8, 2)
    plain = emission.log_density(values, guesses, context)
    torch.testing.assert_close(plain, emission.log_density(values, guesses, context))
    dropped, again = (
        emission.log_density(values, guesses, context, generator=seeded(5)) for _ in range(2)
    )
    torch.testing.assert_close(dropped, again)
    assert not torch.allclose(plain, dropped)
