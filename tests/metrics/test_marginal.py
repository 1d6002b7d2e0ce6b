import numpy as np
import pytest
from scipy.stats import ks_2samp

from sktsgen.metrics import marginal_distance


def test_kolmogorov_distance_is_that_of_scipy(real, fresh):
    expected = np.mean(
        [ks_2samp(real[..., c].ravel(), fresh[..., c].ravel() + 0.3).statistic for c in (0, 1)]
    )
    assert marginal_distance(real, fresh + 0.3) == pytest.approx(expected)


def test_equal_values_are_one_step_of_the_distribution():
    """Half zeros against three quarters zeros differ by a quarter."""
    half = np.repeat([0.0, 1.0], 50).reshape(10, 10, 1)
    quarter = np.repeat([0.0, 1.0], [75, 25]).reshape(10, 10, 1)
    assert marginal_distance(half, quarter) == pytest.approx(0.25)


def test_wasserstein_distance_of_a_shift_is_the_shift_over_the_range(real):
    shift = 0.1 * np.ptp(real, axis=(0, 1))
    assert marginal_distance(real, real + shift, kind="wasserstein") == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["ks", "wasserstein"])
def test_units_do_not_matter(kind, real, fresh):
    unit = np.array([1000.0, 0.01])
    scaled = marginal_distance(real * unit + 5, fresh * unit + 5, kind=kind)
    assert scaled == pytest.approx(marginal_distance(real, fresh, kind=kind), rel=1e-3)


def test_differences_see_the_order_of_time(real, fresh, shuffled):
    floor = marginal_distance(real, fresh)
    assert marginal_distance(real, shuffled) == pytest.approx(floor)
    assert marginal_distance(real, shuffled, difference=True) > 3 * floor


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("kind", ["ks", "wasserstein"])
def test_shrunk_variance_is_caught(kind, difference, real, fresh):
    values = [
        marginal_distance(real, shrink * fresh, kind=kind, difference=difference)
        for shrink in (1, 0.8, 0.5, 0.2)
    ]
    assert values == sorted(values)
    assert values[1] > 2 * values[0]


def test_unknown_kind_is_named(real):
    with pytest.raises(ValueError, match=r"kind='tv' is not known; choose from \['ks', 'wass"):
        marginal_distance(real, real, kind="tv")


def test_differences_need_two_steps():
    X = np.zeros((3, 1, 1))
    with pytest.raises(ValueError, match="at least 2 steps; got 1"):
        marginal_distance(X, X, difference=True)
