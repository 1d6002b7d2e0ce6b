"""Straight lines over hidden cells, and how long these are."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

# Cells of a gap between two visible ones, and steps from the only visible side: kinds of spans.
_GAPS = (2, 3, 5, 9, 17)
_DISTANCES = (3, 9)
N_SPANS = len(_GAPS) + len(_DISTANCES) + 3
"""Kinds of spans that `kinds_of_spans` tells apart."""


def interpolate(
    values: Float[Tensor, "batch time channel"],
    visible: Bool[Tensor, "batch time channel"],
    otherwise: Float[Tensor, " channel"],
) -> Float[Tensor, "batch time channel"]:
    """Draw straight lines between the visible cells of every channel.

    Parameters
    ----------
    values : Tensor of shape (batch, time, channel)
        What is not visible is not read.
    visible : Tensor of shape (batch, time, channel)
        True where a value is given.
    otherwise : Tensor of shape (channel,)
        What a channel without a visible cell is filled with.

    Returns
    -------
    filled : Tensor of shape (batch, time, channel)
        Before the first and after the last visible cell their values go on.
    """
    n_timesteps = values.shape[1]
    before, after = nearest_visible(visible)
    has_before, has_after = before >= 0, after < n_timesteps
    left = torch.where(has_before, before, after).clamp(0, n_timesteps - 1)
    right = torch.where(has_after, after, before).clamp(0, n_timesteps - 1)
    share = (_steps(visible) - left) / (right - left).clamp(min=1)
    line = torch.lerp(values.gather(1, left), values.gather(1, right), share)
    return torch.where(has_before | has_after, line, otherwise)


def kinds_of_spans(
    visible: Bool[Tensor, "batch time channel"],
) -> Int[Tensor, "batch time channel"]:
    """Tell how far a cell is from the visible ones of its channel.

    Parameters
    ----------
    visible : Tensor of shape (batch, time, channel)
        True where a value is given.

    Returns
    -------
    kinds : LongTensor of shape (batch, time, channel)
        From 0 to `N_SPANS` - 1: first gaps between two visible cells, the longer the higher, then
        the distance where one side only has a visible cell, and last where none has. What is said
        of a visible cell has no meaning.
    """
    before, after = nearest_visible(visible)
    has_before, has_after = before >= 0, after < visible.shape[1]
    gaps = torch.bucketize(after - before - 1, before.new_tensor(_GAPS), right=True)
    steps = _steps(visible)
    distance = torch.where(has_before, steps - before, after - steps)
    one_sided = torch.bucketize(distance, before.new_tensor(_DISTANCES), right=True)
    kinds = torch.where(has_before & has_after, gaps, len(_GAPS) + 1 + one_sided)
    return torch.where(has_before | has_after, kinds, N_SPANS - 1)


def nearest_visible(
    visible: Bool[Tensor, "batch time channel"],
) -> tuple[Int[Tensor, "batch time channel"], Int[Tensor, "batch time channel"]]:
    """Find the visible steps at or before and at or after each, -1 and the length if none."""
    steps, n_timesteps = _steps(visible), visible.shape[1]
    before = torch.where(visible, steps, -1).cummax(1).values
    after = torch.where(visible, steps, n_timesteps).flip(1).cummin(1).values.flip(1)
    return before, after


def _steps(visible: Tensor) -> Tensor:
    return torch.arange(visible.shape[1], device=visible.device)[None, :, None]
