"""Regularising noise from explicit generators; without a generator nothing happens."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def drop(
    x: Float[Tensor, "*batch dim"], rate: float, generator: torch.Generator | None
) -> Float[Tensor, "*batch dim"]:
    """Dropout whose mask comes from `generator`; the identity where there is none (evaluation)."""
    if generator is None or rate == 0.0:
        return x
    uniforms = torch.rand(x.shape, generator=generator, device=x.device)
    return x * uniforms.ge_(rate).mul_(1.0 / (1.0 - rate))


def corrupt_rows(
    x: Float[Tensor, "batch time dim"],
    rate: float,
    generator: torch.Generator | None,
    whole: Float[Tensor, "whole time dim"] | None = None,
) -> Float[Tensor, "batch time dim"]:
    """Replace a share `rate` of the time steps by steps drawn from the whole batch.

    `x` is that, or a part of `whole`.
    """
    if generator is None or rate == 0.0 or not x.numel():
        return x
    rows, pool = x.flatten(0, 1), (x if whole is None else whole).flatten(0, 1)
    chosen = torch.rand(len(rows), generator=generator, device=x.device) < rate
    other = torch.randint(len(pool), (len(rows),), generator=generator, device=x.device)
    return torch.where(chosen[:, None], pool[other], rows).view_as(x)
