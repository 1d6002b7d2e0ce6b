"""Trend and seasonal part of series of one length, by three methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sktsgen.ops import moving_average
from sktsgen.transformers._periods import repeat_season, season_means

Array = NDArray[np.float64]

# The season is estimated on a trend, and the trend on what is left without the season.
_N_PASSES = 2


class Parts(NamedTuple):
    """What series are made of, each of shape (n_timesteps, n_columns)."""

    trend: Array
    seasonal: Array
    resid: Array


def by_moving_average(series: Array, periods: Sequence[int], windows: Sequence[int]) -> Parts:
    """Trend by the mean of centred moving averages, seasons by the means of their phases.

    Parameters
    ----------
    series : ndarray of shape (n_timesteps, n_columns)
        Columns to take apart.
    periods : sequence of int
        Lengths of the seasons, ascending; each at most half of n_timesteps.
    windows : sequence of int
        Lengths of the moving averages.

    Returns
    -------
    parts : Parts
        Their sum is `series`.
    """
    trend, seasonal = _smooth(series, windows), np.zeros_like(series)
    inside = _inside(len(series), periods, windows)
    for _ in range(_N_PASSES if periods else 0):
        seasonal = _seasons(series - trend, periods, inside)
        trend = _smooth(series - seasonal, windows)
    return Parts(trend, seasonal, series - trend - seasonal)


def by_stl(series: Array, period: int, *, robust: bool) -> Parts:
    """Season and trend by local regression, one season."""
    from statsmodels.tsa.seasonal import STL

    fitted = [STL(column, period=period, robust=robust).fit() for column in series.T]
    return _gathered(series, fitted)


def by_mstl(series: Array, periods: Sequence[int], *, robust: bool) -> Parts:
    """Seasons and trend by local regression, several seasons summed."""
    from statsmodels.tsa.seasonal import MSTL

    options = {"robust": robust}
    fitted = [MSTL(column, periods=periods, stl_kwargs=options).fit() for column in series.T]
    return _gathered(series, fitted)


def _smooth(series: Array, windows: Sequence[int]) -> Array:
    """Mean of moving averages that reach as far back as ahead."""
    x = torch.tensor(series)[None]
    averages = []
    for window in windows:
        ahead = moving_average(x, window)
        if window % 2 == 0:
            ahead = (ahead + moving_average(x.flip(1), window).flip(1)) / 2
        averages.append(ahead)
    return torch.stack(averages).mean(dim=0)[0].numpy()


def _inside(n_timesteps: int, periods: Sequence[int], windows: Sequence[int]) -> slice:
    """Take the steps whose averages reach beyond no end; all where these show no whole season."""
    reach = max(windows) // 2
    if n_timesteps - 2 * reach < max(periods, default=0):
        return slice(0, n_timesteps)
    return slice(reach, n_timesteps - reach)


def _seasons(rest: Array, periods: Sequence[int], inside: slice) -> Array:
    """Sum of the seasons, each estimated on what the shorter ones leave."""
    total = np.zeros_like(rest)
    for period in periods:
        season = season_means((rest - total)[inside], period)
        season = np.roll(season - season.mean(axis=0), inside.start, axis=0)
        total += repeat_season(season, len(rest))
    return total


def _gathered(series: Array, fitted: Sequence[Any]) -> Parts:
    trend = np.stack([one.trend for one in fitted], axis=1)
    seasons = [one.seasonal.reshape(len(series), -1).sum(axis=1) for one in fitted]
    seasonal = np.stack(seasons, axis=1)
    return Parts(trend, seasonal, series - trend - seasonal)
