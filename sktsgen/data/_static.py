"""Columns that do not change within a series, set apart and put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data._panel import Panel

_CHUNK = 2**20  # cells compared together, so that a mapped file is never held in memory


def static_columns(panel: Panel) -> tuple[int, ...]:
    """Find the columns that are constant within every series and differ between series.

    Parameters
    ----------
    panel : Panel
        Training series.

    Returns
    -------
    positions : tuple of int
        Positions of the columns, ascending; none for a single series, or if no series has two
        rows. Missing cells are equal to each other and to nothing else.
    """
    if panel.n_series < 2 or panel.lengths.max() < 2:
        return ()
    changes_inside, changes_at_all = _changes(panel.values, panel.offsets)
    return tuple(int(i) for i in np.flatnonzero(~changes_inside & changes_at_all))


def split_static(panel: Panel, positions: Sequence[int]) -> tuple[Panel, Any]:
    """Set the static columns of a panel apart.

    Parameters
    ----------
    panel : Panel
        Series whose columns at `positions` are constant.
    positions : sequence of int
        Positions of the static columns, as `static_columns` gives them.

    Returns
    -------
    dynamic : Panel
        The other columns. A view of an array if they are neighbours, else a copy.
    static : ndarray or DataFrame of shape (n_series, len(positions))
        One row per series: its first row of the static columns.

    Raises
    ------
    ValueError
        If one of the columns changes within a series; the message names both.
    """
    _refuse_changes(panel, positions)
    kept = [i for i in range(panel.n_channels) if i not in set(positions)]
    static = pick(panel.values, panel.offsets[:-1], list(positions))
    return keep_columns(panel, kept), static


def keep_columns(panel: Panel, positions: list[int]) -> Panel:
    """Return a panel of some of the columns: a view of an array if they are neighbours."""
    spec = panel.spec
    columns = None if spec.columns is None else tuple(spec.columns[i] for i in positions)
    kept = replace(
        panel,
        values=pick(panel.values, None, positions),
        spec=replace(spec, dtypes=tuple(spec.dtypes[i] for i in positions), columns=columns),
    )
    return replace(kept, has_missing=not kept.observed.all())


def join_static(
    dynamic: Any, static: Any, positions: Sequence[int], lengths: np.ndarray | Sequence[int]
) -> Any:
    """Put the static columns of every series beside its rows: the inverse of `split_static`.

    Parameters
    ----------
    dynamic : ndarray or DataFrame of shape (n_rows, n_dynamic)
        Rows of all series, series after series.
    static : ndarray or DataFrame of shape (n_series, n_static)
        One row per series.
    positions : sequence of int, of length n_static
        Where the static columns stand among all columns, ascending.
    lengths : array-like of shape (n_series,)
        Number of rows of each series; their sum is n_rows.

    Returns
    -------
    values : ndarray or DataFrame of shape (n_rows, n_dynamic + n_static)
        A frame if either part is one.

    Raises
    ------
    ValueError
        If the numbers of rows, series or columns do not agree.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    if (len(dynamic), len(static), static.shape[1]) != (
        lengths.sum(),
        len(lengths),
        len(positions),
    ):
        raise ValueError(
            f"{len(dynamic)} dynamic rows and a static table of shape {static.shape} do not fit "
            f"{len(lengths)} series of {lengths.sum()} rows with static columns at "
            f"{list(positions)}."
        )
    repeated = pick(static, np.repeat(np.arange(len(lengths)), lengths), None)
    n_channels = dynamic.shape[1] + len(positions)
    moved = [i for i in range(n_channels) if i not in set(positions)]
    order = np.argsort([*moved, *positions])
    if isinstance(dynamic, np.ndarray) and isinstance(repeated, np.ndarray):
        return np.concatenate([dynamic, repeated], axis=1)[:, order]
    parts = [pd.DataFrame(part).reset_index(drop=True) for part in (dynamic, repeated)]
    return pd.concat(parts, axis=1).iloc[:, order]


def _changes(values: Any, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per column: whether it changes within a series, and whether it changes at all."""
    inside = np.ones(len(values) - 1, dtype=bool)
    inside[offsets[1:-1] - 1] = False
    found = _changes_of_table if isinstance(values, pd.DataFrame) else _changes_of_array
    return found(values, inside)


def _refuse_changes(panel: Panel, positions: Sequence[int]) -> None:
    for position in positions:
        column = pick(panel.values, None, [position])
        if not _changes(column, panel.offsets)[0][0]:
            continue
        series = next(
            i
            for i, (first, last) in enumerate(pairwise(panel.offsets))
            if _changes(column[first:last], np.array([0, last - first]))[0][0]
        )
        label = position if panel.spec.columns is None else panel.spec.columns[position]
        raise ValueError(
            f"column {label!r} was constant within every series in fit and changes within series "
            f"{series} here; give every series one value, or fit on series in which it changes."
        )


def _changes_of_array(values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    changes = np.zeros((2, values.shape[1]), dtype=bool)
    step = max(1, _CHUNK // values.shape[1])
    for begin in range(0, len(inside), step):
        rows = values[begin : begin + step + 1]
        differs = rows[1:] != rows[:-1]
        if values.dtype.kind == "f":
            differs &= ~(np.isnan(rows[1:]) & np.isnan(rows[:-1]))
        changes[0] |= differs[inside[begin : begin + step]].any(axis=0)
        changes[1] |= differs.any(axis=0)
        if changes[0].all():
            break
    return changes[0], changes[1]


def _changes_of_table(table: pd.DataFrame, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    codes = [table.iloc[:, i].factorize()[0] for i in range(table.shape[1])]
    differs = [np.diff(code) != 0 for code in codes]
    return (
        np.array([(differ & inside).any() for differ in differs], dtype=bool),
        np.array([differ.any() for differ in differs], dtype=bool),
    )


def pick(values: Any, rows: Any, columns: list[int] | None) -> Any:
    """Take rows and columns by position; None is all."""
    if isinstance(values, pd.DataFrame):
        values = values if columns is None else values.iloc[:, columns]
        return values if rows is None else values.take(rows).reset_index(drop=True)
    values = values if rows is None else values[rows]
    if columns is None:
        return values
    are_neighbours = len(columns) > 0 and columns[-1] - columns[0] == len(columns) - 1
    return values[:, columns[0] : columns[-1] + 1] if are_neighbours else values[:, columns]
