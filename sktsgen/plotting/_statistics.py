"""What a picture shows of a set of windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.data import spread_apart, window_starts

# More windows than this change no line of a picture, only the time it takes.
_MAX_WINDOWS = 2000


def cut_windows(
    values: NDArray[np.float64], lengths: NDArray[np.int64], window_length: int
) -> NDArray[np.float64]:
    """Cut windows of one length, spread evenly over all series.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_channels)
        Rows of all series, series after series.
    lengths : ndarray of shape (n_series,)
        Rows of each series.
    window_length : int
        Rows of a window.

    Returns
    -------
    windows : ndarray of shape (n_windows, window_length, n_channels)
        All windows of stride one where there are at most 2,000 of them, else 2,000; in an order
        that keeps neighbours apart, so that any first few are examples of the whole.
    """
    starts = window_starts(lengths, window_length, with_short=False)
    starts = starts[spread_apart(len(starts), _MAX_WINDOWS)]
    return values[starts[:, None] + np.arange(window_length)]


def autocorrelations(
    windows: NDArray[np.float64], max_lag: int, levels: Sequence[Any] | None = None
) -> NDArray[np.float64]:
    """Autocorrelation of every channel, from lag 0 to `max_lag`.

    The mean and the variance are those of the channel over all windows: taken window by window
    they would hide that windows differ in level, and bias long lags towards below zero. A channel
    of levels counts as one 0/1 channel for each of them, their covariances summed.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, window_length, n_channels)
        NaN where missing; pairs of present cells count.
    max_lag : int
        Longest lag, in steps.
    levels : sequence of length n_channels, default=None
        For each channel None, or the levels whose places the windows hold; None if all are numbers.

    Returns
    -------
    autocorrelation : ndarray of shape (max_lag + 1, n_channels)
        NaN where a channel is constant.
    """
    curves = [
        _covariances(windows[:, :, channel], max_lag, is_levels=has is not None)
        for channel, has in enumerate(levels or [None] * windows.shape[2])
    ]
    products = np.stack(curves, axis=1)
    return products / _nan_at_zero(products[0])


def _covariances(
    windows: NDArray[np.float64], max_lag: int, *, is_levels: bool
) -> NDArray[np.float64]:
    """Covariance of the cells of one channel with those later by each lag."""
    length = windows.shape[1]
    pairs = [(windows[:, : length - lag], windows[:, lag:]) for lag in range(max_lag + 1)]
    if not is_levels:
        mean = _mean(windows)
        return np.array([_mean((former - mean) * (later - mean)) for former, later in pairs])
    present = windows[~np.isnan(windows)].astype(np.int64)
    shares = np.bincount(present) / max(1, len(present))
    # The sum over levels of (1[former] - share) (1[later] - share), without the 0/1 channels.
    return np.array([_agreement(*pair, shares) for pair in pairs])


def _agreement(
    former: NDArray[np.float64], later: NDArray[np.float64], shares: NDArray[np.float64]
) -> float:
    both = ~np.isnan(former + later)
    if not both.any():
        return np.nan
    one, other = former[both].astype(np.int64), later[both].astype(np.int64)
    by_chance = shares[one] + shares[other]
    return float(np.mean(one == other) - by_chance.mean() + np.square(shares).sum())


def _mean(cells: NDArray[np.float64]) -> float:
    """Mean of the cells that are present; NaN if none is."""
    present = cells[~np.isnan(cells)]
    return float(present.mean()) if len(present) else np.nan


def correlations(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation matrix of the channels over all steps of all windows.

    Returns
    -------
    correlation : ndarray of shape (n_channels, n_channels)
        Over the steps at which both are present; NaN where a channel is constant.
    """
    rows = pd.DataFrame(windows.reshape(-1, windows.shape[2]))
    return rows.corr(min_periods=2).to_numpy()


def common_edges(
    real: NDArray[np.float64], synthetic: NDArray[np.float64], n_bins: int
) -> NDArray[np.float64]:
    """Edges of the bins in which both marginals of one channel are counted.

    They reach over all of `real`, and over `synthetic` up to half the range of `real` beyond it, so
    that one wild value does not squeeze everything else into one bin. A side without a value
    reaches nowhere.
    """
    if not len(real) or not len(synthetic):
        return np.histogram_bin_edges(np.append(real, synthetic), bins=n_bins)
    low, high = real.min(), real.max()
    margin = (high - low) / 2.0
    low = max(synthetic.min(), low - margin) if synthetic.min() < low else low
    high = min(synthetic.max(), high + margin) if synthetic.max() > high else high
    edges: NDArray[np.float64] = np.histogram_bin_edges([low, high], bins=n_bins)
    return edges


def _nan_at_zero(scales: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(scales > 0.0, scales, np.nan)
