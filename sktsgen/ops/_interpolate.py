"""Straight lines over hidden cells."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


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
    steps = torch.arange(n_timesteps, device=values.device)[None, :, None]
    before = torch.where(visible, steps, -1).cummax(1).values
    after = torch.where(visible, steps, n_timesteps).flip(1).cummin(1).values.flip(1)
    has_before, has_after = before >= 0, after < n_timesteps
    left = torch.where(has_before, before, after).clamp(0, n_timesteps - 1)
    right = torch.where(has_after, after, before).clamp(0, n_timesteps - 1)
    share = (steps - left) / (right - left).clamp(min=1)
    line = torch.lerp(values.gather(1, left), values.gather(1, right), share)
    return torch.where(has_before | has_after, line, otherwise)
