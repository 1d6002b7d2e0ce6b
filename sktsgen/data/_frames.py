"""Pandas frames as numbers: one column after the other, every refusal naming its column."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class GroupedRows(NamedTuple):
    """Rows of a two-level index, gathered series by series."""

    order: np.ndarray | None
    lengths: np.ndarray
    series_ids: pd.Index
    stamps: pd.Index


def frame_values(frame: pd.DataFrame, where: str = "") -> np.ndarray:
    """Return the numbers of a frame, as a view if its columns are one block.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_rows, n_channels)
        Columns of boolean, integer or floating type, nullable or not.
    where : str, default=""
        What messages add to the name of a column.

    Returns
    -------
    values : ndarray of shape (n_rows, n_channels)
        In the type that numpy gives the columns together.

    Raises
    ------
    TypeError
        If a column holds something else than numbers.
    ValueError
        If column labels repeat, or a nullable column has missing cells.
    """
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"column {twice!r} occurs more than once{where}; rename or drop one.")
    dtypes = [_number_dtype(frame, i, where) for i in range(frame.shape[1])]
    if len(set(dtypes)) <= 1 and all(isinstance(dtype, np.dtype) for dtype in frame.dtypes):
        return frame.to_numpy()
    values = np.empty(frame.shape, dtype=np.result_type(*dtypes))
    for i, dtype in enumerate(dtypes):
        column = frame.iloc[:, i]
        if column.isna().any():
            raise missing_cell(f"column {frame.columns[i]!r}{where}", "NaN", column.isna().argmax())
        values[:, i] = column.to_numpy(dtype=dtype)
    return values


def missing_cell(place: str, what: str, row: Any) -> ValueError:
    """Return the error that refuses a cell that is not a finite number."""
    return ValueError(
        f"Input X contains {what} in {place}, first in row {int(row)}; fill the cells (for example "
        "with DataFrame.interpolate or an imputer) or drop those rows or that column."
    )


def group_rows(index: pd.MultiIndex) -> GroupedRows:
    """Gather the rows of each series, in the order in which series first appear.

    Rows of different series may be interleaved; within a series their order is kept.
    """
    if index.nlevels != 2:
        raise ValueError(
            f"the index of X has {index.nlevels} levels {list(index.names)}; "
            "a panel needs two, (series, time)."
        )
    codes, series_ids = index.get_level_values(0).factorize()
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise ValueError(f"the series identifier of row {row} is missing; fill or drop that row.")
    order = None if (np.diff(codes) >= 0).all() else np.argsort(codes, kind="stable")
    stamps = index.get_level_values(1)
    return GroupedRows(
        order,
        np.bincount(codes, minlength=len(series_ids)).astype(np.int64),
        pd.Index(series_ids),
        stamps if order is None else stamps[order],
    )


def as_panel(df: pd.DataFrame, *, series: Any, time: Any) -> pd.DataFrame:
    """Turn a long table into a panel: one row per series and time stamp.

    Parameters
    ----------
    df : pandas.DataFrame
        Long table. Its index is dropped.
    series : label
        Column that tells which series a row belongs to.
    time : label
        Column of time stamps: datetimes, timedeltas, periods or numbers.

    Returns
    -------
    panel : pandas.DataFrame
        The other columns under a (`series`, `time`) index, series in the order in which they
        first appear, rows of a series sorted by time.

    Raises
    ------
    TypeError
        If the time stamps are text or anything else that has no distance.
    ValueError
        If a column does not exist, an identifier or a stamp is missing, or a series has a stamp
        twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktsgen.data import as_panel
    >>> long = pd.DataFrame({"site": ["b", "a", "b"], "hour": [1, 0, 0], "load": [2.5, 1.0, 2.0]})
    >>> as_panel(long, series="site", time="hour")
               load
    site hour
    b    0      2.0
         1      2.5
    a    0      1.0
    """
    for label in (series, time):
        if label not in df.columns:
            raise ValueError(f"column {label!r} is not in the table; it has {list(df.columns)}.")
        if df[label].isna().any():
            row = int(df[label].isna().argmax())
            raise ValueError(f"column {label!r} is missing in row {row}; fill or drop that row.")
    if not _has_distance(df[time].dtype):
        raise TypeError(
            f"the time column {time!r} is of type {df[time].dtype}; convert it to datetimes "
            "(pandas.to_datetime) or numbers."
        )
    by_time = df[time].argsort(kind="stable").to_numpy()
    codes = df[series].factorize()[0]
    order = by_time[np.argsort(codes[by_time], kind="stable")]
    panel: pd.DataFrame = df.iloc[order].set_index([series, time])
    repeated = panel.index.duplicated()
    if repeated.any():
        name, stamp = panel.index[repeated][0]
        raise ValueError(
            f"series {name!r} has the time stamp {stamp} more than once; keep one row per stamp."
        )
    return panel


def _has_distance(dtype: Any) -> bool:
    if isinstance(dtype, pd.PeriodDtype | pd.DatetimeTZDtype):
        return True
    return not pd.api.types.is_bool_dtype(dtype) and (
        pd.api.types.is_numeric_dtype(dtype)
        or pd.api.types.is_datetime64_dtype(dtype)
        or pd.api.types.is_timedelta64_dtype(dtype)
    )


def _number_dtype(frame: pd.DataFrame, i: int, where: str) -> np.dtype[Any]:
    """Numpy type of one column, or the error that says why it is none."""
    dtype = frame.dtypes.iloc[i]
    plain = getattr(dtype, "subtype", getattr(dtype, "numpy_dtype", dtype))
    if isinstance(plain, np.dtype) and plain.kind in "biufc":
        return plain
    raise TypeError(
        f"column {frame.columns[i]!r}{where} is of type {dtype}, and only numbers are supported; "
        "convert it (for example with astype(float) or an encoder) or drop it."
    )
