"""Some columns alone, through steps that read whole tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import PanelSpec


def given_features(
    given: Any,
    name: str,
    *,
    spec: PanelSpec,
    row: Callable[[], pd.DataFrame],
    transform: Callable[[pd.DataFrame], pd.DataFrame],
) -> Any:
    """Transform columns that are given without the others.

    Parameters
    ----------
    given : DataFrame
        Some of the columns of `spec`; cells may be missing and stay so. What is no such table is
        returned as it is: the generator says what is wrong with it.
    name : str
        What it is called in messages.
    spec : PanelSpec
        Columns of the whole table.
    row : callable
        Returns a frame of one row of the whole table, to stand in for what is not given.
    transform : callable
        Takes a frame of the whole table, and returns its features.

    Returns
    -------
    features : DataFrame
        Features under the names that the generator knows, with the index of `given`.

    Raises
    ------
    ValueError
        If the steps give other columns than they take.
    """
    labels = list(spec.columns or range(spec.n_channels))
    if not isinstance(given, pd.DataFrame) or given.columns.has_duplicates:
        return given
    if not given.columns.isin(labels).all():
        return given
    positions = [labels.index(label) for label in given]
    table = row().iloc[np.zeros(len(given), dtype=np.intp)].reset_index(drop=True)
    for i, position in enumerate(positions):
        cells: Any = given.iloc[:, i].reset_index(drop=True)
        if cells.hasnans:
            if isinstance(cells.dtype, pd.CategoricalDtype):
                cells = cells.astype(object)  # there may be other categories among the others
            cells = cells.where(cells.notna(), table.iloc[:, position])
        table.isetitem(position, cells)
    features = transform(table)
    names = list(features.columns)
    # What scikit-learn calls the columns of an array.
    unnamed = [f"x{i}" for i in labels]
    if names != labels and (spec.columns is not None or names != unnamed):
        raise ValueError(
            f"{name} has some of the columns {labels}, and the steps turn these into {names}, "
            f"which need all of them; use steps that keep the columns, such as scalers, or give "
            f"{name} to the generator alone."
        )
    chosen = features.iloc[:, positions].set_axis(given.index)
    return chosen.mask(given.isna().to_numpy())
