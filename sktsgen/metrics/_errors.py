"""Errors of imputed and forecast numbers: of points, of draws, of intervals."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sktsgen.metrics._targets import number_draws, number_errors

Float64 = NDArray[np.float64]


def mae(X_true: Any, X_pred: Any, *, targets: Any = None, scale: Any = None) -> float:
    """Average the absolute error over the cells that were asked for.

    Parameters
    ----------
    X_true : array-like, list or DataFrame
        True values in any container; columns of numbers are compared.
    X_pred : array-like, list or DataFrame
        Imputed or forecast values of the same series. Rows of frames go together by series
        identifier and time stamp, others by position.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts: what was hidden from the imputer, or the
        steps that were forecast. A frame is read by its columns, series and time stamps. None
        counts every cell whose truth is there, which flatters an imputer by the cells it was given.
    scale : float or array-like of shape (n_columns,), default=None
        Unit of each column, such as its standard deviation in training; errors are divided by it.
        None leaves the units of the data.

    Returns
    -------
    error : float
        Mean over cells, at least 0, lower is better.

    Raises
    ------
    TypeError
        If `targets` holds something else than booleans.
    ValueError
        If shapes, columns, series or time stamps disagree, no number is asked for, or one that is
        is missing on either side.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsgen.metrics import mae
    >>> truth = np.array([[1.0, 5.0], [2.0, 6.0]])
    >>> filled = np.array([[1.0, 5.0], [2.5, 6.0]])
    >>> mae(truth, filled, targets=[[[False, False], [True, False]]])
    0.5
    """
    truth, predicted, units = number_errors(X_true, X_pred, targets, scale)
    return float((np.abs(truth - predicted) / units).mean())


def rmse(X_true: Any, X_pred: Any, *, targets: Any = None, scale: Any = None) -> float:
    """Take the root of the mean squared error over the cells that were asked for.

    Parameters
    ----------
    X_true, X_pred : array-like, list or DataFrame
        True and imputed or forecast values of the same series; columns of numbers are compared.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.
    scale : float or array-like of shape (n_columns,), default=None
        Unit of each column; None leaves the units of the data.

    Returns
    -------
    error : float
        At least 0, lower is better.

    Raises
    ------
    TypeError, ValueError
        As in `mae`.
    """
    truth, predicted, units = number_errors(X_true, X_pred, targets, scale)
    return float(np.sqrt((((truth - predicted) / units) ** 2).mean()))


def pinball_loss(
    X_true: Any, X_pred: Any, *, quantile: float, targets: Any = None, scale: Any = None
) -> float:
    """Average the loss whose minimum is a quantile.

    Parameters
    ----------
    X_true : array-like, list or DataFrame
        True values; columns of numbers are compared.
    X_pred : array-like, list or DataFrame
        Predicted quantile of each cell.
    quantile : float
        Which quantile was predicted, above 0 and below 1; at 0.5 the loss is half of `mae`.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.
    scale : float or array-like of shape (n_columns,), default=None
        Unit of each column; None leaves the units of the data.

    Returns
    -------
    loss : float
        At least 0, lower is better.

    Raises
    ------
    ValueError
        If `quantile` is out of range, or as in `mae`.
    """
    if not 0 < quantile < 1:
        raise ValueError(f"quantile={quantile}; choose above 0 and below 1.")
    truth, predicted, units = number_errors(X_true, X_pred, targets, scale)
    gaps = (truth - predicted) / units
    return float(np.maximum(quantile * gaps, (quantile - 1) * gaps).mean())


def crps(X_true: Any, X_draws: Any, *, targets: Any = None, scale: Any = None) -> float:
    r"""Average the continuous ranked probability score of draws.

    Of draws :math:`x_1, ..., x_m` of a cell whose truth is y it is
    :math:`\frac1m \sum_i |x_i - y| - \frac{1}{2m^2} \sum_{ij} |x_i - x_j|` [1]_: the absolute error
    of one draw, less what their spread admits.

    Parameters
    ----------
    X_true : array-like, list or DataFrame
        True values; columns of numbers are compared.
    X_draws : sequence of containers, or array with a first axis of draws
        Draws of the same series, one container like `X_true` each, at least one.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.
    scale : float or array-like of shape (n_columns,), default=None
        Unit of each column; None leaves the units of the data.

    Returns
    -------
    score : float
        Mean over cells, at least 0, lower is better. Few draws cost: with m of them the expected
        score is higher by half their mean distance over m.

    Raises
    ------
    ValueError
        As in `mae`, or if there is no draw.

    References
    ----------
    .. [1] Gneiting and Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA,
       2007.
    """
    truth, draws, units = number_draws(X_true, X_draws, targets, scale)
    n_draws = len(draws)
    weights = (2 * np.arange(1, n_draws + 1) - n_draws - 1) / n_draws**2
    spread = weights @ np.sort(draws, axis=0)
    return float(((np.abs(draws - truth).mean(0) - spread) / units).mean())


def interval_coverage(
    X_true: Any, X_draws: Any, *, level: float = 0.9, targets: Any = None
) -> float:
    """Measure how often the truth lies in the central interval of the draws.

    Parameters
    ----------
    X_true : array-like, list or DataFrame
        True values; columns of numbers are compared.
    X_draws : sequence of containers, or array with a first axis of draws
        Draws of the same series, one container like `X_true` each; give 20 or more.
    level : float, default=0.9
        Share of the draws inside the interval, above 0 and below 1.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.

    Returns
    -------
    coverage : float
        Share of cells whose truth is inside, bounds included; `level` where draws are calibrated
        and enough: fewer than 2 / (1 - `level`) - 1 of them, 19 for 0.9, cover less.

    Raises
    ------
    ValueError
        If `level` is out of range, or as in `crps`.
    """
    truth, (low, high), _ = _interval(X_true, X_draws, level, targets, None)
    return float(((low <= truth) & (truth <= high)).mean())


def interval_width(
    X_true: Any, X_draws: Any, *, level: float = 0.9, targets: Any = None, scale: Any = None
) -> float:
    """Average the width of the central interval of the draws.

    Of two imputers whose intervals cover what they should, the one with the narrower knows more.

    Parameters
    ----------
    X_true : array-like, list or DataFrame
        True values, which only tell the cells that count; columns of numbers are compared.
    X_draws : sequence of containers, or array with a first axis of draws
        Draws of the same series, one container like `X_true` each.
    level : float, default=0.9
        Share of the draws inside the interval, above 0 and below 1.
    targets : array-like of bool, list or DataFrame, default=None
        Container like `X_true`, True where a cell counts; None counts every cell whose truth is
        there.
    scale : float or array-like of shape (n_columns,), default=None
        Unit of each column; None leaves the units of the data.

    Returns
    -------
    width : float
        Mean over cells, at least 0.

    Raises
    ------
    ValueError
        If `level` is out of range, or as in `crps`.
    """
    _, (low, high), units = _interval(X_true, X_draws, level, targets, scale)
    return float(((high - low) / units).mean())


def _interval(
    X_true: Any, X_draws: Any, level: float, targets: Any, scale: Any
) -> tuple[Float64, Float64, Float64]:
    if not 0 < level < 1:
        raise ValueError(f"level={level}; choose above 0 and below 1.")
    truth, draws, units = number_draws(X_true, X_draws, targets, scale)
    ends = ((1 - level) / 2, (1 + level) / 2)
    # Of m draws the k-th has k / (m + 1) of the distribution below it.
    return truth, np.quantile(draws, ends, axis=0, method="weibull"), units
