"""Small tables that several files fit."""

import numpy as np
import pandas as pd

from sktsgen.datasets import make_var1


def calendar_panel():
    """Give two hourly series of a float, an integer and a float32 across a change of clocks."""
    time = pd.date_range("2024-03-30 12:00", periods=30, freq="h", tz="Europe/Berlin", name="time")
    values = make_var1(2, 30, random_state=0).reshape(-1, 2)
    index = pd.MultiIndex.from_product([["a", "b"], time], names=["site", "time"])
    columns = {
        "load": values[:, 0],
        "count": np.rint(np.abs(values[:, 1]) * 5).astype("int16"),
        "heat": values.sum(axis=1).astype("float32"),
    }
    return pd.DataFrame(columns, index=index)


def gappy_panel():
    """Give series of unlike lengths of a number and a level, with unlike shares of missing cells.

    Two halves of any batch of its windows hold differently many cells.
    """
    lengths = np.array([30, 2, 7, 3, 9, 2, 5, 3, 2, 4, 6, 3])
    phase = np.concatenate([np.arange(length) for length in lengths])
    rng = np.random.default_rng(0)
    number = np.sin(phase / 3) + rng.normal(0, 0.1, len(phase))
    level = np.array(["low", "mid", "high"])[(phase + rng.integers(2, size=len(phase))) % 3]
    columns = {"load": number, "state": pd.Categorical(level)}
    index = pd.MultiIndex.from_arrays([np.repeat(np.arange(len(lengths)), lengths), phase])
    frame = pd.DataFrame(columns, index=index.set_names(["site", "step"]))
    frame.loc[(phase % 7 < 3) & (phase > 3), "load"] = np.nan
    frame.loc[phase % 11 == 5, "state"] = None
    return frame
