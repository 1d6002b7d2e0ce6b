"""Numbers of any law to numbers of the normal one, and back."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from sktsgen.persistence import register
from sktsgen.transformers._atoms import are_all, are_frequent, follow

# Quantiles that lead through the law of a column, evenly spaced among normal ones, and how many
# cells stand behind each at least.
_N_KNOTS, _CELLS_EACH = 33, 10
# Largest distance between the distribution functions of a column and of the normal law that has
# its mean and variance, up to which the column is taken for normal.
_NEAR = 0.25


@register
class NormalScores:
    """An increasing map from the numbers of one column to normal scores [1]_.

    It leads in straight lines through quantiles, and goes on by one score per number beyond the
    least and the greatest. A number that a tenth of the cells share or that is two quantiles, and
    each of at most a hundred that are all there are, has as its score the middle of those that its
    cells would have; all of these are read as it.

    Attributes
    ----------
    ties_, of_ties_ : ndarray of shape (n_ties,)
        Numbers that recur, increasing, and the score of each.
    numbers_, scores_ : ndarray of shape (n_knots,)
        Knots of the map, neither decreasing; both ends of the scores of every tie are among them.

    References
    ----------
    .. [1] B. L. van der Waerden, "Order tests for the two-sample problem and their power",
       Indagationes Mathematicae 14 (1952), 453-458.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsgen.transformers import NormalScores
    >>> rain = np.array([0.0] * 6 + [0.5, 1.0, 2.0, 8.0])
    >>> scores = NormalScores().fit(rain)
    >>> scores.open(rain).round(1)
    array([-0.5, -0.5, -0.5, -0.5, -0.5, -0.5,  0.4,  0.7,  1. ,  1.3])
    >>> scores.close(np.array([-1.0, 0.0, 1.0])).round(1)
    array([0., 0., 2.])
    """

    def fit(self, numbers: np.ndarray) -> NormalScores:
        """Learn the map of a column.

        Parameters
        ----------
        numbers : ndarray of shape (n_cells,)
            Finite, at least two of them unequal.

        Returns
        -------
        self : NormalScores
        """
        ordered, n_cells = np.sort(numbers), len(numbers)
        farthest = float(_scores(np.array([n_cells]), n_cells)[0])
        n_knots = max(3, min(_N_KNOTS, n_cells // _CELLS_EACH))
        at = np.linspace(-farthest, farthest, n_knots)
        knots = np.quantile(ordered, ndtr(at))
        knots[0], knots[-1] = ordered[0], ordered[-1]
        values, counts = np.unique(ordered, return_counts=True)
        is_tie = np.isin(values, knots[1:][knots[1:] == knots[:-1]])
        is_tie |= are_all(counts) | are_frequent(counts)
        last = np.cumsum(counts)
        lowest, middle, highest = (
            _scores(ranks[is_tie], n_cells) for ranks in (last - counts, last - counts / 2, last)
        )
        self.ties_, self.of_ties_ = values[is_tie], middle
        # Scores that are read as a tie lead through it, and no other knot lies among them.
        is_free = np.searchsorted(lowest, at, side="right") == np.searchsorted(highest, at)
        is_free &= ~np.isin(knots, self.ties_)
        found = np.concatenate([knots[is_free], self.ties_, self.ties_])
        scores = np.concatenate([at[is_free], lowest, highest])
        order = np.lexsort((found, scores))
        self.numbers_, self.scores_ = found[order], scores[order]
        return self

    def open(self, numbers: np.ndarray) -> np.ndarray:
        """Turn numbers into scores.

        Parameters
        ----------
        numbers : ndarray
            Of any shape, in the type of `fit`: a tie is told by equality.

        Returns
        -------
        scores : ndarray of the same shape, float64
        """
        scores = follow(numbers, self.numbers_, self.scores_, 1.0)
        if not len(self.ties_):
            return scores
        nearest = np.searchsorted(self.ties_, numbers).clip(max=len(self.ties_) - 1)
        return np.where(self.ties_[nearest] == numbers, self.of_ties_[nearest], scores)

    def close(self, scores: np.ndarray) -> np.ndarray:
        """Turn scores into numbers.

        Parameters
        ----------
        scores : ndarray
            Finite, of any shape.

        Returns
        -------
        numbers : ndarray of the same shape, float64
        """
        return follow(scores, self.scores_, self.numbers_, 1.0)

    def rates(self, scores: np.ndarray) -> np.ndarray:
        """Say how fast numbers grow with scores.

        Parameters
        ----------
        scores : ndarray
            Finite, of any shape.

        Returns
        -------
        rates : ndarray of the same shape
            Numbers per score; 0 among the scores that are read as one number.
        """
        runs = np.diff(self.scores_)
        within = np.diff(self.numbers_) / np.where(runs > 0, runs, 1.0)
        rates = np.concatenate([[1.0], within, [1.0]])
        return rates[np.searchsorted(self.scores_, scores, side="right")]


def is_normal(numbers: np.ndarray) -> bool:
    """Tell whether the law of some numbers is near the normal one of their mean and variance.

    Parameters
    ----------
    numbers : ndarray of shape (n_cells,)
        Finite, at least one.

    Returns
    -------
    is_near : bool
        Whether the largest distance between both distribution functions is at most a quarter;
        also where all numbers are equal.
    """
    ordered = np.sort(numbers)
    deviation = ordered.std()
    if not deviation:
        return True
    below = ndtr((ordered - ordered.mean()) / deviation)
    ranks = np.arange(len(ordered) + 1) / len(ordered)
    distance = max((below - ranks[:-1]).max(), (ranks[1:] - below).max())
    return bool(distance <= _NEAR)


def _scores(ranks: np.ndarray, n_cells: int) -> np.ndarray:
    """Turn ranks from 0 to the number of cells into normal scores, none of them infinite."""
    return np.asarray(ndtri(np.clip(ranks / n_cells, 1 / (n_cells + 1), n_cells / (n_cells + 1))))
