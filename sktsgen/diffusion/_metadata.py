"""Metadata in training: shown in most windows, and not quite right."""

from __future__ import annotations

import torch
from torch import Tensor

# Share of the windows that show their metadata.
_SHARE = 0.7


def shown(hidden: Tensor, is_metadata: Tensor, generator: torch.Generator) -> Tensor:
    """Hide nothing of the metadata in most windows.

    Parameters
    ----------
    hidden : BoolTensor of shape (batch, time, column)
        True where a cell is hidden.
    is_metadata : BoolTensor of shape (column,)
        Columns that may be given.
    generator : torch.Generator
        Source of the choice.
    """
    uniform = torch.rand((len(hidden), 1, 1), generator=generator, device=hidden.device)
    return hidden & ~(is_metadata & (uniform < _SHARE))


def blurred(
    features: Tensor,
    whole: Tensor,
    is_level: Tensor,
    noise: float,
    generator: torch.Generator,
) -> Tensor:
    """Make features slightly wrong, at a level of each window's own.

    Parameters
    ----------
    features, whole : Tensor of shape (batch, time, feature)
        Windows, and those that wrong levels are taken from.
    is_level : BoolTensor of shape (feature,)
        Features of levels.
    noise : float
        Largest standard deviation of the noise on numbers, twice the largest share of wrong levels.
    generator : torch.Generator
        Source of the noise.
    """
    shape, device = features.shape, features.device
    level = noise * torch.rand((shape[0], 1, 1), generator=generator, device=device)
    noisy = features + level * torch.randn(shape, generator=generator, device=device)
    order = torch.randperm(shape[0], generator=generator, device=device)
    swaps = torch.rand((*shape[:2], 1), generator=generator, device=device) < level / 2
    return torch.where(is_level, torch.where(swaps, whole[order], features), noisy)
