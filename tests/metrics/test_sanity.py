"""What every measure owes: nothing between equal data, more where more is wrong."""

import numpy as np
import pytest

from sktsgen.datasets import make_var1
from sktsgen.metrics import (
    autocorrelation_difference,
    copying,
    correlational_score,
    cross_correlation_difference,
    marginal_distance,
    spectral_distance,
)

COEFFICIENTS = [[0.8, 0.1], [0.0, 0.6]]
REAL, OTHER, HELD_OUT = (
    make_var1(600, 16, coef=COEFFICIENTS, random_state=seed) for seed in range(3)
)
AMOUNTS = (0.0, 0.3, 0.6, 1.0)


def steps_of(X):
    return marginal_distance(REAL, X, difference=True)


def wasserstein(X):
    return marginal_distance(REAL, X, kind="wasserstein")


MEASURES = {
    "KS": lambda X: marginal_distance(REAL, X),
    "Wasserstein": wasserstein,
    "KS of differences": steps_of,
    "correlational": lambda X: correlational_score(REAL, X),
    "cross-correlation": lambda X: cross_correlation_difference(REAL, X),
    "autocorrelation": lambda X: autocorrelation_difference(REAL, X),
    "spectrum": lambda X: spectral_distance(REAL, X),
}


def mixed_with(corrupt):
    """Replace a growing share of the windows by corrupted ones."""

    def spoil(amount):
        n = round(amount * len(OTHER))
        return np.concatenate((corrupt(OTHER[:n]), OTHER[n:])) if n else OTHER

    return spoil


def shuffled(X):
    rng = np.random.default_rng(0)
    order = rng.permuted(np.tile(np.arange(16), (len(X), 1)), axis=1)
    return np.take_along_axis(X, order[..., None], axis=1)


def from_other_windows(X):
    return np.stack([X[..., 0], np.roll(X[..., 1], 1, axis=0)], axis=-1)


SPOILS = {
    "noise": lambda amount: OTHER + amount * np.random.default_rng(1).standard_normal(OTHER.shape),
    "shrunk": lambda amount: (1 - 0.8 * amount) * OTHER,
    "repeated": mixed_with(lambda X: np.repeat(X[:1], len(X), axis=0)),
    "shuffled": mixed_with(shuffled),
    "apart": mixed_with(from_other_windows),
    "no high mode": lambda amount: OTHER[
        OTHER[..., 0].mean(1) <= np.quantile(OTHER[..., 0].mean(1), 1 - 0.7 * amount)
    ],
}
MEANT = [
    ("noise", "KS of differences"),
    ("noise", "autocorrelation"),
    ("noise", "spectrum"),
    ("noise", "cross-correlation"),
    ("shrunk", "KS"),
    ("shrunk", "Wasserstein"),
    ("shrunk", "KS of differences"),
    ("repeated", "KS"),
    ("repeated", "spectrum"),
    ("repeated", "correlational"),
    ("shuffled", "KS of differences"),
    ("shuffled", "autocorrelation"),
    ("shuffled", "cross-correlation"),
    ("shuffled", "spectrum"),
    ("apart", "correlational"),
    ("apart", "cross-correlation"),
    ("no high mode", "KS"),
    ("no high mode", "Wasserstein"),
]


@pytest.mark.parametrize("name", MEASURES)
def test_data_is_at_no_distance_from_itself(name):
    assert MEASURES[name](REAL) == pytest.approx(0, abs=1e-12)
    assert MEASURES[name](REAL[::-1]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("corruption", "name"), MEANT)
def test_measure_grows_with_the_corruption_meant_for_it(corruption, name):
    values = [MEASURES[name](SPOILS[corruption](amount)) for amount in AMOUNTS]
    assert values == sorted(values)
    assert values[-1] > 3 * values[0]


@pytest.mark.parametrize("name", ["KS", "Wasserstein", "correlational"])
def test_order_in_time_is_nothing_to_measures_of_single_steps(name):
    values = [MEASURES[name](SPOILS["shuffled"](amount)) for amount in AMOUNTS]
    np.testing.assert_allclose(values, values[0])


@pytest.mark.parametrize("name", MEASURES)
def test_no_measure_of_fidelity_minds_a_copy(name):
    """Copies of the real windows are nearer than other real windows: only `copying` tells."""
    assert MEASURES[name](REAL[:500]) <= MEASURES[name](OTHER[:500])
    assert copying(REAL, HELD_OUT, REAL[:500]).share == 1


def test_share_of_copies_grows_with_the_copies():
    shares = []
    for amount in AMOUNTS:
        n = round(amount * 600)
        shares.append(copying(REAL, HELD_OUT, np.concatenate((REAL[:n], OTHER[n:]))).share)
    np.testing.assert_allclose(shares, 0.05 + 0.95 * np.array(AMOUNTS), atol=0.03)
