"""Layers that every network here is made of; weights come from an explicit generator."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sktsgen.ops import linear


class Linear(nn.Module):
    """Affine map through the fast product; weights uniform within sqrt(3 / d_in) times `gain`."""

    def __init__(
        self,
        d_in: int,
        d_out: int,
        generator: torch.Generator,
        *,
        bias: bool = False,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(uniform(d_out, d_in, generator=generator, d_in=d_in, gain=gain))
        self.bias = nn.Parameter(torch.zeros(d_out)) if bias else None

    def forward(self, x: Float[Tensor, "*batch d_in"]) -> Float[Tensor, "*batch d_out"]:
        return linear(x, self.weight, self.bias)


class RMSNorm(nn.Module):
    """Divide by the root mean square, then scale (Zhang and Sennrich 2019)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), eps=1e-6)


class SwiGLU(nn.Module):
    """Gated feed-forward layer (Shazeer 2020, Section 2)."""

    def __init__(self, d_model: int, d_ff: int, generator: torch.Generator) -> None:
        super().__init__()
        self.gate_and_up = Linear(d_model, 2 * d_ff, generator)
        self.down = Linear(d_ff, d_model, generator, gain=0.5)

    def forward(self, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        gate, up = self.gate_and_up(x).chunk(2, dim=-1)
        out: Tensor = self.down(F.silu(gate) * up)
        return out


def uniform(
    *shape: int, generator: torch.Generator, d_in: int, gain: float = 1.0
) -> Float[Tensor, ...]:
    """Weights of variance gain^2 / d_in, drawn from `generator`."""
    bound = gain * math.sqrt(3.0 / d_in)
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)
