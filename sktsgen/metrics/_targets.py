"""Errors of imputed and forecast cells, counted where something was asked for."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.data import Kinds, Table, read_tables

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
    ValueError
        If shapes disagree, no cell counts, or a cell that counts is missing from the truth.
    """
    tables, kinds = read_tables(sides)
    names = list(sides)
    for name, table in zip(names[1:], tables[1:], strict=True):
        if not np.array_equal(table.lengths, tables[0].lengths):
            raise ValueError(
                f"{name} has {len(table.numbers)} rows in {len(table.lengths)} series and "
                f"{names[0]} {len(tables[0].numbers)} in {len(tables[0].lengths)}; give the same."
            )
    truth = tables[0]
    if targets is None:
        return Targets(tables, kinds, ~np.isnan(truth.numbers), truth.codes >= 0)
    mask = _read_mask(targets, truth, len(kinds.labels))
    read = Targets(tables, kinds, mask[:, ~kinds.is_discrete], mask[:, kinds.is_discrete])
    unknown = int(np.isnan(truth.numbers[read.numbers]).sum() + (truth.codes[read.codes] < 0).sum())
    if unknown:
        raise ValueError(
            f"{unknown} cells of {names[0]} that targets asks for are missing; only known cells "
            "can be compared."
        )
    return read


def _read_mask(targets: Any, truth: Table, n_columns: int) -> Bool:
    """Return the mask in the order of the rows of `truth`."""
    parts = targets if isinstance(targets, list | tuple) else [targets]
    arrays = [np.asarray(part, dtype=bool) for part in parts]
    if len({array.shape[1:] for array in arrays}) == 1:
        mask = np.concatenate(arrays).reshape(-1, arrays[0].shape[-1])
        if mask.shape == (len(truth.numbers), n_columns):
            return mask if truth.order is None else mask[truth.order]
    raise ValueError(
        f"targets has shapes {[array.shape for array in arrays][:3]} and the truth "
        f"{len(truth.numbers)} rows of {n_columns} columns; give one mark for each cell."
    )


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
