import numpy as np
import pytest

from sktsgen.metrics import _predictive as module
from sktsgen.metrics import predictive_score


@pytest.fixture
def quick(monkeypatch):
    """Train forecasters for 100 iterations instead of 5,000, at thirty times the learning rate."""
    monkeypatch.setattr(module, "N_ITERATIONS", 100)
    monkeypatch.setattr(module, "LEARNING_RATE", 3e-2)


def leading(n_series, random_state, lag=1):
    """The last channel repeats the first one `lag` steps later."""
    signal = np.random.default_rng(random_state).random((n_series, 12 + lag))
    return np.stack([signal[:, lag:], signal[:, : len(signal[0]) - lag]], axis=-1)


def test_learnable_dependence_beats_its_absence(quick):
    real, good, bad = leading(300, 0), leading(300, 1), leading(300, 2)
    bad[..., 0] = np.random.default_rng(3).random(bad[..., 0].shape)
    useful = predictive_score(real, good, n_repeats=1, random_state=0)
    useless = predictive_score(real, bad, n_repeats=1, random_state=0)
    half = np.concatenate((good[:150], bad[150:]))
    assert useful < predictive_score(real, half, n_repeats=1, random_state=0) < useless
    assert useful < 0.5 * useless
    assert useless == pytest.approx(0.25, abs=0.03)  # the mean error of the median of a uniform


def test_an_int_repeats_the_score(quick, monkeypatch):
    monkeypatch.setattr(module, "N_ITERATIONS", 20)
    real = leading(50, 0)
    scores = [
        predictive_score(real, real, n_repeats=2, random_state=1, return_std=True) for _ in range(2)
    ]
    assert scores[0] == scores[1]
    assert scores[0][1] > 0


@pytest.mark.parametrize("shape", [(5, 12, 1), (5, 1, 3)])
def test_too_narrow_windows_are_refused(shape):
    X = np.zeros(shape)
    with pytest.raises(ValueError, match=rf"windows of \({shape[1]}, {shape[2]}\)"):
        predictive_score(X, X)


def test_no_repeats_are_refused():
    X = np.zeros((5, 4, 2))
    with pytest.raises(ValueError, match="n_repeats=-1; give at least 1"):
        predictive_score(X, X, n_repeats=-1)


def test_all_channels_are_the_mean_of_each(quick, monkeypatch):
    monkeypatch.setattr(module, "N_ITERATIONS", 250)
    real = leading(60, 0)
    scores = [
        predictive_score(real, real, target=target, n_repeats=1, random_state=0)
        for target in (0, 1, "last", "all")
    ]
    assert scores[1] == scores[2] != scores[0]
    # The channels of "all" draw from one stream, one after the other.
    assert scores[3] == pytest.approx(np.mean(scores[:2]), abs=0.02)


def test_a_target_is_a_whole_number_of_any_type(quick, monkeypatch):
    monkeypatch.setattr(module, "N_ITERATIONS", 5)
    real = leading(20, 0)
    scores = [
        predictive_score(real, real, target=target, n_repeats=1, random_state=0)
        for target in (0, np.int64(0))
    ]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("target", ["first", 2, -1, 0.0])
def test_unknown_targets_are_named(target):
    X = np.zeros((5, 4, 2))
    with pytest.raises(ValueError, match=f"target={target!r} is no column of numbers"):
        predictive_score(X, X, target=target)
