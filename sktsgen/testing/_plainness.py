"""How plain a series is, and how it is made plainer: few, round values."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.data import restore_dtype

RAW = 7
"""Levels of detail below this one are plainer than what was drawn: 2 ** level steps in all."""


class Scale:
    """What one column of a pool ranges over.

    Parameters
    ----------
    column : ndarray or ExtensionArray
        All rows, series after series.
    length : int
        Rows of a series.

    Attributes
    ----------
    is_number, is_static : bool
        Whether its values have a size, and whether none changes within a series.
    low, high, middle : float
        Range and median of numbers.
    plainest : object
        Value of the plainest level: the roundest number near the median, else the first value.
    unrest : ndarray of shape (n_series,)
        How far each series is from a constant near the median.
    """

    def __init__(self, column: Any, length: int) -> None:
        self.dtype = column.dtype
        self.is_number = is_number(self.dtype)
        codes = as_floats(column) if self.is_number else pd.factorize(column, sort=True)[0]
        by_series = np.asarray(codes, dtype=np.float64).reshape(-1, length)
        known = by_series[np.isfinite(by_series)] if self.is_number else by_series[by_series >= 0]
        self.low, self.high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        self.middle = float(np.median(known)) if known.size else 0.0
        cells = np.where(np.isnan(by_series) | (by_series < 0) & ~self.is_number, np.nan, by_series)
        highest, lowest = np.fmax.reduce(cells, axis=1), np.fmin.reduce(cells, axis=1)
        self.is_static = not (highest > lowest).any()
        reach = (self.high - self.low) or 1.0
        # A gap is as far as a cell can be, and as large a change.
        far = _or_reach(np.abs(cells - self.middle), reach).mean(axis=1)
        self.unrest = (far + _or_reach(np.abs(np.diff(cells, axis=1)), reach).sum(axis=1)) / reach
        self.plainest = self._plainest(column, np.asarray(codes))

    def _plainest(self, column: Any, codes: NDArray[Any]) -> Any:
        if self.is_number:
            middle = np.array([self.middle])
            return (_rounded(middle, self.dtype, self._step(1)) if self._step(1) else column)[0]
        known = np.flatnonzero(codes >= 0)
        return column[known[codes[known].argmin()]] if known.size else None

    def plainer(self, column: Any, level: int) -> Any:
        """Give a column at a level of detail: constant at 0, as it is from `RAW` on."""
        if level >= RAW or self.plainest is None:
            return column
        if level == 0:
            changed = column.copy()
            changed[:] = self.plainest
            return changed
        step = self._step(level)
        return _rounded(as_floats(column), self.dtype, step) if step else column

    def _step(self, level: int) -> float:
        return _round_step((self.high - self.low) / 2**level) if self.is_number else 0.0


def _or_reach(distances: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    return np.where(np.isfinite(distances), distances, reach)


def is_number(dtype: Any) -> bool:
    """Whether values of a type have a size."""
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def as_floats(column: Any) -> NDArray[np.float64]:
    """Give numbers as float64, NaN where missing."""
    if isinstance(column, np.ndarray):
        return column.astype(np.float64)
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _rounded(values: NDArray[np.float64], dtype: Any, step: float) -> Any:
    # Digits of the step alone: 3 x 0.1 is to be printed as 0.3.
    digits = max(0, -math.floor(math.log10(step)))
    rounded = np.round(np.rint(values / step) * step, digits)
    return restore_dtype(rounded + 0.0, dtype)  # no minus before a zero


@cache
def _round_step(width: float) -> float:
    """Give the first of 1, 2, 5, 10, ... times a power of ten that is no less than `width`."""
    if not width or not math.isfinite(width):
        return 0.0
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= width * 0.999)
