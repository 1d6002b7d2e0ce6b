"""The network of the diffusion: dilated convolutions and attention along time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float
from torch import Tensor, nn

from sktsgen.nn._attention import CausalAttention
from sktsgen.nn._column_attention import ColumnAttention
from sktsgen.nn._layers import Linear, RMSNorm
from sktsgen.ops import drop, rotary_factors

_N_FREQUENCIES = 16
# Of every channel: its noisy state; first guess, whether it is visible, how sure the guess is.
_N_KNOWN = 4


class Estimate(NamedTuple):
    """What the network says about windows.

    Attributes
    ----------
    flow : Tensor of shape (batch, time, latent)
        Correction of the velocity, in units of the first guess.
    point : Tensor of shape (batch, time, cell)
        Correction of the median, in the same units; of use where there is no noise to read.
    logits : Tensor of shape (batch, time, level)
        Of the levels of all discrete columns, side by side.
    """

    flow: Float[Tensor, "batch time latent"]
    point: Float[Tensor, "batch time cell"]
    logits: Float[Tensor, "batch time level"]


class LatentDenoiser(nn.Module):
    """Read noisy latents beside all that is known of a window; say what the noise hides.

    Blocks of dilated convolutions, twice as wide from one to the next; every second one attends
    over all time steps, and the others along the columns of each where asked for. The diffusion
    time scales and shifts the input of each [1]_.

    Parameters
    ----------
    n_latent : int
        Width of the latents.
    n_cells : int
        Width of the medians.
    n_context : int
        Width of what is known of every time step: a few things of every channel, one after the
        other, the channels of the latents first.
    n_levels : int
        Levels of all discrete columns together.
    d_model, n_layers, n_heads : int
        Width, blocks and attention heads.
    dropout : float
        Rate after each block, in training.
    has_column_attention : bool, default=False
        Whether the latents of a step, one for each column, attend to each other as well.
    n_hints : int, default=0
        Width of what else is known of every time step.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] E. Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer",
       arXiv:1709.07871.
    """

    blocks: Sequence[DenoiserBlock]  # an nn.ModuleList, which has no type of its items
    frequencies: Tensor

    def __init__(
        self,
        n_latent: int,
        n_cells: int,
        n_context: int,
        n_levels: int,
        *,
        d_model: int,
        n_layers: int,
        n_heads: int,
        dropout: float,
        has_column_attention: bool = False,
        n_hints: int = 0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_latent, self.has_column_attention = n_latent, has_column_attention
        self.dropout, self.head_dim = dropout, d_model // n_heads
        self.inward = Linear(n_latent + n_context + n_hints, d_model, generator, bias=True)
        self.time_code = nn.Sequential(
            Linear(2 * _N_FREQUENCIES, d_model, generator, bias=True),
            nn.SiLU(),
            Linear(d_model, d_model, generator, bias=True),
            nn.SiLU(),
        )
        self.blocks = nn.ModuleList(  # type: ignore[assignment]
            DenoiserBlock(
                d_model,
                n_heads,
                2**i,
                has_attention=i % 2 == 1,
                n_columns=n_latent if has_column_attention and i % 2 == 0 else 0,
                generator=generator,
            )
            for i in range(n_layers)
        )
        self.norm = RMSNorm(d_model)
        # Zero at first: the first guess and its noise are where training starts from.
        self.widths = [n_latent, n_cells, n_levels]
        self.outward = Linear(d_model, sum(self.widths), generator, bias=True, gain=0.0)
        self.register_buffer(
            "frequencies", torch.logspace(-1.0, 2.0, _N_FREQUENCIES), persistent=False
        )

    def forward(
        self,
        noisy: Float[Tensor, "batch time latent"],
        context: Float[Tensor, "batch time context"],
        t: Float[Tensor, " batch"],
        generator: torch.Generator | None = None,
        hints: Float[Tensor, "batch time hint"] | None = None,
    ) -> Estimate:
        """Read windows at diffusion time `t`; `generator` switches dropout on."""
        given = [noisy, context] if hints is None else [noisy, context, hints]
        x = self.inward(torch.cat(given, dim=-1))
        angles = t[:, None] * self.frequencies
        code = self.time_code(torch.cat([angles.sin(), angles.cos()], dim=-1))[:, None]
        factors = rotary_factors(torch.arange(x.shape[1], device=x.device), self.head_dim)
        cells = self._cells(noisy, context) if self.has_column_attention else None
        for block in self.blocks:
            x = x + drop(block(x, code, factors, cells), self.dropout, generator)
        out = self.outward(F.silu(self.norm(x)))
        return Estimate(*out.split(self.widths, dim=-1))

    def _cells(self, noisy: Tensor, context: Tensor) -> Tensor:
        """Gather what is known of each channel that flows, (batch, time, latent, known)."""
        known = context.unflatten(-1, (_N_KNOWN - 1, -1))[..., : self.n_latent]
        return torch.cat([noisy[..., None], known.transpose(-1, -2)], dim=-1)


class DenoiserBlock(nn.Module):
    """A gated dilated convolution, and attention along time and columns where asked for."""

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        dilation: int,
        *,
        has_attention: bool,
        n_columns: int = 0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = RMSNorm(d_model)
        self.modulation = Linear(d_model, 2 * d_model, generator, bias=True, gain=0.1)
        self.taps = Linear(3 * d_model, 2 * d_model, generator, bias=True)
        self.mix = Linear(d_model, d_model, generator, bias=True, gain=0.5)
        self.attention_norm = RMSNorm(d_model)
        self.attention = (
            CausalAttention(d_model, n_heads, n_heads, generator) if has_attention else None
        )
        self.columns = (
            ColumnAttention(n_columns, _N_KNOWN, d_model, generator) if n_columns else None
        )

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        code: Float[Tensor, "batch 1 dim"],
        factors: Complex[Tensor, "time half"],
        cells: Float[Tensor, "batch time latent known"] | None = None,
    ) -> Float[Tensor, "batch time dim"]:
        scale, shift = self.modulation(code).chunk(2, dim=-1)
        state = self.norm(x) * (1.0 + scale) + shift
        gate, value = self.taps(neighbours(state, self.dilation)).chunk(2, dim=-1)
        out: Tensor = self.mix(F.silu(gate) * value)
        normed = self.attention_norm(x + out)
        if self.columns is not None and cells is not None:
            out = out + self.columns(normed, cells)
        if self.attention is not None:
            out = out + self.attention(normed, factors, None)
        return out


def neighbours(
    x: Float[Tensor, "batch time dim"], distance: int
) -> Float[Tensor, "batch time three_dim"]:
    """Every time step beside those `distance` before and after it; zeros beyond the window."""
    before = F.pad(x, (0, 0, distance, 0))[:, : x.shape[1]]
    after = F.pad(x, (0, 0, 0, distance))[:, distance:]
    return torch.cat([before, x, after], dim=-1)


def velocity_skip(
    t: Float[Tensor, "*#shape"], spread: Float[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """Share of a noisy value in the best velocity if data and noise had normal laws.

    For x = (1 - t) data + t noise with standard normal noise and data of standard deviation
    `spread`, the mean of noise - data given x is this times x.
    """
    variance = spread.square()
    return (t - (1.0 - t) * variance) / (t.square() + (1.0 - t).square() * variance)
