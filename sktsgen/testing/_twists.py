"""What real tables do now and then: stuck sensors, outliers, gaps, awkward dates."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from sktsgen.data import restore_dtype
from sktsgen.testing._plainness import Scale
from sktsgen.testing._pool import Pool

EXTREMES = ("constant", "repeats", "tails", "calendar")
_MOST_GAPS = 3
_MISSING = {"f": np.nan, "O": None, "m": "NaT", "M": "NaT"}
"""Missing cells by the kind of a numpy type."""


@dataclass
class Example:
    """Rows of one example while it is being made.

    Attributes
    ----------
    pool : Pool
        Where they come from.
    columns : list of ndarray or ExtensionArray
        Rows of all series, changed in place.
    n_series, length : int
        Series, and rows of each.
    time : DatetimeIndex or None
        Stamps in the place of those of the pool.
    """

    pool: Pool
    columns: list[Any]
    n_series: int
    length: int
    time: Any = None


def check_extremes(extremes: bool | Collection[str]) -> tuple[str, ...]:
    """Give the names of the extremes that are asked for."""
    if isinstance(extremes, bool):
        return EXTREMES if extremes else ()
    if not isinstance(extremes, Collection):
        raise TypeError(
            f"extremes={extremes!r} must be a bool or names out of {EXTREMES}; True is all of them."
        )
    names = (extremes,) if isinstance(extremes, str) else tuple(extremes)
    unknown = [name for name in names if name not in EXTREMES]
    if unknown:
        raise ValueError(
            f"extremes={extremes!r} has {unknown[0]!r}; choose among {EXTREMES}, or True for all."
        )
    return names


def add_extreme(draw: Any, example: Example, names: tuple[str, ...]) -> None:
    """Change a half of all examples by one of the named extremes, where the table allows it."""
    possible = [name for name in names if _is_possible(name, example.pool)]
    if not possible:
        return
    name = draw(st.sampled_from([None] * len(possible) + possible))
    if name is not None:
        _MAKERS[name](draw, example)


def add_gaps(draw: Any, example: Example) -> None:
    """Take away a few stretches of cells."""
    able = [i for i, column in enumerate(example.columns) if can_be_missing(column.dtype)]
    for _ in range(draw(st.integers(0, _MOST_GAPS))):
        column = example.columns[draw(st.sampled_from(able))]
        rows = _stretch(draw, example)
        column[rows] = _MISSING[column.dtype.kind] if isinstance(column, np.ndarray) else pd.NA


def can_be_missing(dtype: Any) -> bool:
    """Whether cells of a type can be missing."""
    return not isinstance(dtype, np.dtype) or dtype.kind in _MISSING


def _is_possible(name: str, pool: Pool) -> bool:
    if name == "calendar":
        return pool.grid is not None and bool(pool.grid.edges)
    if name == "tails":
        return any(_has_tails(scale) for scale in pool.scales)
    return name == "constant" or any(not scale.is_static for scale in pool.scales)


def _has_tails(scale: Scale) -> bool:
    return scale.is_number and not scale.is_static and scale.high > scale.low


def _stretch(draw: Any, example: Example) -> slice:
    """Choose rows of one series, all of it at most."""
    series = draw(st.integers(0, example.n_series - 1))
    first = draw(st.integers(0, example.length - 1))
    n_rows = draw(st.integers(1, example.length - first))
    begin = series * example.length + first
    return slice(begin, begin + n_rows)


def _constant(draw: Any, example: Example) -> None:
    """Keep the first value of a column everywhere."""
    column = draw(st.sampled_from(example.columns))
    column[:] = column[0]


def _repeats(draw: Any, example: Example) -> None:
    """Let a series repeat a row, as a sensor does that is stuck."""
    rows = _stretch(draw, example)
    for column, scale in zip(example.columns, example.pool.scales, strict=True):
        if not scale.is_static:
            column[rows] = column[rows.start]


def _tails(draw: Any, example: Example) -> None:
    """Put a cell to the end of its range, or far beyond; what was never negative stays so."""
    able = [i for i, scale in enumerate(example.pool.scales) if _has_tails(scale)]
    i = draw(st.sampled_from(able))
    column, scale = example.columns[i], example.pool.scales[i]
    beyond = draw(st.sampled_from((0.0, 1.0, 10.0))) * (scale.high - scale.low)
    value = scale.high + beyond
    if draw(st.booleans()):
        value = scale.low - beyond
    if scale.low >= 0:
        value = max(value, 0.0)
    row = draw(st.integers(0, len(column) - 1))
    column[row] = restore_dtype(np.array([value]), scale.dtype)[0]


def _calendar(draw: Any, example: Example) -> None:
    """Move the stamps to where a clock is changed, a month or a year ends, a leap day is."""
    grid = example.pool.grid
    assert grid is not None
    edge = draw(st.sampled_from(grid.edges))
    before = draw(st.integers(0, example.length))
    example.time = grid.around(edge, example.length, before)


_MAKERS = {"constant": _constant, "repeats": _repeats, "tails": _tails, "calendar": _calendar}
