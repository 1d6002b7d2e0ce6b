"""How good draws of hidden cells are."""

from __future__ import annotations

import numpy as np

from sktsgen.estimators._latent_diffusion_table import LatentTable


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
