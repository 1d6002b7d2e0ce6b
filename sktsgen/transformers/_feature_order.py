"""Features of a frame in the order in which a transformer made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def in_order(rows: Any, estimator: Any) -> Any:
    """Return rows of features with the columns of a frame in order; an array as it is."""
    if not isinstance(rows, pd.DataFrame):
        return rows
    return rows.iloc[:, feature_order(tuple(rows.columns), estimator)]


def feature_order(labels: Sequence[Any] | None, estimator: Any) -> Any:
    """Return where each feature stands among the columns that came back.

    Parameters
    ----------
    labels : sequence of length n_columns or None
        Labels of the columns; None for arrays, whose features stand where they were.
    estimator : estimator
        Whose features they are, as `get_feature_names_out` calls them. Text other than
        its own is refused if it saw names in `fit`.

    Returns
    -------
    order : ndarray of shape (n_features,) or slice
        Positions of the columns: all of them as they stand, where their labels are none of these
        names or their number is another, which is the caller's to refuse.

    Raises
    ------
    ValueError
        If a column has another name.
    """
    names = estimator.get_feature_names_out()
    found = {label: position for position, label in enumerate(labels or ())}
    if len(found) != len(names):
        return slice(None)
    absent = [name for name in names if name not in found]
    if not absent:
        return np.array([found[name] for name in names])
    if hasattr(estimator, "feature_names_in_") and all(isinstance(label, str) for label in found):
        raise ValueError(
            f"X lacks the columns {absent}, and has {[n for n in found if n not in set(names)]}; "
            "pass those that transform gives, under their names, or an array in their order."
        )
    return slice(None)
