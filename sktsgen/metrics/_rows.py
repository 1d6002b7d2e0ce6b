"""Rows of several tables, matched by series and time stamp."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.data import Panel, Table

Int64 = NDArray[np.int64]


class Rows(NamedTuple):
    """What tells the rows of a panel, series after series, from one another.

    Attributes
    ----------
    series : pandas.Index of length n_series or None
        Identifiers of the series; None where they are only counted.
    stamps : pandas.Index of length n_rows or None
        Time stamps or names of the rows; None where they are only counted.
    lengths : ndarray of shape (n_series,)
        Rows of each series.
    """

    series: pd.Index | None
    stamps: pd.Index | None
    lengths: Int64

    def keys(self, *, by_series: bool, by_stamp: bool) -> pd.MultiIndex:
        """Return (series, time) of each row, with numbers for what is not asked for."""
        numbers = np.repeat(np.arange(len(self.lengths)), self.lengths)
        steps = np.arange(len(numbers)) - np.repeat(
            np.cumsum(self.lengths) - self.lengths, self.lengths
        )
        series = self.series.take(numbers) if by_series and self.series is not None else numbers
        stamps = self.stamps if by_stamp and self.stamps is not None else steps
        return pd.MultiIndex.from_arrays([series, stamps])


def rows_of(panel: Panel) -> Rows:
    """Return what tells the rows of a panel apart."""
    index = panel.index
    if isinstance(index, tuple):
        counted = any(_only_counts(part) for part in index)
        return Rows(None, None if counted else index[0].append(list(index[1:])), panel.lengths)
    if index is None or _only_counts(index):
        return Rows(None, None, panel.lengths)
    ordered = index if panel.order is None else index.take(panel.order)
    if panel.series_ids is None:
        return Rows(None, ordered, panel.lengths)
    return Rows(panel.series_ids, ordered.get_level_values(1), panel.lengths)


def _only_counts(index: pd.Index) -> bool:
    """Whether an index tells nothing of its rows: a range, or names that repeat."""
    return isinstance(index, pd.RangeIndex) or not index.is_unique


def matched(rows: Rows, other: Rows, names: tuple[str, str]) -> Int64 | None:
    """Return which row of `other` belongs to each of `rows`; None where they stand alike.

    Parameters
    ----------
    rows, other : Rows
        Of two tables. What one of them only counts goes by position.
    names : tuple of str
        What messages call the tables.

    Raises
    ------
    ValueError
        If the tables have other numbers of rows, or a row has no partner.
    """
    by_series = rows.series is not None and other.series is not None
    by_stamp = rows.stamps is not None and other.stamps is not None
    if len(rows.lengths) != len(other.lengths) or rows.lengths.sum() != other.lengths.sum():
        raise ValueError(_sizes(rows, other, names))
    if not by_series and not np.array_equal(rows.lengths, other.lengths):
        raise ValueError(_sizes(rows, other, names))
    if not by_series and not by_stamp:
        return None
    wanted, given = (side.keys(by_series=by_series, by_stamp=by_stamp) for side in (rows, other))
    if wanted.equals(given):
        return None
    found = np.asarray(given.get_indexer(wanted), dtype=np.int64)
    if (found < 0).any():
        series, stamp = wanted[int((found < 0).argmax())]
        of_series = f" of series {series}" if by_series or len(rows.lengths) > 1 else ""
        raise ValueError(
            f"{names[1]} has no row at {stamp}{of_series}, and {names[0]} has; give the same "
            "series and time stamps, or arrays, which are compared row by row."
        )
    return found


def _sizes(rows: Rows, other: Rows, names: tuple[str, str]) -> str:
    return (
        f"{names[1]} has {other.lengths.sum()} rows in {len(other.lengths)} series and "
        f"{names[0]} {rows.lengths.sum()} in {len(rows.lengths)}; give the same."
    )


def reordered(table: Table, order: Int64 | None, lengths: Int64) -> Table:
    """Return the rows of a table in another order."""
    if order is None:
        return table
    return Table(table.numbers[order], table.codes[order], lengths, None)
