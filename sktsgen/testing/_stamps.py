"""The time grid of generated series, moved to where calendars are awkward."""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

# 29 February, the same day of a year that has none, ends of a month and of a year.
_DAYS = ("2024-02-29", "2100-03-01", "2023-04-30", "2023-12-31", "2000-02-29", "1969-12-31")
_YEARS = (2023, 2024)


class Grid:
    """Stamps of every series of a pool.

    Parameters
    ----------
    stamps : Index
        As long as the series of the pool.
    """

    def __init__(self, stamps: pd.Index) -> None:
        self.stamps = stamps

    @cached_property
    def edges(self) -> list[pd.Timestamp]:
        """Days on which calendars do something: none without dates at a known frequency."""
        if not isinstance(self.stamps, pd.DatetimeIndex) or self._freq is None:
            return []
        zone = self.stamps.tz
        changes = _clock_changes(zone) if zone is not None else []
        days = [pd.Timestamp(day) for day in (*changes, *_DAYS)]
        # Where clocks change at midnight, a day may begin at one o'clock, or twice.
        return [day.tz_localize(zone, ambiguous=True, nonexistent="shift_forward") for day in days]

    @cached_property
    def _freq(self) -> Any:
        stamps: Any = self.stamps
        if stamps.freq is not None or len(stamps) < 3:
            return stamps.freq
        text = pd.infer_freq(stamps)
        return None if text is None else pd.tseries.frequencies.to_offset(text)

    def around(self, edge: pd.Timestamp, length: int, before: int) -> pd.DatetimeIndex:
        """Give stamps of the grid, of which about `before` stand in front of `edge`.

        The grid is moved by whole steps, so what it says about the time of day, the weekday or
        the day of the month stays true.
        """
        first, freq = self.stamps[0], self._freq
        start = first.tz_localize(None).as_unit("s")  # in which a thousand years have room
        step = (start + 1000 * freq - start).total_seconds() / 1000
        n_steps = round((edge - first).total_seconds() / step) - before
        if isinstance(freq, pd.offsets.Tick):
            moved: Any = pd.date_range(first + n_steps * freq, periods=length, freq=freq)
        else:  # by the clock on the wall, which leaves out some times and shows others twice
            begin = first.tz_localize(None) + n_steps * freq
            moved = pd.date_range(begin, periods=length, freq=freq).tz_localize(
                first.tz, ambiguous=np.ones(length, dtype=bool), nonexistent="shift_forward"
            )
        return moved.as_unit(self.stamps.unit).rename(self.stamps.name)  # type: ignore[attr-defined]


def _clock_changes(zone: datetime.tzinfo) -> list[str]:
    """Give the days on which the clocks of a zone are changed."""
    days = pd.date_range(f"{_YEARS[0]}-01-01", f"{_YEARS[-1]}-12-31", freq="D")
    offsets = pd.Series([zone.utcoffset(day.to_pydatetime()) for day in days])
    changed = (offsets != offsets.shift(-1)).to_numpy()[:-1]
    return [str(day.date()) for day in days[:-1][changed]]
