"""Columns that are given over time, do not change, repeat others, or are their sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import restore_dtype


def check_metadata(
    metadata: Any, allowed: Sequence[Any] | None, has_histories: bool, length: int
) -> None:
    """Refuse metadata that are no table of some of the `allowed` columns with `length` rows."""
    if metadata is None:
        return
    if not isinstance(metadata, pd.DataFrame):
        raise TypeError(
            f"metadata is {type(metadata).__name__}; give a DataFrame with some of "
            f"metadata_columns={allowed!r}."
        )
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


def put_given(table: Any, given: Any, positions: Sequence[int]) -> None:
    """Put metadata exactly as they were given into the table of a series.

    Parameters
    ----------
    table, given : ndarray or DataFrame of shape (n_rows, n_channels)
        What was drawn, which is changed in place, and a table that holds the metadata.
    positions : sequence of int
        Columns that are given; their missing cells are those of `table`.
    """
    for position in positions:
        if isinstance(table, pd.DataFrame):
            cells: Any = given.iloc[:, position]
            table.isetitem(position, cells.where(cells.notna(), table.iloc[:, position]))
        else:
            cells = given[:, position]
            table[:, position] = np.where(np.isnan(cells), table[:, position], cells)


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
