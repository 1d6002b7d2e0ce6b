"""Values held on where cells are missing."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def carry_forward(
    values: Float[Tensor, "rows k"], present: Bool[Tensor, "rows k"], first: Int[Tensor, " rows"]
) -> Float[Tensor, "rows k"]:
    """Put the last present value of a series in the place of what is missing.

    Parameters
    ----------
    values : Tensor of shape (n_rows, k)
        Series one below the other.
    present : Tensor of shape (n_rows, k)
        False where a value is missing.
    first : Tensor of shape (n_rows,), int64
        First row of the series that each row belongs to.

    Returns
    -------
    filled : Tensor of shape (n_rows, k)
        As `values`; before the first present value of a series too.
    """
    rows = torch.arange(len(values), device=values.device)[:, None]
    latest = torch.where(present, rows, -1).cummax(0).values
    held = values.gather(0, latest.clamp(min=0))
    return torch.where(latest >= first[:, None], held, values)
