"""Columns of stamps, durations and periods to features and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.persistence import register
from sktsgen.transformers._blocks import ColumnCodec, FeatureBlock
from sktsgen.transformers._codecs import NumericCodec
from sktsgen.transformers._exact import distances, from_ordinals, moved, to_ordinals

# Seconds, shortest first.
_CYCLES = {
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86400.0,
    "week": 7 * 86400.0,
    "month": 30.436875 * 86400.0,
    "year": 365.2425 * 86400.0,
}
_PARTS = ("sin", "cos")
_NAT = np.iinfo(np.int64).min
_LEAST, _GREATEST = to_ordinals(np.array([_NAT + 1, np.iinfo(np.int64).max]))


@register
class TimeCodec(ColumnCodec):
    """The time since the earliest stamp, in steps that all stamps share, and the calendar.

    The step is the greatest common divisor of the distances between the stamps of `fit`, so
    what is decoded lies on their grid: whole hours stay whole hours. The calendar, sine and
    cosine of cycles that are longer than twice the shortest distance of two stamps and shorter
    than four times the span, follows from the stamp and is not read on the way back.

    Parameters
    ----------
    has_calendar : bool
        Whether stamps and periods get the features of the calendar.
    is_stochastic : bool
        Whether steps are drawn from both neighbours of a feature.

    Attributes
    ----------
    step_ : int
        Ticks of the column's unit in one step.
    cycles_ : tuple of str
        Cycles of the calendar that became features.
    """

    def __init__(self, has_calendar: bool, is_stochastic: bool) -> None:
        self.has_calendar = has_calendar
        self.is_stochastic = is_stochastic

    def fit(self, column: pd.Series) -> TimeCodec:
        """Learn a column that has two values at least."""
        self.dtype_: Any = column.dtype
        index = pd.Index(column)
        ticks = to_ordinals(index.asi8[index.notna()])
        self._origin = ticks.min()
        self.step_ = int(np.gcd.reduce(ticks - self._origin))
        codec = NumericCodec(is_robust=True, is_stochastic=self.is_stochastic)
        self.codec_ = codec.fit(self._steps(index)[:, None], ["integer"])
        self.cycles_ = self._choose_cycles(index) if self.has_calendar else ()
        return self

    @property
    def n_uniforms(self) -> int:  # type: ignore[override]
        """Number of uniforms that `decode` takes for a row."""
        return self.codec_.n_uniforms

    @property
    def blocks(self) -> tuple[FeatureBlock, ...]:
        """The number of steps, what is missing, and the calendar."""
        first = self.codec_.n_features
        calendar = range(first, first + 2 * len(self.cycles_))
        return (*self.codec_.blocks, *(FeatureBlock(0, "continuous", i, i + 1) for i in calendar))

    @property
    def bounds_(self) -> np.ndarray:
        """Smallest and largest value of each feature."""
        bounds = np.tile(np.array([[-1], [1]], np.float32), (1, self.n_features))
        bounds[:, : self.codec_.n_features] = self.codec_.bounds_
        return bounds

    @property
    def units(self) -> np.ndarray:
        """Value at feature 0 and slope there, in steps since the earliest stamp."""
        units = super().units
        units[:, : self.codec_.n_features] = self.codec_.units
        return units

    def log_slopes(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of how fast each feature grows with its steps; 0 of the calendar."""
        slopes = super().log_slopes(features)
        own = self.codec_.n_features
        slopes[:, :own] = self.codec_.log_slopes(features[:, :own])
        return slopes

    def names(self, column: str) -> list[str]:
        """Name the features of a column of this name."""
        calendar = [f"{column}_{part}_{cycle}" for cycle in self.cycles_ for part in _PARTS]
        return self.codec_.names([column]) + calendar

    def encode(self, column: pd.Series) -> np.ndarray:
        """Turn a column into features of shape (n_rows, n_features), float32."""
        index = self._checked(column)
        steps = self.codec_.encode(self._steps(index)[:, None])
        if not self.cycles_:
            return steps
        phases = _phases(self._wall_time(index), self.cycles_)
        return np.concatenate([steps, np.nan_to_num(phases)], axis=1, dtype=np.float32)

    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Turn features of shape (n_rows, n_features) into the column of the type of `fit`."""
        steps, missing = self.codec_.decode(features[:, : self.codec_.n_features], uniforms)
        ticks = moved(self._origin, steps[:, 0], _LEAST, _GREATEST, width=self.step_)
        stamps = from_ordinals(ticks, np.dtype(np.int64))
        if missing is not None:
            stamps[missing[:, 0]] = _NAT
        return self._index(stamps).array

    def _checked(self, column: pd.Series) -> Any:
        """Index of the column in the unit of `fit`."""
        index, is_like = pd.Index(column), type(column.dtype) is type(self.dtype_)
        if not is_like or column.dtype.kind != self.dtype_.kind:
            if column.isna().all():
                return self._index(np.full(len(column), _NAT))
            raise TypeError(
                f"column {column.name!r} is of type {column.dtype}, and {self.dtype_} was fitted; "
                "convert it."
            )
        if isinstance(self.dtype_, pd.PeriodDtype):
            return index.asfreq(self.dtype_.freq)
        return index.as_unit(np.datetime_data(self._naive_dtype)[0])

    @property
    def _naive_dtype(self) -> np.dtype[Any]:
        """Numpy type of stamps without zone, or of durations."""
        unit = getattr(self.dtype_, "unit", None)
        return self.dtype_ if unit is None else np.dtype(f"M8[{unit}]")

    def _steps(self, index: Any) -> np.ndarray:
        """Count the steps since the earliest stamp, NaN where missing."""
        steps = distances(to_ordinals(index.asi8), self._origin) / self.step_
        return np.where(index.isna(), np.nan, steps)

    def _index(self, stamps: np.ndarray) -> Any:
        if isinstance(self.dtype_, pd.PeriodDtype):
            periods: Any = pd.PeriodIndex
            return periods.from_ordinals(stamps, freq=self.dtype_.freq)
        index = pd.Index(stamps.view(self._naive_dtype))
        if isinstance(self.dtype_, pd.DatetimeTZDtype):
            return index.tz_localize("UTC").tz_convert(self.dtype_.tz)
        return index

    def _wall_time(self, index: Any) -> pd.DatetimeIndex:
        """Stamps as a clock on the wall shows them, without zone."""
        if isinstance(index, pd.PeriodIndex):
            return index.to_timestamp()
        if index.tz is None:
            return index
        return index.tz_convert(self.dtype_.tz).tz_localize(None)

    def _choose_cycles(self, index: Any) -> tuple[str, ...]:
        if isinstance(index, pd.TimedeltaIndex):
            return ()
        # Not by the wall clock, which goes back once a year.
        stamps = index.dropna().unique().sort_values()
        stamps = stamps.to_timestamp() if isinstance(stamps, pd.PeriodIndex) else stamps
        seconds = distances(to_ordinals(stamps.asi8), to_ordinals(stamps.asi8[:1]))
        seconds *= np.timedelta64(1, stamps.unit) / np.timedelta64(1, "s")
        step, span = np.diff(seconds).min(), seconds[-1]
        return tuple(name for name, length in _CYCLES.items() if 2 * step < length < 4 * span)


def _phases(stamps: pd.DatetimeIndex, cycles: tuple[str, ...]) -> np.ndarray:
    """Sine and cosine of the position in each cycle, side by side, NaN where missing."""
    second = stamps.second + stamps.microsecond / 1e6 + stamps.nanosecond / 1e9
    minute = stamps.minute + second / 60
    day = (stamps.hour + minute / 60) / 24
    share = {
        "minute": second / 60,
        "hour": minute / 60,
        "day": day,
        "week": (stamps.day_of_week + day) / 7,
        "month": (stamps.day - 1 + day) / stamps.days_in_month,
        "year": (stamps.day_of_year - 1 + day) / (365 + stamps.is_leap_year),
    }
    turns = 2 * np.pi * np.stack([np.asarray(share[name], float) for name in cycles], axis=1)
    return np.stack([np.sin(turns), np.cos(turns)], axis=2).reshape(len(stamps), -1)
