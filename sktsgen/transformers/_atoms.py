"""Numbers that recur to the last digit, such as the zeros of rainfall, and those of few digits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sktsgen.persistence import register
from sktsgen.transformers._moments import bounded_scale

_FEWEST = 100  # cells from which something is said of how numbers recur
_SHARE = 0.1
_ROOM = 0.5  # standard deviations beside an atom, many times what a network blurs
_FEW_VALUES, _OFTEN = 100, 20  # so few, each met so often on the average, are all there are
_MOST_DECIMALS = 6
# Feature of an atom at the mean.
_BESIDE_ZERO = 1e-6


@register
class Atoms:
    """Values of one column that recur, each with an interval of features that is read as it.

    A value that a tenth of the cells share gets room: what lies beside it is moved away until the
    next value seen is half a standard deviation off, and the nearer half of that room is read as
    the value itself. The way from numbers to features stays increasing, and what was seen comes
    back. A column of no more than a hundred values, each met twenty times on the average, has no
    others: its features stay where they are, and each is read as the nearest of these values.

    Attributes
    ----------
    values_ : ndarray of shape (n_atoms,)
        Values that recur, increasing.
    places_ : ndarray of shape (n_atoms,)
        Feature of each.
    edges_ : ndarray of shape (2 * n_atoms,)
        Where the interval of each begins and ends among the features.
    """

    def fit(self, values: np.ndarray, counts: np.ndarray, standard: np.ndarray) -> Atoms:
        """Choose among the values that were seen, and make room.

        Parameters
        ----------
        values, counts : ndarray of shape (n_values,)
            Two values at least, increasing, and how often each was seen.
        standard : ndarray of shape (n_values,)
            Standardised values.
        """
        is_closed = are_all(counts)
        places, self._rate = (standard, 1.0) if is_closed else _with_room(standard, counts)
        at = np.arange(len(counts)) if is_closed else np.flatnonzero(are_frequent(counts))
        # A step of zeros alone is taken for none, after which nothing is held.
        is_zero = places[at].astype(np.float32) == 0.0
        self.values_, self.places_ = values[at], np.where(is_zero, _BESIDE_ZERO, places[at])
        outside = np.inf if is_closed else self._rate * _ROOM / 2
        ends = [places[0] - outside], (places[1:] + places[:-1]) / 2, [places[-1] + outside]
        middles = np.concatenate(ends)
        self.edges_ = np.stack([middles[at], middles[at + 1]], axis=1).ravel()
        self._from = self._to = standard[[0, -1]]
        if not is_closed:
            self._lay_knots(standard, places, at)
        return self

    def open(self, standard: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Turn standardised numbers into features; `numbers` tell which of them are atoms."""
        features = follow(standard, self._from, self._to, self._rate)
        nearest = np.searchsorted(self.values_, numbers).clip(max=len(self.values_) - 1)
        return np.where(self.values_[nearest] == numbers, self.places_[nearest], features)

    def close(self, features: np.ndarray) -> np.ndarray:
        """Invert `open`; what is read as an atom becomes its standardised number."""
        return follow(features, self._to, self._from, 1.0 / self._rate)

    def settle(self, features: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Replace the numbers whose features are read as atoms by these, to the last digit."""
        edge = np.searchsorted(self.edges_, features, side="right")
        atom = (edge // 2).clip(max=len(self.values_) - 1)
        return np.where(edge % 2 == 1, self.values_[atom], numbers)

    def rates(self, features: np.ndarray) -> np.ndarray:
        """How fast features grow with standardised numbers; at an atom, as far from all."""
        runs = np.diff(self._from)
        within = np.where(runs > 0, np.diff(self._to) / np.where(runs > 0, runs, 1.0), self._rate)
        rates = np.concatenate([[self._rate], within, [self._rate]])
        return rates[np.searchsorted(self._to, features, side="right")]

    def _lay_knots(self, standard: np.ndarray, places: np.ndarray, at: np.ndarray) -> None:
        """Knots of the map: both edges of each atom, the values beside it, and the extremes."""
        last = len(standard) - 1
        beside = np.concatenate([at - 1, at + 1, [0, last]]).clip(0, last)
        plain = np.setdiff1d(beside, at)
        knots = np.concatenate([standard[plain], np.repeat(standard[at], 2)])
        features = np.concatenate([places[plain], self.edges_])
        order = np.lexsort((features, knots))
        self._from, self._to = knots[order], features[order]


def seen_values(cells: np.ndarray, extremes: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Different numbers among cells, increasing, and how often each was seen.

    Missing cells are left out; `extremes` that are not among the cells count once.
    """
    further = [extreme for extreme in extremes if not (cells == extreme).any()]
    return np.unique(np.append(cells[cells == cells], further), return_counts=True)


def are_all(counts: np.ndarray) -> bool:
    """Tell whether values, seen `counts` times, are so few that there are no others."""
    return len(counts) <= _FEW_VALUES and bool(counts.sum() >= _OFTEN * len(counts))


def are_frequent(counts: np.ndarray) -> np.ndarray:
    """Tell which values, seen `counts` times, a tenth of the cells share."""
    return counts >= _SHARE * counts.sum()


def have_atoms(counts: np.ndarray) -> bool:
    """Tell whether values, seen `counts` times, recur so often that they are meant exactly."""
    is_known = len(counts) > 1 and counts.sum() >= _FEWEST
    return is_known and bool(are_all(counts) or are_frequent(counts).any())


def count_decimals(chunks: Iterable[np.ndarray], n_columns: int) -> dict[int, int]:
    """Find the columns whose numbers have few decimals.

    Parameters
    ----------
    chunks : iterable of ndarray of shape (n_rows, n_columns)
        Floating numbers, NaN where missing.
    n_columns : int
        Number of columns.

    Returns
    -------
    decimals : dict of int to int
        Columns of a hundred numbers and more, and the fewest decimals, from -6 (whole millions)
        to 6, that all of these have. Columns that need more are left out.
    """
    found, n_present = dict.fromkeys(range(n_columns), -_MOST_DECIMALS), np.zeros(n_columns)
    for chunk in chunks:
        n_present += np.count_nonzero(chunk == chunk, axis=0)
        for column, fewest in list(found.items()):
            cells = chunk[:, column]
            cells = cells[cells == cells]
            while fewest <= _MOST_DECIMALS and not _have_decimals(cells, fewest):
                fewest += 1
            found[column] = fewest
        found = {column: n for column, n in found.items() if n <= _MOST_DECIMALS}
    return {column: n for column, n in found.items() if n_present[column] >= _FEWEST}


def follow(x: np.ndarray, knots: np.ndarray, values: np.ndarray, outer_slope: float) -> np.ndarray:
    """Interpolate between knots, and go on from the first and the last at a given slope."""
    beyond = np.minimum(x - knots[0], 0.0) + np.maximum(x - knots[-1], 0.0)
    return np.interp(x, knots, values) + outer_slope * beyond


def _with_room(standard: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, float]:
    """Move values away from frequent ones, and standardise again."""
    is_atom, gaps = are_frequent(counts), np.diff(standard)
    wide = np.where(is_atom[1:] | is_atom[:-1], np.maximum(gaps, _ROOM), gaps)
    places = np.concatenate([[0.0], np.cumsum(wide)])
    mean = np.average(places, weights=counts)
    scale = np.sqrt(np.average(np.square(places - mean), weights=counts))
    scale = float(bounded_scale(places[0], places[-1], mean, scale))
    return (places - mean) / scale, 1.0 / scale


def _have_decimals(cells: np.ndarray, decimals: int) -> bool:
    """Tell whether rounding changes nothing, and not because there is nothing to round."""
    exact = 2.0 ** (np.finfo(cells.dtype).nmant + 1)
    wide = np.result_type(cells.dtype, np.float32)  # a million is beyond float16

    def have(part: np.ndarray) -> bool:
        in_range = not len(part) or float(np.abs(part).max()) * 10.0**decimals < exact
        if not in_range:
            return False
        rounded = np.round(part.astype(wide, copy=False), decimals)
        return np.array_equal(rounded.astype(part.dtype, copy=False), part)

    return have(cells[:1000]) and have(cells)  # the first ones tell most columns
