"""Any panel as one frame, for what works on rows of tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data._panel import Panel
from sktsgen.data._restore import restore_rows

_NAMES = ("series", "time")


def panel_to_frame(panel: Panel, values: Any = None, *, columns: Any = None) -> pd.DataFrame:
    """Return one row of values per row of `panel`, as a frame whatever its container.

    Parameters
    ----------
    panel : Panel
        What `check_panel` made of the input.
    values : ndarray or DataFrame of shape (n_rows, n_outputs) or None, default=None
        Results in the order of ``panel.values``; None means these.
    columns : sequence of length n_outputs or pandas.Index or None, default=None
        Column labels; None means those of `panel` if their number fits, else 0, 1, ....

    Returns
    -------
    frame : DataFrame of shape (n_rows, n_outputs)
        With the index of a frame that was passed in; else with a counted index for a 2-D array,
        and with a (series, time) index, series and the steps of arrays counted from 0, for 3-D
        arrays and lists.
    """
    values = panel.values if values is None else values
    container = panel.spec.container
    if container in ("frame", "panel_frame"):
        frame: pd.DataFrame = restore_rows(values, panel, columns=columns)
        return frame
    if columns is None and values.shape[1] == panel.n_channels:
        columns = panel.spec.column_index()
    index = None if container == "array_2d" else _series_and_time(panel)
    if isinstance(values, pd.DataFrame):
        frame = values.set_axis(pd.RangeIndex(panel.n_rows) if index is None else index)
        return frame if columns is None else frame.set_axis(columns, axis=1)
    return pd.DataFrame(values, index=index, columns=columns)


def _series_and_time(panel: Panel) -> pd.MultiIndex:
    """Return the (series, time) index of a panel whose container has none."""
    numbers = np.repeat(np.arange(panel.n_series), panel.lengths)
    if isinstance(panel.index, tuple):
        stamps = panel.index[0].append(list(panel.index[1:]))
    else:
        stamps = pd.Index(np.arange(panel.n_rows) - np.repeat(panel.offsets[:-1], panel.lengths))
    return pd.MultiIndex.from_arrays([numbers, stamps], names=_NAMES)
