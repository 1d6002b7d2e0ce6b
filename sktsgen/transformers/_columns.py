"""One column of a table: what kind it is of, and its cells as plain arrays."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd

_FEWEST = 2  # cells of either value that make two integers a binary column
_OBJECTS: dict[str, Any] = {
    "boolean": pd.BooleanDtype(),
    "integer": pd.Int64Dtype(),
    "floating": np.dtype(np.float64),
    "mixed-integer-float": np.dtype(np.float64),
}
_LEVELS = {"string", "bytes"}
_CELLS = {
    **dict.fromkeys([*_OBJECTS, "decimal"], "number"),
    "string": "text",
    "datetime64": "datetime",
    "timedelta64": "timedelta",
    "empty": "",
}
NUMERIC = ("continuous", "integer", "count")
DISCRETE = ("binary", "categorical", "ordinal")
TIMES = ("datetime", "timedelta", "period")


def plain_column(column: Any) -> pd.Series:
    """Return a column whose type says what is in it: dense, objects as what they are.

    Parameters
    ----------
    column : pandas.Series
        Its name is used in messages.

    Returns
    -------
    column : pandas.Series
        Objects that are all numbers or all booleans as such; text and bytes as they were.

    Raises
    ------
    TypeError
        If objects are of several kinds or of one that is neither number nor text.
    ValueError
        If numbers are complex.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return plain_column(column.sparse.to_dense())
    if dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: column {column.name!r} is of type {dtype}; split it into "
            "real and imaginary parts."
        )
    if not pd.api.types.is_object_dtype(dtype):
        return column
    found = pd.api.types.infer_dtype(column.dropna(), skipna=False)
    if found in _LEVELS or found == "empty":
        return column
    if found not in _OBJECTS:
        raise _mixed_objects(column)
    try:
        return column.astype(_OBJECTS[found])
    except OverflowError:  # integers of more than 64 bits
        return column.astype(np.float64)


def infer_kind(column: pd.Series, given: str | None = None) -> str:
    """Return the kind of a column that `plain_column` gave.

    Parameters
    ----------
    column : pandas.Series
        At least one row.
    given : str or None, default=None
        Kind that stands in place of the one that its type tells.

    Returns
    -------
    kind : str
        "missing" without any value, "constant" with a single one, else by type: "binary" for
        booleans, "ordinal" for ordered and "categorical" for other categories and text,
        "datetime", "timedelta" or "period", "continuous" for floats; integers are "binary" with
        two values, each of them met twice at least, "count" where none is negative, else
        "integer".

    Raises
    ------
    TypeError
        If the type is none of these.
    """
    present = column.dropna()
    if not len(present):
        return "missing"
    if _is_constant(present):
        return "constant"
    if given is not None:
        return given
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "ordinal" if dtype.ordered else "categorical"
    if pd.api.types.is_bool_dtype(dtype):
        return "binary"
    if pd.api.types.is_integer_dtype(dtype):
        values = present.to_numpy(dtype=_numpy_dtype(dtype))
        limits = values.min(), values.max()
        return infer_number_kind(
            values.dtype, *limits, len(values), *((values == limit).sum() for limit in limits)
        )
    return _kind_of_type(column)


def infer_number_kind(
    dtype: np.dtype[Any],
    lowest: Any,
    highest: Any,
    n_present: int,
    n_lowest: int,
    n_highest: int,
) -> str:
    """Return the kind of a column of numbers.

    Parameters
    ----------
    dtype : numpy.dtype
        Boolean, integer or floating type.
    lowest, highest : number
        Extremes of the present cells.
    n_present, n_lowest, n_highest : int
        Cells that are not missing, and how many of them equal either extreme.
    """
    if not n_present:
        return "missing"
    if lowest == highest:
        return "constant"
    if dtype.kind not in "iu":
        return "continuous" if dtype.kind == "f" else "binary"
    if n_lowest + n_highest == n_present and min(n_lowest, n_highest) >= _FEWEST:
        return "binary"
    return "count" if lowest >= 0 else "integer"


def cell_kind(cells: Any) -> str:
    """Return what cells, or the categories of cells, are, in whatever type they are stored.

    Parameters
    ----------
    cells : pandas.Series or pandas.Index
        Any cells; missing ones tell nothing.

    Returns
    -------
    kind : str
        "number" for numbers and flags, "text", "bytes", "datetime", "timedelta", "period", or
        another word for other objects; empty where there are no cells, or some of several kinds.
    """
    dtype = cells.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return cell_kind(dtype.categories)
    if isinstance(dtype, pd.StringDtype):
        return "text"
    if _numpy_dtype(getattr(dtype, "subtype", dtype)) is not None and dtype.kind != "O":
        return "number"
    found = pd.api.types.infer_dtype(cells, skipna=True)
    return "" if found.startswith("mixed") and found not in _CELLS else _CELLS.get(found, found)


def refuse_other_cells(column: pd.Series, fitted: Any) -> None:
    """Raise TypeError if a column holds cells of another kind than those of `fit` do."""
    found, wanted = cell_kind(column), cell_kind(fitted)
    if found == wanted or not (found and wanted) or column.isna().all():
        return
    raise TypeError(
        f"column {column.name!r} is of type {column.dtype} ({found}), and {fitted.dtype} "
        f"({wanted}) was fitted; convert it."
    )


def read_numbers(column: pd.Series) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the numbers of a column and where they are missing.

    Returns
    -------
    values : ndarray of shape (n_rows,)
        Of the numpy type of the column, NaN or 0 where missing.
    missing : ndarray of shape (n_rows,), bool, or None
        None where `values` tells.

    Raises
    ------
    TypeError
        If the column does not hold numbers.
    ValueError
        If a number is infinite.
    """
    column = plain_column(column)
    dtype = _numpy_dtype(column.dtype)
    if dtype is None and column.isna().all():
        return np.full(len(column), np.nan), None
    if dtype is None:
        raise TypeError(
            f"column {column.name!r} is of type {column.dtype}, and numbers are needed; convert it "
            "or give it another kind."
        )
    dtype = np.dtype(np.uint8) if dtype.kind == "b" else dtype
    if isinstance(column.dtype, np.dtype):
        values, missing = column.to_numpy().astype(dtype, copy=False), None
    else:
        missing = column.isna().to_numpy()
        values = column.to_numpy(dtype=dtype, na_value=0)
    refuse_infinity(values, f"column {column.name!r}")
    return values, missing


def write_numbers(values: np.ndarray, missing: np.ndarray | None, dtype: Any, filler: Any) -> Any:
    """Invert `read_numbers` for a column of type `dtype`; `filler` stands for missing objects."""
    is_object = pd.api.types.is_object_dtype(dtype)
    if isinstance(dtype, np.dtype) and not is_object:
        return values.astype(dtype) if missing is None else np.where(missing, np.nan, values)
    if pd.api.types.is_bool_dtype(dtype):
        values = values > 0
    cells = pd.array(values.astype(object) if is_object else values, dtype=dtype)
    if missing is not None:
        cells[missing] = filler
    return cells


def missing_cell(column: pd.Series) -> Any:
    """Return what stands in a missing cell of a column, NaN if none is missing."""
    missing = column[column.isna()]
    return missing.iloc[0] if len(missing) else np.nan


def refuse_infinity(values: np.ndarray, name: str) -> None:
    """Raise ValueError that names the first infinite number."""
    if values.dtype.kind != "f":
        return
    is_infinite = np.isinf(values)
    if is_infinite.any():
        row = int(is_infinite.argmax())
        raise ValueError(
            f"Input X contains infinity in {name}, first in row {row}; replace it by a number, or "
            "by NaN if it is missing."
        )


def _numpy_dtype(dtype: Any) -> np.dtype[Any] | None:
    """Return the numpy type of numbers and booleans, nullable or not; None for others."""
    plain = getattr(dtype, "numpy_dtype", dtype)
    return plain if isinstance(plain, np.dtype) and plain.kind in "biuf" else None


def _is_constant(present: pd.Series) -> bool:
    first = present.iloc[0]
    if isinstance(present.dtype, pd.CategoricalDtype):
        codes = present.cat.codes.to_numpy()
        return bool((codes == codes[0]).all())
    return bool((present == first).all())


def _kind_of_type(column: pd.Series) -> str:
    dtype = column.dtype
    if pd.api.types.is_float_dtype(dtype):
        return "continuous"
    if isinstance(dtype, pd.PeriodDtype):
        return "period"
    if dtype.kind in "Mm":
        return "datetime" if dtype.kind == "M" else "timedelta"
    if isinstance(dtype, pd.StringDtype) or pd.api.types.is_object_dtype(dtype):
        return "categorical"
    raise TypeError(
        f"column {column.name!r} is of type {dtype}, which cannot be encoded; convert it (for "
        "example with astype('category') or astype(float)) or drop it."
    )


def _mixed_objects(column: pd.Series) -> TypeError:
    """Return the error that names the first cell unlike the first value of the column."""
    present = column.dropna()
    types = present.map(type)
    odd = int((types != types.iloc[0]).to_numpy().argmax())
    row = int(np.flatnonzero(column.notna())[odd])
    return TypeError(
        f"column {column.name!r} holds {reprlib.repr(present.iloc[odd])} of type "
        f"{types.iloc[odd].__name__} in row {row}; every argument must be a string or every one a "
        "number (convert the column, for example with pandas.to_datetime or astype(str))."
    )
