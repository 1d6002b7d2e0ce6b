"""Cells put back into the types of the user: rounded and clipped, never truncated or wrapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data._columns import column_kind


def restore_dtype(values: Any, dtype: Any) -> Any:
    """Return cells as an array of `dtype`.

    Parameters
    ----------
    values : ndarray, ExtensionArray or Series
        Numbers, or a column of the kind that `dtype` has.
    dtype : numpy.dtype or pandas ExtensionDtype
        What a column was in `fit`.

    Returns
    -------
    restored : ndarray or pandas.api.extensions.ExtensionArray
        Of the shape of `values`, which is 1-D unless `dtype` is a numpy type. Numbers are rounded
        for integers and kept within the range of the type, booleans are true from 0.5 on. A
        nullable type takes NaN as missing.

    Raises
    ------
    TypeError
        If the cells are of another kind than `dtype`.
    ValueError
        If a cell is missing and `dtype` has no place for it, or is none of its categories.
    """
    values = values.array if isinstance(values, pd.Series) else values
    if type(values) is pd.arrays.NumpyExtensionArray:  # text has a subclass of it
        values = values.to_numpy()
    if values.dtype == dtype:
        return values
    kind = column_kind(dtype)
    if kind == "number":
        return _numbers(values, dtype)
    if kind == "category":
        return _categories(values, dtype)
    if kind == "text":
        return _text(values, dtype)
    return _stamps(values, dtype)


def _numbers(values: Any, dtype: Any) -> Any:
    if column_kind(values.dtype) != "number":
        raise TypeError(f"values are of type {values.dtype}, and numbers are needed.")
    missing = np.asarray(pd.isna(values))
    plain = values if isinstance(values, np.ndarray) else _plain(values, missing)
    if isinstance(dtype, np.dtype):
        return _cast(plain, dtype)
    filled = np.where(missing, 0, plain) if missing.any() else plain
    restored = pd.array(_cast(filled, dtype.numpy_dtype), dtype=dtype)
    if missing.any():
        restored[missing] = pd.NA
    return restored


def _plain(values: Any, missing: np.ndarray) -> np.ndarray:
    """Numbers of a pandas array; float64 with NaN if any is missing."""
    if missing.any():
        return np.asarray(values.to_numpy(np.float64, na_value=np.nan))
    return np.asarray(values, dtype=getattr(values.dtype, "numpy_dtype", None))


def _categories(values: Any, dtype: pd.CategoricalDtype) -> pd.Categorical:
    codes = dtype.categories.get_indexer(pd.Index(values))
    unknown = (codes < 0) & np.asarray(pd.notna(values))
    if unknown.any():
        raise ValueError(
            f"values hold {values[int(unknown.argmax())]!r}, which is none of the "
            f"{len(dtype.categories)} categories of the column."
        )
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _text(values: Any, dtype: Any) -> Any:
    """Text, or for an object column the cells as Python objects, None where missing."""
    if isinstance(dtype, pd.StringDtype):
        return pd.array(np.asarray(values, dtype=object), dtype=dtype)
    cells = np.asarray(values).astype(object)
    cells[np.asarray(pd.isna(values))] = None
    return cells


def _stamps(values: Any, dtype: Any) -> Any:
    if column_kind(values.dtype) != column_kind(dtype):
        raise TypeError(f"values are of type {values.dtype}, and {dtype} is needed.")
    return pd.array(values).astype(dtype)


def _cast(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    if dtype.kind in "biu" and values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"values hold NaN, which {dtype} cannot; use a float or nullable type.")
    if dtype.kind == "b":
        return np.asarray(values >= 0.5)
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return np.asarray(np.clip(values, info.min, info.max), dtype=dtype)
    return _to_integers(values, np.iinfo(dtype))


def _to_integers(values: np.ndarray, info: np.iinfo[Any]) -> np.ndarray:
    if values.dtype.kind != "f":
        return np.asarray(np.clip(values, info.min, info.max), dtype=info.dtype)
    rounded = np.rint(values.astype(np.float64))
    # float(2**63 - 1) is 2**63, which int64 cannot hold: what is not below it gets the maximum.
    restored = np.where(rounded < float(info.max), rounded, 0.0)
    restored = np.maximum(restored, float(info.min)).astype(info.dtype)
    return np.where(rounded < float(info.max), restored, info.max).astype(info.dtype)
