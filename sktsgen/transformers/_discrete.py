"""Columns of levels to one-hot features and back."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.persistence import register
from sktsgen.transformers._blocks import ColumnCodec, FeatureBlock
from sktsgen.transformers._columns import missing_cell, plain_column, refuse_other_cells


@register
class DiscreteCodec(ColumnCodec):
    """One feature for each frequent level, one for all rare ones, one for missing cells.

    Parameters
    ----------
    kind : {"binary", "categorical", "ordinal"}
        Kind of the column.
    min_frequency : int or float
        Levels with fewer cells (or a lower share of the present cells) are rare.
    max_categories : int
        Most features for levels, that of the rare ones included, at least 2.

    Attributes
    ----------
    levels_ : pandas.Index
        Levels of `fit`: the frequent ones in their order, then the rare ones in theirs.
    n_frequent_ : int
        Number of levels with a feature of their own.
    rare_share_ : ndarray of shape (n_rare,)
        Cumulative shares of the rare levels among each other.
    has_missing_ : bool
        Whether missing cells were met.
    """

    def __init__(self, kind: str, min_frequency: float, max_categories: int) -> None:
        self.kind = kind
        self.min_frequency = min_frequency
        self.max_categories = max_categories

    def fit(self, column: pd.Series) -> DiscreteCodec:
        """Learn the levels of a column, of which one cell at least is present."""
        self.dtype_: Any = column.dtype
        self._missing_cell = missing_cell(column)
        codes, levels = _factorize(plain_column(column))
        if self.kind == "binary" and len(levels) > 2:
            raise ValueError(
                f"column {column.name!r} has {len(levels)} values, and a binary one has two; let "
                "its kind be 'categorical'."
            )
        counts = np.bincount(codes[codes >= 0], minlength=len(levels))
        is_frequent = self._choose(counts)
        order = np.concatenate([np.flatnonzero(is_frequent), np.flatnonzero(~is_frequent)])
        self.levels_ = levels.take(order)
        self.n_frequent_ = int(is_frequent.sum())
        rare = counts[~is_frequent]
        self.rare_share_ = np.cumsum(rare) / max(1, rare.sum())
        self.has_missing_ = bool((codes < 0).any())
        return self

    @property
    def has_rare(self) -> bool:
        """Whether there are rare levels."""
        return len(self.rare_share_) > 0

    @property
    def n_uniforms(self) -> int:  # type: ignore[override]
        """Number of uniforms that `decode` takes for a row."""
        return int(self.has_rare)

    @property
    def blocks(self) -> tuple[FeatureBlock, ...]:
        """The one block of the features."""
        n_levels = self.n_frequent_ + self.has_rare + self.has_missing_
        return (FeatureBlock(0, "discrete", 0, n_levels, has_missing=self.has_missing_),)

    def names(self, column: str) -> list[str]:
        """Name the features of a column of this name."""
        levels = [str(level) for level in self.levels_[: self.n_frequent_]]
        others = ["<rare>"] * self.has_rare + ["<missing>"] * self.has_missing_
        return [f"{column}={level}" for level in levels + others]

    def encode(self, column: pd.Series) -> np.ndarray:
        """Turn a column into one-hot rows.

        Parameters
        ----------
        column : pandas.Series of length n_rows
            Any levels. One that was not met in `fit` counts as rare; where no level is rare, and
            for a missing cell where none was missing, the row is all zeros.

        Returns
        -------
        features : ndarray of shape (n_rows, n_features), float32

        Raises
        ------
        TypeError
            If the cells are of another kind than the levels, such as numbers in place of text.
        """
        refuse_other_cells(column, self.levels_)
        codes = np.minimum(self._codes(column), self.n_frequent_)
        is_missing = column.isna().to_numpy()
        codes[(codes < 0) & ~is_missing] = self.n_frequent_ if self.has_rare else -1
        if self.has_missing_:
            codes[is_missing] = self.n_features - 1
        features = np.zeros((len(column), self.n_features), np.float32)
        rows = np.flatnonzero(codes >= 0)
        features[rows, codes[rows]] = 1.0
        return features

    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Turn one-hot or soft rows into the column of the type that `fit` saw.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_features)
            The greatest feature of a row is its level.
        uniforms : ndarray of shape (n_rows, n_uniforms)
            Numbers from 0 to 1 that choose among the rare levels by their shares.

        Returns
        -------
        column : array of length n_rows
            Of levels met in `fit` only.
        """
        codes = features.argmax(axis=1)
        is_missing = np.zeros(len(codes), dtype=bool)
        if self.has_missing_:
            is_missing = codes == self.n_features - 1
        if self.has_rare:
            is_rare = codes == self.n_frequent_
            chosen = np.searchsorted(self.rare_share_, uniforms[is_rare, 0], side="right")
            codes[is_rare] += np.minimum(chosen, len(self.rare_share_) - 1)
        return self._column(np.where(is_missing, -1, codes))

    def _choose(self, counts: np.ndarray) -> np.ndarray:
        """Which levels get a feature of their own; a single rare one does, too."""
        is_count = isinstance(self.min_frequency, Integral)
        fewest = self.min_frequency if is_count else self.min_frequency * counts.sum()
        n_frequent = int((counts >= fewest).sum())
        if n_frequent >= len(counts) - 1:
            n_frequent = len(counts)
        if n_frequent > self.max_categories or (
            n_frequent == self.max_categories and n_frequent < len(counts)
        ):
            n_frequent = self.max_categories - 1
        is_frequent = np.zeros(len(counts), dtype=bool)
        is_frequent[np.argsort(-counts, kind="stable")[:n_frequent]] = True
        return is_frequent

    def _codes(self, column: pd.Series) -> np.ndarray:
        """Position of each cell among the levels, -1 where it is none."""
        column = plain_column(column)
        if not isinstance(column.dtype, pd.CategoricalDtype):
            return _positions(self.levels_, _comparable(pd.Index(column)))
        of_category = _positions(self.levels_, _comparable(column.cat.categories))
        return np.append(of_category, -1)[column.cat.codes.to_numpy()]

    def _column(self, codes: np.ndarray) -> Any:
        if isinstance(self.dtype_, pd.CategoricalDtype):
            categories = _comparable(self.dtype_.categories)
            among_categories = np.append(categories.get_indexer(self.levels_), -1)
            return pd.Categorical.from_codes(among_categories[codes], dtype=self.dtype_)
        has_missing = bool((codes < 0).any())
        cells = pd.api.extensions.take(self.levels_.array, codes, allow_fill=has_missing)
        if not pd.api.types.is_object_dtype(self.dtype_):
            return cells.astype(self.dtype_)
        objects = np.asarray(cells, dtype=object)
        objects[codes < 0] = self._missing_cell
        return objects


def _factorize(column: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Return the level of each cell, -1 where missing, and the sorted levels that occur."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        found, levels = pd.factorize(column, sort=True)
        return found, _comparable(pd.Index(levels, dtype=levels.dtype))
    categories: Any = column.cat.categories
    codes = column.cat.codes.to_numpy()
    used = np.unique(codes[codes >= 0])
    position = np.full(len(categories) + 1, -1)
    position[used] = np.arange(len(used))
    return position[codes], _comparable(categories.take(used))


def _comparable(index: pd.Index) -> pd.Index:
    """Intervals as objects: an index of overlapping ones cannot be searched."""
    return index.astype(object) if isinstance(index.dtype, pd.IntervalDtype) else index


def _positions(levels: pd.Index, cells: pd.Index) -> np.ndarray:
    """Position of each cell among the levels, -1 where it is none; flags are 0 and 1 as well."""
    are_flags = [pd.api.types.is_bool_dtype(index.dtype) for index in (levels, cells)]
    if any(are_flags) and not all(are_flags):
        levels, cells = _without_flags(levels), _without_flags(cells)
    return levels.get_indexer(cells)


def _without_flags(index: pd.Index) -> pd.Index:
    if not pd.api.types.is_bool_dtype(index.dtype):
        return index
    return pd.Index(index.to_numpy(dtype=np.float64, na_value=np.nan))
