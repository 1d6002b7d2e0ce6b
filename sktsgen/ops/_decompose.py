"""Trend of a series by moving averages."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def moving_average(
    x: Float[Tensor, "batch time channel"], kernel: int
) -> Float[Tensor, "batch time channel"]:
    """Average every `kernel` steps around each step; the edges of `x` are replicated.

    An even kernel reaches one step further back than ahead. A series may be shorter than the
    kernel.

    Parameters
    ----------
    x : Tensor of shape (batch, time, channel)
        At least one time step.
    kernel : int
        Steps averaged, at least 1.

    Returns
    -------
    average : Tensor of shape (batch, time, channel)
    """
    ahead = (kernel - 1) // 2
    padded = F.pad(x.transpose(1, 2), (kernel - 1 - ahead, ahead), mode="replicate")
    return F.avg_pool1d(padded, kernel, stride=1).transpose(1, 2)
