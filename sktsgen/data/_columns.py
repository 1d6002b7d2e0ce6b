"""Columns of frames: what they may hold, every refusal naming the column."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data._cells import RowName, missing_cell
from sktsgen.data._rules import Rules

_NUMBERS = ("integer", "floating", "mixed-integer-float", "boolean")


def column_kind(dtype: Any) -> str:
    """Return what a column of some type holds.

    Parameters
    ----------
    dtype : numpy.dtype or pandas ExtensionDtype
        Type of a column.

    Returns
    -------
    kind : {"number", "text", "category", "datetime", "timedelta", "other"}
        Booleans are numbers; "text" is also what an object column may hold; "other" has no place
        in a panel.
    """
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if isinstance(dtype, pd.StringDtype) or holds_objects(dtype):
        return "text"
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "datetime"
    plain = _numpy_type(dtype)
    kinds = {"M": "datetime", "m": "timedelta"} | dict.fromkeys("biufc", "number")
    return kinds.get(plain.kind, "other") if isinstance(plain, np.dtype) else "other"


def share_one_type(dtypes: Iterable[Any]) -> bool:
    """Whether columns of these types are one array: all of one numpy type of numbers."""
    found = set(dtypes)
    are_numbers = all(isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in found)
    return len(found) <= 1 and are_numbers


def holds_objects(dtype: Any) -> bool:
    """Whether cells of this type may be anything."""
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def dense_dtype(dtype: Any) -> Any:
    """Return the type of a column that is no longer sparse."""
    return dtype.subtype if isinstance(dtype, pd.SparseDtype) else dtype


def as_numbers(frame: pd.DataFrame, row_name: RowName, rules: Rules) -> np.ndarray:
    """Return a frame of numbers as one array, in the type that numpy gives the columns together.

    A nullable column with missing cells becomes float, and is refused where none may be missing.
    """
    columns = [_numbers(frame, i, row_name, rules) for i in range(frame.shape[1])]
    values = np.empty(frame.shape, dtype=np.result_type(*columns))
    for i, column in enumerate(columns):
        values[:, i] = column
    return values


def refuse_repeated_labels(frame: pd.DataFrame, name: str) -> None:
    """Refuse a frame in which a column label occurs twice."""
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"column {twice!r} occurs more than once in {name}; rename or drop one.")


def refuse_types(frame: pd.DataFrame, rules: Rules, where: str = "") -> None:
    """Refuse columns of a type that cannot be modelled.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_rows, n_channels)
        What the user gave.
    rules : Rules
        Whether columns may hold something else than numbers.
    where : str, default=""
        What messages add to the name of a column.

    Raises
    ------
    TypeError
        If a column is of the wrong type.
    ValueError
        If a column is complex.
    """
    for label, dtype in zip(frame.columns, frame.dtypes, strict=True):
        _refuse_type(f"column {label!r}{where}", dtype, rules)


def read_columns(frame: pd.DataFrame, row_name: RowName, rules: Rules) -> Any:
    """Return the cells of a frame: as numbers where all are, else as a table.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_rows, n_channels)
        Columns that `refuse_types` lets pass.
    row_name : callable
        What messages call a row.
    rules : Rules
        Whether columns may hold something else than numbers, and cells be missing.

    Returns
    -------
    values : ndarray or DataFrame of shape (n_rows, n_channels)
        An array if all columns have one numpy type, as a view if they are one block, and wherever
        only numbers are allowed: in the type that numpy gives the columns together. Else a frame
        that counts its rows and shares the memory of `frame`, with numbers where objects were.

    Raises
    ------
    TypeError
        If the cells of an object column are of several kinds, or of none that can be modelled.
    ValueError
        If a nullable column has missing cells, and an array is asked for that may not.
    """
    had_objects = any(holds_objects(dtype) for dtype in frame.dtypes)
    if rules.mixed:
        frame = _without_objects(frame, row_name, rules)
    if share_one_type(frame.dtypes) and not had_objects:
        return frame.to_numpy()
    if rules.mixed:
        return frame.set_axis(pd.RangeIndex(len(frame)), axis=0)
    return as_numbers(frame, row_name, rules)


def _refuse_type(column: str, dtype: Any, rules: Rules) -> None:
    kind = column_kind(dtype)
    if kind == "number":
        if getattr(dtype, "kind", "") == "c":
            raise ValueError(
                f"Complex data not supported: {column} is of type {dtype}; pass its real and its "
                "imaginary part as two columns."
            )
        return
    if not rules.mixed:
        raise TypeError(
            f"{column} is of type {dtype}, and only numbers are supported; "
            "convert it (for example with astype(float) or an encoder) or drop it."
        )
    if kind == "other":
        raise TypeError(
            f"{column} is of type {dtype}, which cannot be modelled; convert it (periods: "
            "dt.to_timestamp(), intervals and others: astype('category')) or drop it."
        )


def _numpy_type(dtype: Any) -> Any:
    """Type of the numbers in a column that is sparse, nullable or plain."""
    return getattr(dense_dtype(dtype), "numpy_dtype", dense_dtype(dtype))


def _numbers(frame: pd.DataFrame, i: int, row_name: RowName, rules: Rules) -> np.ndarray:
    """One column as numpy numbers; float where a nullable one has missing cells."""
    column = frame.iloc[:, i]
    dtype = _numpy_type(column.dtype)
    if isinstance(column.dtype, np.dtype | pd.SparseDtype) or not column.isna().any():
        return column.to_numpy(dtype=dtype)
    if not rules.missing:
        row = row_name(int(column.isna().argmax()))
        raise missing_cell(f"column {frame.columns[i]!r}", "NaN", row, rules)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return column.to_numpy(dtype=dtype, na_value=np.nan)


def _without_objects(frame: pd.DataFrame, row_name: RowName, rules: Rules) -> pd.DataFrame:
    """Put dense columns for sparse ones, and numbers for objects that are numbers."""
    read = {
        i: _dense(frame.iloc[:, i], row_name, rules)
        for i, dtype in enumerate(frame.dtypes)
        if holds_objects(dtype) or isinstance(dtype, pd.SparseDtype)
    }
    plain = frame.copy(deep=False)
    for i, cells in read.items():
        if cells is not None:
            plain.isetitem(i, cells)
    return plain


def _dense(column: pd.Series[Any], row_name: RowName, rules: Rules) -> Any:
    """Numbers of a sparse or object column as an array; None for text, which stays."""
    if isinstance(column.dtype, pd.SparseDtype):
        return np.asarray(column)
    found = pd.api.types.infer_dtype(column, skipna=True)
    if found in ("string", "empty"):
        return None
    numbers: Any = pd.array(column.to_numpy()) if found in _NUMBERS else None
    if numbers is None or not pd.api.types.is_numeric_dtype(numbers.dtype):
        raise _wrong_object(column, row_name, rules)
    if found in ("floating", "mixed-integer-float"):
        return numbers.to_numpy(np.float64, na_value=np.nan)
    return numbers if numbers.isna().any() else numbers.to_numpy(numbers.dtype.numpy_dtype)


def _wrong_object(column: pd.Series[Any], row_name: RowName, rules: Rules) -> TypeError:
    """Say which cells are of different types, or of none that can be modelled."""
    rows = np.flatnonzero(column.notna())
    cells = [column.iloc[row] for row in rows]
    types = [type(cell).__name__ for cell in cells]
    other = next((i for i, name in enumerate(types) if name != types[0]), 0)
    one, two = (
        f"{reprlib.repr(cells[i])} ({types[i]}) in {row_name(int(rows[i]))}" for i in (0, other)
    )
    place = f"column {column.name!r} of {rules.name}"
    if other:
        return TypeError(
            f"{place} mixes kinds of cells, {one} and {two}; make it one kind, for example with "
            "astype(str) or pandas.to_numeric."
        )
    return TypeError(
        f"{place} holds objects that are neither text nor numbers of 64 bits, as {one}; convert "
        "it (dates: pandas.to_datetime, others: astype(float) or astype(str)) or drop it."
    )
