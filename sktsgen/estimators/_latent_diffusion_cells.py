"""Missing cells of a table taken from drawn tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import Panel


def put_missing(panel: Panel, drawn: Any) -> Any:
    """Return the table of a panel with its missing cells taken from another.

    Parameters
    ----------
    panel : Panel
        With missing cells.
    drawn : ndarray or DataFrame of shape (n_rows, n_channels)
        Of the same columns.

    Returns
    -------
    table : ndarray or DataFrame of shape (n_rows, n_channels)
        A copy; observed cells are bit by bit what they were.
    """
    missing = ~panel.observed
    filled: Any = panel.values.copy()
    if isinstance(filled, np.ndarray):
        filled[missing] = np.asarray(drawn)[missing]
        return filled
    for i in np.flatnonzero(missing.any(axis=0)).tolist():
        column = filled.iloc[:, i]
        filled.isetitem(i, column.where(~missing[:, i], drawn.iloc[:, i].astype(column.dtype)))
    return filled


def spread_of(panel: Panel, tables: Iterable[Any], filled: Any) -> np.ndarray:
    """Tell how far draws of the missing cells are apart.

    Parameters
    ----------
    panel : Panel
        With missing cells.
    tables : iterable of ndarray or DataFrame
        Draws.
    filled : ndarray or DataFrame
        What was chosen from them.

    Returns
    -------
    spread : ndarray of shape (n_rows, n_channels)
        Standard deviation of numbers, of stamps and durations in seconds; share of the draws that
        differ from a chosen level; 0 of observed cells.
    """
    missing = ~panel.observed
    draws: list[Any] = [pd.DataFrame(table) for table in tables]
    chosen: Any = pd.DataFrame(filled)
    spread = np.zeros(missing.shape)
    for i in np.flatnonzero(missing.any(axis=0)).tolist():
        columns = [draw.iloc[:, i] for draw in draws]
        spread[:, i] = np.where(missing[:, i], _apart(columns, chosen.iloc[:, i]), 0.0)
    return spread


def _apart(draws: list[Any], chosen: Any) -> np.ndarray:
    dtype = chosen.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        return np.asarray(np.std([draw.to_numpy(dtype=float) for draw in draws], axis=0))
    if dtype.kind in "mM":
        first = draws[0]
        return np.asarray(np.std([(draw - first).dt.total_seconds() for draw in draws], axis=0))
    levels = chosen.astype(object)
    differs = [(draw.astype(object) != levels).to_numpy(dtype=bool) for draw in draws]
    return np.asarray(np.mean(differs, axis=0))
