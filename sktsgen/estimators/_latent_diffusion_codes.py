"""How levels follow each other, and where the points that stand for them lie."""

from __future__ import annotations

import torch
from torch import Tensor

from sktsgen.nn import LevelChains, LevelCodes

# Least distance of two levels, as a share of the least one of the codes that know no data.
_LEAST_SHARE = 0.5


def learn_levels(
    codes: LevelCodes, chains: LevelChains, features: Tensor, observed: Tensor, is_next: Tensor
) -> None:
    """Learn how levels follow each other, and place them so that they move along straight lines.

    Where a column has more levels than codes have room for, which levels are near is chosen: the
    slowest modes of its transitions, as in spectral embeddings [1]_. Hours of the day come to lie
    on circles, so that a linear first guess knows where they go.

    Parameters
    ----------
    codes : LevelCodes
        Is changed.
    chains : LevelChains
        Is changed.
    features : Tensor of shape (n_rows, n_features)
        Rows of all series, one below the other.
    observed : BoolTensor of shape (n_rows, n_blocks)
        Where there is a level.
    is_next : BoolTensor of shape (n_rows - 1,)
        Whether a row is of the same series as the one before it.

    References
    ----------
    .. [1] M. Belkin and P. Niyogi, "Laplacian Eigenmaps for Dimensionality Reduction and Data
       Representation", Neural Computation 15 (2003), 1373-1396.
    """
    position = number = 0
    for block, (width, n_codes) in enumerate(zip(codes.widths, codes.latent_widths, strict=True)):
        levels = features[:, position : position + width]
        position += width
        if width == 1:
            continue
        both = is_next & observed[1:, block] & observed[:-1, block]
        before, after = levels[:-1][both].double(), levels[1:][both].double()
        chains.learn(number, before, after)
        number += 1
        if n_codes >= width - 1:
            continue
        points, usual = _slowest_modes(after, before, n_codes), codes.points(block)
        if _least_distance(points) >= _LEAST_SHARE * _least_distance(usual):
            codes.place(block, points.to(usual.dtype))


def _slowest_modes(after: Tensor, before: Tensor, n_codes: int) -> Tensor:
    """Points of length 1 for levels, (width, n_codes)."""
    pairs = before.T @ after
    pairs = pairs + pairs.T
    roots = pairs.sum(1).clamp(min=1.0).sqrt()
    _, vectors = torch.linalg.eigh(pairs / roots / roots[:, None])
    points = vectors[:, -1 - n_codes : -1] / roots[:, None]
    return points / points.norm(dim=1, keepdim=True).clamp(min=1e-12)


def _least_distance(points: Tensor) -> float:
    distances = torch.cdist(points.double(), points.double())
    distances.fill_diagonal_(torch.inf)
    return float(distances.min())
