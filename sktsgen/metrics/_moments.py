"""Differences of correlations and spectra, over channels and over time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sktsgen.metrics._inputs import Windows, features, numeric_windows, paired_windows

Float64 = NDArray[np.float64]


def correlational_score(X_real: Any, X_synthetic: Any) -> float:
    """Sum the differences of the correlations between channels.

    Correlations are taken at lag 0 over all cells of a set of windows; absolute differences are
    summed over the pairs of channels, each pair once, and divided by 10 [1]_. The score therefore
    grows with the square of the number of channels.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, in any container, real ones at least as long as the
        generated ones; columns of numbers are read.

    Returns
    -------
    score : float
        At least 0, lower is better.

    Raises
    ------
    ValueError
        If there is no column of numbers.

    Notes
    -----
    [1]_ takes a fifth of the windows, drawn with replacement; all of them give the same quantity
    with less noise. A channel that never varies has correlation 0 with all, itself included.

    References
    ----------
    .. [1] Liao et al., "Conditional Sig-Wasserstein GANs for time series generation", 2020, as
       used by Yuan and Qiao, "Diffusion-TS", ICLR 2024.
    """
    real, synthetic = numeric_windows(X_real, X_synthetic)
    difference = np.abs(_correlations(real) - _correlations(synthetic))
    return float(np.tril(difference).sum() / 10)


def _correlations(windows: Windows) -> NDArray[np.float64]:
    cells = _standardised(windows).reshape(-1, windows.shape[-1])
    return cells.T @ cells / len(cells)


def _standardised(windows: Windows) -> Windows:
    """Return zero mean and unit variance per channel; zeros where a channel is constant."""
    constant = _is_constant(windows)
    # By the range first: squares of tiny numbers would vanish.
    span = np.where(constant, 1.0, np.ptp(windows, axis=(0, 1)))
    centred = np.where(constant, 0.0, (windows - windows.mean((0, 1))) / span)
    return centred / np.where(constant, 1.0, centred.std((0, 1)))


def autocorrelation_difference(
    X_real: Any, X_synthetic: Any, *, max_lag: int | None = None
) -> float:
    """Average the absolute differences of the autocorrelations.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, in any container, real ones at least as long as the
        generated ones. A discrete column counts as one 0/1 column for each of its levels.
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
    real, synthetic = features(*paired_windows(X_real, X_synthetic))
    lags = _check_lags(max_lag, real.shape[1])
    return float(np.abs(_autocorrelations(real, lags) - _autocorrelations(synthetic, lags)).mean())


def _check_lags(max_lag: int | None, n_timesteps: int) -> int:
    longest = n_timesteps - 1
    lags = max(1, longest // 2) if max_lag is None else max_lag
    if not 1 <= lags <= longest:
        raise ValueError(
            f"max_lag={lags} with windows of {n_timesteps} steps; choose from 1 to {longest}."
        )
    return lags


def _autocorrelations(windows: Windows, lags: int) -> Float64:
    cells = _standardised(windows)
    return np.stack([(cells[:, lag:] * cells[:, :-lag]).mean((0, 1)) for lag in range(1, lags + 1)])


def cross_correlation_difference(
    X_real: Any, X_synthetic: Any, *, max_lag: int | None = None
) -> float:
    """Average the absolute differences of the correlations between channels, over lags.

    Where `correlational_score` sees channels at the same step only, this one sees which of two
    channels leads the other, and by how much.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, in any container, real ones at least as long as the
        generated ones. A discrete column counts as one 0/1 column for each of its levels.
    max_lag : int, default=None
        Lags 0 to `max_lag`, in time steps, are averaged, from 1 to `n_timesteps` - 1; None takes
        just under half a window.

    Returns
    -------
    difference : float
        Mean over ordered pairs of different channels and over lags, from 0 to 2, lower is better;
        0 where there is one channel.

    Raises
    ------
    ValueError
        If `max_lag` is not from 1 to `n_timesteps` - 1.
    """
    real, synthetic = features(*paired_windows(X_real, X_synthetic))
    lags = _check_lags(max_lag, real.shape[1])
    n_channels = real.shape[2]
    if n_channels < 2:
        return 0.0
    gaps = np.abs(_cross_correlations(real, lags) - _cross_correlations(synthetic, lags))
    return float(gaps[:, ~np.eye(n_channels, dtype=bool)].mean())


def _cross_correlations(windows: Windows, lags: int) -> Float64:
    """Correlate channel i with channel j `lag` steps later: (lag, i, j)."""
    cells = _standardised(windows)
    n_timesteps, n_channels = cells.shape[1:]
    products = []
    for lag in range(lags + 1):
        earlier = cells[:, : n_timesteps - lag].reshape(-1, n_channels)
        products.append(earlier.T @ cells[:, lag:].reshape(-1, n_channels) / len(earlier))
    return np.stack(products)


def spectral_distance(X_real: Any, X_synthetic: Any) -> float:
    """Average over channels the total variation distance between power spectra.

    The spectrum of a channel is the mean over windows of the squared Fourier coefficients of its
    deviations from the mean over all windows, divided by their sum: how its variance is shared out
    over frequencies, levels that differ between windows being frequency 0.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, in any container, real ones at least as long as the
        generated ones. A discrete column counts as one 0/1 column for each of its levels.

    Returns
    -------
    distance : float
        Mean over channels, from 0 to 1, lower is better. A channel that varies on one side only
        counts 1.
    """
    real, synthetic = features(*paired_windows(X_real, X_synthetic))
    gaps = np.abs(_spectra(real) - _spectra(synthetic)).sum(0) / 2
    one_sided = _is_constant(real) != _is_constant(synthetic)
    return float(np.where(one_sided, 1.0, gaps).mean())


def _spectra(windows: Windows) -> Float64:
    """Return the share of each frequency: (frequency, channel); zeros where constant."""
    coefficients = np.fft.rfft(_standardised(windows), axis=1)
    power = (np.abs(coefficients) ** 2).mean(0)
    power[1 : (windows.shape[1] + 1) // 2] *= 2  # those that stand for a negative one too
    return power / np.where((total := power.sum(0)) > 0, total, 1.0)


def _is_constant(windows: Windows) -> NDArray[np.bool_]:
    return np.ptp(windows, axis=(0, 1)) == 0
