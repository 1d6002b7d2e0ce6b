"""Flow matching from a Gaussian first guess to the data, given what is visible."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from sktsgen.diffusion._flow_network import FARTHEST, FlowNetwork
from sktsgen.diffusion._losses import velocity_loss
from sktsgen.diffusion._patterns import Masks, PatternPool
from sktsgen.diffusion._problem import FlowBatch, Problem
from sktsgen.diffusion._sampler import Sampler, integrate
from sktsgen.diffusion._schedule import StraightSchedule
from sktsgen.diffusion._table_network import normal, seeded
from sktsgen.nn import Estimate, GaussianFill, Loss, TrainingStep, mean_where

# Share of the windows that train the one-pass answer.
_POINT_SHARE = 0.3


class ConditionalFlow(FlowNetwork):
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
        Largest standard deviation of the noise on them in training, twice the largest share of
        wrong levels.
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
    has_rounds : bool, default=False
        Whether levels are drawn before the numbers, in `LevelRounds`, and do not flow.
    n_patterns : int, default=0
        Number of patterns of hidden cells in training; 0 draws fresh ones for every batch.
    parents : list of list of int or None, default=None
        Of the chains of levels, as of `LevelChains`.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] N. Suh et al., "TimeAutoDiff: A Unified Framework for Generation, Imputation,
       Forecasting, and Time-Varying Metadata Conditioning of Heterogeneous Time Series Tabular
       Data", arXiv:2406.16028.
    """

    settled_after_training: ClassVar[frozenset[str]] = frozenset({"is_stretched"})
    # Built by the first loss, and of no use after training.
    _pool: PatternPool | None = None

    def loss(self, batch: FlowBatch, step: TrainingStep | None = None) -> Loss:
        """Mean error of velocities, one-pass medians and levels on hidden cells."""
        features, observed = batch
        # Without a step, masks, times and noise are the same in every call.
        generator = seeded(features.device) if step is None else step.generator
        whole = FlowBatch(*(batch if step is None else map(step.whole, batch)))
        hidden, asked, pattern = self._masks(observed, generator, whole.observed)
        given = features if step is None else self._disturbed(features, generator, whole.features)
        problem = self.pose(given[:, None], observed & ~hidden, pattern)
        noise = self.start(problem, normal((len(features), 1, self.n_noise), generator))
        data = self._data(features, problem).clamp(-FARTHEST, FARTHEST)
        t = torch.sigmoid(normal((len(features),), generator))
        is_point = torch.rand(t.shape, generator=generator, device=t.device) < _POINT_SHARE
        if self.hiding.rounds is not None:  # levels do not flow
            is_point |= (hidden & self.hiding.rounds.is_level).flatten(1).any(1)
        t = torch.where(is_point, 1.0, t)
        mixed = torch.lerp(data, noise, t[:, None, None]) * ~is_point[:, None, None]
        estimate = self.estimate(problem, mixed, t, None if step is None else generator)
        error = self.velocity(problem, estimate, mixed, t) - noise + data
        wanted, points = self.by_block(observed & asked, False), is_point[:, None, None]
        sizes = map(self._states, (problem.scale, self.fill.step_scale))
        flow = velocity_loss(error, self._flows(wanted) & ~points, *sizes)
        logits = self.logits(problem, estimate, mixed, t)
        levels = self.level_loss(logits, features, wanted & self._says_levels(points))
        point = self._point_loss(problem, estimate, features, wanted & points)
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

    def _disturbed(self, features: Tensor, generator: torch.Generator, whole: Tensor) -> Tensor:
        """Blur metadata."""
        wrong = self.hiding.disturbed(features, self.codes.is_level, whole, generator)
        return torch.where(self.by_feature(self.hiding.is_metadata, False), wrong, features)

    def _masks(self, observed: Tensor, generator: torch.Generator, whole: Tensor) -> Masks:
        """Draw what is hidden."""
        if self._pool is None:
            return Masks(*self.hiding(observed, generator, whole))
        return self._pool.pick(observed, generator)

    def prepare(self) -> None:
        """Draw the patterns that training comes back to, of a first guess that has been learnt."""
        n_patterns = self.config["n_patterns"]
        if n_patterns and isinstance(self.fill, GaussianFill):
            shape = self.n_timesteps, self.n_columns
            self._pool = PatternPool(self.hiding, self.fill, self._given, shape, n_patterns)

    def forget(self) -> None:
        """Drop what only training needs."""
        self._pool = None

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
        features, visible = self._with_levels(features, visible, noise)
        if visible.all():
            return features
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

    def _with_levels(
        self, features: Tensor, visible: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Draw hidden levels round by round, each given those before."""
        if self.hiding.rounds is None:
            return features, visible
        own = noise[..., self.fill.n_noise :][..., : self._n_level_noise]
        uniforms = torch.special.ndtr(own).unflatten(-1, (self.n_timesteps, -1))
        for asked in self.hiding.rounds.rounds(visible):
            logits = self._answer(self.pose(features, visible))[1].view(*features.shape[:3], -1)
            features = self._choose(features, asked, logits, uniforms)
            visible = visible | asked
        return features, visible

    def _choose(self, features: Tensor, asked: Tensor, logits: Tensor, uniforms: Tensor) -> Tensor:
        """Draw the levels that are asked for by their logits."""
        columns = self.by_block(asked, False)[..., self.is_discrete].flatten(0, -2).any(0)
        drawn = features.clone()
        drawn[..., self.codes.is_level] = self.codes.draw(
            logits, uniforms, columns.nonzero()[:, 0].tolist()
        )
        return torch.where(self.by_feature(asked, False)[:, None], drawn, features)

    def complete_levels(
        self, features: Tensor, observed: Tensor, wanted: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Draw levels as they would be if each column were a Markov chain of its own.

        Parameters
        ----------
        features, observed : Tensor of shape (batch, time, feature) and (batch, time, column)
            As in `pose`, without draws.
        wanted : BoolTensor of shape (batch, time, column)
            Levels to draw.
        generator : torch.Generator
            Source of the draws.

        Returns
        -------
        completed : Tensor of shape (batch, time, feature)
        """
        if self.hiding.rounds is None or self.chains is None:
            return features
        shape = (len(features), 1, self.n_timesteps, len(self.codes.level_widths))
        uniforms = torch.special.ndtr(normal(shape, generator))
        completed = features[:, None]
        for asked in self.hiding.rounds.rounds(observed | ~wanted):
            shown = self.by_block(observed, True)[..., self.is_discrete]
            logits = self.chains(completed[..., self.codes.is_level], shown)
            completed = self._choose(completed, asked, logits, uniforms)
            observed = observed | asked
        return completed[:, 0]

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
        medians, logits = self._answer(self.pose(features, visible))
        expected = torch.empty_like(features).flatten(0, 1)
        expected[..., ~self.codes.is_level] = medians[..., ~self.codes.is_code]
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

    def _clean(self, problem: Problem, x: Tensor, t: Tensor) -> Tensor:
        times = t.expand(len(x))
        estimate = self.estimate(problem, x, times)
        clean = x - t * self.velocity(problem, estimate, x, times)
        of_codes = self._of_codes(problem, estimate, x, times)
        if of_codes is not None:
            clean[..., self.codes.is_code] = of_codes
        hidden = ~problem.per_draw(self._states(problem.visible))
        return clean.clamp(-FARTHEST, FARTHEST) * hidden

    def _of_codes(
        self, problem: Problem, estimate: Estimate, x: Tensor, t: Tensor
    ) -> Tensor | None:
        """Mean of the codes of levels under their logits; None where no state is a code."""
        if not self.codes.level_widths or self.hiding.rounds is not None:
            return None
        mean = self.codes.expected(self.logits(problem, estimate, x, t))
        units = problem.per_draw(problem.scale)[..., self.codes.is_code]
        return (mean - problem.mean[..., self.codes.is_code]) / units

    def _keep(self, features: Tensor, visible: Tensor, drawn: Tensor) -> Tensor:
        given = self.by_feature(visible, True)
        return torch.where(given[:, None], features, drawn)
