"""Location and spread of numbers, read a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

CHUNK = 2**20
"""Cells looked at together, so that a mapped file is never held in memory."""

FURTHEST = 10.0
"""No feature of a column of heavy tails lies further from 0, where a network suffers."""

Number = float | np.ndarray
_SAMPLE = 2**22  # cells that quantiles are taken of
_TAILS = (0.25, 0.1, 0.05, 0.01, 0.001)


class Moments(NamedTuple):
    """What is known of each column of numbers; missing cells, which are NaN, take no part.

    Parameters
    ----------
    lowest, highest : ndarray of shape (n_columns,)
        Extremes.
    mean, scale : ndarray of shape (n_columns,)
        Mean and standard deviation; the scale of a constant column is 0.
    kurtosis : ndarray of shape (n_columns,)
        Fourth central moment in units of the squared variance; 3 for a normal distribution.
    at_limit : ndarray of shape (2, n_columns)
        Cells that equal `lowest`, and cells that equal `highest`.
    n_present : ndarray of shape (n_columns,)
        Cells that are not missing.
    """

    lowest: np.ndarray
    highest: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    kurtosis: np.ndarray
    at_limit: np.ndarray
    n_present: np.ndarray


def slices(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Cut rows into parts of about `CHUNK` cells."""
    step = max(1, CHUNK // max(1, n_columns))
    return (slice(first, first + step) for first in range(0, n_rows, step))


def some_rows(n_rows: int, n_columns: int) -> np.ndarray | slice:
    """Choose rows enough for quantiles: all, or some in no rhythm that the data could share."""
    n_chosen = max(1, _SAMPLE // n_columns)
    if n_rows <= n_chosen:
        return slice(None)
    golden = (np.sqrt(5) - 1) / 2
    return np.unique((np.arange(n_chosen) * golden % 1 * n_rows).astype(np.int64))


def measure(chunks: Callable[[], Iterator[np.ndarray]]) -> Moments:
    """Take the moments of float64 rows that are handed out part by part, three times.

    Moments are taken of values between -1 and 1: no sum overflows, no square underflows.
    """
    parts = [
        (np.fmin.reduce(chunk), np.fmax.reduce(chunk), np.count_nonzero(chunk == chunk, axis=0))
        for chunk in chunks()
    ]
    lowest = np.fmin.reduce([part[0] for part in parts])
    highest = np.fmax.reduce([part[1] for part in parts])
    n_present = np.sum([part[2] for part in parts], axis=0)
    centre, reach = lowest / 2 + highest / 2, highest / 2 - lowest / 2
    varies = reach > 0
    n_cells = np.maximum(n_present, 1)
    unit = np.where(varies, reach, 1.0)
    mean = sum(np.nansum((chunk - centre) / unit, axis=0) for chunk in chunks()) / n_cells
    powers, at_limit = np.zeros((2, len(unit))), np.zeros((2, len(unit)), dtype=np.int64)
    for chunk in chunks():
        squares = np.square((chunk - centre) / unit - mean)
        powers += np.stack([np.nansum(squares, axis=0), np.nansum(np.square(squares), axis=0)])
        at_limit += np.stack([(chunk == lowest).sum(0), (chunk == highest).sum(0)])
    variance, fourth = powers / n_cells
    kurtosis = np.where(varies, fourth / np.where(varies, np.square(variance), 1.0), 0.0)
    mean = np.where(varies, centre + reach * mean, lowest)
    scale = reach * np.sqrt(variance)
    return Moments(lowest, highest, mean, scale, kurtosis, at_limit, n_present)


def mean_and_scale(chunks: Iterator[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Take mean and standard deviation of rows of small numbers round 0, handed out once.

    Parameters
    ----------
    chunks : iterator of ndarray of shape (n_rows, n_columns)
        float64, NaN where missing.
    """
    sums = np.sum(
        [
            [
                np.count_nonzero(chunk == chunk, axis=0),
                np.nansum(chunk, axis=0),
                np.nansum(np.square(chunk), axis=0),
            ]
            for chunk in chunks
        ],
        axis=0,
    )
    mean, square = sums[1:] / sums[0]
    return mean, np.sqrt(np.maximum(square - np.square(mean), 0.0))


def robust_scale(sample: np.ndarray) -> tuple[float, float]:
    """Return a centre and a width that a few wild numbers do not move.

    Parameters
    ----------
    sample : ndarray of shape (n,)
        Finite numbers.

    Returns
    -------
    centre : float
        The median.
    width : float
        Standard deviation of the normal distribution with the same quartiles; where these are
        equal, as with mostly zeros, with the same quantiles further out; 0 where a thousandth of
        the numbers on either side is not enough to find a difference.
    """
    for tail in _TAILS:
        low, high = np.quantile(sample, [tail, 1 - tail])
        if high > low:
            return float(np.median(sample)), float((high - low) / (-2 * ndtri(tail)))
    return float(np.median(sample)), 0.0


def bounded_scale(lowest: Number, highest: Number, mean: Number, scale: Number) -> Number:
    """Return the standard deviation, or what brings the furthest number to `FURTHEST`."""
    return np.maximum(scale, np.maximum(highest - mean, mean - lowest) / FURTHEST)
