"""Logits of the codes of a time step, depth by depth."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sktsgen.nn._layers import Linear, uniform
from sktsgen.ops import linear


class DepthHeads(nn.Module):
    """Logits of each code of a step, given the past and the sum of the codes before it."""

    def __init__(
        self,
        d_context: int,
        d_hidden: int,
        depth: int,
        codebook_size: int,
        code_dim: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.from_context = Linear(d_context, depth * d_hidden, generator, bias=True)
        self.from_codes = nn.Parameter(
            uniform(depth, code_dim, d_hidden, generator=generator, d_in=code_dim)
        )
        self.out = nn.Parameter(
            uniform(depth, codebook_size, d_hidden, generator=generator, d_in=d_hidden, gain=0.5)
        )
        self.out_bias = nn.Parameter(torch.zeros(depth, codebook_size))

    def forward(
        self,
        context: Float[Tensor, "batch time d_context"],
        partial: Float[Tensor, "batch time depth code_dim"],
    ) -> Float[Tensor, "batch time depth codes"]:
        shared = self.from_context(context).unflatten(-1, (len(self.out), -1))
        logits = [
            self.level(level, shared[..., level, :], partial[..., level, :])
            for level in range(len(self.out))
        ]
        return torch.stack(logits, -2)

    def level(
        self,
        level: int,
        shared: Float[Tensor, "*batch hidden"],
        partial: Float[Tensor, "*batch code_dim"],
    ) -> Float[Tensor, "*batch codes"]:
        """Logits of one depth; the first has nothing before it."""
        if level:
            shared = shared + partial @ self.from_codes[level]
        return linear(F.silu(shared), self.out[level], self.out_bias[level])
