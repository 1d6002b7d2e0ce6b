"""What does not change in time: the static rows of training series, and those of new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from sktsgen.decoding import series_draws
from sktsgen.persistence import register
from sktsgen.transformers import MixedTypeEncoder

_STREAM = 2
# Half the bandwidth that suits a normal distribution: several modes must not flow together.
_BANDWIDTH = 0.53
_EDGE = 2.0**-30


@register
class StaticRows:
    """Static rows of the training series, of which those of new series are made.

    A new series takes the static row of a training series of its class, all columns together.
    Floats that tell every training series from every other one, such as a position, are then
    moved: their rank among all, as a normal score, by a normal kernel of half Silverman's
    bandwidth, and shrunk by as much as the kernel widens the scores. The value is interpolated
    between those of the neighbouring ranks. So a new entity is none of the old ones, and the
    distribution stays what it was, whatever its tails.

    Attributes
    ----------
    codec_ : MixedTypeEncoder
        Static rows to the features that a model is given.
    n_features_ : int
        Number of these.
    features_ : ndarray of shape (n_series, n_features), float32
        Those of the training series.
    """

    def fit(self, table: np.ndarray | pd.DataFrame, labels: np.ndarray) -> StaticRows:
        """Keep the static rows, (n_series, n_static), and the class of each series."""
        self.codec_ = MixedTypeEncoder(calendar=False).fit(table)
        self.n_features_ = self.codec_.n_features_out_
        self.features_, self._labels = self.codec_.encode(table), labels
        columns = range(table.shape[1])
        # A feature gives floats back but for their last digits, which a copy keeps.
        self._floats = {i: cells for i in columns if (cells := _floats(table, i)) is not None}
        self._moving = [
            block
            for block in self.codec_.blocks_
            if block.kind == "continuous"
            and len(set(self._floats.get(block.column, ()))) == len(table)
        ]
        return self

    def encode(self, table: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Features of static rows, (n_series, n_features)."""
        return self.codec_.encode(table)

    def draw(
        self, seed: int, numbers: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | pd.DataFrame]:
        """Draw the static rows of new series.

        Parameters
        ----------
        seed : int
            Key of the noise.
        numbers : ndarray of shape (n_series,)
            Numbers of the series.
        labels : ndarray of shape (n_series,)
            Their classes, zeros without classes.

        Returns
        -------
        features : ndarray of shape (n_series, n_features), float32
            What the model is given.
        table : ndarray or DataFrame of shape (n_series, n_static)
            The same in the types of the data.
        """
        n_moving = len(self._moving)
        width = 1 + n_moving + self.codec_.n_uniforms_
        uniforms = series_draws(seed, numbers, width, stream=_STREAM)
        donors = self._donors(uniforms[:, 0], labels)
        features = self._moved(donors, uniforms[:, 1 : 1 + n_moving])
        table = self.codec_.decode(features, uniforms[:, 1 + n_moving :])
        moved = {block.column for block in self._moving}
        _set_columns(table, {i: c[donors] for i, c in self._floats.items() if i not in moved})
        return self.codec_.encode(table), table

    def rows(self, numbers: Sequence[int] | np.ndarray) -> Any:
        """Return the static rows of training series."""
        uniforms = np.zeros((len(numbers), self.codec_.n_uniforms_))
        table = self.codec_.decode(self.features_[numbers], uniforms)
        _set_columns(table, {i: cells[numbers] for i, cells in self._floats.items()})
        return table

    def _donors(self, uniforms: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Training series of the same class whose rows are taken."""
        donors = np.empty(len(labels), dtype=np.int64)
        for label in np.unique(labels):
            candidates = np.flatnonzero(self._labels == label)
            chosen = labels == label
            donors[chosen] = candidates[(uniforms[chosen] * len(candidates)).astype(np.int64)]
        return donors

    def _moved(self, donors: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """Features of the training series, floats among them between those of two neighbours."""
        features, n_series = self.features_[donors], len(self.features_)
        width = _BANDWIDTH * n_series**-0.2
        kernel = width * ndtri(np.clip(uniforms, _EDGE, 1.0 - _EDGE))
        for place, noise in zip((block.start for block in self._moving), kernel.T, strict=True):
            own = self.features_[:, place]
            ranks = np.argsort(np.argsort(own, kind="stable"))[donors]
            scores = (ndtri((ranks + 0.5) / n_series) + noise) / np.sqrt(1.0 + width**2)
            within = np.abs(n_series * ndtr(scores) - 0.5)  # reflected: the ends gather nothing
            within = n_series - 1 - np.abs(n_series - 1 - within)
            features[:, place] = np.interp(within, np.arange(n_series), np.sort(own))
        return features


def _floats(table: np.ndarray | pd.DataFrame, column: int) -> np.ndarray | None:
    """Cells of a column of numpy's floats, else None."""
    cells: Any = table.iloc[:, column] if isinstance(table, pd.DataFrame) else table[:, column]
    is_float = isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "f"
    return np.array(cells) if is_float else None


def _set_columns(table: Any, columns: dict[int, np.ndarray]) -> None:
    for column, cells in columns.items():
        if isinstance(table, pd.DataFrame):
            table.isetitem(column, cells)
        else:
            table[:, column] = cells
