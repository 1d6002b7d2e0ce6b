"""The frequency of time stamps, as a text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

_CALENDAR = ("B", "{k}MS", "{k}ME", "{k}BMS", "{k}BME")


def common_frequency(
    index: pd.Index, kind: str, gaps: np.ndarray, inside: np.ndarray, lengths: np.ndarray
) -> str | None:
    """Return the frequency that all series share.

    Parameters
    ----------
    index : DatetimeIndex, TimedeltaIndex or PeriodIndex of length n_rows
        Stamps, series after series.
    kind : {"datetime", "timedelta", "period"}
        Kind of the stamps.
    gaps : ndarray of shape (n_rows - 1,)
        Distances of neighbouring rows, in units of the index.
    inside : ndarray of shape (n_rows - 1,), bool
        Which of these are within one series.
    lengths : ndarray of shape (n_series,)
        Rows of each series.

    Returns
    -------
    freq : str or None
        What pandas reads as a frequency; None if there is none, or it could not be told.
    """
    if kind == "period":
        is_regular = (gaps[inside] == index.freq.n).all()  # type: ignore[attr-defined]
        return index.freqstr if is_regular else None  # type: ignore[attr-defined]
    declared = getattr(index, "freq", None)
    if declared is not None and _restores(declared):
        return str(declared.freqstr)
    if not inside.any():
        return None
    unit = unit_of(index.dtype)
    if isinstance(index, pd.TimedeltaIndex):
        return _fixed_freq(gaps[inside], unit)
    wall = np.diff(index.tz_localize(None).asi8)[inside]  # type: ignore[attr-defined]
    return (
        _daily_freq(wall, unit)
        or _fixed_freq(gaps[inside], unit)
        or _calendar_freq(index, wall, unit, lengths)
    )


def unit_of(dtype: Any) -> Any:
    """Return the unit of a datetime or timedelta type, such as "us"."""
    return np.datetime_data(dtype)[0] if isinstance(dtype, np.dtype) else dtype.unit


def timedelta_of(gap: Any, unit: Any) -> pd.Timedelta:
    """Return a gap in a unit as a duration."""
    return pd.Timedelta(np.timedelta64(int(gap), unit))


def _restores(offset: Any) -> bool:
    """Whether an offset survives as a string; custom holidays, for one, do not."""
    try:
        return bool(to_offset(offset.freqstr) == offset)
    except ValueError:
        return False


def _daily_freq(gaps: np.ndarray, unit: str) -> str | None:
    """Count calendar days by the clock on the wall: a day is not always 24 hours."""
    days, rest = divmod(timedelta_of(gaps[0], unit), pd.Timedelta(days=1))
    return f"{days}D" if (gaps == gaps[0]).all() and not rest and days > 0 else None


def _fixed_freq(gaps: np.ndarray, unit: str) -> str | None:
    if not (gaps == gaps[0]).all():
        return None
    return str(to_offset(timedelta_of(gaps[0], unit)).freqstr)


def _calendar_freq(index: Any, wall: np.ndarray, unit: str, lengths: np.ndarray) -> str | None:
    """Find business days, or whole months, that give every stamp of every series."""
    months = round(timedelta_of(wall[0], unit) / pd.Timedelta(days=30.44))
    begins = np.cumsum(lengths) - lengths
    stamps, (codes, firsts) = index.asi8, index[begins].factorize()
    longest = np.zeros(len(firsts), dtype=np.int64)
    np.maximum.at(longest, codes, lengths)
    for pattern in _CALENDAR:
        if "{k}" in pattern and not months:
            continue
        freq = pattern.format(k=months if months > 1 else "")
        grids: dict[int, np.ndarray] = {}  # one for all series that begin together
        for code, begin, length in zip(codes, begins, lengths, strict=True):
            if code not in grids:
                grid: Any = pd.date_range(firsts[code], periods=longest[code], freq=freq)
                grids[code] = grid.as_unit(unit).asi8
            if not np.array_equal(grids[code][:length], stamps[begin : begin + length]):
                break
        else:
            return freq
    return None
