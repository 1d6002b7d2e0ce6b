"""Seasons of unknown length: lines of the spectrum, told apart by the autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv

Array = NDArray[np.float64]

_MOST_PERIODS, _FEWEST_CYCLES = 3, 3
# Strongest lines looked at before the search ends, the chance that the spectrum of noise has one,
# and how many medians of its neighbourhood a line is high at least: resonance is lower.
_LINES, _CHANCE, _LOWEST = 8, 1e-3, 4.0
# A neighbourhood: so many frequencies on either side, and at least from k / 1.5 to 1.5 k.
_NEIGHBOURS, _REACH = 10, 1.5
# A line may be an overtone: the season is this many times as long.
_MULTIPLES = (1, 2, 3, 4)
_SMALLEST_CONTRAST, _ENOUGH = 0.05, 0.9
# A season of changing shape has lines beside its own.
_SAME = 0.1
# What rounding leaves of a straight line, relative to its largest value, is below this.
_ROUNDING = 100 * np.finfo(np.float64).eps


class Spectrum(NamedTuple):
    """What is left of the series to explain, averaged over series and channels."""

    power: Array  # of frequency k / (2 n_timesteps) at k
    correlation: Array  # of steps so many apart, in units of the whole variance
    n_series: int


def find_periods(series: Sequence[Array]) -> tuple[int, ...]:
    """Find the periods that series share.

    The strongest line of the mean spectrum gives a season, whose mean pattern is removed; the
    search goes on in what is left. A line may be an overtone, so the length of the season is the
    multiple of its period at which the series agree best with themselves.

    Parameters
    ----------
    series : sequence of ndarray of shape (n_timesteps, n_channels)
        Channels without missing values, in any units.

    Returns
    -------
    periods : tuple of int
        At most three, the strongest first, each from 2 steps to a third of the longest series;
        empty where no line stands out.
    """
    rest = [_standardise(one) for one in series]
    found: list[int] = []
    while len(found) < _MOST_PERIODS:
        period = _strongest_period(_spectrum(rest), found)
        if period is None:
            break
        found.append(period)
        rest = [_remove_season(one, period) for one in rest]
    return tuple(p for p in found if not any(p * m in found for m in _MULTIPLES[1:]))


def season_means(series: Array, period: int) -> Array:
    """Mean of each phase of a season.

    Parameters
    ----------
    series : ndarray of shape (n_timesteps, n_channels)
        One series of at least `period` steps.
    period : int
        Length of the season, in time steps.

    Returns
    -------
    season : ndarray of shape (period, n_channels)
        Mean of the steps ``phase``, ``phase + period``, ....
    """
    n_timesteps, n_channels = series.shape
    n_cycles, n_more = divmod(n_timesteps, period)
    whole = series[: n_cycles * period].reshape(n_cycles, period, n_channels)
    sums, counts = whole.sum(axis=0), np.full((period, 1), float(n_cycles))
    sums[:n_more] += series[n_cycles * period :]
    counts[:n_more] += 1.0
    return np.asarray(sums / counts)


def repeat_season(season: Array, n_timesteps: int) -> Array:
    """Season after season, up to `n_timesteps` steps; the inverse of `season_means`."""
    return np.asarray(season[np.arange(n_timesteps) % len(season)])


def _remove_season(series: Array, period: int) -> Array:
    if len(series) < 2 * period:
        return series
    return series - repeat_season(season_means(series, period), len(series))


def _standardise(series: Array) -> Array:
    """Take off the straight line, and divide by the standard deviation where there is one."""
    time = np.arange(len(series)) - (len(series) - 1) / 2
    centred = series - series.mean(axis=0)
    rest = centred - np.outer(time, time @ centred / max(time @ time, 1.0))
    spread = rest.std(axis=0)
    varies = spread > _ROUNDING * np.abs(series).max(axis=0)
    return np.divide(rest, spread, out=np.zeros_like(rest), where=varies)


def _spectrum(series: Sequence[Array]) -> Spectrum:
    n_timesteps = max(len(one) for one in series)
    power, n_pairs = np.zeros(n_timesteps + 1), np.zeros(n_timesteps)
    for one in series:
        # Twice the length: products do not wrap round, and no line falls between frequencies.
        amplitude = np.fft.rfft(one, 2 * n_timesteps, axis=0)
        power += np.square(np.abs(amplitude)).mean(axis=1)
        n_pairs[: len(one)] += np.arange(len(one), 0, -1)
    products = np.fft.irfft(power, 2 * n_timesteps)[:n_timesteps]
    return Spectrum(power, products / np.maximum(n_pairs, 1.0), len(series))


def _strongest_period(spectrum: Spectrum, found: list[int]) -> int | None:
    for line in _lines(spectrum):
        period = _season(line, spectrum.correlation)
        if period is not None and all(abs(period - f) > _SAME * f for f in found):
            return period
    return None


def _lines(spectrum: Spectrum) -> list[int]:
    """Frequencies of the highest lines above their neighbourhood, the highest first."""
    power = spectrum.power
    if len(power) < 4:
        return []
    height = power / np.maximum(_neighbourhood(power), 1e-12 * power.max() + 1e-300)
    height[:3] = 0.0
    is_peak = height > _line_height(len(power), spectrum.n_series)
    is_peak[1:] &= power[1:] >= power[:-1]
    is_peak[:-1] &= power[:-1] >= power[1:]
    peaks = np.flatnonzero(is_peak)
    return [int(k) for k in peaks[np.argsort(-height[peaks], kind="stable")][:_LINES]]


def _line_height(n_frequencies: int, n_series: int) -> float:
    """Medians that noise reaches by chance: its mean power has a gamma distribution."""
    reached = gammainccinv(n_series, _CHANCE / n_frequencies) / gammaincinv(n_series, 0.5)
    return max(_LOWEST, float(reached))


def _neighbourhood(power: Array) -> Array:
    """Median power around each frequency, taken at a few and interpolated."""
    last = len(power) - 1
    n_places = max(2, int(16 * np.log2(last + 1)))
    places = np.unique(np.geomspace(1, last, n_places).round().astype(int))
    medians = [
        np.median(power[max(1, low) : high + 1])
        for low, high in (
            (min(k - _NEIGHBOURS, int(k / _REACH)), max(k + _NEIGHBOURS, int(k * _REACH)))
            for k in places.tolist()
        )
    ]
    return np.interp(np.arange(last + 1), places, medians)


def _season(line: int, correlation: Array) -> int | None:
    """Length of the season that a line belongs to; None where the series do not repeat."""
    n_timesteps, best = len(correlation), {}
    for multiple in _MULTIPLES:
        shortest = max(2, round(2 * multiple * n_timesteps / (line + 1)))
        longest = min(n_timesteps // _FEWEST_CYCLES, round(2 * multiple * n_timesteps / (line - 1)))
        if shortest <= longest:
            lags = np.arange(shortest, longest + 1)
            contrast = _contrast(correlation, lags)
            best[int(lags[np.argmax(contrast)])] = float(contrast.max())
    enough = max(_SMALLEST_CONTRAST, _ENOUGH * max(best.values(), default=0.0))
    return next((lag for lag, value in best.items() if value >= enough), None)


def _contrast(correlation: Array, lags: NDArray[np.int64]) -> Array:
    """How much more alike steps `lags` apart are than steps half as many nearer or further."""
    nearer, further = correlation[lags // 2], correlation[lags + lags // 2]
    return np.asarray(correlation[lags] - (nearer + further) / 2)
