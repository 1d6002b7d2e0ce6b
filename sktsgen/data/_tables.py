"""Tables in, whatever holds them: numbers apart from levels, all sides coded alike."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.data._check import check_panel
from sktsgen.data._columns import column_kind
from sktsgen.data._panel import Panel

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


class Table(NamedTuple):
    """Rows of all series, series after series.

    Attributes
    ----------
    numbers : ndarray of shape (n_rows, n_numeric)
        Columns of numbers, dates (seconds) and durations (seconds); NaN where missing.
    codes : ndarray of shape (n_rows, n_discrete)
        Columns of levels, each level a number that is the same on every side; -1 where missing.
    lengths : ndarray of shape (n_series,)
        Rows of each series.
    order : ndarray of shape (n_rows,) or None
        Row of the user's table each row comes from; None where they agree.
    """

    numbers: Float64
    codes: Int64
    lengths: Int64
    order: Int64 | None


class Kinds(NamedTuple):
    """What the columns of some tables are."""

    labels: tuple[Any, ...]
    is_discrete: NDArray[np.bool_]
    levels: tuple[tuple[Any, ...], ...]  # of each discrete column, in the order of their codes


def read_tables(sides: Mapping[str, Any]) -> tuple[list[Table], Kinds]:
    """Read several tables of the same columns.

    Parameters
    ----------
    sides : mapping of str to array-like, list or DataFrame
        Tables by the names messages give them. The first one says which columns are discrete:
        booleans, text and categories are, numbers, dates and durations are not.

    Returns
    -------
    tables : list of Table
        In the order of `sides`.
    kinds : Kinds
        Labels and kinds of the columns.

    Raises
    ------
    TypeError
        If a column holds numbers on one side and something else on another, or dates on one side
        and no dates on another; so for durations.
    ValueError
        If columns disagree, a cell is infinite, or there are no rows.
    """
    panels = {name: read_panel(X, name) for name, X in sides.items()}
    labels = _common_labels(panels)
    first = next(iter(panels.values()))
    is_discrete = np.array([_is_discrete(first.values, i) for i in range(len(labels))], dtype=bool)
    _refuse_other_kinds(panels, labels, ~is_discrete)
    numbers = [_numbers(side, name, ~is_discrete) for name, side in panels.items()]
    codes, levels = _coded([side.values for side in panels.values()], np.flatnonzero(is_discrete))
    tables = [
        Table(number, code, side.lengths, side.order)
        for number, code, side in zip(numbers, codes, panels.values(), strict=True)
    ]
    return tables, Kinds(labels, is_discrete, levels)


def read_panel(X: Any, name: str) -> Panel:
    """Return the rows of all series one below the other, whatever holds them."""
    if isinstance(X, Panel):
        return X
    return check_panel(X, min_rows=1, mixed=True, missing=True, input_name=name)


def _common_labels(panels: Mapping[str, Panel]) -> tuple[Any, ...]:
    """Return the column labels, or say which two sides disagree."""
    (first, panel), *_ = panels.items()
    labels, named = panel.spec.columns, first
    for name, other in panels.items():
        if other.n_channels != panel.n_channels:
            raise ValueError(
                f"{name} has {other.n_channels} columns and {first} has {panel.n_channels}; "
                "give equal ones."
            )
        own = other.spec.columns
        if labels is not None and own not in (None, labels):
            raise ValueError(
                f"{name} has the columns {list(own or ())} and {named} has {list(labels)}; give "
                "the same, in the same order."
            )
        if labels is None:
            labels, named = own, name
    return labels or tuple(range(panel.n_channels))


def _is_discrete(values: Any, i: int) -> bool:
    if not isinstance(values, pd.DataFrame):
        return bool(values.dtype == np.bool_)
    dtype = values.dtypes.iloc[i]
    is_date = pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(
        dtype
    )
    is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    return not (is_number or is_date)


def _refuse_other_kinds(
    panels: Mapping[str, Panel], labels: tuple[Any, ...], chosen: NDArray[np.bool_]
) -> None:
    """Refuse dates, durations and numbers in one column: all would be numbers in the end."""
    for i in np.flatnonzero(chosen).tolist():
        kinds = {name: _unit_kind(panel.values, i) for name, panel in panels.items()}
        known = [(name, kind) for name, kind in kinds.items() if kind is not None]
        for name, kind in known[1:]:
            first, wanted = known[0]
            if kind != wanted:
                raise TypeError(
                    f"column {labels[i]!r} of {name} holds {kind}, and that of {first} {wanted}; "
                    "convert one."
                )


def _unit_kind(values: Any, i: int) -> str | None:
    """Return what a column counts; None where its cells must tell, or there is none."""
    if not isinstance(values, pd.DataFrame):
        return None if np.isnan(values[:, i]).all() else "numbers"
    column = values.iloc[:, i]
    kind = {"number": "numbers", "datetime": "dates", "timedelta": "durations"}
    return None if column.isna().all() else kind.get(column_kind(column.dtype))


def _numbers(panel: Panel, name: str, chosen: NDArray[np.bool_]) -> Float64:
    if not isinstance(panel.values, pd.DataFrame):
        return np.asarray(panel.values[:, chosen], dtype=np.float64)
    columns = [panel.values.iloc[:, i] for i in np.flatnonzero(chosen).tolist()]
    numbers = np.empty((len(panel.values), len(columns)))
    for place, column in enumerate(columns):
        numbers[:, place] = _number_column(column, name)
    return numbers


def _number_column(column: pd.Series, name: str) -> Float64:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.dt.tz_localize(None) - pd.Timestamp(0)
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return np.asarray(column.dt.total_seconds(), dtype=np.float64)
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"column {column.name!r} of {name} is of type {column.dtype}, and the first side has "
            "numbers there; convert one."
        ) from error


def _coded(
    sides: list[Any], columns: NDArray[np.intp]
) -> tuple[list[Int64], tuple[tuple[Any, ...], ...]]:
    """Return the levels of each discrete column as numbers, the same on all sides."""
    sizes = np.cumsum([len(side) for side in sides])
    codes = np.empty((sizes[-1], len(columns)), dtype=np.int64)
    levels = []
    for place, i in enumerate(columns):
        cells = np.concatenate([_level_column(side, i) for side in sides])
        codes[:, place], found = pd.factorize(cells)
        levels.append(tuple(found))
    return np.split(codes, sizes[:-1]), tuple(levels)


def _level_column(side: Any, i: int) -> NDArray[np.object_]:
    if not isinstance(side, pd.DataFrame):
        return np.asarray(side[:, i], dtype=np.object_)
    column = side.iloc[:, i].astype(object)
    return column.where(column.notna(), None).to_numpy()
