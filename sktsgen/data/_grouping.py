"""Rows of a two-level index, gathered series by series."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd


class GroupedRows(NamedTuple):
    """Rows of a two-level index, gathered series by series."""

    order: np.ndarray | None
    lengths: np.ndarray
    series_ids: pd.Index
    stamps: pd.Index


def group_rows(index: pd.MultiIndex, name: str = "X") -> GroupedRows:
    """Gather the rows of each series, in the order in which series first appear.

    Rows of different series may be interleaved; within a series their order is kept.
    """
    if index.nlevels != 2:
        raise ValueError(
            f"the index of {name} has {index.nlevels} levels {list(index.names)}; a panel needs "
            "two, (series, time); move the others into columns (reset_index) or into the "
            "identifiers."
        )
    codes, series_ids = index.get_level_values(0).factorize()
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise ValueError(f"the series identifier of row {row} is missing; fill or drop that row.")
    order = None if (np.diff(codes) >= 0).all() else np.argsort(codes, kind="stable")
    stamps = index.get_level_values(1)
    return GroupedRows(
        order,
        np.bincount(codes, minlength=len(series_ids)).astype(np.int64),
        pd.Index(series_ids),
        stamps if order is None else stamps[order],
    )
