"""Columns that repeat another one cell by cell, left out and put back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data._panel import Panel
from sktsgen.data._static import keep_columns

# Rows by which columns that cannot be equal are told apart.
_SAMPLE = 1000
# Values that a column takes at least: two flags may agree by chance.
_FEWEST = 3
_CHUNK = 2**20


def repeated_columns(panel: Panel) -> tuple[tuple[int, int], ...]:
    """Find the columns of numbers that are equal to an earlier one in every row.

    Parameters
    ----------
    panel : Panel
        Training series.

    Returns
    -------
    pairs : tuple of (int, int)
        Position of a column, and that of the first one that it repeats; ascending. Columns have to
        be of one type; missing cells are equal to each other. Columns with fewer than three
        different values in their first 1,000 rows are left alone, as they may agree by chance.
    """
    found: list[tuple[int, int]] = []
    firsts: dict[tuple[str, bytes], list[int]] = {}
    for position in range(panel.n_channels):
        cells = column_of(panel.values, position, slice(_SAMPLE))
        if not is_number_type(cells.dtype) or cells.nunique() < _FEWEST:
            continue
        hashes = pd.util.hash_pandas_object(cells, index=False).to_numpy()
        known = firsts.setdefault((str(cells.dtype), hashes.tobytes()), [])
        same = next((i for i in known if _first_difference(panel, position, i) is None), None)
        if same is None:
            known.append(position)
        else:
            found.append((position, same))
    return tuple(found)


def drop_repeats(panel: Panel, pairs: Sequence[tuple[int, int]]) -> Panel:
    """Leave out columns that repeat others.

    Parameters
    ----------
    panel : Panel
        Series in which they do.
    pairs : sequence of (int, int)
        As `repeated_columns` gives them.

    Returns
    -------
    panel : Panel
        The other columns.

    Raises
    ------
    ValueError
        If a column differs from the one that it should repeat; the message names both and the row.
    """
    if not pairs:
        return panel
    for repeat, first in pairs:
        row = _first_difference(panel, repeat, first)
        if row is None:
            continue
        labels = range(panel.n_channels) if panel.spec.columns is None else panel.spec.columns
        raise ValueError(
            f"column {labels[repeat]!r} was equal to column {labels[first]!r} in every row in fit "
            f"and differs from it here, first in row {row}; give both the same values, or fit on "
            "series in which they differ."
        )
    return keep_columns(panel, sorted(set(range(panel.n_channels)) - {r for r, _ in pairs}))


def column_of(values: Any, position: int, rows: slice | np.ndarray) -> pd.Series:
    """Take some rows of a column of an array or a frame."""
    if isinstance(values, pd.DataFrame):
        return values.iloc[rows, position]
    return pd.Series(values[rows, position])


def is_number_type(dtype: Any) -> bool:
    """Tell whether a column of this type holds numbers; flags are none."""
    is_number = pd.api.types.is_numeric_dtype(dtype)
    return bool(is_number and not pd.api.types.is_bool_dtype(dtype))


def _first_difference(panel: Panel, position: int, other: int) -> int | None:
    """First row in which two columns differ; None if they are equal."""
    for begin in range(0, panel.n_rows, _CHUNK):
        rows = slice(begin, begin + _CHUNK)
        one, two = (column_of(panel.values, i, rows) for i in (position, other))
        if one.equals(two):
            continue
        is_equal = (one == two).fillna(False) | (one.isna() & two.isna())
        return begin + int(np.argmin(is_equal.to_numpy(dtype=bool)))
    return None
