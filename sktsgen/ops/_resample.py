"""Other numbers of time steps for the same span, and windows longer than their series."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor


def pool(x: Float[Tensor, "batch time dim"], n_steps: int) -> Float[Tensor, "batch n_steps dim"]:
    """Average over `n_steps` spans that cover the time axis evenly; any two numbers of steps."""
    return F.adaptive_avg_pool1d(x.transpose(1, 2), n_steps).transpose(1, 2)


def stretch(x: Float[Tensor, "batch time dim"], n_steps: int) -> Float[Tensor, "batch n_steps dim"]:
    """Interpolate linearly between the middles of the steps; flat beyond the outermost ones."""
    return F.interpolate(
        x.transpose(1, 2), size=n_steps, mode="linear", align_corners=False
    ).transpose(1, 2)


def reflect(
    x: Float[Tensor, "batch time dim"], observed: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch time dim"]:
    """Fill what follows the observed beginning of each series by running back and forth in it.

    Unlike a repeated last value this keeps how the series varies from step to step.

    Parameters
    ----------
    x : Tensor of shape (batch, time, dim)
        Series; what stands beyond the observed steps is not read.
    observed : Tensor of shape (batch, time)
        True for the first steps of each series; without any the first value is repeated.

    Returns
    -------
    filled : Tensor of shape (batch, time, dim)
        The observed steps are what they were.
    """
    last = (observed.sum(1, keepdim=True) - 1).clamp(min=0)
    steps = torch.arange(x.shape[1], device=x.device)
    phase = steps % (2 * last).clamp(min=1)
    chosen = last - (phase - last).abs()
    return x.gather(1, chosen[..., None].expand_as(x))
