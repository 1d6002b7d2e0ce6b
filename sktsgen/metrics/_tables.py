"""Tables in, whatever holds them: numbers apart from levels, all sides coded alike."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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


class _Rows(NamedTuple):
    values: Any  # ndarray of numbers or DataFrame, (row, column)
    lengths: Int64
    order: Int64 | None


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
        If a column holds numbers on one side and something else on another.
    ValueError
        If columns disagree, a number is infinite, or there are no rows.
    """
    rows = {name: _read_rows(X, name) for name, X in sides.items()}
    labels = _common_labels(rows)
    first = next(iter(rows.values()))
    is_discrete = np.array([_is_discrete(first.values, i) for i in range(len(labels))], dtype=bool)
    numbers = [_numbers(side, name, labels, ~is_discrete) for name, side in rows.items()]
    codes, levels = _coded([side.values for side in rows.values()], np.flatnonzero(is_discrete))
    tables = [
        Table(number, code, side.lengths, side.order)
        for number, code, side in zip(numbers, codes, rows.values(), strict=True)
    ]
    return tables, Kinds(labels, is_discrete, levels)


def _read_rows(X: Any, name: str) -> _Rows:
    """Return the rows of all series one below the other."""
    if isinstance(X, pd.DataFrame):
        read = _frame_rows(X, name)
    elif isinstance(X, list | tuple) and len(X) and getattr(X[0], "ndim", None) == 2:
        read = _member_rows(list(X), name)
    else:
        read = _array_rows(np.asarray(X), name)
    if not len(read.values) or not read.values.shape[1]:
        raise ValueError(f"{name} has shape {np.shape(X)}; give at least one cell.")
    return read


def _frame_rows(X: pd.DataFrame, name: str) -> _Rows:
    if X.index.nlevels > 2:
        raise ValueError(
            f"{name} is a frame with {X.index.nlevels} index levels; give one with a plain index "
            "or a (series, time) index."
        )
    if X.index.nlevels == 1:
        return _Rows(X, np.array([len(X)]), None)
    codes = X.index.get_level_values(0).factorize()[0]
    lengths = np.bincount(codes)
    if (np.diff(codes) >= 0).all():
        return _Rows(X, lengths, None)
    order = np.argsort(codes, kind="stable")
    return _Rows(X.iloc[order], lengths, order)


def _member_rows(members: list[Any], name: str) -> _Rows:
    widths = {member.shape[1] for member in members}
    if len(widths) > 1:
        raise ValueError(f"{name} mixes series of {sorted(widths)} channels; give equal ones.")
    lengths = np.array([len(member) for member in members])
    if isinstance(members[0], pd.DataFrame):
        return _Rows(pd.concat(members), lengths, None)
    return _Rows(np.concatenate([np.asarray(member) for member in members]), lengths, None)


def _array_rows(X: NDArray[Any], name: str) -> _Rows:
    if X.dtype.kind not in "biuf":
        raise TypeError(f"{name} is an array of type {X.dtype}; give numbers, or a DataFrame.")
    if X.ndim not in (2, 3):
        raise ValueError(
            f"{name} has shape {X.shape}; give (n_timesteps, n_channels) or "
            "(n_series, n_timesteps, n_channels)."
        )
    lengths = np.array([len(X)]) if X.ndim == 2 else np.full(len(X), X.shape[1])
    return _Rows(X.reshape(-1, X.shape[-1]), lengths, None)


def _common_labels(rows: Mapping[str, _Rows]) -> tuple[Any, ...]:
    """Return the column labels, or say which two sides disagree."""
    widths = {name: side.values.shape[1] for name, side in rows.items()}
    labels: tuple[Any, ...] | None = None
    named = ""
    for name, side in rows.items():
        if widths[name] != (first := next(iter(widths.values()))):
            raise ValueError(
                f"{name} has {widths[name]} columns and {next(iter(widths))} has {first}; "
                "give equal ones."
            )
        if isinstance(side.values, pd.DataFrame):
            own = tuple(side.values.columns)
            if labels is not None and own != labels:
                raise ValueError(
                    f"{name} has the columns {list(own)} and {named} has {list(labels)}; give the "
                    "same, in the same order."
                )
            labels, named = own, name
    return labels or tuple(range(next(iter(widths.values()))))


def _is_discrete(values: Any, i: int) -> bool:
    if not isinstance(values, pd.DataFrame):
        return bool(values.dtype == np.bool_)
    dtype = values.dtypes.iloc[i]
    is_date = pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(
        dtype
    )
    is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    return not (is_number or is_date)


def _numbers(side: _Rows, name: str, labels: tuple[Any, ...], chosen: NDArray[np.bool_]) -> Float64:
    if isinstance(side.values, pd.DataFrame):
        columns = [side.values.iloc[:, i] for i in np.flatnonzero(chosen).tolist()]
        numbers = np.empty((len(side.values), len(columns)))
        for place, column in enumerate(columns):
            numbers[:, place] = _number_column(column, name)
    else:
        numbers = side.values[:, chosen].astype(np.float64)
    if np.isinf(numbers).any():
        row, place = np.argwhere(np.isinf(numbers))[0]
        label = labels[np.flatnonzero(chosen)[place]]
        raise ValueError(
            f"{name} holds {numbers[row, place]} in row {row} of column {label!r}; "
            "fill or drop cells that are infinite."
        )
    return numbers


def _number_column(column: pd.Series, name: str) -> Float64:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.dt.tz_localize(None) - pd.Timestamp(0)
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return column.dt.total_seconds().to_numpy(np.float64)
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
        return side[:, i].astype(object)
    column = side.iloc[:, i].astype(object)
    return column.where(column.notna(), None).to_numpy()
