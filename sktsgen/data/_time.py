"""The time axis: read from an index, regular or refused, continued on its own frequency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data._frequency import common_frequency, timedelta_of, unit_of
from sktsgen.exceptions import IrregularTimeError
from sktsgen.persistence import register


@register
@dataclass(frozen=True)
class TimeAxis:
    """Kind, type, first stamp and frequency of a time index.

    Parameters
    ----------
    kind : {"none", "integer", "float", "datetime", "timedelta", "period"}, default="none"
        Kind of the stamps; "none" where rows are only counted.
    dtype : numpy.dtype or pandas ExtensionDtype or None, default=None
        Type of the index, with unit and zone.
    first : int, float, pandas.Timestamp, pandas.Timedelta or None, default=None
        First stamp seen; of a period, its ordinal.
    step : int, float or None, default=None
        Distance of two stamps of kind "integer" or "float".
    freq : str or None, default=None
        Frequency of stamps of the other kinds; None if it could not be told.
    """

    kind: str = "none"
    dtype: Any = None
    first: Any = None
    step: int | float | None = None
    freq: str | None = None

    def grid(self, n_timesteps: int, *, start: Any = None) -> pd.Index:
        """Return `n_timesteps` stamps from `start`, or from the first stamp seen.

        Parameters
        ----------
        n_timesteps : int
            Number of stamps.
        start : stamp or None, default=None
            First stamp: whatever pandas turns into one of this kind.

        Returns
        -------
        index : pandas.Index of length n_timesteps
            Strictly increasing stamps of type `dtype`.

        Raises
        ------
        ValueError
            If there is no time index to start, `start` is not on the frequency, or the last
            stamps are beyond what `dtype` can hold.
        """
        if self.kind == "none":
            if start is not None:
                raise ValueError(
                    f"start={start!r} needs a time index, and the data had none; "
                    "leave `start` out or fit on frames with a time index."
                )
            return pd.RangeIndex(n_timesteps)
        first = self._stamp(self.first if start is None else start)
        index = self._range(first, n_timesteps)
        if n_timesteps and index[0] != first:
            raise ValueError(
                f"start={start!r} is not on the frequency {self.freq!r} of the data; "
                f"the next stamp that is: {index[0]}."
            )
        return index

    def grid_after(self, last: Any, n_timesteps: int) -> pd.Index:
        """Return the stamps that follow the stamp `last`.

        Parameters
        ----------
        last : stamp
            Stamp before the first one: whatever pandas turns into one of this kind. If it lies
            between two steps, the next one on the frequency is the first.
        n_timesteps : int
            Number of stamps.

        Returns
        -------
        index : pandas.Index of length n_timesteps
            Strictly increasing stamps of type `dtype`.

        Raises
        ------
        ValueError
            If the frequency is unknown, or the last stamps are beyond what `dtype` can hold.
        """
        last = self._stamp(last)
        index = self._range(last, n_timesteps + 1)
        return index[1:] if index[0] == last else index[:n_timesteps]

    def _stamp(self, value: Any) -> Any:
        """Turn a user's stamp into one of this axis: kind, unit and zone."""
        if self.kind in ("integer", "float"):
            return _number(value, self.kind)
        if self.kind == "period":
            if isinstance(value, int | np.integer):
                return pd.Period(ordinal=int(value), freq=self.freq)
            return pd.Period(value, freq=self.freq)
        if isinstance(value, Number):
            raise ValueError(
                f"the time stamp {value!r} is a number, and those of the data are of type "
                f"{self.dtype}; give a stamp, such as {self.first}."
            )
        if self.kind == "timedelta":
            return pd.Timedelta(value).as_unit(unit_of(self.dtype))
        stamp = pd.Timestamp(value)
        zone = getattr(self.dtype, "tz", None)
        if zone is None and stamp.tz is not None:
            raise ValueError(f"the time stamp {value!r} has a zone, the data has none; remove it.")
        if zone is not None:
            stamp = stamp.tz_localize(zone) if stamp.tz is None else stamp.tz_convert(zone)
        return stamp.as_unit(unit_of(self.dtype))

    def _range(self, first: Any, n_timesteps: int) -> pd.Index:
        """Stamps from `first`, or from the next that is on the frequency."""
        is_number = self.kind in ("integer", "float")
        step = self._known(self.step if is_number else self.freq, first)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                index = self._count_on(first, step, n_timesteps)
        except (OverflowError, ValueError):  # pandas', of dates and of narrow integers
            index = None
        # Wide integers and floats overflow without a word.
        if index is None or not _is_increasing(index):
            raise ValueError(
                f"{n_timesteps} time stamps from {first} in steps of {step} are more than "
                f"{self.dtype} can hold; start earlier, or ask for fewer time steps."
            )
        return index

    def _count_on(self, first: Any, step: Any, n_timesteps: int) -> pd.Index:
        if self.kind in ("integer", "float"):
            return pd.Index(first + step * np.arange(n_timesteps), dtype=self.dtype)  # type: ignore[no-any-return]
        if self.kind == "period":
            return pd.period_range(first, periods=n_timesteps, freq=step)
        if self.kind == "timedelta":
            return pd.timedelta_range(first, periods=n_timesteps, freq=step)
        return pd.date_range(first, periods=n_timesteps, freq=step)

    def _known(self, step: Any, first: Any) -> Any:
        if step is None:
            raise ValueError(
                f"the time step after {first} is unknown, because the stamps seen were not "
                "regular; put them on one frequency."
            )
        return step


def read_time_axis(
    index: pd.Index,
    lengths: np.ndarray,
    *,
    label: Callable[[int], str],
    regular: bool,
) -> TimeAxis:
    """Read the time axis from the stamps of all series.

    Parameters
    ----------
    index : pandas.Index of length n_rows
        Stamps, series after series.
    lengths : ndarray of shape (n_series,)
        Rows of each series.
    label : callable
        Takes the number of a series and returns what messages call it.
    regular : bool
        Whether stamps off one common frequency are an error. They must increase strictly within
        each series in any case.

    Returns
    -------
    axis : TimeAxis
        `freq` and `step` are None if they could not be told.

    Raises
    ------
    TypeError
        If the stamps are of no kind that can be counted on, such as text.
    ValueError
        If a stamp is missing, infinite, repeated or out of order.
    IrregularTimeError
        If `regular` and the stamps do not follow one frequency.
    """
    kind = _kind(index)
    ends = np.cumsum(lengths)
    if index.hasnans:
        row = int(np.flatnonzero(index.isna())[0])
        series = label(int(np.searchsorted(ends, row, side="right")))
        raise ValueError(f"the time index{series} has a missing stamp; drop or fill that row.")
    stamps = _as_numbers(index, kind)
    if kind == "float" and not np.isfinite(stamps).all():
        row = int(np.flatnonzero(np.isinf(stamps))[0])
        series = label(int(np.searchsorted(ends, row, side="right")))
        raise ValueError(f"the time stamp {index[row]}{series} is no finite number; mend that row.")
    gaps = np.diff(stamps)
    inside = np.ones(len(gaps), dtype=bool)
    inside[ends[:-1] - 1] = False
    _refuse_disorder(index, gaps, inside, ends, label)
    dtype, first = index.dtype, _plain(index[0], kind)
    if kind in ("integer", "float"):
        step = _common_gap(gaps[inside], kind, _resolution(index, kind))
        known, axis = step is not None, TimeAxis(kind, dtype, first, step=step)
    else:
        freq = common_frequency(index, kind, gaps, inside, lengths)
        known, axis = freq is not None, TimeAxis(kind, dtype, first, freq=freq)
    if regular and not known:
        raise IrregularTimeError(_irregular(index, kind, gaps, inside, ends, label))
    return axis


def _is_increasing(index: pd.Index) -> bool:
    is_finite = not (len(index) and index[-1] == np.inf)
    return is_finite and index.is_monotonic_increasing and index.is_unique


def _kind(index: pd.Index) -> str:
    if isinstance(index, pd.DatetimeIndex):
        return "datetime"
    if isinstance(index, pd.TimedeltaIndex):
        return "timedelta"
    if isinstance(index, pd.PeriodIndex):
        return "period"
    if pd.api.types.is_integer_dtype(index.dtype):
        return "integer"
    if pd.api.types.is_float_dtype(index.dtype):
        return "float"
    name = "" if index.name is None else f" {index.name!r}"
    raise TypeError(
        f"the time index{name} is of type {index.dtype}; convert it (dates: pandas.to_datetime) "
        "or drop it with reset_index(drop=True)."
    )


def _as_numbers(index: pd.Index, kind: str) -> np.ndarray:
    """Stamps as int64, or float64 for a float index."""
    if kind in ("integer", "float"):
        return index.to_numpy(dtype=np.int64 if kind == "integer" else np.float64)
    return np.asarray(index.asi8)  # type: ignore[attr-defined]


def _plain(stamp: Any, kind: str) -> Any:
    """First stamp as what a file can hold."""
    if kind == "period":
        return int(stamp.ordinal)
    return {"integer": int, "float": float}.get(kind, lambda same: same)(stamp)


def _number(value: Any, kind: str) -> int | float:
    whole = kind == "integer"
    allowed = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise ValueError(
            f"the time stamp {value!r} is not {'an integer' if whole else 'a number'}, "
            "as those of the data are; give one."
        )
    return int(value) if whole else float(value)


def _refuse_disorder(
    index: pd.Index,
    gaps: np.ndarray,
    inside: np.ndarray,
    ends: np.ndarray,
    label: Callable[[int], str],
) -> None:
    wrong = np.flatnonzero(inside & (gaps <= 0))
    if not len(wrong):
        return
    row = int(wrong[0])
    series = label(int(np.searchsorted(ends, row, side="right")))
    if gaps[row] == 0:
        raise ValueError(
            f"the time stamp {index[row]} occurs more than once{series}; keep one row per stamp, "
            "or give each series its own identifier (see as_panel)."
        )
    raise ValueError(
        f"the time stamps are not in order{series}: {index[row + 1]} follows {index[row]}; "
        "sort the rows by time (sort_index, or as_panel for a long table)."
    )


def _resolution(index: Any, kind: str) -> float:
    """Distance of neighbouring floats where the largest stamps lie; 0 for all that is counted."""
    if kind != "float" or not len(index):
        return 0.0
    plain = index.to_numpy(dtype=getattr(index.dtype, "numpy_dtype", index.dtype))
    return float(np.spacing(np.abs(plain).max()))


def _slack(step: Any, resolution: float) -> float:
    """How far gaps of rounded stamps may lie from their step, which is never near two of it."""
    return max(1e-6 * step, min(2 * resolution, step / 4)) if resolution else 0.0


def _common_gap(gaps: np.ndarray, kind: str, resolution: float) -> int | float | None:
    """Return the gap shared by all; 1 if there is none to see, None if they differ."""
    if not len(gaps):
        return 1
    if kind == "integer":
        return int(gaps[0]) if (gaps == gaps[0]).all() else None
    step = float(gaps[0] + (gaps - gaps[0]).mean())  # the sum of long gaps may overflow
    return step if np.allclose(gaps, step, rtol=0.0, atol=_slack(step, resolution)) else None


def _irregular(
    index: pd.Index,
    kind: str,
    gaps: np.ndarray,
    inside: np.ndarray,
    ends: np.ndarray,
    label: Callable[[int], str],
) -> str:
    """Say where the first irregular gap is and what to do."""
    if not inside.any():
        return (
            "the time step is unknown, because no series has two rows; "
            "fit on longer series or on frames without a time index."
        )
    sizes, counts = np.unique(gaps[inside], return_counts=True)
    usual = sizes[np.argmax(counts)]
    if kind == "period":
        usual = index.freq.n  # type: ignore[attr-defined]
    off = np.where(inside, np.abs(gaps - usual), 0)
    is_off = off > _slack(usual, _resolution(index, kind))
    row = int(is_off.argmax() if is_off.any() else off.argmax())
    series = label(int(np.searchsorted(ends, row, side="right")))
    return (
        f"the time stamps{series} are not regular: {index[row]} is followed by {index[row + 1]}, "
        f"a gap of {_gap_text(gaps[row], index, kind)} where the usual one is "
        f"{_gap_text(usual, index, kind)}. Put the rows on one frequency (df.asfreq(...), or "
        "as_panel(..., freq=...) for a panel, makes absent stamps rows of missing cells; "
        "df.resample(...).mean() averages), or count the rows in place of the stamps "
        "(reset_index(drop=True); in a panel groupby(level=0).cumcount())."
    )


def _gap_text(gap: Any, index: pd.Index, kind: str) -> str:
    if kind in ("datetime", "timedelta"):
        return str(timedelta_of(gap, unit_of(index.dtype)))
    if kind == "period":
        return f"{gap} {index.freqstr.lstrip('0123456789')}"  # type: ignore[attr-defined]
    return str(gap)
