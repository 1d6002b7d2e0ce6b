"""The family against the exact posterior of an AR(1)."""

import numpy as np
import pandas as pd
import pytest

from sktsgen import (
    LatentDiffusionForecaster,
    LatentDiffusionGenerator,
    LatentDiffusionImputer,
)
from tests.estimators.diffusion_models import LENGTH, PHI, ar1, exact_posterior, honest


@pytest.fixture(scope="module")
def imputer():
    return honest(LatentDiffusionImputer, max_epochs=3).fit(ar1(300))


@pytest.fixture(scope="module")
def gappy_imputer():
    X = ar1(300)
    X[np.random.default_rng(5).random(X.shape) < 0.3] = np.nan
    return honest(LatentDiffusionImputer, max_epochs=3).fit(X)


@pytest.mark.parametrize("name", ["imputer", "gappy_imputer"])
@pytest.mark.parametrize("gap", [slice(8, 18), slice(3, None, 2)])
def test_imputations_have_the_exact_posterior(name, gap, request):
    """Also where what was learnt from has holes of its own."""
    X, n_draws = ar1(60, seed=1), 40
    holed = X.copy()
    holed[:, gap] = np.nan
    draws = np.array(request.getfixturevalue(name).sample_imputations(holed, n_draws))[..., 0]
    hidden = np.isnan(holed[0, :, 0])
    errors, ratios, levels = [], [], []
    for i in range(len(X)):
        mean, covariance = exact_posterior(X[i, :, 0], hidden)
        deviation = np.sqrt(np.diag(covariance))
        found = draws[:, i, hidden]
        errors.append((found.mean(0) - mean) / deviation)
        ratios.append(found.var(0) / deviation**2)
        levels.append((found < X[i, hidden, 0]).mean(0))
    assert np.sqrt(np.mean(np.square(errors))) < 0.3  # 40 draws alone give 0.16
    assert 0.9 < np.mean(ratios) < 1.1
    inside = [np.mean(np.abs(np.array(levels) - 0.5) < half) for half in (0.25, 0.45)]
    np.testing.assert_allclose(inside, [0.5, 0.9], atol=0.07)


def test_forecasts_have_the_exact_distribution():
    X = ar1(40, seed=2)
    forecaster = honest(LatentDiffusionForecaster, max_epochs=3).fit(ar1(300))
    futures = forecaster.forecast(X[:, :12], 6, n_samples=60)[..., 0]
    ahead = np.arange(1, 7)
    expected = X[:, 11] * PHI**ahead
    deviation = np.sqrt((1 - PHI ** (2 * ahead)) / (1 - PHI**2))
    assert np.sqrt(np.mean(((futures.mean(1) - expected) / deviation) ** 2)) < 0.25
    np.testing.assert_allclose(futures.std(1).mean(0), deviation, rtol=0.1)
    (one_pass,) = forecaster.forecast(X[:, :12], 6, n_samples=0)[..., 0].swapaxes(0, 1)
    assert np.sqrt(np.mean(((one_pass - expected) / deviation) ** 2)) < 0.25


@pytest.mark.parametrize("length", [LENGTH, 2 * LENGTH])
def test_generated_series_have_the_moments_of_the_process(length):
    """Beyond the window the model goes on from its own draws, and nothing drifts."""
    generator = honest(LatentDiffusionGenerator, max_epochs=3, n_sampling_steps=10).fit(ar1(300))
    drawn = generator.sample(150, length=length)[..., 0]
    late = drawn[:, -12:]
    np.testing.assert_allclose(late.var(), 1 / (1 - PHI**2), rtol=0.15)
    step = (late[:, 1:] * late[:, :-1]).mean() / np.square(late[:, :-1]).mean()
    np.testing.assert_allclose(step, PHI, atol=0.03)


def stations(names, levels, *, seed=0):
    """Give one series of each name, round the level of it; and its name as a column."""
    values = 0.2 * ar1(len(names), seed=seed)[..., 0] + np.array(levels)[:, None]
    index = pd.MultiIndex.from_product([range(len(names)), range(LENGTH)], names=["id", "t"])
    named = np.repeat(names, LENGTH)
    return pd.DataFrame({"value": values.ravel(), "station": pd.Categorical(named)}, index=index)


def test_a_column_with_the_name_of_a_series_tells_what_is_known_of_it():
    levels = {"a": -3.0, "b": -1.0, "c": 2.0, "d": 4.0}
    names = list(levels) * 40
    imputer = honest(LatentDiffusionImputer, max_epochs=3)
    imputer.fit(stations(names, [levels[name] for name in names]))
    asked = stations([*levels, "unseen"], [0.0] * 5, seed=1)
    asked["value"] = np.nan
    drawn = np.array([d["value"] for d in imputer.sample_imputations(asked, 20)])
    means, spreads = (f(drawn.reshape(20, 5, LENGTH), axis=(0, 2)) for f in (np.mean, np.std))
    np.testing.assert_allclose(means[:4], list(levels.values()), atol=0.6)
    assert spreads[:4].max() < 1.2
    # Of a name that fit did not see, only what holds for all series is known.
    assert abs(means[4] - 0.5) < 1.5
    assert spreads[4] > 1.5
