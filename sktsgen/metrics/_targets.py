"""Errors of imputed and forecast cells, counted where something was asked for."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.data import Kinds, Panel, Table, read_panel, read_tables
from sktsgen.metrics._rows import matched, reordered, rows_of

Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]


class Targets(NamedTuple):
    """The cells that count, read the same way from all sides.

    Attributes
    ----------
    tables : list of Table
        Truth first, then predictions or draws.
    numbers, codes : ndarray of bool
        Which cells of `Table.numbers` and `Table.codes` count.
    """

    tables: list[Table]
    kinds: Kinds
    numbers: Bool
    codes: Bool


def read_targets(sides: Mapping[str, Any], targets: Any) -> Targets:
    """Read truth and predictions, and which cells count.

    Rows of frames go together by series identifier and time stamp, where both sides have them;
    what is only counted goes by position.

    Parameters
    ----------
    sides : mapping of str to array-like, list or DataFrame
        Truth first, then predictions, by the names messages give them.
    targets : array-like of bool, list or DataFrame, or None
        Container like the truth, True where a cell counts; None counts all cells whose truth is
        there.

    Returns
    -------
    targets : Targets
        Tables and masks.

    Raises
    ------
    TypeError
        If `targets` holds something else than booleans.
    ValueError
        If shapes, columns, series or time stamps disagree, no cell counts, or a cell that counts is
        missing from the truth.
    """
    panels = {name: read_panel(X, name) for name, X in sides.items()}
    tables, kinds = read_tables(panels)
    first, *others = panels
    rows = rows_of(panels[first])
    for i, name in enumerate(others, start=1):
        order = matched(rows, rows_of(panels[name]), (first, name))
        tables[i] = reordered(tables[i], order, tables[0].lengths)
    truth = tables[0]
    if targets is None:
        return Targets(tables, kinds, ~np.isnan(truth.numbers), truth.codes >= 0)
    mask = _read_mask(targets, panels, kinds)
    read = Targets(tables, kinds, mask[:, ~kinds.is_discrete], mask[:, kinds.is_discrete])
    unknown = int(np.isnan(truth.numbers[read.numbers]).sum() + (truth.codes[read.codes] < 0).sum())
    if unknown:
        raise ValueError(
            f"{unknown} cells of {first} that targets asks for are missing; only known cells "
            "can be compared."
        )
    return read


def _read_mask(targets: Any, panels: Mapping[str, Panel], kinds: Kinds) -> Bool:
    """Return the mask in the order of the rows and columns of the truth, the first panel."""
    name, truth = next(iter(panels.items()))
    has_labels = any(panel.spec.has_frames for panel in panels.values())
    parts = list(targets) if isinstance(targets, list | tuple) else [targets]
    parts = [_marks(part, kinds.labels, has_labels=has_labels) for part in parts]
    if all(isinstance(part, pd.DataFrame) for part in parts):
        marks = read_panel(parts if isinstance(targets, list | tuple) else parts[0], "targets")
        rows = rows_of(marks)
        if rows.stamps is not None:
            order = matched(rows_of(truth), rows, (name, "targets"))
            mask = np.asarray(marks.values, dtype=np.bool_)
            return mask if order is None else mask[order]
    arrays = [np.asarray(part, dtype=np.bool_) for part in parts]
    if len({array.shape[1:] for array in arrays}) == 1:
        mask = np.concatenate(arrays).reshape(-1, arrays[0].shape[-1])
        if mask.shape == (truth.n_rows, len(kinds.labels)):
            return mask if truth.order is None else mask[truth.order]
    raise ValueError(
        f"targets has shapes {[array.shape for array in arrays][:3]} and the truth "
        f"{truth.n_rows} rows of {len(kinds.labels)} columns; give one mark for each cell."
    )


def _marks(part: Any, labels: tuple[Any, ...], *, has_labels: bool) -> Any:
    """Return marks that are booleans, of a frame with the columns in the order of the truth's."""
    is_frame = isinstance(part, pd.DataFrame)
    part = part if is_frame else np.asarray(part)
    for dtype in part.dtypes if is_frame else [part.dtype]:
        if not pd.api.types.is_bool_dtype(dtype):
            raise TypeError(
                f"targets is of type {dtype}; give booleans, True where a cell counts (marks of 0 "
                "and 1 without a gap: astype(bool))."
            )
    if not is_frame:
        return part
    if part.isna().any(axis=None):
        raise ValueError("targets has missing cells; mark each one with True or False.")
    if has_labels and list(part.columns) != list(labels):
        if len(part.columns) != len(labels) or {*part.columns} != {*labels}:
            raise ValueError(
                f"targets has the columns {list(part.columns)} and the truth has {list(labels)}; "
                "give the same."
            )
        part = part[list(labels)]
    return part.astype(np.bool_)


def number_errors(
    X_true: Any, X_pred: Any, targets: Any, scale: Any
) -> tuple[Float64, Float64, Float64]:
    """Return truth, prediction and scale of each number that counts, one below the other."""
    read = read_targets({"X_true": X_true, "X_pred": X_pred}, targets)
    chosen = _some(read.numbers, "numbers")
    predicted = read.tables[1].numbers[chosen]
    _refuse_missing(predicted, "X_pred")
    return read.tables[0].numbers[chosen], predicted, scales(read.kinds, scale, chosen)


def number_draws(
    X_true: Any, X_draws: Any, targets: Any, scale: Any
) -> tuple[Float64, Float64, Float64]:
    """Return truth (cell,), draws (draw, cell) and scale (cell,) of the numbers that count."""
    named = {f"X_draws[{i}]": draw for i, draw in enumerate(list_of_draws(X_draws))}
    read = read_targets({"X_true": X_true, **named}, targets)
    chosen = _some(read.numbers, "numbers")
    draws = np.stack([table.numbers[chosen] for table in read.tables[1:]])
    _refuse_missing(draws, "X_draws")
    return read.tables[0].numbers[chosen], draws, scales(read.kinds, scale, chosen)


def list_of_draws(X_draws: Any) -> Sequence[Any]:
    """Return the draws one by one; there is at least one."""
    if isinstance(X_draws, pd.DataFrame) or not len(X_draws):
        raise ValueError(
            f"X_draws is {type(X_draws).__name__} of {len(X_draws)} rows; give a list of draws, or "
            "an array whose first axis counts them."
        )
    return list(X_draws)


def _some(chosen: Bool, what: str) -> Bool:
    if not chosen.any():
        raise ValueError(f"targets asks for no cell of {what}; mark one at least.")
    return chosen


def _refuse_missing(values: Float64, name: str) -> None:
    n_missing = int(np.isnan(values).sum())
    if n_missing:
        raise ValueError(f"{n_missing} cells of {name} that targets asks for are missing.")


def scales(kinds: Kinds, scale: Any, chosen: Bool) -> Float64:
    """Return the unit of each chosen number: 1, or that of its column."""
    n_numeric = chosen.shape[1]
    given = np.ones(n_numeric) if scale is None else np.asarray(scale, dtype=np.float64)
    if given.shape == (len(kinds.labels),):
        given = given[~kinds.is_discrete]
    if given.shape not in ((), (n_numeric,)):
        raise ValueError(
            f"scale has shape {given.shape} for {n_numeric} columns of numbers; give one each."
        )
    if not (given > 0).all():
        raise ValueError(f"scale={scale!r} has an entry that is not above 0; give units.")
    return np.broadcast_to(given, chosen.shape)[chosen]
