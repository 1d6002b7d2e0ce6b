"""Columns that are given over time, do not change, repeat others, or are their sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import TimeAxis, restore_dtype

# Types that have no missing value, and those that stand in for them.
_WITH_GAPS = {"i": "Int64", "u": "UInt64", "b": "boolean"}


def check_metadata(
    metadata: Any, allowed: Sequence[Any] | None, has_histories: bool, length: int
) -> None:
    """Refuse metadata that are no table of some of the `allowed` columns with `length` rows."""
    if metadata is None:
        return
    check_given(metadata, "metadata")
    if has_histories:
        raise ValueError("metadata and prefix exclude each other; give one.")
    known = [] if allowed is None else list(allowed)
    other = [column for column in metadata.columns if column not in known]
    if other:
        raise ValueError(
            f"metadata has the column {other[0]!r}, and metadata_columns={known}; name it there "
            f"before fit, or leave it out."
        )
    if len(metadata) != length:
        raise ValueError(f"metadata has {len(metadata)} rows and length={length}; make it so.")


def check_given(given: Any, name: str) -> None:
    """Refuse what is no frame of columns that each come once."""
    if not isinstance(given, pd.DataFrame):
        raise TypeError(
            f"{name} is {type(given).__name__}; give a DataFrame with some of the columns of fit."
        )
    twice = given.columns[given.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{name} has the column {twice[0]!r} more than once; give each once.")


def in_order(given: pd.DataFrame, expected: pd.Index | None, name: str) -> pd.DataFrame:
    """Bring rows into the order of the stamps they belong to; rows counted from 0 stay.

    Parameters
    ----------
    given : DataFrame
        As many rows as are expected.
    expected : Index or None
        Stamps, or pairs of series and stamp, in order; None where rows are only counted.
    name : str
        What the rows are called in messages.

    Raises
    ------
    ValueError
        If the rows have other stamps.
    """
    index: Any = given.index
    if expected is None or index.equals(pd.RangeIndex(len(index))):
        return given
    if index.nlevels < expected.nlevels:
        expected = expected.get_level_values(-1)
    elif index.nlevels > expected.nlevels:
        index = index.droplevel(list(range(index.nlevels - expected.nlevels)))
    if index.equals(expected):
        return given
    at = index.get_indexer(expected) if index.is_unique else np.full(len(expected), -1)
    if (at < 0).any():
        lacking = ~np.asarray(expected.isin(index))
        fault = f"has no row for {expected[lacking][0]}" if lacking.any() else "repeats stamps"
        raise ValueError(
            f"{name} {fault}; its index must be that of its series, from {expected[0]} to "
            f"{expected[-1]}, or be dropped by reset_index(drop=True) if the rows are in order."
        )
    return given.iloc[at]


def on_grid(
    metadata: pd.DataFrame, axis: TimeAxis, length: int, start: Any
) -> tuple[pd.DataFrame, Any]:
    """Bring metadata into the order of their stamps, and return them with the first one.

    Raises
    ------
    ValueError
        If their stamps are not those of a series of `length` steps from `start`.
    """
    index: Any = metadata.index
    if axis.kind == "none" or index.equals(pd.RangeIndex(length)):
        return metadata, start
    try:
        first = index.get_level_values(-1).min() if start is None else start
        grid = axis.grid(length, start=first)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"metadata and start={start!r} do not make a time axis of kind {axis.kind!r}, as the "
            f"data had: {error}"
        ) from error
    return in_order(metadata, grid, "metadata"), first


def as_fitted(cells: Any, dtype: Any, name: str) -> Any:
    """Cells in the type that `fit` saw, numbered from 0; one with room for gaps if there are some.

    Parameters
    ----------
    cells : Series
        What was given.
    dtype : numpy.dtype or pandas ExtensionDtype
        Type of the column in `fit`.
    name : str
        What they are called in messages.

    Raises
    ------
    ValueError
        If a cell has no place in this type: no such category, no whole number.
    """
    label, cells = f"column {cells.name}", cells.reset_index(drop=True)
    present = cells[cells.notna()]
    known = list(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else None
    may_round = known is None and not pd.api.types.is_float_dtype(dtype)
    try:
        kept: Any = present.where(present.isin(known)) if known is not None else present
        kept = kept.astype(dtype)
        is_number = may_round and pd.api.types.is_numeric_dtype(dtype)
        wrong = kept.isna() | (is_number and kept.astype(float) != present.astype(float))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} cannot be read as {dtype}, the type of {label} in fit: {error}"
        ) from error
    if wrong.any():
        allowed = f"the categories {known}" if known is not None else f"values of type {dtype}"
        first = present[wrong].astype(object).iloc[0]
        raise ValueError(
            f"{name} has {first!r} in {label}, which fit saw with {allowed} only; give some of "
            "these."
        )
    if len(present) < len(cells) and isinstance(dtype, np.dtype) and dtype.kind in _WITH_GAPS:
        kept = kept.astype(_WITH_GAPS[dtype.kind])
    return kept.reindex(cells.index)


def put_given(table: Any, given: pd.DataFrame, rows: np.ndarray) -> None:
    """Put columns exactly as they were given into a table of draws.

    Parameters
    ----------
    table : ndarray or DataFrame of shape (n_rows, n_channels)
        What was drawn; changed in place.
    given : DataFrame
        Columns by their positions, from `as_fitted`; their missing cells are those of `table`.
    rows : ndarray of shape (n_rows,)
        Row of `given` for each row of the table.
    """
    positions: list[Any] = given.columns.tolist()
    for position in positions:
        cells: Any = given[position].iloc[rows].reset_index(drop=True)
        if isinstance(table, pd.DataFrame):
            drawn: Any = table.iloc[:, position]
            filled = cells.set_axis(drawn.index).where(cells.notna().to_numpy(), drawn)
            table.isetitem(position, filled.astype(drawn.dtype))
        else:
            is_given = cells.notna().to_numpy()
            table[is_given, position] = cells[is_given].to_numpy(dtype=table.dtype)


def hold(table: Any, positions: Sequence[int], source: Any) -> None:
    """Put the first cells of a series into all rows of another.

    Parameters
    ----------
    table : ndarray or DataFrame of shape (n_rows, n_channels)
        What was drawn; changed in place.
    positions : sequence of int
        Columns that do not change in time.
    source : ndarray or DataFrame of shape (n_source_rows, n_channels)
        The history of the series, or the series itself.
    """
    for position in positions:
        if isinstance(table, pd.DataFrame):
            cells = source.iloc[:, position].take(np.zeros(len(table), dtype=np.intp))
            table.isetitem(
                position, cells.set_axis(table.index).astype(table.dtypes.iloc[position])
            )
        else:
            table[:, position] = source[0, position]


def repeat(table: Any, pairs: Sequence[tuple[int, int]], given: Sequence[int]) -> None:
    """Let columns repeat others cell by cell, as they do in the training data.

    Parameters
    ----------
    table : ndarray or DataFrame of shape (n_rows, n_channels)
        What was drawn; changed in place.
    pairs : sequence of (int, int)
        Columns that repeat others, and which.
    given : sequence of int
        Columns that are left as they are; of a pair the other one follows them.
    """
    for one, other in pairs:
        copy, source = (other, one) if one in given else (one, other)
        if copy in given:
            continue
        if isinstance(table, pd.DataFrame):
            cells: Any = table.iloc[:, source].copy()
            table.isetitem(copy, cells)
        else:
            table[:, copy] = table[:, source]


def add_up(table: Any, sums: Sequence[tuple[int, int, int]], given: Sequence[int]) -> None:
    """Let totals be the sums of their parts, as they are in the training data.

    Parameters
    ----------
    table : ndarray or DataFrame of shape (n_rows, n_channels)
        What was drawn; changed in place.
    sums : sequence of (int, int, int)
        Columns of totals, each with those of its two parts; where a cell of these is missing, that
        of the total stays as it is.
    given : sequence of int
        Columns that are left as they are.
    """
    columns = pd.DataFrame(table)
    for total, one, other in sums:
        if total in given:
            continue
        # In the type of a part the sum of both may not fit.
        parts = columns.iloc[:, [one, other]].to_numpy(np.float64, na_value=np.nan)
        found = parts.sum(axis=1)
        is_there = ~np.isnan(found)
        cells = columns.iloc[:, total].array.copy()
        cells[is_there] = restore_dtype(found[is_there], cells.dtype)
        if isinstance(table, pd.DataFrame):
            table.isetitem(total, cells)
        else:
            table[:, total] = cells
