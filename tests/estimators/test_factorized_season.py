"""Seasons: found in the data, and drawn in sight of the steps one season ago."""

import numpy as np
import pytest

from tests.estimators.models import fitted, honest, small
from tests.estimators.multiscale_models import small as small_multiscale

PERIOD = 7


def seasonal(n_timesteps=2000, seed=0):
    """Noise that comes back, half as large, one season later: (n_timesteps, 1)."""
    noise = np.random.default_rng(seed).normal(size=n_timesteps)
    X = noise.copy()
    for step in range(PERIOD, n_timesteps):
        X[step] = 0.9 * X[step - PERIOD] + np.sqrt(1 - 0.9**2) * noise[step]
    return X[:, None]


def wave(n_timesteps=400):
    noise = np.random.default_rng(1).normal(size=n_timesteps)
    return (np.sin(2 * np.pi * np.arange(n_timesteps) / PERIOD) + 0.3 * noise)[:, None]


@pytest.mark.parametrize(
    ("asked", "window_length", "period", "seasons"),
    [
        ("auto", 16, PERIOD, (8, 7, 6)),
        ("auto", 15, None, ()),
        (None, 16, None, ()),
        (5, 16, 5, (6, 5, 4)),
        (np.int64(5), 8, 5, (6, 5, 4)),
    ],
)
def test_a_season_is_found_where_it_fits_into_half_a_window(asked, window_length, period, seasons):
    model = fitted(small(period=asked, window_length=window_length), wave())
    assert model.period_ == period
    assert model.prior_.lags == tuple(sorted({*seasons, 3, 2, 1}, reverse=True))


def test_data_without_a_season_have_none():
    X = np.random.default_rng(0).normal(size=(400, 2)).cumsum(axis=0)
    assert fitted(small(window_length=48), X).period_ is None


@pytest.mark.parametrize(("generator", "longest"), [(small, 15), (small_multiscale, 16)])
def test_a_period_that_training_does_not_see_is_refused(generator, longest):
    with pytest.raises(ValueError, match=f"period=17 reaches beyond .* 16 steps.* {longest}, or"):
        generator(period=17, window_length=16).fit(wave())
    model = fitted(generator(period=longest, window_length=16), wave())
    assert model.period_ == longest
    assert model.prior_.config["lags"][0] == longest


def test_a_period_of_one_step_is_refused():
    with pytest.raises(ValueError, match=r"'period' parameter .* Got 1 instead"):
        small(period=1).fit(wave())


def test_draws_repeat_what_stood_one_season_ago():
    """The correlation of a step with that one season ago is 0.9, with all between 0."""
    model = fitted(honest(period=PERIOD, random_state=1), seasonal())
    drawn = model.sample(300, length=60, random_state=0)[..., 0]
    late = drawn[:, 20:]
    season = np.corrcoef(late[:, PERIOD:].ravel(), late[:, :-PERIOD].ravel())[0, 1]
    between = np.corrcoef(late[:, 3:].ravel(), late[:, :-3].ravel())[0, 1]
    assert season == pytest.approx(0.9, abs=0.06)
    assert between == pytest.approx(0.0, abs=0.15)


def test_a_history_is_seen_as_far_back_as_a_season():
    model = fitted(small(period=PERIOD, window_length=16, max_epochs=2), seasonal())
    history = seasonal(30, seed=3)
    other = history.copy()
    other[-PERIOD] += 3.0
    same, changed = (model.sample(50, length=1, prefix=h, random_state=0) for h in (history, other))
    assert not np.allclose(same, changed)
