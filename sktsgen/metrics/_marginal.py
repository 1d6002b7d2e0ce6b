"""Distances between the distributions of single cells."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from sktsgen.data import Table, read_tables

Float64 = NDArray[np.float64]


def marginal_distance(
    X_real: Any, X_synthetic: Any, *, kind: str = "ks", difference: bool = False
) -> float:
    """Average over channels the distance between the distributions of the values.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, in any container, of any lengths; columns of numbers are
        read, and of these the cells that are not missing. `total_variation_distance` is for the
        other columns.
    kind : {"ks", "wasserstein"}, default="ks"
        "ks" is the largest distance of the distribution functions, from 0 to 1; "wasserstein" the
        mean distance between equal quantiles, in units of the real range of the channel.
    difference : bool, default=False
        Whether to compare first differences in time instead of values.

    Returns
    -------
    distance : float
        Mean over channels, lower is better.

    Raises
    ------
    ValueError
        If `kind` is not known, there is no column of numbers, a column has no value on one side,
        or `difference` is asked of series of one step.
    """
    if kind not in DISTANCES:
        raise ValueError(f"kind={kind!r} is not known; choose from {sorted(DISTANCES)}.")
    (real, synthetic), kinds = read_tables({"X_real": X_real, "X_synthetic": X_synthetic})
    if kinds.is_discrete.all():
        raise ValueError("X_real has no column of numbers; this measure needs one.")
    spans = _spans(real.numbers)
    sides = [_steps(side) if difference else side.numbers for side in (real, synthetic)]
    return float(
        np.mean(
            [
                DISTANCES[kind](*(_present(side[:, c]) / span for side in sides))
                for c, span in enumerate(spans)
            ]
        )
    )


def _spans(numbers: Float64) -> Float64:
    """Return the range of each column; 1 where it is constant or has no value."""
    missing = np.isnan(numbers)
    spans = np.where(missing, -np.inf, numbers).max(0) - np.where(missing, np.inf, numbers).min(0)
    return np.where(spans > 0, spans, 1.0)


def _steps(table: Table) -> Float64:
    """Return the first differences inside each series."""
    inside = np.delete(np.arange(len(table.numbers)), np.cumsum(table.lengths) - 1)
    if not len(inside):
        raise ValueError("difference=True needs series of at least 2 steps; got 1.")
    return table.numbers[inside + 1] - table.numbers[inside]


def _present(cells: Float64) -> Float64:
    present = cells[~np.isnan(cells)]
    if not len(present):
        raise ValueError("A column has no value on one side; drop it.")
    return present


def _kolmogorov(real: Float64, synthetic: Float64) -> float:
    values = np.concatenate((real, synthetic))
    below = [
        np.searchsorted(np.sort(side), values, side="right") / side.size
        for side in (real, synthetic)
    ]
    return float(np.abs(below[0] - below[1]).max())


DISTANCES: dict[str, Callable[[Float64, Float64], float]] = {
    "ks": _kolmogorov,
    "wasserstein": wasserstein_distance,
}
