"""What a user gives, as the one table that the steps of a pipeline see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import Panel, check_panel, panel_to_frame


def panel_of(X: Any) -> Panel:
    return check_panel(X, mixed=True, missing=True)


def table_of(X: Any, panel: Panel) -> pd.DataFrame:
    return X if isinstance(X, pd.DataFrame) else panel_to_frame(panel)


def has_index_of(table: pd.DataFrame, features: Any) -> bool:
    """Whether features still tell which series and time each row belongs to."""
    return isinstance(features, pd.DataFrame) and features.index.nlevels == table.index.nlevels


def with_index(features: Any, table: pd.DataFrame) -> Any:
    """Give an array back the index of the table, where its rows are those of the table."""
    if isinstance(features, np.ndarray) and len(features) == len(table):
        return pd.DataFrame(features, index=table.index)
    return features


def numbered(index: pd.Index) -> pd.MultiIndex:
    """Index of (draw, time) in place of (series, sample, time) or (sample, time)."""
    time: Any = index.nlevels - 1
    pairs: Any = [index.droplevel(time).factorize()[0], index.get_level_values(time)]
    return pd.MultiIndex.from_arrays(pairs)


def note_what_is_no_number(table: Any, error: Exception) -> None:
    """Add which columns a step may have refused to its error, where it does not say so itself."""
    if not isinstance(table, pd.DataFrame):
        return
    names = [name for name in table if not pd.api.types.is_numeric_dtype(table[name].dtype)]
    if names and not any(str(name) in str(error) for name in names):
        error.add_note(
            f"The columns {names!r} of the table are no numbers. If a step refused them, begin "
            f"with one that takes them and has an inverse, as MixedTypeEncoder, or give the table "
            f"to the generator as it is."
        )
