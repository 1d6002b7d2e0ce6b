"""Distances of discrete columns: their levels, and what they have to do with other columns."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sktsgen.data import Table, read_tables
from sktsgen.metrics._inputs import Cells, paired_windows

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def total_variation_distance(
    X_real: Any, X_synthetic: Any, *, transitions: bool = False, pairs: bool = False
) -> float:
    """Average over discrete columns the distance between the shares of their levels.

    Parameters
    ----------
    X_real, X_synthetic : array-like, list or DataFrame
        Series in any container, of any lengths. Columns of booleans, text and categories are read;
        a missing cell is a level of its own, and so is the gap in a column of numbers.
    transitions : bool, default=False
        Whether to compare the shares of pairs of levels at consecutive steps instead.
    pairs : bool, default=False
        Whether to compare the shares of pairs of levels that two columns have at the same step,
        and average over pairs of columns. Other than `cramers_v_difference`, where what seldom
        happens counts as much as the rest, this weighs each cell once.

    Returns
    -------
    distance : float
        Mean over columns, from 0 (equal shares) to 1 (no level in common), lower is better.

    Raises
    ------
    ValueError
        If there is no discrete column and no gap, `transitions` is asked of series of one step,
        `pairs` of less than two such columns, or both of them at once.
    """
    if transitions and pairs:
        raise ValueError("transitions=True and pairs=True exclude each other; choose one.")
    (real, synthetic), _ = read_tables({"X_real": X_real, "X_synthetic": X_synthetic})
    codes = _with_gaps(real, synthetic)
    if not codes[0].shape[1]:
        raise ValueError("X_real has no discrete column; this measure needs one.")
    n_levels = np.max([side.max(0) for side in codes], axis=0) + 1
    if transitions:
        lengths = (real.lengths, synthetic.lengths)
        codes = [_pairs(side, n, n_levels) for side, n in zip(codes, lengths, strict=True)]
        n_levels = n_levels**2
    if pairs:
        codes, n_levels = _joined(*codes)
    distances = [
        np.abs(_shares(codes[0][:, c], n) - _shares(codes[1][:, c], n)).sum() / 2
        for c, n in enumerate(n_levels)
    ]
    return float(np.mean(distances))


def _with_gaps(*tables: Table) -> list[Int64]:
    """Return codes from 0 on, 0 for missing, and the gaps of numeric columns that have some."""
    gaps = [np.isnan(table.numbers) for table in tables]
    has_gaps = np.any([gap.any(0) for gap in gaps], axis=0)
    return [
        np.hstack((table.codes + 1, gap[:, has_gaps])).astype(np.int64)
        for table, gap in zip(tables, gaps, strict=True)
    ]


def _pairs(codes: Int64, lengths: Int64, n_levels: Int64) -> Int64:
    inside = np.delete(np.arange(len(codes)), np.cumsum(lengths) - 1)
    if not len(inside):
        raise ValueError("transitions=True needs series of at least 2 steps; got 1.")
    return codes[inside] * n_levels + codes[inside + 1]


def _joined(real: Int64, synthetic: Int64) -> tuple[list[Int64], Int64]:
    """Give every pair of levels of two columns a number; return them, and how many there are."""
    both = np.concatenate((real, synthetic))
    found = [
        np.unique(both[:, [i, j]], axis=0, return_inverse=True)[1].ravel()
        for i, j in combinations(range(both.shape[1]), 2)
    ]
    if not found:
        raise ValueError(f"pairs=True needs 2 discrete columns; X_real has {both.shape[1]}.")
    joined = np.stack(found, axis=1)
    return np.split(joined, [len(real)]), joined.max(0) + 1


def _shares(codes: Int64, n_levels: int) -> Float64:
    return np.bincount(codes, minlength=n_levels) / len(codes)


def cramers_v_difference(X_real: Any, X_synthetic: Any) -> float:
    """Average over pairs of discrete columns the difference of their association.

    Parameters
    ----------
    X_real, X_synthetic : array-like, list or DataFrame
        Series in any container, real ones at least as long as the generated ones. Columns of
        booleans, text and categories are read; a missing cell is a level of its own, and so is the
        gap in a column of numbers.

    Returns
    -------
    difference : float
        Mean over pairs of columns of the absolute difference of Cramer's V at equal steps, from 0
        to 1, lower is better. A column of one level has V = 0 with all.

    Raises
    ------
    ValueError
        If there are fewer than two discrete columns.

    Notes
    -----
    V is not corrected for small samples; with equal numbers of windows a side the bias is equal.
    """
    sides = paired_windows(X_real, X_synthetic)
    columns = range(len(sides[0].n_levels))
    if len(columns) < 2:
        raise ValueError(
            f"X_real has {len(columns)} discrete columns; this measure needs at least 2."
        )
    gaps = [
        abs(_cramers_v(sides[0], i, j) - _cramers_v(sides[1], i, j))
        for i, j in combinations(columns, 2)
    ]
    return float(np.mean(gaps))


def _cramers_v(cells: Cells, i: int, j: int) -> float:
    n_columns = cells.n_levels[j]
    joint = cells.codes[..., i].ravel() * n_columns + cells.codes[..., j].ravel()
    table = np.bincount(joint, minlength=cells.n_levels[i] * n_columns).reshape(-1, n_columns)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0] / table.sum()
    if min(table.shape) < 2:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0))
    chi_square = ((table - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi_square / (min(table.shape) - 1)))


def correlation_ratio_difference(X_real: Any, X_synthetic: Any) -> float:
    """Average over pairs of a discrete and a numeric column the difference of their association.

    Parameters
    ----------
    X_real, X_synthetic : array-like, list or DataFrame
        Series in any container, real ones at least as long as the generated ones, with columns of
        both kinds. A missing cell of a discrete column is a level of its own, and a missing number
        is taken for the mean of the real ones and as a level of a column of gaps.

    Returns
    -------
    difference : float
        Mean over pairs of the absolute difference of the correlation ratio at equal steps: the
        root of the share of a number's variance that lies between levels. From 0 to 1, lower is
        better; a number that never varies has ratio 0.

    Raises
    ------
    ValueError
        If there is no column of one of the kinds.
    """
    sides = paired_windows(X_real, X_synthetic)
    n_numeric, n_discrete = sides[0].numbers.shape[2], len(sides[0].n_levels)
    if not n_numeric or not n_discrete:
        raise ValueError(
            f"X_real has {n_numeric} columns of numbers and {n_discrete} discrete ones; this "
            "measure needs one of each."
        )
    gaps = [
        np.abs(_correlation_ratios(sides[0], c) - _correlation_ratios(sides[1], c))
        for c in range(n_discrete)
    ]
    return float(np.mean(gaps))


def _correlation_ratios(cells: Cells, column: int) -> Float64:
    """Return the ratio of each number with one discrete column."""
    numbers = cells.numbers.reshape(-1, cells.numbers.shape[2])
    codes = cells.codes[..., column].ravel()
    constant = np.ptp(numbers, axis=0) == 0
    centred = numbers - numbers.mean(0)
    # In units of the largest, whose square is a number.
    centred = centred / np.where(constant, 1.0, np.abs(centred).max(0, initial=0.0))
    counts = np.bincount(codes, minlength=cells.n_levels[column])
    sums = np.zeros((len(counts), centred.shape[1]))
    np.add.at(sums, codes, centred)
    between = (sums**2 / np.maximum(counts, 1)[:, None]).sum(0)
    total = np.where(constant, 1.0, (centred**2).sum(0))
    return np.sqrt(np.where(constant, 0.0, between / total))
