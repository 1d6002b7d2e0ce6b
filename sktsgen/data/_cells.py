"""Cells that are not finite: found by column and row, allowed where missing is allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config

from sktsgen.data._rules import Rules

_CHUNK = 2**20  # cells looked at together, so that a mapped file is never held in memory

RowName = Callable[[int], str]
"""Turns the number of a row into what messages call it."""


def scan_cells(values: Any, names: Sequence[str], row_name: RowName, rules: Rules) -> bool:
    """Refuse infinite cells, and missing ones where they are not allowed.

    Parameters
    ----------
    values : ndarray or DataFrame of shape (n_rows, n_channels)
        A few rows of an array are read at a time.
    names : sequence of str, of length n_channels
        What messages call the columns.
    row_name : callable
        What they call a row.
    rules : Rules
        Whether missing cells are allowed, and whether a column may be nothing else.

    Returns
    -------
    has_missing : bool
        Whether any cell is missing.

    Raises
    ------
    ValueError
        If a cell is infinite or missing without leave, or a column has no other cells in `fit`.
    """
    if get_config()["assume_finite"] and not rules.missing:
        return False
    scan = _scan_table if isinstance(values, pd.DataFrame) else _scan_array
    is_empty, has_missing = scan(values, names, row_name, rules)
    if rules.reset and is_empty.any():
        name = names[int(is_empty.argmax())]
        raise ValueError(f"{name} of {rules.name} has no value, only missing cells; drop it.")
    return has_missing


def missing_cell(column: str, what: str, row: str, rules: Rules) -> ValueError:
    """Return the error that refuses a cell."""
    remedy = "fill the cells (for example with DataFrame.interpolate or an imputer)"
    if what == "infinity":
        remedy = f"replace them by finite numbers{' or by NaN' if rules.missing else ''}"
    return ValueError(
        f"Input {rules.name} contains {what} in {column}, first in {row}; {remedy} or drop those "
        "rows or that column."
    )


def _scan_array(
    values: np.ndarray, names: Sequence[str], row_name: RowName, rules: Rules
) -> tuple[np.ndarray, bool]:
    """Which columns have no value, and whether any cell is missing."""
    is_empty, has_missing = np.ones(values.shape[1], dtype=bool), False
    if values.dtype.kind != "f":
        return ~is_empty, False
    n_rows = max(1, _CHUNK // values.shape[1])
    for begin in range(0, len(values), n_rows):
        chunk = values[begin : begin + n_rows]
        is_finite = np.isfinite(chunk)
        is_empty &= ~is_finite.any(axis=0)
        if is_finite.all():
            continue
        has_missing = True
        is_wrong = np.isinf(chunk) if rules.missing else ~is_finite
        if is_wrong.any():
            row, channel = (int(i) for i in np.argwhere(is_wrong)[0])
            what = "NaN" if np.isnan(chunk[row, channel]) else "infinity"
            raise missing_cell(names[channel], what, row_name(begin + row), rules)
    return is_empty, has_missing


def _scan_table(
    table: pd.DataFrame, names: Sequence[str], row_name: RowName, rules: Rules
) -> tuple[np.ndarray, bool]:
    """Which columns have no value, and whether any cell is missing."""
    missing = [table.iloc[:, i].isna().to_numpy() for i in range(table.shape[1])]
    for i, (name, is_missing) in enumerate(zip(names, missing, strict=True)):
        if is_missing.any() and not rules.missing:
            raise missing_cell(name, "NaN", row_name(int(is_missing.argmax())), rules)
        is_infinite = _infinite(table.iloc[:, i])
        if is_infinite.any():
            raise missing_cell(name, "infinity", row_name(int(is_infinite.argmax())), rules)
    is_empty = np.array([is_missing.all() for is_missing in missing], dtype=bool)
    return is_empty, any(is_missing.any() for is_missing in missing)


def _infinite(column: pd.Series[Any]) -> np.ndarray:
    plain = getattr(column.dtype, "numpy_dtype", column.dtype)
    if not isinstance(plain, np.dtype) or plain.kind != "f":
        return np.zeros(1, dtype=bool)
    return np.asarray(np.isinf(column.to_numpy(dtype=plain, na_value=np.nan)))
