"""Does a generator give back what it was trained on."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from sktsgen.metrics._inputs import Windows, as_windows, check_same_cells, unit_scaled

Float64 = NDArray[np.float64]

BLOCK = 256  # windows compared at once; bounds memory
TREE_CHANNELS = 6


class Copying(NamedTuple):
    """What `copying` measures."""

    share: float
    median_ratio: float
    longest_run: int


def copying(X_train: Any, X_test: Any, X_synthetic: Any, *, tolerance: float = 0.01) -> Copying:
    """Measure how much nearer generated windows are to the training data than new data is.

    Parameters
    ----------
    X_train : array-like of shape (n_series, n_timesteps, n_channels)
        Windows the generator was trained on: array, list, or (series, time) frame. For a long
        series give them at every start, or a copy that starts elsewhere goes unseen.
    X_test : array-like of shape (n_series, n_timesteps, n_channels)
        Windows that share no row with `X_train`, from the same source.
    X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Generated windows.
    tolerance : float, default=0.01
        A step counts as copied where each channel is this near, in units of the training range;
        at least 0.

    Returns
    -------
    share : float
        Share of generated windows nearer to a training window than 95 % of the held-out windows
        are: 0.05 is fair, 1 is a copier. Samples smoother than the data read a little high.
    median_ratio : float
        Median distance of generated windows to the nearest training window over that of held-out
        windows: 1 is fair, 0 a copier; infinite where the held-out median is 0.
    longest_run : int
        Most consecutive steps in which a generated window stays within `tolerance` of one training
        window at the same steps, from 0 to `n_timesteps`.

    Raises
    ------
    ValueError
        If there is no held-out window, windows differ in shape, or an argument is out of range.

    Notes
    -----
    Distances are Euclidean over all cells, after scaling by the training range of each channel.
    """
    if X_test is None or len(X_test) == 0:
        raise ValueError(
            "X_test holds no window; without data kept out of training copies cannot be told "
            "from faithful samples. Hold some out before fitting."
        )
    if not tolerance >= 0:
        raise ValueError(f"tolerance={tolerance}; give at least 0.")
    train, test, synthetic = _three(X_train, X_test, X_synthetic)
    fair = nearest_distances(test, train)
    own = nearest_distances(synthetic, train)
    median = np.median(fair)
    return Copying(
        share=float((own < np.quantile(fair, 0.05)).mean()),
        median_ratio=float(np.median(own) / median) if median else float("inf"),
        longest_run=_longest_run(synthetic, train, tolerance),
    )


def _three(X_train: Any, X_test: Any, X_synthetic: Any) -> tuple[Windows, ...]:
    train = as_windows(X_train, "X_train")
    test = as_windows(X_test, "X_test")
    synthetic = as_windows(X_synthetic, "X_synthetic")
    check_same_cells(train, "X_train", test, "X_test")
    check_same_cells(train, "X_train", synthetic, "X_synthetic")
    return unit_scaled(train, test, synthetic)


def nearest_distances(windows: Windows, others: Windows) -> Float64:
    """Return the Euclidean distance of each window to the nearest of `others`, exactly.

    The search goes by the product form, whose rounding would blur distances near 0, so the
    distance of the window found is computed again from the differences.
    """
    centre = others.mean(0).ravel()
    a = windows.reshape(len(windows), -1) - centre
    b = others.reshape(len(others), -1) - centre
    half_squares = (b * b).sum(1) / 2
    nearest = [
        np.argmin(half_squares - a[start : start + BLOCK] @ b.T, axis=1)
        for start in range(0, len(a), BLOCK)
    ]
    return np.linalg.norm(a - b[np.concatenate(nearest)], axis=1)


def _longest_run(windows: Windows, others: Windows, tolerance: float) -> int:
    """Count the longest common stretch at equal steps; a pair that misses a step starts anew."""
    longest = 0
    pairs, runs = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    for t in range(windows.shape[1]):
        near = _near_pairs(windows[:, t], others[:, t], tolerance)
        lasting = np.isin(near, pairs, assume_unique=True)
        new_runs = np.ones(len(near), dtype=np.int64)
        new_runs[lasting] += runs[np.searchsorted(pairs, near[lasting])]
        pairs, runs = near, new_runs
        longest = max(longest, int(runs.max(initial=0)))
    return longest


def _near_pairs(steps: Float64, others: Float64, tolerance: float) -> NDArray[np.int64]:
    """Return the pairs within `tolerance` in every channel, as sorted `i * len(others) + j`.

    A search tree is slow over many channels, so it gets the most varied ones; the rest is checked
    on the pairs it finds.
    """
    varied = np.argsort(-others.var(0))[:TREE_CHANNELS]
    trees = KDTree(steps[:, varied]), KDTree(others[:, varied])
    found = trees[0].sparse_distance_matrix(trees[1], tolerance, p=np.inf, output_type="ndarray")
    i, j = found["i"].astype(np.int64), found["j"].astype(np.int64)
    for channel in range(steps.shape[1]):
        near = np.abs(steps[i, channel] - others[j, channel]) <= tolerance
        i, j = i[near], j[near]
    return np.sort(i * len(others) + j)
