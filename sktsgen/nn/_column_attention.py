"""Attention along the columns of each time step."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sktsgen.nn._layers import Linear, uniform
from sktsgen.nn._transformer import Block
from sktsgen.ops import rotary_factors

# Width and heads of what stands for one column.
_WIDTH, _N_HEADS = 16, 2


class ColumnAttention(nn.Module):
    """Let the columns of a time step ask each other, as CSDI does [1]_.

    Every column has what is known of its own cell, what the state of the step says to it, and a
    vector of its own; what they answer is added to the state.

    Parameters
    ----------
    n_columns : int
        Columns, or channels of a latent.
    n_known : int
        Numbers that are known of each cell.
    d_model : int
        Width of the state of a step.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] Y. Tashiro et al., "CSDI: Conditional Score-based Diffusion Models for Probabilistic
       Time Series Imputation", Section 4.3, arXiv:2107.03502.
    """

    def __init__(
        self, n_columns: int, n_known: int, d_model: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.n_columns = n_columns
        self.from_state = Linear(d_model, n_columns * _WIDTH, generator)
        self.from_cell = Linear(n_known, _WIDTH, generator)
        self.names = nn.Parameter(uniform(n_columns, _WIDTH, generator=generator, d_in=1))
        self.block = Block(_WIDTH, _N_HEADS, _N_HEADS, 2 * _WIDTH, generator)
        self.outward = Linear(n_columns * _WIDTH, d_model, generator, gain=0.3)

    def forward(
        self,
        state: Float[Tensor, "batch time dim"],
        cells: Float[Tensor, "batch time column known"],
    ) -> Float[Tensor, "batch time dim"]:
        asked = self.from_state(state).unflatten(-1, (self.n_columns, _WIDTH))
        columns = (asked + self.from_cell(cells) + self.names).flatten(0, 1)
        # All columns stand at one place: they have names, no order.
        places = torch.zeros(self.n_columns, dtype=torch.int64, device=state.device)
        everywhere = state.new_ones(1, self.n_columns, self.n_columns, dtype=torch.bool)
        answered = self.block(columns, rotary_factors(places, _WIDTH // _N_HEADS), everywhere)
        out: Tensor = self.outward(answered.view_as(asked).flatten(-2))
        return out
