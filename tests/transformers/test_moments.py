"""Location and spread against numpy and closed forms."""

import numpy as np
import pytest
from scipy import stats

from sktsgen.transformers import _moments as moments_module
from sktsgen.transformers._moments import mean_and_scale, measure, robust_scale, slices, some_rows


def rows_with_gaps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3)) * [1.0, 1e-9, 1e9] + [0.0, 1.0, 1e12]
    X[rng.random(X.shape) < 0.3] = np.nan
    return X


def test_moments_are_those_of_the_present_cells():
    X = rows_with_gaps()
    found = measure(lambda: (X[part] for part in slices(*X.shape)))
    np.testing.assert_allclose(found.mean, np.nanmean(X, axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.scale, np.nanstd(X, axis=0), rtol=1e-6)
    kurtosis = stats.kurtosis(X, axis=0, fisher=False, nan_policy="omit")
    np.testing.assert_allclose(found.kurtosis, kurtosis, rtol=1e-5)
    np.testing.assert_array_equal(found.lowest, np.nanmin(X, axis=0))
    np.testing.assert_array_equal(found.highest, np.nanmax(X, axis=0))
    np.testing.assert_array_equal(found.n_present, (~np.isnan(X)).sum(axis=0))


def test_moments_of_parts_are_those_of_the_whole(monkeypatch):
    X = rows_with_gaps()
    whole = measure(lambda: (X[part] for part in slices(*X.shape)))
    monkeypatch.setattr(moments_module, "CHUNK", 21)
    assert len(list(slices(*X.shape))) == 72
    for one, other in zip(
        whole, measure(lambda: (X[part] for part in slices(*X.shape))), strict=True
    ):
        np.testing.assert_allclose(other, one, rtol=1e-12)


def test_mean_and_scale_in_one_pass_are_those_of_the_cells():
    X = (rows_with_gaps() - [0.0, 1.0, 1e12]) * [1.0, 1e9, 1e-9] + [0.0, 3.0, -20.0]
    mean, scale = mean_and_scale(X[part] for part in (slice(0, 7), slice(7, 500)))
    np.testing.assert_allclose(mean, np.nanmean(X, axis=0), rtol=1e-12)
    np.testing.assert_allclose(scale, np.nanstd(X, axis=0), rtol=1e-12)


@pytest.mark.parametrize("share_of_zeros", [0.0, 0.6, 0.85, 0.97, 0.995])
def test_width_is_that_of_a_normal_distribution_with_the_same_quantiles(share_of_zeros):
    """Of x = q(u) with the quantiles of a normal, cut to zero in the middle."""
    levels = (np.arange(20_000) + 0.5) / 20_000
    sample = 5.0 * stats.norm.ppf(levels)
    sample[np.abs(levels - 0.5) < share_of_zeros / 2] = 0.0
    centre, width = robust_scale(sample)
    assert centre == pytest.approx(0.0, abs=1e-3)
    assert width == pytest.approx(5.0, rel=1e-2)


def test_outliers_do_not_move_centre_and_width():
    sample = np.random.default_rng(0).normal(3.0, 2.0, size=5000)
    wild = np.append(sample, [1e9] * 50)
    np.testing.assert_allclose(robust_scale(wild), robust_scale(sample), rtol=0.03)


def test_a_width_that_cannot_be_found_is_zero():
    assert robust_scale(np.append(np.zeros(10_000), 1.0)) == (0.0, 0.0)


def test_some_rows_are_spread_over_all(monkeypatch):
    assert some_rows(100, 3) == slice(None)
    monkeypatch.setattr(moments_module, "_SAMPLE", 3000)
    rows = some_rows(240_000, 3)
    assert 990 <= len(rows) <= 1000
    assert np.diff(rows).max() < 3 * 240
    hours = np.bincount(rows % 24, minlength=24)
    assert hours.min() > 25
