"""Plain arrays of numbers, looked at a few rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sktsgen.transformers._columns import infer_number_kind, refuse_infinity
from sktsgen.transformers._moments import slices


def matrix_kinds(values: np.ndarray, labels: Sequence[Any]) -> list[str]:
    """Return the kind of each column of an array, by the rule of `infer_kind`.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Boolean, integer or floating numbers, NaN where missing; may be a `numpy.memmap`.
    labels : sequence of length n_columns
        What messages call the columns.

    Raises
    ------
    ValueError
        If a number is infinite; the message names the column.
    """
    parts = [values[part] for part in slices(*values.shape)]
    lowest = np.fmin.reduce([np.fmin.reduce(part) for part in parts])
    highest = np.fmax.reduce([np.fmax.reduce(part) for part in parts])
    n_present = sum(np.count_nonzero(part == part, axis=0) for part in parts)
    for column in np.flatnonzero(np.isinf(lowest) | np.isinf(highest)):
        refuse_infinity(values[:, column], f"column {labels[int(column)]!r}")
    at_limits = np.zeros((2, len(lowest)), dtype=np.int64)
    if values.dtype.kind in "iu":
        for part in parts:
            at_limits += np.stack([(part == lowest).sum(0), (part == highest).sum(0)])
    return [
        infer_number_kind(values.dtype, *column)
        for column in zip(lowest, highest, n_present, *at_limits, strict=True)
    ]
