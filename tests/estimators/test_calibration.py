"""The size of steps in draws, and where they lead, brought to those of the data."""

import numpy as np
import pytest
import torch

from sktsgen.data import Windows
from sktsgen.estimators._calibration import (
    Level,
    calibrate_innovations,
    calibrate_level,
    data_level,
    data_variance,
    difference_variance,
    gain_of_shifts,
    levelling_length,
    mean_level,
    n_levelling,
)
from sktsgen.nn import MixtureEmission

N_FEATURES = 2
GAIN = np.full(N_FEATURES, 4.0)  # less than the 5 of the memory below


@pytest.fixture
def emission():
    generator = torch.Generator().manual_seed(0)
    return MixtureEmission(
        N_FEATURES, 4, n_mixture=2, d_hidden=4, smallest_scale=0.02, generator=generator
    )


def walk(emission):
    """Random walks whose steps are as large as the emission's factor, of variance 1 at first."""
    steps = np.random.default_rng(3).normal(size=(200, 100, N_FEATURES))
    return (steps * emission.inflation.numpy()).cumsum(axis=1)


def test_steps_of_draws_get_the_variance_of_the_data(emission):
    wanted = np.array([1.21, 1.44])
    calibrate_innovations(emission, lambda: walk(emission), wanted)
    np.testing.assert_allclose(difference_variance(walk(emission)), wanted, rtol=1e-5)
    np.testing.assert_allclose(emission.inflation, [1.1, 1.2], atol=0.02)


def test_an_emission_is_never_narrowed_and_at_most_half_as_wide_again(emission):
    calibrate_innovations(emission, lambda: walk(emission), np.array([0.5, 9.0]))
    np.testing.assert_array_equal(emission.inflation, [1.0, 1.5])


def test_what_stands_still_in_the_draws_is_left_alone(emission):
    calibrate_innovations(emission, lambda: np.zeros((5, 10, N_FEATURES)), np.zeros(N_FEATURES))
    np.testing.assert_array_equal(emission.inflation, [1.0, 1.0])


def test_variance_of_the_data_counts_no_step_between_two_series():
    rows = torch.tensor([[0.0], [1.0], [2.0], [50.0], [51.0]])
    windows = Windows((rows,), np.array([3, 2]), 3)
    assert data_variance(windows) == [0.0]
    assert data_variance(Windows((rows,), np.array([5]), 5)) == [pytest.approx(414.1875)]


def test_a_wider_emission_spreads_its_density_and_its_draws(emission):
    generator = torch.Generator().manual_seed(1)
    context = torch.randn(500, 4, generator=generator)
    guesses = torch.zeros(500, N_FEATURES), torch.zeros(500, N_FEATURES)
    uniforms = torch.rand(500, N_FEATURES, 2, generator=generator)
    with torch.no_grad():
        drawn = emission.draw(guesses, context, uniforms)
        density = emission.log_density(drawn, guesses, context)
        emission.inflation.fill_(1.3)
        wider = emission.draw(guesses, context, uniforms)
        thinner = emission.log_density(wider, guesses, context)
    torch.testing.assert_close(wider, 1.3 * drawn)
    torch.testing.assert_close(thinner, density - np.log(1.3))


def autoregression(emission, phi=0.8, bias=0.05, n=2000):
    """Series around 0 whose steps are wrong by `bias`, and by what the emission is shifted."""
    rng = np.random.default_rng(4)
    wrong = bias + (emission.means.detach() * emission.inflation[:, None]).mean(1).numpy()
    x = rng.normal(size=(n, 50, N_FEATURES))
    x[:, 0] /= np.sqrt(1.0 - phi**2)
    for t in range(1, 50):
        x[:, t] += phi * x[:, t - 1] + wrong
    return x


def test_draws_get_the_level_of_the_data_whatever_they_are_widened_by(emission):
    emission.inflation.fill_(1.2)
    data = Level(np.array([0.0, 0.1]), np.full(2, 1e-3))
    calibrate_level(emission, lambda: autoregression(emission), data, GAIN)
    np.testing.assert_allclose(mean_level(autoregression(emission)).mean, data.mean, atol=0.02)


@pytest.mark.parametrize("errors", [0.0, 0.9, -0.9])
def test_a_level_that_chance_explains_is_left_alone(emission, errors):
    before = emission.means.clone()
    found = mean_level(autoregression(emission, n=20))
    level = Level(found.mean + errors * found.error, np.zeros(N_FEATURES))
    calibrate_level(emission, lambda: autoregression(emission, n=20), level, GAIN)
    torch.testing.assert_close(emission.means, before)


def test_series_are_drawn_again_only_while_their_level_is_told_from_chance(emission):
    drawn = []

    def draw():
        drawn.append(autoregression(emission, bias=0.05 * (not drawn)))
        return drawn[-1]

    level = mean_level(autoregression(emission, bias=0.0))
    calibrate_level(emission, draw, level, np.full(N_FEATURES, 1e6))
    assert len(drawn) == 2


def test_points_are_shifted_by_a_tenth_of_a_spread_at_most(emission):
    before = emission.means.clone()
    far = Level(np.array([50.0, -50.0]), np.full(2, 1e-3))
    calibrate_level(emission, lambda: autoregression(emission), far, GAIN)
    expected = before + torch.tensor([[0.1], [-0.1]])
    torch.testing.assert_close(emission.means, expected)


def test_a_level_is_taken_of_more_series_than_there_are_windows_but_not_of_many_more():
    windows = Windows((torch.zeros(1000, 1),), np.array([1000]), 24)
    assert n_levelling(windows, 24) == 4 * 977
    assert n_levelling(windows, 240) == 800


def test_level_of_the_data_counts_only_steps_that_are_there():
    rows = torch.tensor([[0.0], [1.0], [2.0], [50.0], [54.0]])
    windows = Windows((rows,), np.array([3, 2]), 3)
    assert data_level(windows, 1).mean == [26.5]  # of 1 in three steps, and of 52 in two


def test_a_shift_that_makes_it_worse_is_not_kept(emission):
    before = emission.means.clone()

    def against(emission):
        rng, moved = np.random.default_rng(5), (emission.means - before).mean(1).numpy()
        return 0.2 - 5.0 * moved + rng.normal(size=(500, 10, N_FEATURES))

    nothing = Level(np.zeros(2), np.full(2, 1e-3))
    calibrate_level(emission, lambda: against(emission), nothing, GAIN)
    torch.testing.assert_close(emission.means, before)


def test_gain_is_that_of_an_autoregression():
    rows = torch.from_numpy(autoregression_rows(0.8)).float()
    gain = gain_of_shifts(Windows((rows,), np.array([len(rows)]), 50), 50)
    expected = np.mean((1.0 - 0.8 ** np.arange(1, 51)) / 0.2)
    np.testing.assert_allclose(gain, [expected], rtol=0.05)


def autoregression_rows(phi, n=20_000):
    rng = np.random.default_rng(6)
    x = np.sqrt(1.0 - phi**2) * rng.normal(size=(n, 1))
    for t in range(1, n):
        x[t] += phi * x[t - 1]
    return x / x.std()


def test_levels_are_taken_of_long_draws_where_the_data_last_as_long():
    assert levelling_length(50, np.array([50, 50]), 4) == 50
    assert levelling_length(50, np.array([110, 100, 120]), 4) == 110
    assert levelling_length(50, np.array([17_420]), 4) == 200
    assert levelling_length(50, np.array([10, 12, 50]), 4) == 50
    assert levelling_length(24, np.array([17_420]), 4) == 24
    assert levelling_length(50, np.array([17_420]), 1) == 50


def test_the_level_of_long_series_follows_a_drift_of_the_data():
    rng = np.random.default_rng(0)
    rising = np.linspace(0.0, 10.0, 2000) + 0.01 * rng.normal(size=2000)
    rows = torch.tensor(np.column_stack([rising, rng.normal(size=2000)]), dtype=torch.float32)
    windows = Windows((rows,), np.array([2000]), 20)
    near, far = (data_level(windows, n_steps).mean for n_steps in (20, 80))
    slope = 10.0 / 2000
    np.testing.assert_allclose(far - near, [slope * 30, 0.0], atol=0.02)
