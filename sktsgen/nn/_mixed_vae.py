"""The autoencoder of TimeAutoDiff: mixed columns to few channels a step, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sktsgen.nn._convolution import ResidualBlock
from sktsgen.nn._layers import Linear, RMSNorm

_N_BLOCKS = 2


class Code(NamedTuple):
    """Normal posterior of the latents of some windows.

    Attributes
    ----------
    mean, log_variance : Tensor of shape (batch, time, latent)
        Of every latent by itself.
    """

    mean: Float[Tensor, "batch time latent"]
    log_variance: Float[Tensor, "batch time latent"]


class Decoded(NamedTuple):
    """What latents say about cells.

    Attributes
    ----------
    numbers : Tensor of shape (batch, time, cell)
        Mean of every cell that is a number; of the codes of levels it says nothing.
    logits : Tensor of shape (batch, time, level)
        Of the levels of all discrete columns, side by side.
    """

    numbers: Float[Tensor, "batch time cell"]
    logits: Float[Tensor, "batch time level"]


class MixedVAE(nn.Module):
    """Variational autoencoder of windows, [1]_ Section 4.3.

    Differs from [1]_: convolutions over time in place of recurrences, as the latents of a step
    may look either way; the decoder looks at neighbouring steps too, and is told which cells are
    visible, where zeros stand for both there.

    Parameters
    ----------
    n_cells : int
        Width of a time step: numbers, and codes of levels.
    n_levels : int
        Levels of all discrete columns together.
    latent_dim : int
        Latents per time step.
    d_model : int
        Hidden width.
    dropout : float
        Rate within the blocks, in training.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] N. Suh et al., "TimeAutoDiff: A Unified Framework for Generation, Imputation,
       Forecasting, and Time-Varying Metadata Conditioning of Heterogeneous Time Series Tabular
       Data", arXiv:2406.16028.
    """

    def __init__(
        self,
        n_cells: int,
        n_levels: int,
        latent_dim: int,
        *,
        d_model: int,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.encoder = WindowStack(n_cells, 2 * latent_dim, d_model, dropout, generator)
        d_decoder = latent_dim + 2 * n_cells
        self.decoder = WindowStack(d_decoder, n_cells + n_levels, d_model, dropout, generator)
        self.widths = [n_cells, n_levels]

    def encode(
        self, cells: Float[Tensor, "batch time cell"], generator: torch.Generator | None = None
    ) -> Code:
        """Posterior of the latents of whole windows; `generator` switches dropout on."""
        mean, log_variance = self.encoder(cells, generator).chunk(2, dim=-1)
        return Code(mean, log_variance.clamp(-12.0, 4.0))

    def decode(
        self,
        latents: Float[Tensor, "batch time latent"],
        cells: Float[Tensor, "batch time cell"],
        visible: Bool[Tensor, "batch time cell"],
        generator: torch.Generator | None = None,
    ) -> Decoded:
        """Cells of latents, given those that are visible; of the others nothing is read."""
        given = torch.cat([latents, torch.where(visible, cells, 0.0), visible], dim=-1)
        return Decoded(*self.decoder(given, generator).split(self.widths, dim=-1))


class WindowStack(nn.Module):
    """Residual convolutions over time between two linear maps."""

    blocks: Sequence[ResidualBlock]  # an nn.ModuleList, which has no type of its items

    def __init__(
        self, d_in: int, d_out: int, d_model: int, dropout: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.inward = Linear(d_in, d_model, generator, bias=True)
        self.blocks = nn.ModuleList(  # type: ignore[assignment]
            ResidualBlock(d_model, d_model, dropout, generator) for _ in range(_N_BLOCKS)
        )
        self.norm = RMSNorm(d_model)
        self.outward = Linear(d_model, d_out, generator, bias=True, gain=0.5)
        self.shortcut = Linear(d_in, d_out, generator)

    def forward(
        self, x: Float[Tensor, "batch time d_in"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch time d_out"]:
        state = self.inward(x)
        for block in self.blocks:
            state = block(state, generator)
        out: Tensor = self.shortcut(x) + self.outward(F.silu(self.norm(state)))
        return out
