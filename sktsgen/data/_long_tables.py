"""Long tables become panels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


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
