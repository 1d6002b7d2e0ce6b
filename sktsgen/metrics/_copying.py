"""Does a generator give back what it was trained on."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from sktsgen.metrics._inputs import Cells, Windows, read_windows, unit_scaled

Float64 = NDArray[np.float64]

BLOCK = 256  # windows compared at once; bounds memory
TREE_CHANNELS = 6
FEWEST = 20  # windows to tell 5 % by


class Copying(NamedTuple):
    """What `copying` measures.

    Parameters
    ----------
    share : float
        Share of generated windows nearer to the training data than new windows are; 0.05 is fair.
    median_ratio : float
        Median distance to the training data over that of held-out windows; 1 is fair.
    longest_run, held_out_run : int
        Most consecutive steps of a generated and of a held-out window that are near one training
        window.
    stretch_share : float
        Share of generated windows with a run that outlasts that of any held-out window.
    """

    share: float
    median_ratio: float
    longest_run: int
    held_out_run: int
    stretch_share: float


class _Side(NamedTuple):
    """One set of windows: numbers in units of the training range, levels as numbers."""

    numbers: Windows
    codes: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_]) -> "_Side":
        """Return the windows that are marked."""
        return _Side(self.numbers[chosen], self.codes[chosen])


def copying(X_train: Any, X_test: Any, X_synthetic: Any, *, tolerance: float = 0.01) -> Copying:
    """Measure how much nearer generated windows are to the training data than new data is.

    Parameters
    ----------
    X_train : array-like of shape (n_series, n_timesteps, n_channels)
        Series the generator was trained on, in any container; longer ones than the generated
        windows are cut at every start, as a copy may begin anywhere.
    X_test : array-like of shape (n_series, n_timesteps, n_channels)
        Series that share no row with `X_train`, from the same source.
    X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Generated windows.
    tolerance : float, default=0.01
        A step counts as copied where each number is this near, in units of the training range, and
        each level the same; at least 0.

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
    held_out_run : int
        The same of held-out windows: what chance, repeated values and slow change explain.
    stretch_share : float
        Share of generated windows with a run longer than that of any held-out window by at least 3
        steps and an eighth of a window, from 0 to 1.

    Raises
    ------
    ValueError
        If there is no held-out window, windows do not fit, or an argument is out of range.

    Notes
    -----
    Numbers are scaled by the training range of each column. Distances are Euclidean over all cells
    where all columns are numbers, else the mean over cells of absolute differences and of levels
    that disagree, as in [1]_.

    Days without rain are no copies of each other. A window of the held-out data that is a training
    window too, cell by cell, shows that its kind recurs by itself; windows within `tolerance` of
    another one of that kind prove nothing and are left out, generated and held-out ones alike.
    Where more than 5 % of the held-out windows that are left still recur, so much of the generated
    ones that do is counted in `share` that 0.05 is fair. Where fewer than 20 windows of either
    would be left, all are looked at, and copies of so few kinds cannot be told.

    References
    ----------
    .. [1] Gower, "A general coefficient of similarity and some of its properties", Biometrics,
       1971.
    """
    if X_test is None or len(X_test) == 0:
        raise ValueError(
            "X_test holds no window; without data kept out of training copies cannot be told "
            "from faithful samples. Hold some out before fitting."
        )
    if not tolerance >= 0:
        raise ValueError(f"tolerance={tolerance}; give at least 0.")
    given = {"X_train": X_train, "X_test": X_test, "X_synthetic": X_synthetic}
    train, test, synthetic = _scaled(read_windows(given, max_windows=None))
    fair, own = (_nearest(side, train) for side in (test, synthetic))
    tells = _telling(test, synthetic, fair == 0, tolerance)
    if tells is not None:
        (test, fair), (synthetic, own) = (
            (side.take(kept), distances[kept])
            for side, distances, kept in zip((test, synthetic), (fair, own), tells, strict=True)
        )
    median = np.median(fair)
    n_timesteps = train.numbers.shape[1]
    fair_runs, own_runs = (_longest_runs(side, train, tolerance) for side in (test, synthetic))
    return Copying(
        share=_share_nearer(own, fair, with_copies=tells is not None),
        median_ratio=float(np.median(own) / median) if median else float("inf"),
        longest_run=int(own_runs.max()),
        held_out_run=int(fair_runs.max()),
        stretch_share=float((own_runs >= fair_runs.max() + max(3, n_timesteps // 8)).mean()),
    )


def _telling(
    test: _Side, synthetic: _Side, recurs: NDArray[np.bool_], tolerance: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Mark the windows that are of no kind which recurs by itself; None where all count.

    A held-out window is compared with the others, as a new window of the same source would be.
    """
    if not recurs.any():
        return None
    kinds, counts = np.unique(_flat(test.take(recurs), tolerance), axis=0, return_counts=True)
    kept = (
        _count_near(_flat(test, tolerance), kinds, counts, tolerance) == recurs,
        _count_near(_flat(synthetic, tolerance), kinds, counts, tolerance) == 0,
    )
    return kept if min(side.sum() for side in kept) >= FEWEST else None


def _flat(side: _Side, tolerance: float) -> Float64:
    """Return the cells of each window in a row; near cells are within the tolerance."""
    cells = _with_levels(side, tolerance)
    return cells.reshape(len(cells), -1)


def _count_near(
    windows: Float64, kinds: Float64, counts: NDArray[np.int64], tolerance: float
) -> NDArray[np.int64]:
    """Count the windows of `kinds` within `tolerance` of each window, cell by cell."""
    parts = [windows[start : start + BLOCK] for start in range(0, len(windows), BLOCK)]
    return np.concatenate(
        [(cdist(part, kinds, "chebyshev") <= tolerance) @ counts for part in parts]
    )


def _share_nearer(own: Float64, fair: Float64, *, with_copies: bool) -> float:
    """Return the share of `own` below the 5 % quantile of `fair`.

    Where that is 0, nothing is below, and of exact copies so much counts that 0.05 is fair.
    """
    limit = np.quantile(fair, 0.05)
    if limit == 0 and with_copies:
        return float((own == 0).mean() * 0.05 / (fair == 0).mean())
    return float((own < limit).mean())


def _scaled(sides: list[Cells]) -> list[_Side]:
    numbers = unit_scaled(*(side.numbers for side in sides))
    return [_Side(scaled, side.codes) for scaled, side in zip(numbers, sides, strict=True)]


def _nearest(windows: _Side, others: _Side) -> Float64:
    if windows.codes.shape[2]:
        return gower_distances(windows.numbers, windows.codes, others.numbers, others.codes)
    return nearest_distances(windows.numbers, others.numbers)


def gower_distances(
    numbers: Windows,
    codes: NDArray[np.int64],
    other_numbers: Windows,
    other_codes: NDArray[np.int64],
) -> Float64:
    """Return the mean difference over cells from each window to the nearest other window."""
    a, b = (x.reshape(len(x), -1) for x in (numbers, other_numbers))
    p, q = (x.reshape(len(x), -1).astype(np.float64) for x in (codes, other_codes))
    nearest = [
        (
            cdist(a[start : start + BLOCK], b, "cityblock")
            + cdist(p[start : start + BLOCK], q, "hamming") * p.shape[1]
        ).min(1)
        for start in range(0, len(a), BLOCK)
    ]
    return np.concatenate(nearest) / (a.shape[1] + p.shape[1])


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


def _longest_runs(windows: _Side, others: _Side, tolerance: float) -> NDArray[np.int64]:
    """Count each window's longest common stretch with any of `others`, at equal steps."""
    cells, other_cells = (_with_levels(side, tolerance) for side in (windows, others))
    varied = np.argsort(-other_cells.var((0, 1)))[:TREE_CHANNELS]
    trees = [KDTree(other_cells[:, t, varied]) for t in range(other_cells.shape[1])]
    return np.concatenate(
        [
            _runs_of(cells[start : start + BLOCK], other_cells, trees, varied, tolerance)
            for start in range(0, len(cells), BLOCK)
        ]
    )


def _with_levels(side: _Side, tolerance: float) -> Float64:
    """Put levels further apart than the tolerance, so that near means equal."""
    return np.concatenate((side.numbers, side.codes * (1.0 + 2.0 * tolerance)), axis=-1)


def _runs_of(
    windows: Float64,
    others: Float64,
    trees: list[Any],
    varied: NDArray[np.intp],
    tolerance: float,
) -> NDArray[np.int64]:
    """Follow the near pairs over time; a pair that misses a step starts anew."""
    longest = np.zeros(len(windows), dtype=np.int64)
    pairs, runs = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    for t, tree in enumerate(trees):
        near = _near_pairs(windows[:, t], others[:, t], tree, varied, tolerance)
        lasting = np.isin(near, pairs, assume_unique=True)
        new_runs = np.ones(len(near), dtype=np.int64)
        new_runs[lasting] += runs[np.searchsorted(pairs, near[lasting])]
        pairs, runs = near, new_runs
        np.maximum.at(longest, pairs // len(others), runs)
    return longest


def _near_pairs(
    steps: Float64, others: Float64, tree: Any, varied: NDArray[np.intp], tolerance: float
) -> NDArray[np.int64]:
    """Return the pairs within `tolerance` in every channel, as sorted `i * len(others) + j`.

    A search tree is slow over many channels, so it gets the most varied ones; the rest is checked
    on the pairs it finds.
    """
    found = KDTree(steps[:, varied]).sparse_distance_matrix(
        tree, tolerance, p=np.inf, output_type="ndarray"
    )
    i, j = found["i"].astype(np.int64), found["j"].astype(np.int64)
    for channel in range(steps.shape[1]):
        near = np.abs(steps[i, channel] - others[j, channel]) <= tolerance
        i, j = i[near], j[near]
    return np.sort(i * len(others) + j)
