"""What a user hands over, as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sktsgen.data import Panel, PanelSpec, check_panel, stack_frames
from sktsgen.transformers._columns import read_numbers, refuse_infinity
from sktsgen.transformers._moments import slices
from sktsgen.transformers._table_codec import Table, as_matrix


def split_container(X: Any) -> tuple[Any, Panel | None]:
    """Return the rows of 3-D arrays, lists and panels, and the panel they are to come back in.

    Anything of two dimensions is its own rows, whatever its index; rows of frames keep the labels.
    """
    is_list = isinstance(X, list | tuple) and len(X) and getattr(X[0], "ndim", 0) == 2
    if not (is_list or isinstance(X, Panel) or getattr(X, "ndim", 2) > 2):
        return X, None
    if is_list and all(isinstance(member, pd.DataFrame) for member in X):
        panel = stack_frames(X)
    else:
        panel = check_panel(X, mixed=True, missing=True)
    if panel.spec.has_frames and isinstance(panel.values, np.ndarray):
        return pd.DataFrame(panel.values, columns=panel.spec.column_index()), panel
    return panel.values, panel


def read_table(X: Any, estimator: Any, *, reset: bool) -> Table:
    """Check rows and return them as an array of numbers or as a frame.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, n_columns)
        Rows of any columns.
    estimator : estimator
        Where `n_features_in_` and `feature_names_in_` are set or checked.
    reset : bool
        True in `fit`.

    Returns
    -------
    table : ndarray or DataFrame of shape (n_rows, n_columns)
        `X` itself where that is possible; a frame for an array of anything but numbers.
    """
    if not isinstance(X, pd.DataFrame):
        X = X.astype(np.float64).filled(np.nan) if np.ma.is_masked(X) else X
        array = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False)
        return array if array.dtype.kind in "biuf" else pd.DataFrame(array)
    if not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()][0]
        raise ValueError(f"column {twice!r} occurs more than once; rename or drop one.")
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    for size, what in zip(X.shape, ("sample", "feature"), strict=True):
        if not size:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required "
                f"by {type(estimator).__name__}."
            )
    return X


def table_spec(X: Any, table: Table) -> PanelSpec:
    """Return the container, the types and the labels of what `read_table` was given."""
    if not isinstance(X, pd.DataFrame):
        dtype = table.dtype if isinstance(table, np.ndarray) else np.asarray(X).dtype
        return PanelSpec("array_2d", (dtype,) * table.shape[1])
    return PanelSpec.of_frame(X)


def as_numbers(table: Table) -> np.ndarray:
    """Return the numbers of a table as one array, none of them infinite."""
    labels = table.columns if isinstance(table, pd.DataFrame) else range(table.shape[1])
    matrix = as_matrix(table)
    if isinstance(matrix, pd.DataFrame):
        columns = [read_numbers(matrix.iloc[:, i]) for i in range(matrix.shape[1])]
        return np.stack([v if m is None else np.where(m, np.nan, v) for v, m in columns], axis=1)
    for part in slices(*matrix.shape):
        if matrix.dtype.kind == "f" and np.isinf(matrix[part]).any():
            column = int(np.isinf(matrix[part]).any(axis=0).argmax())
            refuse_infinity(matrix[:, column], f"column {labels[column]!r}")
    return matrix


def read_features(X: Any, n_features: int) -> np.ndarray:
    """Check features and return them as an array."""
    features = check_array(X, dtype=[np.float32, np.float64], input_name="X")
    if features.shape[1] != n_features:
        raise ValueError(
            f"X has {features.shape[1]} features, and the encoder makes {n_features}; pass what "
            "its transform gives."
        )
    return np.asarray(features)
