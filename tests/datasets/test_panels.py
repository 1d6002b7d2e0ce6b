import numpy as np
import pytest

from sktsgen.datasets import make_class_panel, make_sines


def test_sines_follow_the_published_recipe():
    X = make_sines(3, 24, 2, random_state=7)
    rng = np.random.default_rng(7)
    expected = np.empty_like(X)
    for i in range(3):
        for channel in range(2):
            frequency, phase = rng.uniform(0, 0.1), rng.uniform(0, 0.1)
            for j in range(24):
                expected[i, j, channel] = (np.sin(frequency * j + phase) + 1) / 2
    np.testing.assert_allclose(X, expected, rtol=1e-12)


def test_sines_obey_the_recurrence_of_a_pure_tone():
    """x_{t+1} + x_{t-1} = 2 cos(f) x_t, with f the same all along a series."""
    X = 2 * make_sines(20, 24, 5, random_state=0) - 1
    ratio = (X[:, 2:] + X[:, :-2]) / (2 * X[:, 1:-1])
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), atol=1e-9)
    assert np.arccos(ratio.clip(-1, 1)).max() <= 0.1 + 1e-6


def autocorrelation(X, lag):
    return (X[:, lag:] * X[:, : X.shape[1] - lag]).mean()


@pytest.mark.parametrize("lag", [1, 2, 4])
def test_classes_have_the_documented_autocorrelation(lag):
    X, y = make_class_panel(3_000, 48, random_state=0)
    truth = [0.9**lag, (-0.7) ** lag, 0.9 * np.cos(2 * np.pi * lag / 8)]
    measured = [autocorrelation(X[y == label], lag) for label in range(3)]
    np.testing.assert_allclose(measured, truth, atol=0.03)


def test_classes_agree_in_mean_and_variance():
    X, y = make_class_panel(3_000, 48, random_state=1)
    for label in range(3):
        assert X[y == label].mean() == pytest.approx(0.0, abs=0.05)
        assert X[y == label].var() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_class_sizes_differ_by_one_at_most(n_classes):
    _, y = make_class_panel(20, 5, n_classes=n_classes, random_state=0)
    assert y.dtype == np.int64
    assert np.ptp(np.bincount(y, minlength=n_classes)) <= 1
    assert not np.array_equal(y, np.arange(20) % n_classes)


def test_draws_repeat_with_the_seed():
    np.testing.assert_array_equal(make_sines(4, random_state=1), make_sines(4, random_state=1))
    for first, second in zip(*[make_class_panel(6, random_state=1) for _ in range(2)], strict=True):
        np.testing.assert_array_equal(first, second)


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="n_classes=4"):
        make_class_panel(n_classes=4)
    with pytest.raises(ValueError, match="n_series=2 is too small; give an int >= 3"):
        make_class_panel(2)
    with pytest.raises(ValueError, match="n_channels=0"):
        make_sines(2, n_channels=0)
