"""How good draws of hidden cells are."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sktsgen.data import Panel
from sktsgen.diffusion import draw_hidden
from sktsgen.estimators._latent_diffusion_rows import Rows
from sktsgen.estimators._latent_diffusion_table import LatentTable


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
    def _fill_rows(self, rows: Rows, n_draws: int, seed: int) -> np.ndarray:
        """Draws of the hidden cells, (n_draws, n_rows, n_features)."""

    @property
    def _n_scored_draws(self) -> int:
        return 20

    def score(self, X: Any, y: Any = None) -> float:
        """Negative continuous ranked probability score on observed cells that are hidden for it.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Columns as in `fit`.
        y : None
            Not used; a class counts as unknown.

        Returns
        -------
        score : float
            Higher is better. Mean over cells of minus the CRPS of numbers, in standard deviations
            of the training data, and of minus the Brier score of levels, halved. An imputer hides
            patterns as in training, a forecaster ends of windows, a generator ends and single
            cells, by a seed that stays the same. A flow has no cheap density.
        """
        check_is_fitted(self)
        return float(self._crps_rows(self._check_again(X)).sum())

    def _crps_rows(self, panel: Panel) -> np.ndarray:
        """Row by row the negative CRPS of hidden cells; its sum over all rows is their mean."""
        rows = self._rows(panel, np.zeros(panel.n_series, dtype=np.int64))
        hidden = self._hide_some(rows, 0)
        shown = Rows(rows.features, rows.observed & ~hidden, rows.lengths)
        drawn = self._fill_rows(shown, self._n_scored_draws, self.seed_)
        truth, drawn = map(self.table_.standard, (rows.features, drawn))
        energy, n_scored = energy_of_rows(truth, drawn, hidden, self.table_)
        return -energy / max(1, n_scored)

    def _hide_some(self, rows: Rows, seed: int) -> np.ndarray:
        """Cells to score by: observed ones, hidden as in training."""
        generator = torch.Generator().manual_seed(seed % 2**63)
        mixture = self._scored or self._mixture
        window = self.window_length_
        padded = rows.padded(window)
        ends = np.cumsum(padded.lengths)
        hidden = np.zeros_like(padded.observed)
        for end, length in zip(ends, padded.lengths, strict=True):
            starts = {*range(end - length, end - window + 1, window), end - window}
            at = np.array(sorted(starts))[:, None] + np.arange(window)
            observed = torch.from_numpy(padded.observed[at])
            hidden[at] = draw_hidden(observed, mixture, generator).numpy()
        return (hidden & padded.observed)[rows.positions(padded.lengths)]


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
