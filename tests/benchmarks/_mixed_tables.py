"""Real tables of mixed columns as panels, each with stretches that are held out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sktsgen import as_panel
from sktsgen.datasets import block_holdout, make_mixed_panel
from tests.benchmarks._data import SHARED

Frame = pd.DataFrame


class MixedSplit(NamedTuple):
    """Stretches of a table: a panel to fit, and windows of either part as lists of frames.

    `train_windows` overlap by a half, and so do those held out unless more are asked for; `apart`
    are training windows that do not.
    """

    train: Frame
    train_windows: list[Frame]
    held_out: list[Frame]
    apart: list[Frame]

    @property
    def static(self) -> list[Any]:
        """Columns that are constant within every training series."""
        counts = self.train.groupby(level=0).nunique(dropna=False).max()
        return list(counts.index[counts == 1])


def _read(name: str, **options: Any) -> Frame:
    return pd.read_csv(Path(SHARED) / "data" / f"{name}.csv.gz", **options)


def _bike_sharing() -> Frame:
    X = _read("bike_sharing_hour")
    stamps = pd.to_datetime(X["dteday"]) + pd.to_timedelta(X["hr"], unit="h")
    kept = X.drop(columns=["instant", "dteday"]).assign(time=stamps, bike="all")
    levels = ["season", "mnth", "hr", "weekday", "weathersit"]
    flags = ["yr", "holiday", "workingday"]
    types = dict.fromkeys(levels, "category") | dict.fromkeys(flags, "boolean")
    return as_panel(kept.astype(types), series="bike", time="time", freq="h")


def _beijing_pm25() -> Frame:
    X = _read("beijing_pm25").astype({"cbwd": "category"})
    X["date"] = pd.to_datetime(X[["year", "month", "day", "hour"]])
    kept = X.drop(columns=["No", "year", "month", "day"])
    return as_panel(kept.assign(place="one"), series="place", time="date")


def _beijing_multisite() -> Frame:
    X = _read("beijing_multisite", parse_dates=["date"])
    X = X[X["date"] < "2013-07"].astype({"wd": "category"})
    return as_panel(X.assign(site=X["station"]), series="station", time="date")


def _nasdaq() -> Frame:
    X = _read("nasdaq100_2019", parse_dates=["date"]).astype({"Sector": "category"})
    return as_panel(X, series="Symbol", time="date", freq="B")


def _hurricane() -> Frame:
    X = _read("hurricane_florida", parse_dates=["date"])
    return as_panel(X, series="region", time="date")


def _card_transactions() -> Frame:
    """Rows are counted: the stamps have no rhythm, and the time since the last one is a column."""
    X = _read("card_transactions_user0", parse_dates=["date"])
    X = X.sort_values("date", kind="stable")
    by_card = X.groupby("Card")
    X["step"] = by_card.cumcount()
    X["minutes"] = by_card["date"].diff().dt.total_seconds().fillna(0.0) / 60.0
    X = X.drop(columns=["User", "date", "Merchant Name"]).astype(
        {"Use Chip": "category", "MCC": "category"}
    )
    return as_panel(X, series="Card", time="step")


def _air_quality() -> Frame:
    """Hourly air of an Italian city; the code -200 is a gap."""
    X = _read("air_quality_uci", parse_dates=["date"])
    numbers = X.columns.drop("date")
    X[numbers] = X[numbers].mask(X[numbers] == -200)
    return as_panel(X.assign(place="one"), series="place", time="date", freq="h")


def _numbers(name: str) -> Frame:
    X = _read(name, parse_dates=["date"])
    return as_panel(X.assign(place="one"), series="place", time="date")


TABLES: dict[str, tuple[Callable[[], Frame], int]] = {
    "mixed_panel": (lambda: make_mixed_panel(24, 480, random_state=0), 24),
    "bike_sharing": (_bike_sharing, 48),
    "beijing_pm25": (_beijing_pm25, 48),
    "beijing_multisite": (_beijing_multisite, 48),
    "nasdaq100": (_nasdaq, 20),
    "hurricane": (_hurricane, 12),
    "card_transactions": (_card_transactions, 24),
    "air_quality": (_air_quality, 24),
    "etth1": (lambda: _numbers("etth1"), 24),
    "energy": (lambda: _numbers("energy_appliances"), 24),
}
"""Reader and window of every table."""
MIXED = tuple(TABLES)[:-2]  # those with levels or gaps


def series_of(panel: Frame) -> list[Frame]:
    """Return the series of a panel, each with its stamps alone."""
    return [rows.droplevel(0) for _, rows in panel.groupby(level=0, sort=False)]


def some(windows: list[Frame], n: int, seed: int) -> list[Frame]:
    """Choose `n` windows, or all in random order if there are fewer."""
    order = np.random.default_rng(seed).permutation(len(windows))[:n]
    return [windows[i] for i in order]


def split(dataset: str, *, per_window: int = 2) -> MixedSplit:
    """Hold out every fifth block of two windows of every series.

    Of what is held out, `per_window` windows begin within the length of one.
    """
    read, window = TABLES[dataset]
    kept: dict[str, Frame] = {}
    held_out: list[Frame] = []
    for name, series in read().groupby(level=0, sort=False):
        rows = series.droplevel(0)
        is_out = block_holdout(len(rows), 2 * window)
        run = np.concatenate(([0], np.cumsum(is_out[1:] != is_out[:-1])))
        for number in range(run[-1] + 1):
            stretch = rows[run == number]
            if is_out[run == number][0]:
                held_out += _windows(stretch, window, max(1, window // per_window))
            elif len(stretch) >= window:
                kept[f"{name}/{number}"] = stretch
    overlapping, apart = (
        [part for stretch in kept.values() for part in _windows(stretch, window, step)]
        for step in (window // 2, window)
    )
    train = pd.concat(kept, names=["series", "time"])
    return MixedSplit(train, overlapping, held_out, apart)


def anywhere(dataset: str, n: int, seed: int) -> list[Frame]:
    """Choose `n` windows from the whole table, or all; they may overlap."""
    read, window = TABLES[dataset]
    starts = [
        (rows, first) for rows in series_of(read()) for first in range(len(rows) - window + 1)
    ]
    order = np.random.default_rng(seed).permutation(len(starts))[:n]
    return [rows.iloc[first : first + window] for rows, first in (starts[i] for i in order)]


def _windows(stretch: Frame, window: int, step: int) -> list[Frame]:
    firsts = range(0, len(stretch) - window + 1, step)
    return [stretch.iloc[first : first + window] for first in firsts]
