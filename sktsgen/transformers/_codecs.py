"""Numeric columns to float32 features and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from sktsgen.persistence import register
from sktsgen.transformers._atoms import Atoms, count_decimals, have_atoms, seen_values
from sktsgen.transformers._blocks import FeatureBlock
from sktsgen.transformers._exact import distances, from_ordinals, limits, moved, to_ordinals
from sktsgen.transformers._moments import (
    Moments,
    bounded_scale,
    mean_and_scale,
    measure,
    robust_scale,
    slices,
    some_rows,
)

_MARGIN = 0.05
_LIMIT_SHARE = 0.01
_HEAVY = 20.0  # kurtosis from which a few cells make most of the variance
_FEW_STEPS = 100  # whole numbers within so narrow a range keep steps of one width
_REACH = np.sinh(16.0)  # widths within the range of a column: float32 resolves no more
_SNAP = 1e-3  # a number this near to a whole one is meant to be it


@register
class NumericCodec:
    """Standardise every column that varies; leave out the ones that do not.

    Means and scales are taken in float64, and integers are measured from the lowest one without
    passing through floats, so a feature loses nothing beyond float32 relative to the spread of
    its column. A constant column is no feature: it comes back as what it was.

    Parameters
    ----------
    is_robust : bool, default=False
        Whether a column of which a few cells make most of the variance (kurtosis above 20) goes
        through the inverse hyperbolic sine of its robustly scaled numbers before it is
        standardised, whole numbers within a range of 100 excepted, and is scaled so that no
        feature lies further than 10 from 0. Further, whether numbers that recur come back to the
        last digit (`Atoms`), and others with no more decimals than all numbers of their column.
    is_stochastic : bool, default=False
        Whether whole numbers are drawn from the two neighbours of a feature rather than rounded.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_columns,)
        Value at feature 0 and slope there, in the units of the data: mean and standard deviation
        unless the column is warped or has atoms. The scale of a constant column is 0.
    kept_ : ndarray of shape (n_kept,)
        Columns that became features.
    is_warped_ : ndarray of shape (n_columns,), bool
        Columns that go through the inverse hyperbolic sine.
    atoms_ : dict of int to Atoms
        Columns of floats that recur, and which do.
    decimals_ : dict of int to int
        Columns of floats of few decimals, and how many.
    gaps_ : ndarray of shape (n_gaps,)
        Columns with missing cells: the two levels present and missing follow their feature.
    bounds_ : ndarray of shape (2, n_features), float32
        Smallest and largest feature seen, each moved outwards by a twentieth of their distance;
        one that several rows and at least one in a hundred share stays, as a limit of the data
        such as a count of 0.
    """

    # Files that were written before there were any do not hold them.
    atoms_: Mapping[int, Atoms] = MappingProxyType({})
    decimals_: Mapping[int, int] = MappingProxyType({})

    def __init__(self, *, is_robust: bool = False, is_stochastic: bool = False) -> None:
        self.is_robust = is_robust
        self.is_stochastic = is_stochastic

    def fit(
        self,
        rows: np.ndarray,
        kinds: Sequence[str],
        *,
        has_missing: bool = False,
    ) -> NumericCodec:
        """Learn means, scales and bounds.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_columns)
            Boolean, integer or floating numbers, NaN where missing; may be a `numpy.memmap`.
        kinds : sequence of str
            Kind of each column, "continuous", "integer" or "count"; columns of other kinds are
            left out.
        has_missing : bool, default=False
            Whether there were missing cells that `rows` do not show.
        """
        self.dtype_ = rows.dtype
        self.is_whole_ = np.array([kind in ("integer", "count") for kind in kinds])
        self.is_count_ = np.array([kind == "count" for kind in kinds])
        self._learn_origin(rows)
        moments = measure(lambda: self._chunks(rows))
        is_kept = moments.scale > 0
        is_kept &= self.is_whole_ | (np.array(kinds) == "continuous")
        self.kept_ = np.flatnonzero(is_kept)
        has_gaps = (moments.n_present < len(rows)) | has_missing
        self.gaps_ = np.intersect1d(self.kept_, np.flatnonzero(has_gaps))
        self._learn_scale(rows, moments)
        starts = {(block.column, block.kind == "discrete"): block.start for block in self.blocks}
        self._value_at = np.array(
            [starts[int(column), False] for column in self.kept_], dtype=np.int64
        )
        self._gap_at = np.array(
            [starts[int(column), True] for column in self.gaps_], dtype=np.int64
        )
        self._learn_bounds(moments)
        return self

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.kept_) + 2 * len(self.gaps_)

    @property
    def n_uniforms(self) -> int:
        """Number of uniforms that `decode` takes for a row."""
        return int(self.is_whole_.sum()) if self.is_stochastic else 0

    @property
    def blocks(self) -> tuple[FeatureBlock, ...]:
        """What stands where, columns and features counted from 0."""
        blocks: list[FeatureBlock] = []
        for column in range(len(self.mean_)):
            at = blocks[-1].stop if blocks else 0
            if column in self.kept_:
                has_steps = self.is_whole_[column] and not self.is_warped_[column]
                kind = "integer" if has_steps else "continuous"
                step = 1.0 / float(self.scale_[column]) if has_steps else 0.0
                blocks.append(FeatureBlock(column, kind, at, at + 1, step))
                at += 1
            if column in self.gaps_:
                blocks.append(FeatureBlock(column, "discrete", at, at + 2, has_missing=True))
        return tuple(blocks)

    @property
    def units(self) -> np.ndarray:
        """Value at feature 0 and slope there, shape (2, n_features); 0 and 1 of levels."""
        units = np.tile([[0.0], [1.0]], (1, self.n_features))
        units[:, self._value_at] = [self.mean_[self.kept_], self.scale_[self.kept_]]
        return units

    def names(self, columns: Sequence[str]) -> list[str]:
        """Name the features of columns of these names."""
        names: list[str] = []
        for block in self.blocks:
            levels = ["=<present>", "=<missing>"] if block.kind == "discrete" else [""]
            names += [columns[block.column] + level for level in levels]
        return names

    def encode(self, values: np.ndarray, missing: np.ndarray | None = None) -> np.ndarray:
        """Turn rows of shape (..., n_columns) into features.

        Parameters
        ----------
        values : ndarray of shape (..., n_columns)
            In the units and the precision of the data; NaN where missing.
        missing : ndarray of shape (..., n_columns), bool, or None, default=None
            Further cells that are missing.

        Returns
        -------
        features : ndarray of shape (..., n_features), float32
            In standard deviations from the mean, 0 where missing.
        """
        numbers = self._numbers(values)
        if missing is not None:
            numbers[missing] = np.nan
        standard = self._features(numbers).astype(np.float32)
        np.copyto(standard, 0, where=np.isnan(standard))
        if not len(self.gaps_):
            return standard
        features = np.empty((*standard.shape[:-1], self.n_features), np.float32)
        features[..., self._value_at] = standard
        is_missing = np.isnan(numbers[..., self.gaps_])
        features[..., self._gap_at] = ~is_missing
        features[..., self._gap_at + 1] = is_missing
        return features

    def decode(
        self, features: np.ndarray, uniforms: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Turn features into values of the type they had.

        Parameters
        ----------
        features : ndarray of shape (..., n_features)
            What `encode` gives, or what was generated.
        uniforms : ndarray of shape (..., n_uniforms) or None, default=None
            Numbers from 0 to 1 that choose between neighbouring integers.

        Returns
        -------
        values : ndarray of shape (..., n_columns)
            Of the type of `fit`; whole numbers are whole, counts not negative, and nothing
            passes the limits of the type.
        missing : ndarray of shape (..., n_columns), bool, or None
            Cells that are missing; None where no column has any.
        """
        numbers = self._numbers_of(features)
        numbers[..., self.is_whole_] = _whole(numbers[..., self.is_whole_], uniforms)
        self._settle(numbers, features)
        missing = None
        if len(self.gaps_):
            missing = np.zeros(numbers.shape, dtype=bool)
            missing[..., self.gaps_] = self._is_missing(features)
        return self._typed(numbers), missing

    def numbers(self, features: np.ndarray) -> np.ndarray:
        """Numbers of all columns, (..., n_columns), float64, brought to no digits of `fit`."""
        return self._float_origin + self._numbers_of(features)

    def log_slopes(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of how fast each feature grows with its value, float64; 0 for a level."""
        slopes = np.zeros(features.shape)
        unit = (self._unit * self._spread)[self.kept_]
        warped = np.where(self.is_warped_[self.kept_], self._warped(features), 0.0)
        bend = np.logaddexp(warped, -warped) - np.log(2.0)  # log cosh
        slopes[..., self._value_at] = -np.log(np.where(unit > 0, unit, 1.0)) - bend
        for place, _, atoms in self._placed_atoms():
            at = self._value_at[place]
            slopes[..., at] += np.log(atoms.rates(features[..., at]))
        return slopes

    def _learn_origin(self, rows: np.ndarray) -> None:
        """Remember the lowest integers, from which all are measured."""
        self._origin = None
        self._float_origin = np.zeros(rows.shape[1])
        if rows.dtype.kind == "f":
            return
        lowest = np.min([rows[part].min(0) for part in slices(*rows.shape)], axis=0)
        self._origin = to_ordinals(lowest)
        self._float_origin = lowest.astype(np.float64)

    def _chunks(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        return (self._numbers(rows[part]) for part in slices(*rows.shape))

    def _numbers(self, values: np.ndarray) -> np.ndarray:
        """Return new float64 numbers, measured from the origin."""
        if self._origin is not None and values.dtype.kind == self.dtype_.kind:
            return distances(to_ordinals(values), self._origin)
        numbers = values.astype(np.float64)
        return numbers if self._origin is None else numbers - self._float_origin

    def _learn_scale(self, rows: np.ndarray, moments: Moments) -> None:
        n_columns = rows.shape[1]
        self._centre, self._unit = moments.mean, moments.scale
        self._shift, self._spread = np.zeros(n_columns), np.ones(n_columns)
        self.is_warped_ = np.zeros(n_columns, dtype=bool)
        self.atoms_, self.decimals_ = {}, {}
        if self.is_robust:
            self._learn_warp(rows, moments)
            self._learn_digits(rows, moments)
        self._learn_middle()

    def _learn_warp(self, rows: np.ndarray, moments: Moments) -> None:
        """Bend the columns whose variance a few cells make; let no feature of them go too far."""
        is_heavy = moments.kurtosis > _HEAVY
        is_heavy[np.setdiff1d(np.arange(len(is_heavy)), self.kept_)] = False
        self._unit = np.where(is_heavy, bounded_scale(*moments[:4]), self._unit)
        reach = moments.highest / 2 - moments.lowest / 2
        is_heavy &= ~self.is_whole_ | (2 * reach > _FEW_STEPS)
        is_heavy &= reach > np.finfo(np.float64).tiny * 2 * _REACH
        if not is_heavy.any():
            return
        heavy = np.flatnonzero(is_heavy)
        sample = self._numbers(rows[some_rows(*rows.shape)])
        for column in heavy:
            cells = sample[:, column]
            centre, width = robust_scale(cells[~np.isnan(cells)])
            self._centre[column] = centre
            width = width or float(moments.scale[column])
            self._unit[column] = max(width, 2 * float(reach[column]) / _REACH)
        self.is_warped_ = is_heavy
        warped = (self._standardise(part, heavy) for part in self._chunks(rows))
        mean, scale = mean_and_scale(warped)
        extremes = np.stack([moments.lowest, moments.highest])
        lowest, highest = self._standardise(extremes, heavy)
        self._shift[heavy] = mean
        self._spread[heavy] = bounded_scale(lowest, highest, mean, scale)

    def _learn_digits(self, rows: np.ndarray, moments: Moments) -> None:
        """Find the floats that recur, and those of few decimals."""
        floats = [int(column) for column in self.kept_ if not self.is_whole_[column]]
        if self._origin is not None or not floats:
            return
        chunks = (rows[part][:, floats] for part in slices(*rows.shape))
        decimals = count_decimals(chunks, len(floats))
        self.decimals_ = {floats[i]: n for i, n in decimals.items()}
        sample = self._numbers(rows[some_rows(*rows.shape)])
        found = {}
        for column in floats:
            extremes = moments.lowest[column], moments.highest[column]
            values, counts = seen_values(sample[:, column], extremes)
            if have_atoms(counts):
                table = np.tile(values[:, None], rows.shape[1])
                standard = self._standardise(table, np.array([column]))[:, 0]
                found[column] = Atoms().fit(values, counts, standard)
        self.atoms_ = found

    def _learn_middle(self) -> None:
        """Value at feature 0 and slope there."""
        standard, rate = np.zeros(len(self._unit)), np.ones(len(self._unit))
        zero = np.zeros(1)
        for column, atoms in self.atoms_.items():
            standard[column], rate[column] = atoms.close(zero)[0], atoms.rates(zero)[0]
        bent = standard * self._spread + self._shift
        rise = np.where(self.is_warped_, np.sinh(bent), bent)
        steepness = np.where(self.is_warped_, np.cosh(bent), 1.0)
        self.mean_ = self._float_origin + self._centre + self._unit * rise
        self.scale_ = self._unit * self._spread * steepness / rate

    def _learn_bounds(self, moments: Moments) -> None:
        extremes = np.stack([moments.lowest, moments.highest])
        lowest, highest = self._features(extremes).astype(np.float32)
        enough = np.maximum(2, _LIMIT_SHARE * moments.n_present)
        is_free = (moments.at_limit < enough)[:, self.kept_]
        margin = _MARGIN * (highest - lowest)
        below, above = lowest - is_free[0] * margin, highest + is_free[1] * margin
        zero = self._standardise(-self._float_origin, self.kept_)
        below = np.where(self.is_count_[self.kept_], np.maximum(below, zero), below)
        self.bounds_ = np.tile(np.array([[0], [1]], np.float32), (1, self.n_features))
        self.bounds_[:, self._value_at] = below, above

    def _standardise(self, numbers: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Features of some columns, float64."""
        unit, is_warped = self._unit[columns], self.is_warped_[columns]
        standard = (numbers[..., columns] - self._centre[columns]) / np.where(unit > 0, unit, 1.0)
        if not is_warped.any():
            return standard
        standard[..., is_warped] = np.arcsinh(standard[..., is_warped])
        return (standard - self._shift[columns]) / self._spread[columns]

    def _features(self, numbers: np.ndarray) -> np.ndarray:
        """Features of the kept columns, float64."""
        features = self._standardise(numbers, self.kept_)
        for place, column, atoms in self._placed_atoms():
            features[..., place] = atoms.open(features[..., place], numbers[..., column])
        return features

    def _placed_atoms(self) -> Iterator[tuple[int, int, Atoms]]:
        """Place among the kept columns, position and atoms of the columns that have some."""
        places = {int(column): place for place, column in enumerate(self.kept_)}
        return ((places[column], column, atoms) for column, atoms in self.atoms_.items())

    def _warped(self, features: np.ndarray) -> np.ndarray:
        """Invert all of `_features` but for the inverse hyperbolic sine and what is before it."""
        standard = features[..., self._value_at].astype(np.float64)
        for place, _, atoms in self._placed_atoms():
            standard[..., place] = atoms.close(standard[..., place])
        return standard * self._spread[self.kept_] + self._shift[self.kept_]

    def _numbers_of(self, features: np.ndarray) -> np.ndarray:
        """Numbers of all columns, measured from the origin."""
        numbers = np.broadcast_to(self._centre, (*features.shape[:-1], len(self._centre))).copy()
        bent, is_warped = self._warped(features), self.is_warped_[self.kept_]
        with np.errstate(over="ignore"):  # what is too large is brought within the type
            bent[..., is_warped] = np.sinh(bent[..., is_warped])
            numbers[..., self.kept_] += bent * self._unit[self.kept_]
        return numbers

    def _settle(self, numbers: np.ndarray, features: np.ndarray) -> None:
        """Bring numbers to the digits that those of `fit` have."""
        for column, decimals in self.decimals_.items():
            numbers[..., column] = np.round(numbers[..., column], decimals)
        for place, column, atoms in self._placed_atoms():
            at = features[..., self._value_at[place]]
            numbers[..., column] = atoms.settle(at, numbers[..., column])

    def _is_missing(self, features: np.ndarray) -> np.ndarray:
        return features[..., self._gap_at + 1] > features[..., self._gap_at]

    def _typed(self, numbers: np.ndarray) -> np.ndarray:
        if self._origin is None:
            lowest = np.where(self.is_count_, 0.0, float(np.finfo(self.dtype_).min))
            return np.clip(numbers, lowest, np.finfo(self.dtype_).max).astype(self.dtype_)
        least, greatest = limits(self.dtype_)
        zero = to_ordinals(np.zeros(1, dtype=self.dtype_))
        floor = np.where(self.is_count_, np.minimum(zero, self._origin), least)
        ordinals = moved(self._origin, np.rint(numbers), floor, greatest)
        return from_ordinals(ordinals, self.dtype_)


def _whole(numbers: np.ndarray, uniforms: np.ndarray | None) -> np.ndarray:
    """Round numbers, to the nearest or to one of both neighbours by chance."""
    nearest = np.rint(numbers)
    if uniforms is None or not uniforms.shape[-1]:
        return nearest
    return np.where(np.abs(numbers - nearest) < _SNAP, nearest, np.floor(numbers + uniforms))
