"""Distances between the distributions of single cells."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from sktsgen.metrics._inputs import paired_windows, unit_scaled

Float64 = NDArray[np.float64]


def marginal_distance(
    X_real: Any, X_synthetic: Any, *, kind: str = "ks", difference: bool = False
) -> float:
    """Average over channels the distance between the distributions of the values.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Windows in the units of the data: array, list, or (series, time) frame. The lengths may
        differ, the channels may not.
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
        If `kind` is not known, or `difference` is asked of windows of one step.
    """
    if kind not in DISTANCES:
        raise ValueError(f"kind={kind!r} is not known; choose from {sorted(DISTANCES)}.")
    real, synthetic = unit_scaled(*paired_windows(X_real, X_synthetic, same_length=False))
    if difference:
        if min(real.shape[1], synthetic.shape[1]) < 2:
            raise ValueError("difference=True needs windows of at least 2 steps; got 1.")
        real, synthetic = np.diff(real, axis=1), np.diff(synthetic, axis=1)
    channels = range(real.shape[-1])
    return float(
        np.mean(
            [DISTANCES[kind](real[..., c].ravel(), synthetic[..., c].ravel()) for c in channels]
        )
    )


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
