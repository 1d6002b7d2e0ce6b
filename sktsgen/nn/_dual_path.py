"""Trend and seasonal paths of TimeMAR: decomposition, encoders, decoders."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sktsgen.nn._convolution import Convolution, GuidedAttention, ResidualBlock
from sktsgen.nn._layers import Linear, RMSNorm
from sktsgen.ops import moving_average, pool, stretch, strongest_bins


class Components(NamedTuple):
    """A series as trend plus seasonal part, and the coarse outline of the latter."""

    trend: Float[Tensor, "batch time features"]
    coarse: Float[Tensor, "batch time features"]
    seasonal: Float[Tensor, "batch time features"]


class MovingAverageMixture(nn.Module):
    """Trend as a mixture of moving averages, weighted by the value of each cell [1]_.

    Parameters
    ----------
    kernels : tuple of int
        Time steps that are averaged.

    References
    ----------
    .. [1] T. Zhou et al., "FEDformer: Frequency Enhanced Decomposed Transformer for Long-term
       Series Forecasting", ICML 2022, arXiv:2201.12740.
    """

    def __init__(self, kernels: Collection[int]) -> None:
        super().__init__()
        self.kernels = tuple(kernels)
        self.slopes = nn.Parameter(torch.zeros(len(kernels)))
        self.offsets = nn.Parameter(torch.zeros(len(kernels)))

    def forward(self, x: Float[Tensor, "batch time features"]) -> Components:
        weights = (x[..., None] * self.slopes + self.offsets).softmax(-1)
        averages = [moving_average(x, kernel) for kernel in self.kernels]
        trend = (torch.stack(averages, -1) * weights).sum(-1)
        seasonal = x - trend
        return Components(trend, outline(seasonal), seasonal)


def outline(
    x: Float[Tensor, "batch time features"],
) -> Float[Tensor, "batch time features"]:
    """Average pairs of steps and interpolate between them."""
    return stretch(pool(x, -(-x.shape[1] // 2)), x.shape[1])


def path_sizes(n_timesteps: int, n_latent: int) -> Collection[int]:
    """List the steps at each level of a path: halved until `n_latent` is about a half."""
    sizes = [n_timesteps]
    while sizes[-1] > 2.5 * n_latent:
        sizes.append(-(-sizes[-1] // 2))
    return [*sizes, n_latent] if sizes[-1] > n_latent else sizes


class PathShape(NamedTuple):
    """Sizes of a path.

    Attributes
    ----------
    n_features, d_hidden, code_dim : int
        Width of a time step, of the hidden layers and of a latent vector.
    sizes : tuple of int
        Steps at each level, descending; the last is the length of the latent sequence.
    dropout : float
        Rate inside the blocks, in training.
    """

    n_features: int
    d_hidden: int
    code_dim: int
    sizes: Collection[int]
    dropout: float

    @property
    def widths(self) -> Collection[int]:
        """Width of each level: twice `d_hidden` from the third level on."""
        return tuple(self.d_hidden * (1 + (level > 1)) for level in range(len(self.sizes)))


class PathEncoder(nn.Module):
    """One path from the features of a window to its latent sequence.

    Differs from [1]_: levels are averaged to explicit sizes, so that a window may have any length.

    Parameters
    ----------
    shape : PathShape
        Sizes of the path.
    d_guide : int
        Width of an entry of the guide, 0 for no guide.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] "TimeMAR: Multi-Scale Autoregressive Modeling for Unconditional Time Series
       Generation", arXiv:2601.11184.
    """

    levels: Sequence[ResidualBlock]

    def __init__(self, shape: PathShape, d_guide: int, generator: torch.Generator) -> None:
        super().__init__()
        n_features, d_hidden, code_dim, sizes, dropout = shape
        widths = tuple(shape.widths)
        self.sizes = tuple(sizes)
        self.guided_level = min(1, len(sizes) - 1)
        self.inward = Convolution(n_features, d_hidden, generator)
        self.levels = nn.ModuleList(  # type: ignore[assignment]
            ResidualBlock(d_in, d_out, dropout, generator)
            for d_in, d_out in zip((d_hidden, *widths[:-1]), widths, strict=True)
        )
        self.middle = ResidualBlock(widths[-1], widths[-1], dropout, generator)
        self.attention = (
            GuidedAttention(widths[self.guided_level], d_guide, 4, generator, is_timed=False)
            if d_guide
            else None
        )
        self.norm = RMSNorm(widths[-1])
        self.outward = Convolution(widths[-1], code_dim, generator)

    def forward(
        self,
        x: Float[Tensor, "batch time features"],
        guide: Float[Tensor, "batch source d_guide"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch latent code_dim"]:
        state = self.inward(x)
        for level, block in enumerate(self.levels):
            if level:
                state = pool(state, self.sizes[level])
            state = block(state, generator)
            if level == self.guided_level and self.attention is not None:
                state = self.attention(state, guide)
        state = self.middle(state, generator)
        latent: Tensor = self.outward(F.silu(self.norm(state)))
        return latent


class Decoded(NamedTuple):
    """A decoded part, and the last hidden states it was read off."""

    values: Float[Tensor, "batch time features"]
    states: Float[Tensor, "batch time d_hidden"]


class PathDecoder(nn.Module):
    """One path back from the latent sequence to the features of a window; mirror of the encoder.

    Parameters
    ----------
    shape, d_guide, generator
        As in `PathEncoder`; the guide has one entry per time step and is attended to by the
        blocks of the finest level.
    """

    levels: Sequence[ResidualBlock]

    def __init__(self, shape: PathShape, d_guide: int, generator: torch.Generator) -> None:
        super().__init__()
        n_features, d_hidden, code_dim, sizes, dropout = shape
        widths = tuple(shape.widths)
        self.sizes = tuple(sizes)
        self.inward = Convolution(code_dim, widths[-1], generator)
        self.middle = ResidualBlock(widths[-1], widths[-1], dropout, generator)
        self.levels = nn.ModuleList(  # type: ignore[assignment]
            ResidualBlock(d_in, d_out, dropout, generator)
            for d_in, d_out in zip((*widths[1:], widths[-1]), widths, strict=True)
        )
        self.last = ResidualBlock(d_hidden, d_hidden, dropout, generator)
        self.attentions = nn.ModuleList(
            GuidedAttention(d_hidden, d_guide, 4, generator, is_timed=True)
            for _ in range(2 if d_guide else 0)
        )
        self.norm = RMSNorm(d_hidden)
        self.outward = Convolution(d_hidden, n_features, generator, gain=0.5)

    def forward(
        self,
        latent: Float[Tensor, "batch latent code_dim"],
        guide: Float[Tensor, "batch time d_guide"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Decoded:
        state = self.middle(self.inward(latent), generator)
        for level in reversed(range(len(self.sizes))):
            state = self.levels[level](stretch(state, self.sizes[level]), generator)
        state = self._guided(0, state, guide)
        state = self._guided(1, self.last(state, generator), guide)
        states = F.silu(self.norm(state))
        return Decoded(self.outward(states), states)

    def _guided(self, number: int, state: Tensor, guide: Tensor | None) -> Tensor:
        if not len(self.attentions):
            return state
        attended: Tensor = self.attentions[number](state, guide)
        return attended


class SpectrumGuide(nn.Module):
    """The strongest frequencies of a window as entries to attend to.

    Differs from [1]_: the Fourier length is that of the window, an entry knows its frequency, and
    there is one for each rank of strength; attention on a single entry would not depend on what
    asks.

    Parameters
    ----------
    n_features, n_timesteps, d_guide : int
        Width and length of a window, and width of an entry.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] "TimeMAR: Multi-Scale Autoregressive Modeling for Unconditional Time Series
       Generation", arXiv:2601.11184.
    """

    def __init__(
        self, n_features: int, n_timesteps: int, d_guide: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        n_frequencies = n_timesteps // 2
        self.n_bins = min(n_frequencies, max(1, int(math.log(n_frequencies))))
        self.inward = Linear(4 * n_features, d_guide, generator, bias=True)
        self.outward = Linear(d_guide, d_guide, generator, bias=True)

    def forward(
        self, x: Float[Tensor, "batch time features"]
    ) -> Float[Tensor, "batch n_bins d_guide"]:
        # Which bins are strongest has no gradient, and phases of weak ones a huge one.
        bins = strongest_bins(x.detach(), self.n_bins)
        guide: Tensor = self.outward(F.gelu(self.inward(bins)))
        return guide
