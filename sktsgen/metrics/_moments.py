"""Differences of correlations, over channels and over time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sktsgen.metrics._inputs import Windows, paired_windows


def correlational_score(X_real: Any, X_synthetic: Any) -> float:
    """Sum the differences of the correlations between channels.

    Correlations are taken at lag 0 over all cells of a set of windows; absolute differences are
    summed over the pairs of channels, each pair once, and divided by 10 [1]_. The score therefore
    grows with the square of the number of channels.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Windows in the units of the data: array, list, or (series, time) frame.

    Returns
    -------
    score : float
        At least 0, lower is better.

    Notes
    -----
    [1]_ takes a fifth of the windows, drawn with replacement; all of them give the same quantity
    with less noise. A channel that never varies has correlation 0 with all, itself included.

    References
    ----------
    .. [1] Liao et al., "Conditional Sig-Wasserstein GANs for time series generation", 2020, as
       used by Yuan and Qiao, "Diffusion-TS", ICLR 2024.
    """
    real, synthetic = paired_windows(X_real, X_synthetic)
    difference = np.abs(_correlations(real) - _correlations(synthetic))
    return float(np.tril(difference).sum() / 10)


def _correlations(windows: Windows) -> NDArray[np.float64]:
    cells = _standardised(windows).reshape(-1, windows.shape[-1])
    return cells.T @ cells / len(cells)


def _standardised(windows: Windows) -> Windows:
    """Return zero mean and unit variance per channel; zeros where a channel is constant."""
    centred = windows - windows.mean((0, 1))
    std = centred.std((0, 1))
    constant = np.ptp(windows, axis=(0, 1)) == 0
    return np.where(constant, 0.0, centred) / np.where(constant, 1.0, std)


def autocorrelation_difference(
    X_real: Any, X_synthetic: Any, *, max_lag: int | None = None
) -> float:
    """Average the absolute differences of the autocorrelations.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Windows in the units of the data: array, list, or (series, time) frame.
    max_lag : int, default=None
        Lags 1 to `max_lag`, in time steps, are averaged, from 1 to `n_timesteps` - 1; None takes
        just under half a window.

    Returns
    -------
    difference : float
        Mean over channels and lags, from 0 to 2, lower is better.

    Raises
    ------
    ValueError
        If `max_lag` is not from 1 to `n_timesteps` - 1.

    Notes
    -----
    Mean and variance are those of the channel over all windows, so that a level that differs
    between windows counts as correlation, as it does in the series the windows were cut from.
    """
    real, synthetic = paired_windows(X_real, X_synthetic)
    longest = real.shape[1] - 1
    lags = max(1, longest // 2) if max_lag is None else max_lag
    if not 1 <= lags <= longest:
        raise ValueError(
            f"max_lag={lags} with windows of {longest + 1} steps; choose from 1 to {longest}."
        )
    return float(np.abs(_autocorrelations(real, lags) - _autocorrelations(synthetic, lags)).mean())


def _autocorrelations(windows: Windows, lags: int) -> NDArray[np.float64]:
    cells = _standardised(windows)
    return np.stack([(cells[:, lag:] * cells[:, :-lag]).mean((0, 1)) for lag in range(1, lags + 1)])
