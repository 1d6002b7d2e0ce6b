"""Long tables become panels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def as_panel(df: pd.DataFrame, *, series: Any, time: Any, freq: Any = None) -> pd.DataFrame:
    """Turn a long table into a panel: one row per series and time stamp.

    Parameters
    ----------
    df : pandas.DataFrame
        Long table. Its index is dropped.
    series : label
        Column that tells which series a row belongs to.
    time : label
        Column of time stamps: datetimes, timedeltas, periods or numbers.
    freq : str, offset, Timedelta, int or None, default=None
        Frequency to put every series on, from its first stamp to its last: stamps that are absent
        become rows of missing cells. An int for a column of integers; floats have none. None
        leaves the stamps as they are.

    Returns
    -------
    panel : pandas.DataFrame
        The other columns under a (`series`, `time`) index, series in the order in which they
        first appear, rows of a series sorted by time. In rows that `freq` adds, columns that are
        constant within every series keep their value; integers and booleans elsewhere become
        nullable.

    Raises
    ------
    TypeError
        If the time stamps are text or anything else that has no distance, or `freq` is no
        frequency for them.
    ValueError
        If a column does not exist, an identifier or a stamp is missing, a series has a stamp
        twice, or a stamp is not on `freq`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktsgen import as_panel
    >>> long = pd.DataFrame({"site": ["b", "a", "b"], "hour": [2, 0, 0], "load": [2.5, 1.0, 2.0]})
    >>> as_panel(long, series="site", time="hour")
               load
    site hour
    b    0      2.0
         2      2.5
    a    0      1.0
    >>> as_panel(long, series="site", time="hour", freq=1)
               load
    site hour
    b    0      2.0
         1      NaN
         2      2.5
    a    0      1.0
    """
    _refuse_labels(df, series, time)
    if not _has_distance(df[time].dtype):
        raise TypeError(
            f"the time column {time!r} is of type {df[time].dtype}; convert it to datetimes "
            "(pandas.to_datetime) or numbers."
        )
    if freq is not None and not _fits(freq, df[time].dtype):
        raise TypeError(
            f"freq={freq!r} is no frequency for the time column {time!r} of type "
            f"{df[time].dtype}; give an int for integers, a text such as '1h' for dates."
        )
    by_time = df[time].argsort(kind="stable").to_numpy()
    codes = df[series].factorize()[0]
    order = by_time[np.argsort(codes[by_time], kind="stable")]
    panel: pd.DataFrame = df.iloc[order].set_index([series, time])
    repeated = panel.index.duplicated()
    if repeated.any():
        name, stamp = (level[repeated].tolist()[0] for level in _levels(panel))
        raise ValueError(
            f"series {name!r} has the time stamp {stamp} more than once; keep one row per stamp."
        )
    return panel if freq is None or not len(panel) else _on_frequency(panel, freq)


def _levels(panel: pd.DataFrame) -> tuple[pd.Index, Any]:
    """Return the identifiers and the stamps of all rows."""
    return panel.index.get_level_values(0), panel.index.get_level_values(1)


def _refuse_labels(df: pd.DataFrame, series: Any, time: Any) -> None:
    if not isinstance(df, pd.DataFrame):
        raise TypeError(
            f"df is {type(df).__name__}, and a frame is needed; pass pandas.DataFrame(df)."
        )
    if isinstance(series, list):
        raise TypeError(
            f"series={series!r} must be the label of one column; join several into one first, for "
            "example with df[a].astype(str) + '/' + df[b].astype(str)."
        )
    if series == time:
        raise ValueError(f"series={series!r} and time={time!r} must be two columns.")
    for label in (series, time):
        if label not in df.columns:
            raise ValueError(f"column {label!r} is not in the table; it has {list(df.columns)}.")
        if isinstance(df[label], pd.DataFrame):
            raise ValueError(
                f"column {label!r} occurs {df[label].shape[1]} times in the table; rename or drop "
                "all but one."
            )
        if df[label].isna().any():
            row = int(df[label].isna().argmax())
            raise ValueError(f"column {label!r} is missing in row {row}; fill or drop that row.")


def _has_distance(dtype: Any) -> bool:
    if isinstance(dtype, pd.PeriodDtype | pd.DatetimeTZDtype):
        return True
    return not pd.api.types.is_bool_dtype(dtype) and (
        pd.api.types.is_numeric_dtype(dtype)
        or pd.api.types.is_datetime64_dtype(dtype)
        or pd.api.types.is_timedelta64_dtype(dtype)
    )


def _fits(freq: Any, dtype: Any) -> bool:
    is_count = isinstance(freq, int | np.integer) and not isinstance(freq, bool)
    if pd.api.types.is_numeric_dtype(dtype):
        return is_count and freq > 0 and pd.api.types.is_integer_dtype(dtype)
    return not is_count


def _on_frequency(panel: pd.DataFrame, freq: Any) -> pd.DataFrame:
    """Add the rows that are absent from the grid of each series."""
    ids, stamps = _levels(panel)
    begins = np.flatnonzero(np.diff(ids.factorize()[0], prepend=-1))
    ends = np.append(begins[1:], len(panel)) - 1
    spans = list(zip(stamps[begins], stamps[ends], strict=True))
    grid_of = {span: _grid(*span, freq).astype(stamps.dtype) for span in set(spans)}
    grids = [grid_of[span] for span in spans]
    first_rows = np.repeat(begins, [len(grid) for grid in grids])
    whole: Any = [ids.take(first_rows), grids[0].append(grids[1:])]
    index = pd.MultiIndex.from_arrays(whole, names=panel.index.names)
    is_off = index.get_indexer(panel.index) < 0
    if is_off.any():
        series, stamp = (level[is_off].tolist()[0] for level in _levels(panel))
        raise ValueError(
            f"the time stamp {stamp} of series {series!r} is not on freq={freq!r} counted from the "
            "first stamp of the series; choose a finer one, or round or resample the stamps."
        )
    return panel if len(index) == len(panel) else _spread(panel, index, begins, first_rows)


def _spread(
    panel: pd.DataFrame, index: pd.MultiIndex, begins: np.ndarray, first_rows: np.ndarray
) -> pd.DataFrame:
    """Put the rows of a panel on a longer index."""
    nullable = panel.copy(deep=False)
    constant = []
    for i in range(panel.shape[1]):
        column = panel.iloc[:, i]
        changes = np.diff(column.factorize()[0]) != 0
        changes[begins[1:] - 1] = False
        if not changes.any():
            constant.append(i)
        elif isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub":
            nullable.isetitem(i, pd.array(column.to_numpy()))
    spread = nullable.reindex(index)
    for i in constant:
        spread.isetitem(i, panel.iloc[:, i].array.take(first_rows))
    return spread


def _grid(first: Any, last: Any, freq: Any) -> pd.Index:
    """Stamps of a series, from `first` to `last`."""
    if isinstance(first, pd.Timestamp):
        return pd.date_range(first, last, freq=freq)
    if isinstance(first, pd.Timedelta):
        return pd.timedelta_range(first, last, freq=freq)
    if isinstance(first, pd.Period):
        return pd.period_range(first, last, freq=freq)
    return pd.RangeIndex(int(first), int(last) + 1, int(freq))
