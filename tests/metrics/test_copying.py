import numpy as np
import pytest
from scipy.spatial.distance import cdist

from sktsgen.datasets import make_var1
from sktsgen.metrics import copying
from sktsgen.metrics._copying import _longest_runs, _Side, nearest_distances
from tests.metrics.conftest import COVARIANCE


@pytest.fixture(scope="module")
def held_out():
    return make_var1(400, 12, cov=COVARIANCE, random_state=5)


def test_nearest_distances_agree_with_brute_force():
    rng = np.random.default_rng(0)
    windows, others = rng.standard_normal((700, 6, 3)), rng.standard_normal((300, 6, 3))
    brute = cdist(windows.reshape(700, -1), others.reshape(300, -1)).min(1)
    np.testing.assert_allclose(nearest_distances(windows, others), brute, rtol=1e-12)


def test_distance_of_a_copy_far_from_zero_is_exact():
    others = 1e6 + np.random.default_rng(0).standard_normal((50, 4, 2))
    np.testing.assert_array_equal(nearest_distances(others[::-1], others), 0)


def brute_longest_runs(windows, others, tolerance):
    runs = []
    for window in windows:
        longest = 0
        for other in others:
            run = 0
            for near in (np.abs(window - other) <= tolerance).all(1):
                run = run + 1 if near else 0
                longest = max(longest, run)
        runs.append(longest)
    return runs


@pytest.mark.parametrize("n_channels", [1, 2, 8])
@pytest.mark.parametrize("tolerance", [0.05, 0.3, 0.8])
def test_longest_runs_agree_with_brute_force(tolerance, n_channels):
    rng = np.random.default_rng(n_channels)
    windows, others = rng.random((20, 9, n_channels)), rng.random((30, 9, n_channels))
    windows[3, 2:7] = others[11, 2:7]
    sides = [_Side(side, np.empty((*side.shape[:2], 0))) for side in (windows, others)]
    expected = brute_longest_runs(windows, others, tolerance)
    assert _longest_runs(*sides, tolerance).tolist() == expected
    assert expected[3] >= 5


def test_new_data_is_no_copy(real, held_out, fresh):
    fair = copying(real, held_out, fresh)
    assert 0.02 < fair.share < 0.1
    assert 0.9 < fair.median_ratio < 1.1
    assert fair.longest_run <= 3


def test_training_data_is_a_copy(real, held_out):
    copied = copying(real, held_out, real[::-1])
    assert copied[:3] == (1.0, 0.0, 12)
    assert copied.held_out_run <= 3
    assert copied.stretch_share == 1


def test_slightly_noisy_copies_are_caught(real, held_out):
    noise = np.random.default_rng(0).standard_normal(real.shape)
    copied = copying(real, held_out, real + 0.01 * noise)
    assert copied.share == 1
    assert copied.median_ratio < 0.1


def test_share_grows_with_the_share_of_copies(real, held_out, fresh):
    shares = [
        copying(real, held_out, np.concatenate([real[:n], fresh[n:]])).share
        for n in (0, 100, 200, 400)
    ]
    np.testing.assert_allclose(shares, [0.05, 0.29, 0.52, 1], atol=0.05)


def test_a_copied_stretch_is_found_in_a_new_window(real, held_out, fresh):
    spliced = fresh.copy()
    spliced[7, 4:11] = real[50, 4:11]
    copied = copying(real, held_out, spliced)
    assert copied.longest_run == 7
    assert copied.stretch_share == 1 / len(fresh)


def test_units_do_not_matter(real, held_out, fresh):
    unit = np.array([1e4, 1e-3])
    scaled = copying(real * unit, held_out * unit, fresh * unit)
    np.testing.assert_allclose(scaled, copying(real, held_out, fresh), rtol=1e-9)


def rain(n_windows, seed, dry):
    """Draw windows of rain, a share of which is all zero."""
    rng = np.random.default_rng(seed)
    windows = rng.gamma(1, 1, (n_windows, 24, 1))
    windows[rng.random(n_windows) < dry] = 0
    return windows


@pytest.mark.parametrize("dry", [0.06, 0.2, 0.6])
def test_a_copier_of_rain_is_found_behind_the_dry_windows(dry):
    """Dry windows recur by themselves; more than 5 % of them hid every copy."""
    train, test, fresh = (rain(n, seed, dry) for seed, n in enumerate((400, 200, 200)))
    copied = copying(train, test, train[:200])
    assert copied[:3] == (1, 0, 24)
    assert copied.stretch_share == 1
    fair = copying(train, test, fresh)
    assert fair.share < 0.15
    assert fair.median_ratio == pytest.approx(1, abs=0.1)
    assert fair.stretch_share == 0


def test_dry_windows_that_are_nearly_zero_are_no_copies():
    train, test, fresh = (rain(n, seed, 0.3) for seed, n in enumerate((400, 200, 200)))
    fair = copying(train, test, fresh)
    assert copying(train, test, np.where(fresh == 0, 1e-6, fresh)) == fair


def test_a_generator_of_dry_windows_alone_copies_nothing():
    train, test = rain(400, 0, 0.2), rain(200, 1, 0.2)
    assert copying(train, test, np.zeros((200, 24, 1))).share == 0


def test_a_window_that_only_training_repeats_is_a_copy(real, held_out):
    """What is learnt by heart is often what occurs several times."""
    doubled = np.concatenate((real, real[:1].repeat(40, 0)))
    assert copying(doubled, held_out, real[:1].repeat(100, 0)).share == 1


@pytest.mark.parametrize("rate", [1, 2])
def test_counts_that_often_recur_by_chance_are_fair(rate):
    """Of six small counts many windows recur once, in training or held out, and no kind often."""
    train, test, fresh = (
        np.random.default_rng(seed).poisson(rate, (n, 6, 1))
        for seed, n in enumerate((2000, 1000, 1000))
    )
    assert copying(train, test, fresh).share == pytest.approx(0.05, abs=0.03)
    assert copying(train, test, train[:1000]).share > 0.1


@pytest.mark.parametrize("missing", [None, [], np.empty((0, 12, 2))])
def test_no_verdict_without_held_out_data(missing, real):
    with pytest.raises(ValueError, match="X_test holds no window"):
        copying(real, missing, real)


def test_negative_tolerance_is_refused(real):
    with pytest.raises(ValueError, match=r"tolerance=-0\.5; give at least 0"):
        copying(real, real, real, tolerance=-0.5)


def test_windows_of_another_length_are_refused(real):
    with pytest.raises(ValueError, match="X_test has series of at most 5 steps and X_synthetic"):
        copying(real, real[:, :5], real)
