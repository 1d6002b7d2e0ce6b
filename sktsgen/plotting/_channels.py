"""Windows in, whatever holds them: numbers as they are, levels as numbers in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.data import Table, read_panel, read_tables
from sktsgen.plotting._statistics import cut_windows

Float64 = NDArray[np.float64]
Levels = tuple[Any, ...]


class Channels(NamedTuple):
    """Windows of one length of two data sets.

    Attributes
    ----------
    real, synthetic : ndarray of shape (n_windows, n_timesteps, n_channels)
        Numbers in the units of the data (dates and durations in seconds), levels by their places
        in `levels`; NaN where missing.
    labels : tuple
        Label of each column, or its number where it has none.
    names : tuple of str
        What a picture calls each of them.
    levels : tuple of tuple or None
        For each channel None, or its levels in order.
    """

    real: Float64
    synthetic: Float64
    labels: tuple[Any, ...]
    names: tuple[str, ...]
    levels: tuple[Levels | None, ...]

    def take(self, chosen: Sequence[int]) -> Channels:
        """Return some of the channels, in this order."""
        return Channels(
            self.real[:, :, chosen],
            self.synthetic[:, :, chosen],
            tuple(self.labels[i] for i in chosen),
            tuple(self.names[i] for i in chosen),
            tuple(self.levels[i] for i in chosen),
        )


def read_channels(X_real: Any, X_synthetic: Any) -> Channels:
    """Cut both data sets into windows as long as the longest series both have.

    Raises
    ------
    TypeError
        If a column holds numbers on one side and something else on the other.
    ValueError
        If columns disagree, a cell is infinite, or there are no rows.
    """
    panels = {
        name: read_panel(X, name) for name, X in (("X_real", X_real), ("X_synthetic", X_synthetic))
    }
    tables, kinds = read_tables(panels)
    discrete = np.flatnonzero(kinds.is_discrete).tolist()
    orders = [
        _order(found, panels["X_real"].values, column)
        for column, found in zip(discrete, kinds.levels, strict=True)
    ]
    levels: list[Levels | None] = [None] * len(kinds.labels)
    for column, found, order in zip(discrete, kinds.levels, orders, strict=True):
        levels[column] = tuple(found[code] for code in order)
    length = int(min(table.lengths.max() for table in tables))
    real, synthetic = (
        cut_windows(_values(table, kinds.is_discrete, orders), table.lengths, length)
        for table in tables
    )
    has_names = any(panel.spec.columns is not None for panel in panels.values())
    names = tuple(str(label) if has_names else f"channel {label}" for label in kinds.labels)
    return Channels(real, synthetic, kinds.labels, names, tuple(levels))


def _order(found: Levels, values: Any, column: int) -> list[int]:
    """Codes of the levels in the order of their categories, or of their names."""
    dtype = values.dtypes.iloc[column] if isinstance(values, pd.DataFrame) else None
    known = list(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else []

    def place(code: int) -> tuple[int, str]:
        level = found[code]
        return known.index(level) if level in known else len(known), str(level)

    return sorted(range(len(found)), key=place)


def _values(table: Table, is_discrete: NDArray[np.bool_], orders: list[list[int]]) -> Float64:
    values = np.empty((len(table.numbers), len(is_discrete)))
    values[:, ~is_discrete] = table.numbers
    for column, codes, order in zip(
        np.flatnonzero(is_discrete), table.codes.T, orders, strict=True
    ):
        values[:, column] = np.append(np.argsort(order), np.nan)[codes]  # missing, -1, is the last
    return values
