"""What is known of the hidden cells of a window before any network looks at it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sktsgen.nn._derived import Derived
from sktsgen.ops import (
    N_SPANS,
    FactorPattern,
    condition,
    deviation,
    factor_pattern,
    factorise,
    interpolate,
    kinds_of_spans,
)

_MOST_REMEMBERED = 128


class Fill(NamedTuple):
    """A first guess of all cells of some windows, and how far off it may be.

    Attributes
    ----------
    mean : Tensor of shape (batch, draws, time, channel)
        Guess of every cell; a visible one is its value.
    scale : Tensor of shape (batch, time, channel)
        Standard deviation of the guess; 0 of a visible cell.
    root : Tensor of shape (batch, rank, rank)
        What ties the deviations of the cells together; rank 0 for independent ones.
    """

    mean: Float[Tensor, "batch draws time channel"]
    scale: Float[Tensor, "batch time channel"]
    root: Float[Tensor, "batch rank rank"]


class GaussianFill(Derived):
    """Posterior of the hidden cells if windows were jointly Gaussian.

    The cells of a window are some factors plus noise. Linear relations between channels and over
    time are all in it, which leaves a network to learn what is not linear.

    What mostly stands still and jumps now and then is no such thing, nor is what moves on a finer
    scale than the factors can: there the mean may be moved towards the straight line between
    visible cells, by a share for each channel and kind of span.

    Parameters
    ----------
    n_timesteps, n_channels : int
        Size of a window.
    rank : int
        Number of factors.
    has_lines : bool, default=False
        Whether there are such shares, 0 at first. Networks of old files have none.
    """

    line_shares: Tensor | None
    mean: Tensor
    loadings: Tensor
    variances: Tensor

    def __init__(
        self, n_timesteps: int, n_channels: int, rank: int, has_lines: bool = False
    ) -> None:
        super().__init__()
        self.rank, self.n_timesteps = rank, n_timesteps
        size = n_timesteps * n_channels
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("loadings", torch.zeros(size, rank))
        self.register_buffer("variances", torch.ones(size))
        shares = torch.zeros(N_SPANS, n_channels) if has_lines else None
        self.register_buffer("line_shares", shares)

    def learn(
        self,
        mean: Float[Tensor, " channel"],
        covariance: Float[Tensor, "cells cells"],
        *,
        smallest: float,
    ) -> None:
        """Take over the means of channels and the covariance of all cells of a window."""
        loadings, variances = factorise(covariance, self.rank, smallest=smallest)
        self.loadings.copy_(loadings)
        self.variances.copy_(variances)
        self.mean.copy_(mean.repeat(len(self.mean) // len(mean)))
        self.derived = {}

    def forward(
        self,
        values: Float[Tensor, "batch draws time channel"],
        visible: Bool[Tensor, "batch time channel"],
        pattern: FactorPattern | None = None,
    ) -> Fill:
        centred, given = values.flatten(2) - self.mean, visible.flatten(1)
        pattern = self.pattern(visible) if pattern is None else pattern
        mean = condition(self.loadings, self.variances, centred, given, pattern) + self.mean
        mean = mean.view(values.shape)
        if self.line_shares is not None and self.line_shares.any():
            moved = self.line_shares.any(0).nonzero()[:, 0]
            seen = visible[..., moved]
            share = self.line_shares[kinds_of_spans(seen), moved]
            lines = _lines(values[..., moved], seen, self.mean[moved])
            mean[..., moved] = torch.lerp(mean[..., moved], lines, share[:, None])
        mean = torch.where(visible[:, None], values, mean)
        return Fill(mean, pattern.scale.view(visible.shape), pattern.root)

    def pattern(self, visible: Bool[Tensor, "batch time channel"]) -> FactorPattern:
        """Work out what `forward` needs to know of these visible cells, whatever their values.

        Windows that show the same cells, as half of those do that a generator is trained on, are
        worked out once. Where many draws share one pattern others will come back to it, as to the
        rounds in which levels are drawn: the last ones are remembered.
        """
        flat = visible.flatten(1)
        if len(flat) > 1:
            distinct, which = flat.unique(dim=0, return_inverse=True)
            worked_out = factor_pattern(self.loadings, self.variances, distinct)
            return FactorPattern(*(part[which] for part in worked_out))
        if not torch.is_inference_mode_enabled():
            return factor_pattern(self.loadings, self.variances, flat)
        key = flat.cpu().numpy().tobytes()
        found = self.derived.get(key)
        if found is None:
            found = factor_pattern(self.loadings, self.variances, flat)
            known = list(self.derived.items())[-_MOST_REMEMBERED + 1 :]
            self.derived = {**dict(known), key: found}
        pattern: FactorPattern = found
        return pattern

    def lines(
        self,
        values: Float[Tensor, "batch draws time channel"],
        visible: Bool[Tensor, "batch time channel"],
    ) -> Float[Tensor, "batch draws time channel"]:
        """Straight lines between visible cells, the mean where a channel has none."""
        return _lines(values, visible, self.mean[: visible.shape[2]])

    def deviation(
        self,
        fill: Fill,
        visible: Bool[Tensor, "batch time channel"],
        noise: Float[Tensor, "batch draws width"],
    ) -> Float[Tensor, "batch draws time channel"]:
        """Draws of the posterior less its mean, from standard normal noise."""
        factor_noise, cell_noise = noise.split([self.rank, noise.shape[-1] - self.rank], dim=-1)
        drawn = deviation(
            self.loadings, self.variances, fill.root, visible.flatten(1), factor_noise, cell_noise
        )
        return drawn.view(*drawn.shape[:2], *visible.shape[1:])

    @property
    def prior(self) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
        """Mean and standard deviation of every channel where nothing is visible."""
        variances = (self.loadings.square().sum(1) + self.variances).view(self.n_timesteps, -1)
        return self.mean[: variances.shape[1]], variances.mean(0).sqrt()

    @property
    def step_scale(self) -> Float[Tensor, " channel"]:
        """Standard deviation of how far each channel moves from one step to the next."""
        loadings = self.loadings.view(self.n_timesteps, -1, self.rank)
        own = self.variances.view(self.n_timesteps, -1)
        moves = loadings.diff(dim=0).square().sum(-1) + own[1:] + own[:-1]
        return moves.mean(0).sqrt() if len(moves) else torch.ones_like(own[0])

    @property
    def n_noise(self) -> int:
        """Normal numbers that one draw of a window takes."""
        return self.rank + len(self.mean)


class LinearFill(nn.Module):
    """Straight lines between visible cells; all deviations are independent of one size.

    Parameters
    ----------
    n_timesteps, n_channels : int
        Size of a window.
    """

    scale: Tensor
    mean: Tensor

    def __init__(self, n_timesteps: int, n_channels: int) -> None:
        super().__init__()
        self.n_timesteps = n_timesteps
        self.register_buffer("mean", torch.zeros(n_channels))
        self.register_buffer("scale", torch.ones(n_channels))

    def learn(self, mean: Float[Tensor, " channel"], scale: Float[Tensor, " channel"]) -> None:
        """Take over the means of channels and how far they stray from a line."""
        self.mean.copy_(mean)
        self.scale.copy_(scale)

    def forward(
        self,
        values: Float[Tensor, "batch draws time channel"],
        visible: Bool[Tensor, "batch time channel"],
        pattern: FactorPattern | None = None,
    ) -> Fill:
        root = values.new_zeros(len(values), 0, 0)
        return Fill(_lines(values, visible, self.mean), self.scale * ~visible, root)

    def deviation(
        self,
        fill: Fill,
        visible: Bool[Tensor, "batch time channel"],
        noise: Float[Tensor, "batch draws width"],
    ) -> Float[Tensor, "batch draws time channel"]:
        """Draws round the lines, from standard normal noise."""
        return fill.scale[:, None] * noise.view(*noise.shape[:2], *visible.shape[1:])

    @property
    def prior(self) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
        """Mean and standard deviation of every channel where nothing is visible."""
        return self.mean, self.scale

    @property
    def step_scale(self) -> Float[Tensor, " channel"]:
        """How far each channel strays from a line, for want of how far it moves in a step."""
        return self.scale

    @property
    def n_noise(self) -> int:
        """Normal numbers that one draw of a window takes."""
        return self.n_timesteps * len(self.mean)


def new_fill(
    n_timesteps: int, n_channels: int, rank: int, has_lines: bool
) -> GaussianFill | LinearFill:
    """Make the first guess of so many factors; 0 asks for straight lines alone."""
    if rank:
        return GaussianFill(n_timesteps, n_channels, rank, has_lines)
    return LinearFill(n_timesteps, n_channels)


def _lines(values: Tensor, visible: Tensor, otherwise: Tensor) -> Tensor:
    every = visible[:, None].expand(values.shape)
    filled = interpolate(values.flatten(0, 1), every.flatten(0, 1), otherwise)
    return filled.view(values.shape)
