"""Convolutions over time and attention on a guide: what encoders and decoders are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sktsgen.nn._attention import attend
from sktsgen.nn._layers import Linear, RMSNorm
from sktsgen.ops import drop, rotary_factors, rotate


class Convolution(nn.Module):
    """Three taps around each step; the edges are replicated."""

    def __init__(
        self, d_in: int, d_out: int, generator: torch.Generator, *, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.taps = Linear(3 * d_in, d_out, generator, bias=True, gain=gain)

    def forward(self, x: Float[Tensor, "batch time d_in"]) -> Float[Tensor, "batch time d_out"]:
        before = torch.cat([x[:, :1], x[:, :-1]], dim=1)
        after = torch.cat([x[:, 1:], x[:, -1:]], dim=1)
        out: Tensor = self.taps(torch.cat([before, x, after], dim=-1))
        return out


class ResidualBlock(nn.Module):
    """Norm, SiLU and convolution, twice, added to the input.

    The norm is that of each step by itself, so that nothing depends on the length of a window.
    """

    def __init__(self, d_in: int, d_out: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.dropout = dropout
        self.norms = nn.ModuleList([RMSNorm(d_in), RMSNorm(d_out)])
        self.inward = Convolution(d_in, d_out, generator)
        self.outward = Convolution(d_out, d_out, generator, gain=0.5)
        self.shortcut = Linear(d_in, d_out, generator) if d_in != d_out else nn.Identity()

    def forward(
        self, x: Float[Tensor, "batch time d_in"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch time d_out"]:
        state = self.inward(F.silu(self.norms[0](x)))
        state = drop(F.silu(self.norms[1](state)), self.dropout, generator)
        out: Tensor = self.shortcut(x) + self.outward(state)
        return out


class GuidedAttention(nn.Module):
    """Attention of every step on a guide, added to the step and normed.

    Parameters
    ----------
    d_model, d_guide, n_heads : int
        Width of a step and of an entry of the guide, and number of heads.
    is_timed : bool
        Whether the guide has one entry per time step; then both know where they stand.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(
        self,
        d_model: int,
        d_guide: int,
        n_heads: int,
        generator: torch.Generator,
        *,
        is_timed: bool,
    ) -> None:
        super().__init__()
        self.n_heads, self.is_timed = n_heads, is_timed
        self.queries = Linear(d_model, d_model, generator)
        self.keys_values = Linear(d_guide, 2 * d_model, generator, bias=True)
        self.out = Linear(d_model, d_model, generator, gain=0.5)
        self.norm = RMSNorm(d_model)

    def forward(
        self, x: Float[Tensor, "batch time d_model"], guide: Float[Tensor, "batch source d_guide"]
    ) -> Float[Tensor, "batch time d_model"]:
        query = self.queries(x).unflatten(-1, (self.n_heads, -1))
        keys, values = self.keys_values(guide).chunk(2, dim=-1)
        key = keys.unflatten(-1, (self.n_heads, -1))
        if self.is_timed:
            query, key = self._placed(query), self._placed(key)
        value = values.unflatten(-1, (self.n_heads, -1))
        found = attend(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), None)
        out: Tensor = self.norm(x + self.out(found.transpose(1, 2).flatten(2)))
        return out

    def _placed(self, heads: Tensor) -> Tensor:
        positions = torch.arange(heads.shape[1], device=heads.device)
        return rotate(heads, rotary_factors(positions, heads.shape[-1]))
