import numpy as np
import pytest

from sktsgen.datasets import make_ar1
from sktsgen.metrics import (
    autocorrelation_difference,
    correlational_score,
    cross_correlation_difference,
    spectral_distance,
)


def test_correlational_score_of_known_correlations():
    """Correlations 0.9 and 0 of two channels: one pair differs by 0.9."""
    rng = np.random.default_rng(0)
    cells = rng.standard_normal((2000, 10, 2))
    mixed = cells @ np.linalg.cholesky([[1, 0.9], [0.9, 1]]).T * [3.0, 50.0]
    assert correlational_score(mixed, cells) == pytest.approx(0.09, abs=2e-3)


def test_a_channel_that_stops_varying_counts_as_a_difference(real):
    flat = real.copy()
    flat[..., 1] = 4.2
    correlation = np.corrcoef(real.reshape(-1, 2).T)[0, 1]
    assert correlational_score(real, flat) == pytest.approx((1 + abs(correlation)) / 10)


def test_equal_channels_have_score_zero(real):
    doubled = np.concatenate([real, real], axis=-1)
    assert correlational_score(doubled, doubled) == 0


def test_autocorrelation_difference_of_two_processes():
    """At lag 1 the autocorrelations are the coefficients."""
    slow, fast = (make_ar1(3000, 20, phi=phi, random_state=0) for phi in (0.9, 0.4))
    assert autocorrelation_difference(slow, fast, max_lag=1) == pytest.approx(0.5, abs=0.02)
    expected = np.mean([0.9**k - 0.4**k for k in (1, 2, 3)])
    assert autocorrelation_difference(slow, fast, max_lag=3) == pytest.approx(expected, abs=0.02)


def test_shuffled_time_is_caught_by_autocorrelations_alone(real, fresh, shuffled):
    assert autocorrelation_difference(real, shuffled) > 5 * autocorrelation_difference(real, fresh)
    assert correlational_score(real, shuffled) == pytest.approx(correlational_score(real, fresh))


MEASURES = [
    autocorrelation_difference,
    correlational_score,
    cross_correlation_difference,
    spectral_distance,
]


@pytest.mark.parametrize("unit", [1e-290, 1e290])
@pytest.mark.parametrize("metric", MEASURES)
def test_units_do_not_matter(metric, unit, real, shuffled):
    expected = metric(real, shuffled)
    assert metric(unit * real, unit * shuffled) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("metric", MEASURES)
def test_measure_grows_with_the_noise(metric, real, fresh):
    noise = np.random.default_rng(3).standard_normal(fresh.shape)
    values = [metric(real, fresh + level * noise) for level in (0, 1, 2, 4)]
    assert values == sorted(values)
    assert values[-1] > 3 * values[0]


@pytest.mark.parametrize("max_lag", [0, 12])
def test_lags_outside_the_window_are_refused(real, max_lag):
    with pytest.raises(ValueError, match=f"max_lag={max_lag} with windows of 12 steps"):
        autocorrelation_difference(real, real, max_lag=max_lag)


def test_windows_of_one_step_have_no_lag():
    X = np.zeros((3, 1, 1))
    with pytest.raises(ValueError, match="windows of 1 steps"):
        autocorrelation_difference(X, X)


def test_cross_correlation_sees_which_channel_leads():
    """The second channel repeats the first two steps later; swapped, it leads."""
    signal = np.random.default_rng(0).standard_normal((2000, 12, 1))
    leading = np.concatenate([signal[:, 2:], signal[:, :-2]], axis=-1)
    swapped = leading[..., ::-1]
    assert correlational_score(leading, swapped) < 0.01
    # Of the two ordered pairs and lags 0 to 2, each pair has one lag that differs by 1.
    difference = cross_correlation_difference(leading, swapped, max_lag=2)
    assert difference == pytest.approx(1 / 3, abs=0.01)


def test_one_channel_has_no_cross_correlation():
    X = np.random.default_rng(0).standard_normal((5, 6, 1))
    assert cross_correlation_difference(X, X + 1) == 0


def test_spectral_distance_of_sines_of_two_frequencies_is_one():
    steps = np.arange(24)
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (50, 1))
    slow, fast = (np.sin(2 * np.pi * cycles * steps / 24 + phases)[..., None] for cycles in (2, 7))
    assert spectral_distance(slow, fast) == pytest.approx(1, abs=1e-9)
    assert spectral_distance(slow, 3 * slow) == pytest.approx(0, abs=1e-12)


def test_spectral_distance_of_white_noise_from_an_alternation():
    """White noise shares its variance out over 12 of 24 Fourier frequencies up to the highest."""
    white = np.random.default_rng(0).standard_normal((20000, 24, 1))
    alternating = np.broadcast_to(((-1.0) ** np.arange(24))[:, None], (20000, 24, 1))
    distance = spectral_distance(white, alternating)
    assert distance == pytest.approx(1 - 1 / 24, abs=2e-3)


def test_a_channel_that_stops_varying_is_far_in_its_spectrum(real):
    flat = real.copy()
    flat[..., 1] = 4.2
    assert spectral_distance(real, flat) == pytest.approx(0.5, abs=1e-9)
    assert spectral_distance(flat, flat) == 0


def test_shuffled_time_is_caught_by_spectra(real, fresh, shuffled):
    assert spectral_distance(real, shuffled) > 5 * spectral_distance(real, fresh)
