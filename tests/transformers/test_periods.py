"""Periods found in series whose seasons are known, and in series without one."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sktsgen.transformers._periods import find_periods, repeat_season, season_means


def noise(n_timesteps, n_channels=1, *, seed=0):
    return np.random.default_rng(seed).normal(size=(n_timesteps, n_channels))


def wave(n_timesteps, period, *, shift=0.0):
    return np.sin(2 * np.pi * (np.arange(n_timesteps) / period + shift))[:, None]


@pytest.mark.parametrize(
    ("n_timesteps", "period"), [(24, 6), (60, 12), (96, 24), (500, 7), (5000, 168)]
)
def test_period_of_a_wave_in_noise_is_found(n_timesteps, period):
    assert find_periods([2 * wave(n_timesteps, period) + 0.5 * noise(n_timesteps)]) == (period,)


def test_two_seasons_are_both_found():
    time = np.arange(2000)
    weekend = (time // 24 % 7 > 4)[:, None].astype(float)
    X = wave(2000, 24) + weekend + 0.3 * noise(2000)
    assert sorted(find_periods([X])) == [24, 168]


def test_overtones_are_not_seasons_of_their_own():
    X = wave(2000, 12) + 0.3 * wave(2000, 24) + 0.2 * wave(2000, 8) + 0.3 * noise(2000)
    assert find_periods([X]) == (24,)


def test_a_spike_a_week_has_the_period_of_the_week():
    X = (np.arange(700) % 7 == 0)[:, None] + 0.3 * noise(700)
    assert find_periods([X]) == (7,)


def test_a_period_that_is_no_whole_number_is_rounded():
    assert find_periods([wave(2000, 11.3) + 0.3 * noise(2000)]) == (11,)


def test_trend_does_not_hide_the_season():
    X = 0.1 * np.arange(60)[:, None] + wave(60, 12) + 0.3 * noise(60)
    assert find_periods([X]) == (12,)


def test_short_series_speak_together():
    """One of them alone says too little."""
    series = [0.7 * wave(40, 8, shift=0.1 * i) + noise(40, seed=i) for i in range(40)]
    assert find_periods(series[:1]) == ()
    assert find_periods(series) == (8,)


def test_units_do_not_matter():
    X = np.hstack([wave(300, 12), wave(300, 12, shift=0.3)]) + 0.5 * noise(300, 2)
    assert find_periods([X * [1e-9, 1e9] + [5.0, -1e9]]) == find_periods([X]) == (12,)


@pytest.mark.parametrize("persistence", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("n_timesteps", [48, 500, 3000])
def test_noise_and_random_walks_seldom_have_a_season(n_timesteps, persistence):
    n_found = 0
    for seed in range(40):
        steps = noise(n_timesteps, seed=seed)[:, 0]
        walk = np.zeros(n_timesteps)
        for t in range(n_timesteps):
            walk[t] = persistence * walk[t - 1] + steps[t] if t else steps[t]
        n_found += len(find_periods([walk[:, None]]))
    assert n_found <= 4


@pytest.mark.parametrize(
    "X",
    [
        np.ones(50),
        np.arange(50.0),
        np.arange(50.0) ** 2,
        np.exp(np.arange(200) / 50),
        np.arange(200.0) > 90,
        np.arange(200) == 50,
        np.arange(2.0),
        np.ones(1),
    ],
    ids=["constant", "line", "parabola", "exponential", "step", "spike", "two rows", "one row"],
)
def test_shapes_that_do_not_repeat_have_no_season(X):
    assert find_periods([X.astype(float)[:, None]]) == ()


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("etth1", slice(1, None), (24,)),
        ("co2_mauna_loa_weekly", slice(-1, None), (52,)),
        ("weather_jena_2020", slice(1, 11), (144,)),
        ("us_macro_quarterly", slice(2, None), ()),  # seasonally adjusted
        ("stocks_google", slice(1, None), ()),
    ],
)
def test_periods_of_real_series_are_those_of_the_calendar(shared_data, name, columns, expected):
    frame = pd.read_csv(shared_data / f"{name}.csv.gz").iloc[:, columns]
    X = frame.select_dtypes("number").interpolate().bfill().to_numpy(float)
    assert find_periods([X]) == expected


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9, 1e12])
def test_a_season_is_found_however_far_from_zero_it_lies(offset):
    X = np.sin(2 * np.pi * np.arange(200) / 12)[:, None] + noise(200, 1) / 10
    assert find_periods([offset + X]) == (12,)


@pytest.mark.parametrize("offset", [0.1, 1e9 / 3, -1e12])
@pytest.mark.parametrize("slope", [0.0, 0.1, 1e3 / 3])
def test_rounding_has_no_season(offset, slope):
    X = offset + slope * np.arange(5000.0)[:, None]
    assert find_periods([X]) == ()


def test_season_means_are_the_means_of_the_phases():
    X = noise(23, 2)
    season = season_means(X, 5)
    for phase in range(5):
        assert_allclose(season[phase], X[phase::5].mean(axis=0), rtol=0, atol=1e-15)


def test_a_repeated_season_has_itself_as_means():
    season = noise(6, 3)
    assert_allclose(season_means(repeat_season(season, 20), 6), season, rtol=0, atol=1e-15)
