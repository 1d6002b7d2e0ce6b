"""Series in and out: any container becomes a `Panel`, and a `Panel` any container."""

from sktsgen.data._as_frame import panel_to_frame
from sktsgen.data._check import check_panel
from sktsgen.data._dtypes import restore_dtype
from sktsgen.data._long_tables import as_panel
from sktsgen.data._panel import Panel, PanelSpec
from sktsgen.data._read_frames import stack_frames
from sktsgen.data._repeats import drop_repeats, repeated_columns
from sktsgen.data._restore import restore_panel, restore_rows
from sktsgen.data._spread import spread_apart, spread_over
from sktsgen.data._static import join_static, split_static, static_columns
from sktsgen.data._sums import summed_columns
from sktsgen.data._tables import Kinds, Table, read_panel, read_tables
from sktsgen.data._time import TimeAxis
from sktsgen.data._windows import (
    LazyRows,
    MappedRows,
    Windows,
    split_windows,
    usable_window_length,
    window_starts,
)

__all__ = [
    "Kinds",
    "LazyRows",
    "MappedRows",
    "Panel",
    "PanelSpec",
    "Table",
    "TimeAxis",
    "Windows",
    "as_panel",
    "check_panel",
    "drop_repeats",
    "join_static",
    "panel_to_frame",
    "read_panel",
    "read_tables",
    "repeated_columns",
    "restore_dtype",
    "restore_panel",
    "restore_rows",
    "split_static",
    "split_windows",
    "spread_apart",
    "spread_over",
    "stack_frames",
    "static_columns",
    "summed_columns",
    "usable_window_length",
    "window_starts",
]
