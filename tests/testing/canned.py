"""A generator of mixed tables without a model: random walks, and categories that follow them."""

import numpy as np
import pandas as pd


def mixed_columns(n_series, length, rng):
    """Columns of all kinds, series after series; `site` is static."""
    walk = rng.standard_normal((n_series, length)).cumsum(axis=1)
    flat = walk.ravel()
    level = np.digitize(flat, [-2.0, 2.0])
    count = np.rint(np.abs(flat) * 3)
    return {
        "load": flat,
        "count": count.astype("int16"),
        "is_on": flat > 0,
        "seen": pd.array(np.where(flat > 4, np.nan, count), dtype="Int64"),
        "state": pd.Categorical.from_codes(level, ["low", "mid", "high"], ordered=True),
        "word": pd.array(np.array(["b", "a", "c"])[level], dtype="str"),
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.rint(flat), unit="h"),
        "site": np.repeat(np.where(walk[:, 0] > 0, 2.5, 1.5), length),
    }


class CannedGenerator:
    """Draws in the container it is told, and counts how often it is asked."""

    def __init__(self, container="frame", *, freq="h", zone=None, first="2024-03-05 06:30"):
        self.container, self.freq, self.zone, self.first = container, freq, zone, first
        self.calls = []

    def sample(self, n_samples=1, *, length=None, random_state=None):
        self.calls.append((n_samples, length, random_state))
        rng = np.random.default_rng(random_state)
        columns = mixed_columns(n_samples, length, rng)
        if self.container == "array":
            return columns["load"].reshape(n_samples, length, 1) * [1.0, -0.5]
        if self.container == "int_array":
            return columns["count"].reshape(n_samples, length, 1)
        if self.container == "arrays":
            return list(columns["load"].reshape(n_samples, length, 1))
        time = pd.date_range(self.first, periods=length, freq=self.freq, tz=self.zone, name="time")
        if self.container == "counted":
            time = pd.RangeIndex(length, name="time")
        index = pd.MultiIndex.from_product([range(n_samples), time], names=["series", "time"])
        frame = pd.DataFrame(columns, index=index)
        if self.container == "frames":
            return [part.droplevel(0) for _, part in frame.groupby(level=0)]
        return frame
