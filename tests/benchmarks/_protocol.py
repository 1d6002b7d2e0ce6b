"""How a set of generated windows is judged; the same for every generator and reference row."""

import time
from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from sktsgen.metrics import (
    autocorrelation_difference,
    context_fid,
    copying,
    correlational_score,
    discriminative_score,
    marginal_distance,
)

Array = NDArray[np.float64]
N_WINDOWS = 5000  # a side, where there are as many
SUBSET_SEED = 20261120


def evaluate_windows(
    real: Array,
    train: Array,
    test: Array,
    synthetic: Array,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    n_windows: int = N_WINDOWS,
    judges: Sequence[str] = ("gru-small", "gru-strong"),
    n_jobs: int = 1,
) -> dict[str, float]:
    """Judge generated windows; all arrays are (n_windows, n_timesteps, n_channels), data units.

    Parameters
    ----------
    real : ndarray
        All windows of the data set. At most half of them are used, so that `floor_windows` can
        stand in for the generator with other windows of the same set.
    train, test : ndarray
        Windows of the training and of the held-out stretches, for `copying`.
    synthetic : ndarray
        What the generator drew.
    seeds : sequence of int
        One judge of each kind is trained for each seed; the first seeds the encoder.
    n_windows : int
        Windows a side, at most.
    judges : sequence of str
        Kinds of judge; leave "gru-small" out to save time.
    n_jobs : int
        Processes that train judges side by side; the scores do not depend on it.

    Returns
    -------
    measures : dict of str to float
    """
    started = time.perf_counter()
    n = min(n_windows, len(real) // 2, len(synthetic))
    real, synthetic = real[_order(real)[:n]], synthetic[:n]
    measures: dict[str, float] = {"n_windows": n}
    for judge in judges:
        score = delayed(discriminative_score)
        scores = Parallel(n_jobs)(
            score(real, synthetic, judge=judge, n_repeats=1, random_state=seed) for seed in seeds
        )
        name = judge.replace("gru-", "judge_")
        measures |= {name: float(np.mean(scores)), f"{name}_std": float(np.std(scores))}
    copies = copying(train, test, synthetic)
    return measures | {
        "context_fid": context_fid(real, synthetic, random_state=seeds[0]),
        "correlational": correlational_score(real, synthetic),
        "acf": autocorrelation_difference(real, synthetic),
        "ks": marginal_distance(real, synthetic),
        "dks": marginal_distance(real, synthetic, difference=True),
        "copying_share": copies.share,
        "copying_median_ratio": copies.median_ratio,
        "copying_longest_run": copies.longest_run,
        "judging_wall_s": time.perf_counter() - started,
    }


def floor_windows(real: Array, n_windows: int = N_WINDOWS) -> Array:
    """Return the real windows that `evaluate_windows` does not use: the floor's other side."""
    n = min(n_windows, len(real) // 2)
    return real[_order(real)[n : 2 * n]]


def _order(windows: Array) -> NDArray[np.int64]:
    return np.random.default_rng(SUBSET_SEED).permutation(len(windows))
