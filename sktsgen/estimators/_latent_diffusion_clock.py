"""Hour, weekday and season of time stamps as features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import Panel, TimeAxis
from sktsgen.persistence import register

_DAY = pd.Timedelta(days=1)
_PERIODS = {"day": _DAY, "week": 7 * _DAY, "year": 365.2425 * _DAY}


@register
class Clock:
    """Sine and cosine of the cycles that a time index has.

    A cycle counts if its period is longer than two time steps and shorter than four times what
    the training data spans.

    Attributes
    ----------
    cycles_ : tuple of str
        Some of "day", "week", "year"; none without dates.
    """

    def fit(self, panel: Panel, *, is_used: bool = True) -> Clock:
        """Learn which cycles there are."""
        self.cycles_: tuple[str, ...] = ()
        stamps = stamps_of(panel)
        if not is_used or panel.spec.time.kind != "datetime" or len(stamps) < 3:
            return self
        step: Any = (stamps[1:] - stamps[:-1]).to_series().abs().median()
        span: Any = stamps.max() - stamps.min()
        self.cycles_ = tuple(
            name for name, period in _PERIODS.items() if 2 * step < period < 4 * span
        )
        return self

    @property
    def n_features(self) -> int:
        """Two for each cycle."""
        return 2 * len(self.cycles_)

    def encode(self, stamps: pd.Index) -> np.ndarray:
        """Turn time stamps into features of shape (n_stamps, n_features), float32.

        Raises
        ------
        ValueError
            If there are no stamps, and `fit` learnt how values go with them.
        """
        if not self.cycles_:
            return np.zeros((len(stamps), 0), np.float32)
        if not isinstance(stamps, pd.DatetimeIndex):
            raise ValueError(
                f"X has no time stamps, and values were learnt to go with those of the cycles "
                f"{list(self.cycles_)}; give the time index, or fit with time_features=False."
            )
        wall: Any = stamps.tz_localize(None)
        phases = {
            "day": (wall - wall.normalize()) / _DAY,
            "week": (wall.day_of_week + (wall - wall.normalize()) / _DAY) / 7,
            "year": (wall.day_of_year - 1 + (wall - wall.normalize()) / _DAY) / 365.2425,
        }
        angles = 2.0 * np.pi * np.stack([np.asarray(phases[name]) for name in self.cycles_], -1)
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1).astype(np.float32)


def stamps_of(panel: Panel) -> pd.Index:
    """Time stamps of all rows of a panel; row numbers where it has none."""
    index: Any = panel.index
    if index is None or panel.spec.time.kind == "none":
        return pd.RangeIndex(panel.n_rows)
    if isinstance(index, tuple):
        return index[0].append(list(index[1:]))
    if isinstance(index, pd.MultiIndex):
        index = index.get_level_values(1)
    return index if panel.order is None else index[panel.order]


def stamps_after(axis: TimeAxis, panel: Panel, n_steps: int) -> list[pd.Index]:
    """Return the `n_steps` stamps that follow each series."""
    if axis.kind == "none" or panel.last_stamps is None:
        return [pd.RangeIndex(n_steps)] * panel.n_series
    return [axis.grid_after(last, n_steps) for last in panel.last_stamps]


def index_after(axis: TimeAxis, panel: Panel, n_steps: int) -> pd.Index | None:
    """Stamps of the `n_steps` rows after each series, with its name where a frame has several.

    None where rows are only counted.
    """
    if axis.kind == "none" or panel.last_stamps is None:
        return None
    first, *others = stamps_after(axis, panel, n_steps)
    stamps = first.append(others)
    if panel.spec.is_single or panel.series_ids is None:
        return stamps
    return pd.MultiIndex.from_arrays([panel.series_ids.repeat(n_steps), stamps])
