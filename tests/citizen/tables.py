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
