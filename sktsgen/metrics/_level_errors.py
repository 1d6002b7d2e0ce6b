"""Errors of imputed and forecast levels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sktsgen.metrics._targets import Targets, list_of_draws, read_targets

Int64 = NDArray[np.int64]


def error_rate(X_true: Any, X_pred: Any, *, targets: Any = None) -> float:
    """Measure the share of discrete cells that were asked for and are wrong.

    Parameters
    ----------
    X_true, X_pred : array-like, list or DataFrame
        True and imputed or forecast cells of the same series; columns of booleans, text and
        categories are compared.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.

    Returns
    -------
    rate : float
        Mean over columns with cells that count, from 0 to 1, lower is better. A cell that was left
        missing is wrong.

    Raises
    ------
    TypeError
        If `targets` holds something else than booleans.
    ValueError
        If shapes, columns, series or time stamps disagree, no discrete cell is asked for, or one
        that is is missing from the truth.
    """
    read = read_targets({"X_true": X_true, "X_pred": X_pred}, targets)
    return float(np.mean([(truth != guess).mean() for truth, guess in _columns(read)]))


def balanced_error(X_true: Any, X_pred: Any, *, targets: Any = None) -> float:
    """Average the error rates of the levels, so that rare ones count as much as common ones.

    Parameters
    ----------
    X_true, X_pred : array-like, list or DataFrame
        True and imputed or forecast cells of the same series; columns of booleans, text and
        categories are compared.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.

    Returns
    -------
    rate : float
        Mean over columns of the mean over the true levels, from 0 to 1, lower is better; always
        guessing the most common of k levels gives 1 - 1 / k.

    Raises
    ------
    TypeError, ValueError
        As in `error_rate`.
    """
    read = read_targets({"X_true": X_true, "X_pred": X_pred}, targets)
    rates = [
        np.mean([(guess[truth == level] != level).mean() for level in np.unique(truth)])
        for truth, guess in _columns(read)
    ]
    return float(np.mean(rates))


def level_log_loss(X_true: Any, X_draws: Any, *, targets: Any = None) -> float:
    """Average the negative log-probability that draws give to the true levels.

    Parameters
    ----------
    X_true : array-like, list or DataFrame
        True cells; columns of booleans, text and categories are compared.
    X_draws : sequence of containers, or array with a first axis of draws
        Draws of the same series, one container like `X_true` each, at least one.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.

    Returns
    -------
    loss : float
        Mean over columns, in nats a cell, at least 0, lower is better.

    Raises
    ------
    ValueError
        As in `error_rate`, or if there is no draw.

    Notes
    -----
    A level seen in c of m draws has probability (c + 1 / k) / (m + 1), k being the number of levels
    of the column in truth and draws, so that one never drawn costs much but not everything.
    """
    draws = list_of_draws(X_draws)
    named = {f"X_draws[{i}]": draw for i, draw in enumerate(draws)}
    read = read_targets({"X_true": X_true, **named}, targets)
    n_levels = [len(levels) for levels in read.kinds.levels]
    losses = [
        -np.log((np.equal(guesses, truth).sum(0) + 1 / k) / (len(draws) + 1)).mean()
        for (truth, *guesses), k in zip(_columns(read, keep_empty=True), n_levels, strict=True)
        if len(truth)
    ]
    return float(np.mean(losses))


def _columns(read: Targets, *, keep_empty: bool = False) -> list[list[Int64]]:
    """Return for each discrete column the codes of the cells that count, truth first."""
    if not read.codes.any():
        raise ValueError("targets asks for no cell of levels; mark one at least.")
    return [
        [table.codes[chosen, column] for table in read.tables]
        for column, chosen in enumerate(read.codes.T)
        if keep_empty or chosen.any()
    ]
