"""Flow matching from a Gaussian first guess to the data, given what is visible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sktsgen.diffusion._calibration import Calibration
from sktsgen.diffusion._losses import velocity_loss
from sktsgen.diffusion._masks import draw_hidden
from sktsgen.diffusion._metadata import blurred, shown
from sktsgen.diffusion._problem import FlowBatch, Problem
from sktsgen.diffusion._sampler import Sampler, integrate
from sktsgen.diffusion._schedule import StraightSchedule
from sktsgen.diffusion._table_network import TableNetwork, normal, seeded
from sktsgen.nn import (
    Estimate,
    LatentDenoiser,
    Loss,
    TrainingStep,
    mean_where,
    new_fill,
    velocity_skip,
)

# Share of the windows that train the one-pass answer.
_POINT_SHARE = 0.3
# Units of a first guess are not finer than this, nor does anything count beyond so many of them.
_SMALLEST_SCALE = 0.01
_FARTHEST = 8.0


class ConditionalFlow(TableNetwork):
    """Draw all hidden cells of a window jointly, given the visible ones.

    The state travels on a straight line from a draw of the posterior that jointly Gaussian
    windows would have to a draw of the true one. Both are given relative to the mean and in the
    standard deviations of the former, so an untrained network already draws from it, and training
    is left with what is not Gaussian.

    Differs from the paper [1]_, whose noise is white and whose network starts from zeros: it has
    to find the linear relations between cells first.

    Parameters
    ----------
    n_timesteps : int
        Length of a window.
    widths, columns : list of int
        Features of every block, 1 for a number and else the number of levels, and its column.
    n_columns : int
        Columns that can be hidden; those from there on are always known.
    rank : int
        Factors of the Gaussian first guess; 0 for straight lines between visible cells.
    mixture : mapping of str to float
        Share of every pattern of hidden cells in training.
    metadata : list of int
        Columns that are shown for all time steps in most windows, whatever else is hidden.
    condition_noise : float
        Largest standard deviation of the noise on them in training, half the share of wrong levels.
    d_model, n_layers, n_heads, dropout, has_column_attention : int, int, int, float, bool
        Of the network.
    n_latent : int, default=0
        Channels that flow in place of the cells; 0 lets the cells themselves flow.
    is_recalibrated : bool, default=False
        Whether to learn how sure the first guess is; networks of old files do not.
    has_lines : bool, default=False
        Whether the first guess may be moved towards straight lines; not of old files.
    is_stretched : bool, default=False
        Whether deviations are as large as `learn_stretch` saw them in held-out windows.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] N. Suh et al., "TimeAutoDiff: A Unified Framework for Generation, Imputation,
       Forecasting, and Time-Varying Metadata Conditioning of Heterogeneous Time Series Tabular
       Data", arXiv:2406.16028.
    """

    is_metadata: Tensor

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
        generator: torch.Generator,
    ) -> None:
        super().__init__(widths, columns, n_columns)
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
        }
        self.mixture, self.condition_noise = dict(mixture), condition_noise
        is_metadata = torch.zeros(n_columns, dtype=torch.bool)
        is_metadata[metadata] = True
        self.register_buffer("is_metadata", is_metadata, persistent=False)
        self.n_timesteps = n_timesteps
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
            generator=generator,
        )

    @property
    def n_noise(self) -> int:
        """Normal numbers that one draw of a window takes."""
        return self.fill.n_noise

    def loss(self, batch: FlowBatch, step: TrainingStep | None = None) -> Loss:
        """Mean error of velocities, one-pass medians and levels on hidden cells."""
        features, observed = batch
        # Without a step, masks, times and noise are the same in every call.
        generator = seeded(features.device) if step is None else step.generator
        whole = FlowBatch(*(batch if step is None else map(step.whole, batch)))
        hidden = self._hidden(observed, generator, whole.observed)
        given = features if step is None else self._disturbed(features, generator, whole.features)
        problem = self.pose(given[:, None], observed & ~hidden)
        noise = self.start(problem, normal((len(features), 1, self.n_noise), generator))
        data = self._data(features, problem).clamp(-_FARTHEST, _FARTHEST)
        t = torch.sigmoid(normal((len(features),), generator))
        is_point = torch.rand(t.shape, generator=generator, device=t.device) < _POINT_SHARE
        t = torch.where(is_point, 1.0, t)
        mixed = torch.lerp(data, noise, t[:, None, None]) * ~is_point[:, None, None]
        estimate = self.estimate(problem, mixed, t, None if step is None else generator)
        error = self.velocity(problem, estimate, mixed, t) - noise + data
        wanted, asked = self.by_block(observed & hidden, False), is_point[:, None, None]
        sizes = map(self._states, (problem.scale, self.fill.step_scale))
        flow = velocity_loss(error, self._flows(wanted) & ~asked, *sizes)
        logits = self.logits(problem, estimate, mixed, t)
        levels = self.level_loss(logits, features, wanted & self._says_levels(asked))
        point = self._point_loss(problem, estimate, features, wanted & asked)
        return flow + point + levels

    def _data(self, features: Tensor, problem: Problem) -> Tensor:
        """End of the flow in units of the first guess."""
        return (self.codes.embed(features) - problem.mean) / problem.scale

    def _flows(self, wanted: Tensor) -> Tensor:
        """Say where the velocity counts: at wanted numbers. Levels have losses of their own."""
        return self.of_numbers(wanted)

    def _says_levels(self, asked: Tensor) -> Tensor:
        """Say which windows train levels: all, as they are asked for at every step."""
        return torch.ones_like(asked)

    def _point_loss(
        self, problem: Problem, estimate: Estimate, features: Tensor, wanted: Tensor
    ) -> Loss:
        """Mean absolute error of the medians of numbers, in units of the first guess."""
        error = self._medians(problem, estimate) - self.codes.embed(features)
        scale = problem.per_draw(problem.scale)[..., self.n_latent :]
        return mean_where((error / scale).abs(), self.of_numbers(wanted))

    def _hidden(
        self, observed: Tensor, generator: torch.Generator, elsewhere: Tensor | None = None
    ) -> Tensor:
        """Draw what is hidden; of metadata nothing, in most windows."""
        hidden = draw_hidden(observed, self.mixture, generator, elsewhere)
        if not self.config["metadata"]:
            return hidden
        return shown(hidden, self.is_metadata, generator)

    def _disturbed(
        self, features: Tensor, generator: torch.Generator, whole: Tensor | None = None
    ) -> Tensor:
        """Blur metadata, so that slightly wrong ones are not followed blindly."""
        if not (self.condition_noise and self.config["metadata"]):
            return features
        others = features if whole is None else whole
        wrong = blurred(features, others, self.codes.is_level, self.condition_noise, generator)
        return torch.where(self.by_feature(self.is_metadata, False), wrong, features)

    def pose(self, features: Tensor, visible: Tensor) -> Problem:
        """Put a problem to the network.

        Parameters
        ----------
        features : Tensor of shape (batch, draws, time, feature)
            What is not visible is not read.
        visible : BoolTensor of shape (batch, time, column)
            Cells that are given.

        Returns
        -------
        problem : Problem
            With the first guess.
        """
        given = F.pad(self.seen(visible), (self.n_latent, 0))
        fill = self.fill(F.pad(self.codes.embed(features), (self.n_latent, 0)), given)
        return Problem(fill, fill.scale.clamp(min=_SMALLEST_SCALE), given)

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
        near = x.clamp(-_FARTHEST, _FARTHEST)
        estimate: Estimate = self.denoiser(near, context, t, generator)
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
        return self._prior(problem) + evidence + estimate.logits

    def _prior(self, problem: Problem) -> Tensor:
        return self.codes.prior(problem.mean[..., self.n_latent :])

    def draw(
        self,
        features: Tensor,
        visible: Tensor,
        noise: Tensor,
        *,
        sampler: Sampler,
        n_steps: int,
    ) -> Tensor:
        """Draw the hidden cells.

        Parameters
        ----------
        features, visible : Tensor
            As in `pose`.
        noise : Tensor of shape (batch, draws, n_noise)
            Standard normal noise.
        sampler : Sampler
            The step of the solver.
        n_steps : int
            Number of steps.

        Returns
        -------
        drawn : Tensor of shape (batch, draws, time, feature)
            Visible cells as they were; levels as one-hot.
        """
        problem = self.pose(features, visible)
        x = integrate(
            lambda x, t: self._clean(problem, x, t),
            self.start(problem, noise),
            sampler=sampler,
            schedule=StraightSchedule(),
            n_steps=n_steps,
        )
        x = self._stretched(problem, x)
        latents = self._states(problem.mean) + problem.per_draw(self._states(problem.scale)) * x
        drawn = self._read_off(latents, features, visible, noise)
        return self._keep(features, visible, drawn.view_as(features))

    def learn_stretch(self, drawn: Tensor, true: Tensor) -> None:
        """Map the deviations of draws, in the units of `deviations`, to those of the truth."""
        self.calibration.learn_stretch(drawn, true)
        self.config["is_stretched"] = True

    def _stretched(self, problem: Problem, x: Tensor) -> Tensor:
        if self.calibration.stretch is None:
            return x
        point = self.estimate(problem, torch.zeros_like(x), x.new_ones(len(x))).point
        unit = problem.per_draw(self.calibration.spread(problem.scale))
        kept = self.codes.is_code | problem.per_draw(problem.visible)
        return torch.where(kept, x, point + unit * self.calibration.stretch((x - point) / unit))

    def _read_off(
        self, latents: Tensor, features: Tensor, visible: Tensor, noise: Tensor
    ) -> Tensor:
        """Cells of drawn latents, (batch * draws, time, latent)."""
        return self.codes.nearest(latents)

    def point(self, features: Tensor, visible: Tensor) -> Tensor:
        """Medians of hidden numbers and probabilities of hidden levels, in one pass.

        Parameters
        ----------
        features, visible : Tensor
            As in `pose`.

        Returns
        -------
        expected : Tensor of shape (batch, draws, time, feature)
            Visible cells as they were.
        """
        problem = self.pose(features, visible)
        x = torch.zeros_like(self._states(problem.mean))
        t = x.new_ones(len(x))
        estimate = self.estimate(problem, x, t)
        medians = self._medians(problem, estimate)
        expected = torch.empty_like(features).flatten(0, 1)
        expected[..., ~self.codes.is_level] = medians[..., ~self.codes.is_code]
        logits = self.logits(problem, estimate, x, t)
        expected[..., self.codes.is_level] = self.codes.probabilities(logits)
        return self._keep(features, visible, expected.view_as(features))

    def guess(self, features: Tensor, visible: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the hidden cells from the Gaussian first guess alone.

        Parameters
        ----------
        features, visible : Tensor of shape (batch, time, feature) and (batch, time, column)
            As in `pose`, without draws.
        generator : torch.Generator
            Source of the noise.

        Returns
        -------
        drawn : Tensor of shape (batch, time, feature)
        """
        problem = self.pose(features[:, None], visible)
        noise = normal((len(features), 1, self.n_noise), generator)
        latents = problem.mean + problem.scale * self.start(problem, noise)
        return self._keep(features[:, None], visible, self.codes.nearest(latents)[:, None])[:, 0]

    def _medians(self, problem: Problem, estimate: Estimate) -> Tensor:
        guess, scale = problem.mean, problem.per_draw(problem.scale)
        return guess[..., self.n_latent :] + scale[..., self.n_latent :] * estimate.point

    def _states(self, channels: Tensor) -> Tensor:
        """Take the channels that flow."""
        return channels[..., : self.n_latent or None]

    def _clean(self, problem: Problem, x: Tensor, t: Tensor) -> Tensor:
        times = t.expand(len(x))
        estimate = self.estimate(problem, x, times)
        clean = x - t * self.velocity(problem, estimate, x, times)
        of_codes = self._of_levels(problem, estimate, x, times)
        if of_codes is not None:
            clean[..., self.codes.is_code] = of_codes
        hidden = ~problem.per_draw(self._states(problem.visible))
        return clean.clamp(-_FARTHEST, _FARTHEST) * hidden

    def _of_levels(
        self, problem: Problem, estimate: Estimate, x: Tensor, t: Tensor
    ) -> Tensor | None:
        """Mean of the codes of levels under their logits; None where no state is a code."""
        if not self.codes.level_widths:
            return None
        mean = self.codes.expected(self.logits(problem, estimate, x, t))
        units = problem.per_draw(problem.scale)[..., self.codes.is_code]
        return (mean - problem.mean[..., self.codes.is_code]) / units

    def _keep(self, features: Tensor, visible: Tensor, drawn: Tensor) -> Tensor:
        given = self.by_feature(visible, True)
        return torch.where(given[:, None], features, drawn)
