import numpy as np
import pytest

from sktsgen.datasets import ar1_autocovariance, make_ar1
from sktsgen.plotting._statistics import autocorrelations, common_edges, correlations, cut_windows


def test_windows_stay_inside_their_series():
    lengths = (7, 3, 5)
    series = [100 * i + np.arange(n, dtype=float)[:, None] for i, n in enumerate(lengths)]
    windows = cut_windows(np.concatenate(series), np.array(lengths), 4)
    assert windows.shape == (4 + 0 + 2, 4, 1)
    assert (np.diff(windows[:, :, 0]) == 1).all()
    assert sorted(windows[:, 0, 0]) == [0, 1, 2, 3, 200, 201]


def test_many_windows_are_thinned_out_evenly():
    windows = cut_windows(np.arange(30_000.0)[:, None], np.array([30_000]), 24)
    starts = windows[:, 0, 0]
    assert len(starts) == 2000
    # No gap is much wider than the mean one, and no hour of the day is left out.
    assert np.diff(np.sort(starts)).max() < 3 * 30_000 / 2000
    assert np.bincount((starts % 24).astype(int), minlength=24).min() > 40


def test_first_windows_are_far_apart():
    starts = cut_windows(np.arange(1000.0)[:, None], np.array([1000]), 10)[:4, 0, 0]
    assert np.diff(np.sort(starts)).min() > 100


def test_autocorrelation_of_an_autoregression_is_its_closed_form():
    windows = make_ar1(400, 100, phi=0.8, sigma=1.0, random_state=0)
    lags = np.arange(6)
    truth = [ar1_autocovariance(0.8, 1.0, lag) / ar1_autocovariance(0.8, 1.0, 0) for lag in lags]
    np.testing.assert_allclose(autocorrelations(windows, 5)[:, 0], truth, atol=0.03)


def test_gaps_leave_the_autocorrelation_where_it_was():
    windows = make_ar1(400, 100, phi=0.8, sigma=1.0, random_state=0)
    gappy = windows.copy()
    gappy[np.random.default_rng(0).random(windows.shape) < 0.3] = np.nan
    expected = autocorrelations(windows, 5)
    np.testing.assert_allclose(autocorrelations(gappy, 5), expected, atol=0.02)


def test_autocorrelation_of_levels_is_that_of_their_indicators():
    codes = np.random.default_rng(0).integers(3, size=(50, 12, 1)).repeat(2, axis=1).astype(float)
    cells = (codes == range(3)).astype(float)
    deviations = cells - cells.mean((0, 1))
    products = [(deviations[:, : 24 - k] * deviations[:, k:]).mean((0, 1)).sum() for k in range(4)]
    found = autocorrelations(codes, 3, levels=["abc"])
    np.testing.assert_allclose(found[:, 0], np.array(products) / products[0], atol=1e-12)
    codes[np.random.default_rng(1).random(codes.shape) < 0.2] = np.nan
    np.testing.assert_allclose(autocorrelations(codes, 3, levels=["abc"]), found, atol=0.06)


def test_what_is_all_missing_has_no_autocorrelation():
    windows = np.full((4, 6, 1), np.nan)
    assert np.isnan(autocorrelations(windows, 2)).all()
    assert np.isnan(autocorrelations(windows, 2, levels=["ab"])).all()


def test_correlations_are_those_of_numpy():
    windows = np.random.default_rng(0).normal(size=(20, 8, 3)) @ [[1, 2, 0], [0, 1, 1], [0, 0, 1]]
    expected = np.corrcoef(windows.reshape(-1, 3), rowvar=False)
    np.testing.assert_allclose(correlations(windows), expected, rtol=1e-12)


def test_a_constant_channel_has_no_correlation():
    windows = np.random.default_rng(0).normal(size=(20, 8, 2))
    windows[:, :, 1] = 3.0
    np.testing.assert_array_equal(np.isnan(correlations(windows)), [[False, True], [True, True]])
    assert np.isnan(autocorrelations(windows, 2)[:, 1]).all()


@pytest.mark.parametrize(
    ("synthetic", "low", "high"),
    [([0.2, 0.8], 0.0, 1.0), ([-0.3, 1.2], -0.3, 1.2), ([-100.0, 100.0], -0.5, 1.5)],
)
def test_edges_hold_the_real_values_and_near_generated_ones(synthetic, low, high):
    edges = common_edges(np.array([0.0, 1.0]), np.array(synthetic), 10)
    np.testing.assert_allclose([edges[0], edges[-1]], [low, high])
