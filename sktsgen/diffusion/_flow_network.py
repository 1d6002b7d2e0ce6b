"""What a flow asks its network about windows with hidden cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sktsgen.diffusion._calibration import Calibration
from sktsgen.diffusion._hiding import Hiding
from sktsgen.diffusion._problem import Problem
from sktsgen.diffusion._rounds import LevelRounds
from sktsgen.diffusion._table_network import TableNetwork
from sktsgen.nn import Estimate, LatentDenoiser, LevelChains, new_fill, velocity_skip
from sktsgen.ops import FactorPattern

# Units of a first guess are not finer than this, nor does anything count beyond so many of them.
_SMALLEST_SCALE = 0.01
FARTHEST = 8.0
# Weight of what each of two first guesses of levels says beyond how frequent levels are.
_POOLED = 0.6


class FlowNetwork(TableNetwork):
    """The first guess and the network behind `ConditionalFlow`, whose parameters it has."""

    is_discrete: Tensor

    def __init__(
        self,
        *,
        n_timesteps: int,
        widths: list[int],
        columns: list[int],
        n_columns: int,
        rank: int,
        mixture: Mapping[str, float],
        metadata: list[int],
        condition_noise: float = 0.0,
        d_model: int,
        n_layers: int,
        n_heads: int,
        dropout: float,
        has_column_attention: bool = False,
        n_latent: int = 0,
        is_recalibrated: bool = False,
        has_lines: bool = False,
        is_stretched: bool = False,
        has_rounds: bool = False,
        n_patterns: int = 0,
        parents: list[list[int]] | None = None,
        generator: torch.Generator,
    ) -> None:
        super().__init__(widths, columns, n_columns, has_rounds)
        sizes: dict[str, Any] = {
            "d_model": d_model,
            "n_layers": n_layers,
            "n_heads": n_heads,
            "dropout": dropout,
            "has_column_attention": has_column_attention,
        }
        self.config = {
            "n_timesteps": n_timesteps,
            "widths": list(widths),
            "columns": list(columns),
            "n_columns": n_columns,
            "rank": rank,
            "mixture": dict(mixture),
            "metadata": list(metadata),
            "condition_noise": condition_noise,
            **sizes,
            "is_recalibrated": is_recalibrated,
            "has_lines": has_lines,
            "is_stretched": is_stretched,
            "has_rounds": has_rounds,
            "n_patterns": n_patterns,
            "parents": parents,
        }
        is_metadata = torch.zeros(n_columns, dtype=torch.bool)
        is_metadata[metadata] = True
        rounds = LevelRounds(n_timesteps, self.discrete_columns) if has_rounds else None
        discrete = torch.tensor([width > 1 for width in widths])
        self.register_buffer("is_discrete", discrete, persistent=False)
        self.n_timesteps = n_timesteps
        self.chains: LevelChains | None = None
        if has_rounds:
            self.begin_chains(parents)
        self.hiding = Hiding(mixture, is_metadata, condition_noise, rounds)
        self.n_latent, n_cells = n_latent, self.codes.n_latent
        n_channels = n_latent + n_cells
        self.fill = new_fill(n_timesteps, n_channels, rank, has_lines)
        self.calibration = Calibration(n_latent or n_cells, is_recalibrated, is_stretched)
        self.denoiser = LatentDenoiser(
            n_latent or n_cells,
            n_cells,
            3 * n_channels,
            sum(self.codes.level_widths),
            **sizes,
            n_hints=2 * sum(self.codes.level_widths) if has_rounds else 0,
            generator=generator,
        )

    def begin_chains(self, parents: list[list[int]] | None) -> LevelChains:
        """Take new chains of levels, with parents as of `LevelChains`, in the place of the old."""
        chains = LevelChains(self.codes.level_widths, self.n_timesteps, parents)
        self.chains = chains.to(self.columns.device)
        self.config["parents"] = parents
        return self.chains

    @property
    def n_noise(self) -> int:
        """Normal numbers that one draw of a window takes."""
        return self.fill.n_noise + self._n_level_noise

    @property
    def _n_level_noise(self) -> int:
        """Those of them that choose levels before anything flows."""
        if self.hiding.rounds is None:
            return 0
        return self.n_timesteps * len(self.codes.level_widths)

    def _given(self, visible: Tensor) -> Tensor:
        return F.pad(self.seen(visible), (self.n_latent, 0))

    def pose(
        self, features: Tensor, visible: Tensor, pattern: FactorPattern | None = None
    ) -> Problem:
        """Put a problem to the network.

        Parameters
        ----------
        features : Tensor of shape (batch, draws, time, feature)
            What is not visible is not read.
        visible : BoolTensor of shape (batch, time, column)
            Cells that are given.
        pattern : FactorPattern or None, default=None
            What the first guess makes of them, if that is known.

        Returns
        -------
        problem : Problem
            With the first guess.
        """
        given = self._given(visible)
        fill = self.fill(F.pad(self.codes.embed(features), (self.n_latent, 0)), given, pattern)
        scale = fill.scale.clamp(min=_SMALLEST_SCALE)
        levels, hints = self._of_levels(fill.mean, scale, features, visible)
        return Problem(fill, scale, given, levels.flatten(0, 1), hints.flatten(0, 1))

    def start(self, problem: Problem, noise: Tensor) -> Tensor:
        """Turn standard normal noise, (batch, draws, n_noise), into states at t = 1."""
        noise = noise[..., : self.fill.n_noise]
        deviation = self.fill.deviation(problem.fill, problem.visible, noise)
        return self._states(deviation / problem.scale[:, None]).flatten(0, 1)

    def estimate(
        self, problem: Problem, x: Tensor, t: Tensor, generator: torch.Generator | None = None
    ) -> Estimate:
        """Ask the network about states `x`, (batch * draws, time, latent), at times `t`."""
        known = torch.cat([problem.visible, problem.scale.log() * ~problem.visible], dim=-1)
        context = torch.cat([problem.mean, problem.per_draw(known)], dim=-1)
        near = x.clamp(-FARTHEST, FARTHEST)
        estimate: Estimate = self.denoiser(near, context, t, generator, problem.hints)
        return estimate

    def velocity(self, problem: Problem, estimate: Estimate, x: Tensor, t: Tensor) -> Tensor:
        """Mean of noise - data: what it would be on Gaussian data, and the network's correction."""
        spread = problem.per_draw(self.calibration.spread(self._states(problem.scale)))
        return velocity_skip(t[:, None, None], spread) * x + estimate.flow

    def logits(self, problem: Problem, estimate: Estimate, x: Tensor, t: Tensor) -> Tensor:
        """Logits of levels: first guess, what their own noisy code says, and the network's part."""
        if not self.codes.level_widths:
            return estimate.logits
        scale = problem.per_draw(problem.scale)
        evidence = self.codes.evidence(x, problem.mean, scale, t)
        return problem.levels + evidence + estimate.logits

    def _of_levels(
        self, mean: Tensor, scale: Tensor, features: Tensor, visible: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of levels by a first guess, and hints, (batch, draws, time, level)."""
        mean, scale = mean[..., self.n_latent :], scale[:, None, ..., self.n_latent :]
        if not self.codes.level_widths:
            return mean[..., :0], mean[..., :0]
        if self.chains is None:
            return self.codes.prior(mean), mean[..., :0]
        linear = self.codes.posterior(mean, scale, *(p[self.n_latent :] for p in self.fill.prior))
        shown = self.by_block(visible, True)[..., self.is_discrete]
        chain = self.chains(features[..., self.codes.is_level], shown)
        hints = torch.cat([self.codes.probabilities(linear), chain.exp()], dim=-1)
        # Where no level of a column is visible, its chain says nothing worth having.
        is_known = self.codes.by_level(shown.any(1, keepdim=True))[:, None]
        usual = self.chains.log_shares
        pooled = usual + _POOLED * (chain + linear - 2.0 * usual)
        return torch.where(is_known, pooled, linear), hints

    def _answer(self, problem: Problem) -> tuple[Tensor, Tensor]:
        """Medians of numbers and logits of levels, in one pass."""
        x = torch.zeros_like(self._states(problem.mean))
        estimate = self.estimate(problem, x, x.new_ones(len(x)))
        # Of noise alone there is no evidence.
        return self._medians(problem, estimate), problem.levels + estimate.logits

    def _medians(self, problem: Problem, estimate: Estimate) -> Tensor:
        guess, scale = problem.mean, problem.per_draw(problem.scale)
        return guess[..., self.n_latent :] + scale[..., self.n_latent :] * estimate.point

    def _states(self, channels: Tensor) -> Tensor:
        """Take the channels that flow."""
        return channels[..., : self.n_latent or None]
