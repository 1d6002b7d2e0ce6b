"""How good draws of hidden cells are."""

from __future__ import annotations

import numpy as np

from sktsgen.estimators._latent_diffusion_table import LatentTable


def negative_crps(
    features: np.ndarray, drawn: np.ndarray, hidden: np.ndarray, table: LatentTable
) -> float:
    """Score draws of hidden cells.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_features)
        Truth.
    drawn : ndarray of shape (n_draws, n_rows, n_features)
        Draws, at least two.
    hidden : ndarray of shape (n_rows, n_columns), bool
        Cells to look at, at least one.
    table : LatentTable
        Says which features belong to which column.

    Returns
    -------
    score : float
        Minus the mean over cells: of the CRPS of numbers, of half the Brier score of levels. Both
        are corrected for the number of draws.
    """
    total, count = 0.0, 0
    position = 0
    for column, width in zip(table.columns_, table.widths_, strict=True):
        chosen = hidden[:, column]
        own = slice(position, position + width)
        losses = _energy(features[chosen, own], drawn[:, chosen, own], width)
        total += float(losses.sum())
        count += len(losses)
        position += width
    return -total / count


def _energy(truth: np.ndarray, drawn: np.ndarray, width: int) -> np.ndarray:
    """Energy score of each cell: absolute distance of numbers, 0 or 1 of levels."""
    n_draws = len(drawn)
    if width > 1:
        share = drawn.mean(axis=0)
        hit = (share * truth).sum(axis=-1)
        twice = (n_draws * np.square(share).sum(axis=-1) - 1.0) / (n_draws - 1.0)
        return 1.0 - hit - 0.5 * (1.0 - twice)
    ordered = np.sort(drawn[..., 0], axis=0)
    error = np.abs(ordered - truth[:, 0]).mean(axis=0)
    ranks = 2.0 * np.arange(1, n_draws + 1) - n_draws - 1.0
    between = (ranks[:, None] * ordered).sum(axis=0) / (n_draws * (n_draws - 1.0))
    return error - between
