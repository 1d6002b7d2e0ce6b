"""Columns that are the sum of two others in every row."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from sktsgen.data._panel import Panel
from sktsgen.data._repeats import column_of, is_number_type

# Rows by which sums that cannot hold are told apart, and columns of numbers up to which all pairs
# of them are looked at.
_SAMPLE, _MOST_COLUMNS = 500, 64
# Values that a column takes at least: flags may add up by chance.
_FEWEST = 3
# Rounding that a sum of floats may have, as a share of the largest number.
_ROUNDING = 1e-9
_CHUNK = 2**20


def summed_columns(panel: Panel) -> tuple[tuple[int, int, int], ...]:
    """Find the columns of numbers that are the sum of two others in every row.

    Parameters
    ----------
    panel : Panel
        Training series.

    Returns
    -------
    sums : tuple of (int, int, int)
        Position of a total, and those of its two parts; ascending. A row counts where none of the
        three is missing. A total is no part of another sum, columns with fewer than three
        different values in the rows looked at first are left alone, as they may add up by chance,
        and nothing is looked for among more than 64 columns of numbers.
    """
    rows = np.unique(np.linspace(0, panel.n_rows - 1, _SAMPLE).astype(np.int64))
    numbers: dict[int, np.ndarray] = {}
    for position in range(panel.n_channels):
        cells = column_of(panel.values, position, rows)
        if is_number_type(cells.dtype) and cells.nunique() >= _FEWEST:
            numbers[position] = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    found: dict[int, tuple[int, int]] = {}
    if not 3 <= len(numbers) <= _MOST_COLUMNS:
        return ()
    positions, table = list(numbers), np.stack(list(numbers.values()), axis=1)
    for one, other in combinations(positions, 2):
        candidates = _equal_columns(numbers[one] + numbers[other], table)
        for total in (positions[i] for i in candidates):
            used = {part for pair in found.values() for part in pair}
            is_free = total not in found and total not in used and not {one, other} & set(found)
            if is_free and _holds(panel, total, one, other):
                found[total] = (one, other)
    return tuple((total, *found[total]) for total in sorted(found))


def _equal_columns(sums: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Columns of a table that are these sums; at least three rows must be there to tell."""
    is_there = ~(np.isnan(sums)[:, None] | np.isnan(table))
    near = np.abs(table - sums[:, None]) <= _tolerance(sums)
    return np.flatnonzero((near | ~is_there).all(axis=0) & (is_there.sum(axis=0) >= _FEWEST))


def _tolerance(sums: np.ndarray) -> float:
    return _ROUNDING * float(np.abs(sums[~np.isnan(sums)]).max(initial=0.0))


def _holds(panel: Panel, total: int, one: int, other: int) -> bool:
    for begin in range(0, panel.n_rows, _CHUNK):
        rows = slice(begin, begin + _CHUNK)
        whole, first, second = (
            column_of(panel.values, i, rows).to_numpy(dtype=np.float64, na_value=np.nan)
            for i in (total, one, other)
        )
        sums = first + second
        is_there = ~(np.isnan(sums) | np.isnan(whole))
        if (np.abs(whole - sums)[is_there] > _tolerance(sums)).any():
            return False
    return True
