"""Seasons of MultiScaleARGenerator: values are drawn in sight of those one season ago."""

import pytest

from tests.estimators.models import fitted, lag_correlation
from tests.estimators.multiscale_models import honest, small
from tests.estimators.test_factorized_season import PERIOD, seasonal, wave


@pytest.mark.parametrize(
    ("asked", "window_length", "period", "seasons"),
    [
        ("auto", 16, PERIOD, (8, 7, 6)),
        ("auto", 15, None, ()),
        (None, 16, None, ()),
        (5, 16, 5, (6, 5, 4)),
    ],
)
def test_a_season_is_found_where_it_fits_into_half_a_window(asked, window_length, period, seasons):
    model = fitted(small(period=asked, window_length=window_length), wave())
    assert model.period_ == period
    assert model.prior_.emission.lags == (*seasons, 3, 2, 1)


def test_a_season_longer_than_the_window_is_seen_as_far_as_that():
    model = fitted(small(period=8, window_length=8), wave())
    assert model.prior_.emission.lags == (8, 7, 3, 2, 1)
    assert model.sample(2, length=20).shape == (2, 20, 1)


@pytest.mark.slow
def test_draws_repeat_what_stood_one_season_ago():
    """Steps are like those a season ago, and like those in between as little as in the data."""
    X = seasonal(4000)
    model = fitted(honest(period=PERIOD, window_length=16, max_epochs=2), X)
    late = model.sample(300, length=60, random_state=0)[:, 20:, 0]
    assert lag_correlation(late, PERIOD) == pytest.approx(0.9, abs=0.06)
    assert lag_correlation(late, 3) == pytest.approx(lag_correlation(X.T, 3), abs=0.12)
