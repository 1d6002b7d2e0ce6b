"""What a picture shows of a set of windows."""

import numpy as np
from numpy.typing import NDArray

from sktsgen.data import Panel

# More windows than this change no line of a picture, only the time it takes.
_MAX_WINDOWS = 2000

# Multiples of the golden ratio, modulo one, fill the unit interval evenly at every count and fall
# in step with no season, as every n-th window would.
_GOLDEN_RATIO = (np.sqrt(5.0) - 1.0) / 2.0


def cut_windows(panel: Panel, window_length: int) -> NDArray[np.float64]:
    """Cut windows of one length, spread evenly over all series of `panel`.

    Returns
    -------
    windows : ndarray of shape (n_windows, window_length, n_channels)
        All windows of stride one where there are at most 2,000 of them, else 2,000; in an order
        that keeps neighbours apart, so that any first few are examples of the whole.
    """
    n_starts = np.maximum(panel.lengths - window_length + 1, 0)
    starts = np.concatenate(
        [np.arange(offset, offset + n) for offset, n in zip(panel.offsets, n_starts, strict=False)]
    )
    rows = starts[_spread(len(starts)), None] + np.arange(window_length)
    return np.asarray(panel.values[rows], dtype=np.float64)


def _spread(n_starts: int) -> NDArray[np.int64]:
    """Positions of the windows to keep, of which the first few are already far apart."""
    places = np.arange(min(n_starts, _MAX_WINDOWS)) * _GOLDEN_RATIO % 1.0
    if n_starts <= _MAX_WINDOWS:
        return np.argsort(np.argsort(places))
    return (places * n_starts).astype(np.int64)


def autocorrelations(windows: NDArray[np.float64], max_lag: int) -> NDArray[np.float64]:
    """Autocorrelation of every channel, from lag 0 to `max_lag`.

    The mean and the variance are those of the channel over all windows: taken window by window
    they would hide that windows differ in level, and bias long lags towards below zero.

    Returns
    -------
    autocorrelation : ndarray of shape (max_lag + 1, n_channels)
        NaN where a channel is constant.
    """
    deviations = windows - windows.mean(axis=(0, 1))
    variances = _nan_at_zero(np.square(deviations).mean(axis=(0, 1)))
    length = windows.shape[1]
    products = [
        (deviations[:, : length - lag] * deviations[:, lag:]).mean(axis=(0, 1))
        for lag in range(max_lag + 1)
    ]
    return np.stack(products) / variances


def correlations(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation matrix of the channels over all steps of all windows.

    Returns
    -------
    correlation : ndarray of shape (n_channels, n_channels)
        NaN where a channel is constant.
    """
    rows = windows.reshape(-1, windows.shape[2])
    covariance = np.atleast_2d(np.cov(rows, rowvar=False, bias=True))
    scales = _nan_at_zero(np.sqrt(np.diag(covariance)))
    return covariance / np.outer(scales, scales)


def common_edges(
    real: NDArray[np.float64], synthetic: NDArray[np.float64], n_bins: int
) -> NDArray[np.float64]:
    """Edges of the bins in which both marginals of one channel are counted.

    They reach over all of `real`, and over `synthetic` up to half the range of `real` beyond it, so
    that one wild value does not squeeze everything else into one bin.
    """
    low, high = real.min(), real.max()
    margin = (high - low) / 2.0
    low = max(synthetic.min(), low - margin) if synthetic.min() < low else low
    high = min(synthetic.max(), high + margin) if synthetic.max() > high else high
    edges: NDArray[np.float64] = np.histogram_bin_edges([low, high], bins=n_bins)
    return edges


def _nan_at_zero(scales: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(scales > 0.0, scales, np.nan)
