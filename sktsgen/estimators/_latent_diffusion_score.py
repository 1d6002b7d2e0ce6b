"""How good draws of hidden cells are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sktsgen.data import Panel
from sktsgen.diffusion import draw_hidden
from sktsgen.estimators._latent_diffusion_rows import Rows
from sktsgen.estimators._latent_diffusion_table import LatentTable
from sktsgen.estimators._latent_diffusion_tiles import Tile, tiles_side_by_side

# Times that patterns are drawn where they hide nothing: of a few cells many do.
_MOST_TRIES = 32


class HiddenCellScore:
    """`score` of estimators that draw hidden cells."""

    # Patterns that are hidden; those of training where there are none of its own.
    _scored: ClassVar[dict[str, float]] = {}
    _mixture: ClassVar[dict[str, float]]
    table_: LatentTable
    window_length_: int
    seed_: int

    @abstractmethod
    def _check_again(self, X: Any) -> Panel:
        """Panel of the columns that `fit` saw."""

    @abstractmethod
    def _rows(self, panel: Panel, labels: np.ndarray | None = None) -> Rows:
        """Features of the rows of a panel."""

    @abstractmethod
    def _fill_rows(
        self, rows: Rows, n_draws: int, seed: int, tiles: Iterable[list[Tile]] | None = None
    ) -> np.ndarray:
        """Draws of the hidden cells, (n_draws, n_rows, n_features)."""

    @property
    def _n_scored_draws(self) -> int:
        return 20

    def _classes_to_score(self, panel: Panel, y: Any) -> list[tuple[np.ndarray, int]]:
        """Classes of the series, and how many draws are of them."""
        return [(np.zeros(panel.n_series, dtype=np.int64), self._n_scored_draws)]

    def score(self, X: Any, y: Any = None) -> float:
        """Negative continuous ranked probability score on observed cells that are hidden for it.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Columns as in `fit`.
        y : array-like of shape (n_series,) or None, default=None
            Class labels, of a generator that was fitted with some; None lets draws be of classes
            as often as training had them. Others do not use it.

        Returns
        -------
        score : float
            Higher is better. Mean over cells of minus the CRPS of numbers, in standard deviations
            of the training data, and of minus the Brier score of levels, halved. An imputer hides
            patterns as in training, a forecaster ends of windows, a generator ends and single
            cells, by a seed that stays the same. Windows stand side by side, and none sees
            another's future. A flow has no cheap density.

        Raises
        ------
        ValueError
            If nothing of `X` can be hidden: it has no observed cell, or a forecaster is given
            series of one step.
        """
        check_is_fitted(self)
        return float(self._crps_rows(self._check_again(X), y).sum())

    def _crps_rows(self, panel: Panel, y: Any) -> np.ndarray:
        """Row by row the negative CRPS of hidden cells; its sum over all rows is their mean."""
        classes = self._classes_to_score(panel, y)
        every = [self._rows(panel, labels) for labels, _ in classes]
        rows = every[0]
        tiles = tiles_side_by_side(rows.lengths, self.window_length_)
        hidden = self._hide_some(rows, tiles)
        drawn = np.concatenate(
            [
                self._fill_rows(one.without(hidden), n_draws, self.seed_, [tiles])
                for one, (_, n_draws) in zip(every, classes, strict=True)
            ]
        )
        truth, drawn = map(self.table_.standard, (rows.features, drawn))
        energy, n_scored = energy_of_rows(truth, drawn, hidden, self.table_)
        return -energy / n_scored

    def _hide_some(self, rows: Rows, tiles: list[Tile]) -> np.ndarray:
        """Cells to score by: observed ones, hidden as in training."""
        generator = torch.Generator().manual_seed(0)
        mixture = self._scored or self._mixture
        for _ in range(_MOST_TRIES):
            hidden = _hidden_in(rows, tiles, mixture, self.window_length_, generator)
            if hidden.any():
                return hidden
        raise ValueError(
            f"score hides observed cells of X by the patterns {list(mixture)}, and they find none "
            f"in series of at most {rows.lengths.max()} steps with {rows.observed.sum()} observed "
            f"cells; give longer series, or more cells."
        )


def _hidden_in(
    rows: Rows,
    tiles: list[Tile],
    mixture: Mapping[str, float],
    window: int,
    generator: torch.Generator,
) -> np.ndarray:
    """Cells of windows that are hidden, each in the rows that its window keeps."""
    hidden, offsets = np.zeros_like(rows.observed), rows.offsets
    for series, together in groupby(tiles, key=attrgetter("series")):
        own, offset = list(together), offsets[series]
        steps = np.arange(min(window, rows.lengths[series]))
        at = offset + np.array([tile.start for tile in own])[:, None] + steps
        cells = draw_hidden(torch.from_numpy(rows.observed[at]), mixture, generator).numpy()
        for tile, drawn in zip(own, cells, strict=True):
            kept = drawn[tile.begin - tile.start : tile.end - tile.start]
            hidden[offset + tile.begin : offset + tile.end] = kept
    return hidden & rows.observed


def energy_of_rows(
    features: np.ndarray, drawn: np.ndarray, hidden: np.ndarray, table: LatentTable
) -> tuple[np.ndarray, int]:
    """Score draws of hidden cells.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_features)
        Truth.
    drawn : ndarray of shape (n_draws, n_rows, n_features)
        Draws, at least two.
    hidden : ndarray of shape (n_rows, n_columns), bool
        Cells to look at.
    table : LatentTable
        Says which features belong to which column.

    Returns
    -------
    energy : ndarray of shape (n_rows,)
        Sum over the hidden cells of a row: of the CRPS of numbers, of half the Brier score of
        levels, both corrected for the number of draws.
    n_scored : int
        Number of terms.
    """
    energy, n_scored, position = np.zeros(len(features)), 0, 0
    for column, width in zip(table.columns_, table.widths_, strict=True):
        chosen = np.flatnonzero(hidden[:, column])
        own = slice(position, position + width)
        energy[chosen] += _energy(features[chosen, own], drawn[:, chosen, own], width)
        n_scored += len(chosen)
        position += width
    return energy, n_scored


def _energy(truth: np.ndarray, drawn: np.ndarray, width: int) -> np.ndarray:
    """Energy score of each cell: absolute distance of numbers, 0 or 1 of levels."""
    n_draws = len(drawn)
    if width > 1:
        share = drawn.mean(axis=0)
        hit = (share * truth).sum(axis=-1)
        same = (n_draws * np.square(share).sum(axis=-1) - 1.0) / (n_draws - 1.0)
        return np.asarray(1.0 - hit - 0.5 * (1.0 - same))
    ordered = np.sort(drawn[..., 0], axis=0)
    error = np.abs(ordered - truth[:, 0]).mean(axis=0)
    ranks = 2.0 * np.arange(1, n_draws + 1) - n_draws - 1.0
    between = (ranks[:, None] * ordered).sum(axis=0) / (n_draws * (n_draws - 1.0))
    return np.asarray(error - between)
