"""Flow matching from a Gaussian first guess to the data, given what is visible."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sktsgen.diffusion._masks import draw_hidden
from sktsgen.diffusion._problem import FlowBatch, Problem
from sktsgen.diffusion._sampler import Sampler, integrate
from sktsgen.diffusion._schedule import StraightSchedule
from sktsgen.nn import (
    Estimate,
    GaussianFill,
    LatentDenoiser,
    LevelCodes,
    LinearFill,
    Network,
    TrainingStep,
    velocity_skip,
)

# Share of the windows that train the one-pass answer, and the weight of its error, which is in
# standard deviations of the data where the others are in those of the first guess.
_POINT_SHARE = 0.3
_POINT_WEIGHT = 3.0
# Units of a first guess are not finer than this, nor does anything count beyond so many of them.
_SMALLEST_SCALE = 0.01
# Share of the windows that show their metadata.
_METADATA_SHARE = 0.7
_FARTHEST = 8.0


class ConditionalFlow(Network):
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
    widths : list of int
        Features of every block: 1 for a number, the number of levels for a discrete one.
    columns : list of int
        Column of every block.
    n_columns : int
        Columns that can be hidden; those from there on are always known.
    rank : int
        Factors of the Gaussian first guess; 0 for straight lines between visible cells.
    mixture : mapping of str to float
        Share of every pattern of hidden cells in training.
    metadata : list of int
        Columns that are shown for all time steps in most windows, whatever else is hidden.
    condition_noise : float
        Largest standard deviation of the noise on them in training, and half the largest share
        of wrong levels.
    d_model, n_layers, n_heads, dropout : int, int, int, float
        Of the network.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] N. Suh et al., "TimeAutoDiff: A Unified Framework for Generation, Imputation,
       Forecasting, and Time-Varying Metadata Conditioning of Heterogeneous Time Series Tabular
       Data", arXiv:2406.16028.
    """

    columns: Tensor
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
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.config = {
            "n_timesteps": n_timesteps,
            "widths": list(widths),
            "columns": list(columns),
            "n_columns": n_columns,
            "rank": rank,
            "mixture": dict(mixture),
            "metadata": list(metadata),
            "condition_noise": condition_noise,
            "d_model": d_model,
            "n_layers": n_layers,
            "n_heads": n_heads,
            "dropout": dropout,
        }
        self.mixture, self.condition_noise = dict(mixture), condition_noise
        is_metadata = torch.zeros(n_columns, dtype=torch.bool)
        is_metadata[metadata] = True
        self.register_buffer("is_metadata", is_metadata, persistent=False)
        self.n_timesteps, self.n_columns = n_timesteps, n_columns
        self.n_known = max(columns) + 1 - n_columns
        self.codes = LevelCodes(widths)
        self.register_buffer("columns", torch.tensor(columns), persistent=False)
        n_latent = self.codes.n_latent
        self.fill = (
            GaussianFill(n_timesteps, n_latent, rank) if rank else LinearFill(n_timesteps, n_latent)
        )
        self.denoiser = LatentDenoiser(
            n_latent,
            3 * n_latent,
            sum(self.codes.level_widths),
            d_model=d_model,
            n_layers=n_layers,
            n_heads=n_heads,
            dropout=dropout,
            generator=generator,
        )

    @property
    def n_noise(self) -> int:
        """Normal numbers that one draw of a window takes."""
        return self.fill.n_noise

    def loss(self, batch: FlowBatch, step: TrainingStep | None = None) -> Tensor:
        """Mean error of velocities, one-pass medians and levels on hidden cells."""
        features, observed = batch
        # Without a step, masks, times and noise are the same in every call.
        generator = _fixed(features.device) if step is None else step.generator
        hidden = self._hidden(observed, generator)
        shown = features if step is None else self._disturbed(features, generator)
        problem = self.pose(shown[:, None], observed & ~hidden)
        noise = self.start(problem, _normal((len(features), 1, self.n_noise), generator))
        truth = self.codes.embed(features) - problem.mean
        data = (truth / problem.scale).clamp(-_FARTHEST, _FARTHEST)
        t = torch.sigmoid(_normal((len(features),), generator))
        is_point = torch.rand(t.shape, generator=generator, device=t.device) < _POINT_SHARE
        t = torch.where(is_point, 1.0, t)
        mixed = torch.lerp(data, noise, t[:, None, None]) * ~is_point[:, None, None]
        estimate = self.estimate(problem, mixed, t, None if step is None else generator)
        velocity = self.velocity(estimate, mixed, t)
        wanted = self._by_block(observed & hidden, False)
        numbers = self.codes.spread(wanted) & ~self.codes.is_code
        asked = is_point[:, None, None]
        flow = _mean_where((velocity - noise + data).square(), numbers & ~asked)
        point = _mean_where((problem.scale * estimate.point - truth).abs(), numbers & asked)
        logits = self.logits(problem, estimate, mixed, t)
        return flow + _POINT_WEIGHT * point + self._level_loss(logits, features, wanted)

    def _hidden(self, observed: Tensor, generator: torch.Generator) -> Tensor:
        """Draw what is hidden; of metadata nothing, in most windows."""
        hidden = draw_hidden(observed, self.mixture, generator)
        if not self.config["metadata"]:
            return hidden
        uniform = torch.rand((len(hidden), 1, 1), generator=generator, device=hidden.device)
        return hidden & ~(self.is_metadata & (uniform < _METADATA_SHARE))

    def _disturbed(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Blur metadata, so that slightly wrong ones are not followed blindly."""
        if not (self.condition_noise and self.config["metadata"]):
            return features
        shape, device = features.shape, features.device
        level = self.condition_noise * torch.rand(
            (shape[0], 1, 1), generator=generator, device=device
        )
        noisy = features + level * torch.randn(shape, generator=generator, device=device)
        order = torch.randperm(shape[0], generator=generator, device=device)
        swaps = torch.rand((*shape[:2], 1), generator=generator, device=device) < level / 2
        wrong = torch.where(swaps, features[order], features)
        disturbed = torch.where(self.codes.is_level, wrong, noisy)
        repeats = torch.tensor(self.codes.widths, device=device)
        flags = self._by_block(self.is_metadata, False).repeat_interleave(repeats)
        return torch.where(flags, disturbed, features)

    def _level_loss(self, logits: Tensor, features: Tensor, wanted: Tensor) -> Tensor:
        if not self.codes.level_widths:
            return features.new_zeros(())
        discrete = torch.tensor([w > 1 for w in self.codes.widths], device=features.device)
        error = self.codes.cross_entropy(logits, features)
        return _mean_where(error, wanted[..., discrete])

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
        given = self.seen(visible)
        fill = self.fill(self.codes.embed(features), given)
        return Problem(fill, fill.scale.clamp(min=_SMALLEST_SCALE), given)

    def start(self, problem: Problem, noise: Tensor) -> Tensor:
        """Turn standard normal noise, (batch, draws, n_noise), into states at t = 1."""
        deviation = self.fill.deviation(problem.fill, problem.visible, noise)
        return (deviation / problem.scale[:, None]).flatten(0, 1)

    def estimate(
        self, problem: Problem, x: Tensor, t: Tensor, generator: torch.Generator | None = None
    ) -> Estimate:
        """Ask the network about states `x`, (batch * draws, time, latent), at times `t`."""
        known = torch.cat([problem.visible, problem.scale.log() * ~problem.visible], dim=-1)
        context = torch.cat([problem.mean, problem.per_draw(known)], dim=-1)
        near = x.clamp(-_FARTHEST, _FARTHEST)
        estimate: Estimate = self.denoiser(near, context, t, generator)
        return estimate

    def velocity(self, estimate: Estimate, x: Tensor, t: Tensor) -> Tensor:
        """Mean of noise - data: what it would be on Gaussian data, and the network's correction."""
        return velocity_skip(t)[:, None, None] * x + estimate.flow

    def logits(self, problem: Problem, estimate: Estimate, x: Tensor, t: Tensor) -> Tensor:
        """Logits of levels: first guess, what their own noisy code says, and the network's part."""
        if not self.codes.level_widths:
            return estimate.logits
        scale = problem.per_draw(problem.scale)
        evidence = self.codes.evidence(x, problem.mean, scale, t)
        return self.codes.prior(problem.mean) + evidence + estimate.logits

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
        latents = problem.mean + problem.per_draw(problem.scale) * x
        drawn = self.codes.nearest(latents).view_as(features)
        return self._keep(features, visible, drawn)

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
        mean = problem.mean
        estimate = self.estimate(problem, torch.zeros_like(mean), mean.new_ones(len(mean)))
        medians = mean + problem.per_draw(problem.scale) * estimate.point
        expected = torch.empty_like(features).flatten(0, 1)
        expected[..., ~self.codes.is_level] = medians[..., ~self.codes.is_code]
        logits = self.logits(problem, estimate, torch.zeros_like(mean), mean.new_ones(len(mean)))
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
        noise = _normal((len(features), 1, self.n_noise), generator)
        latents = problem.mean + problem.scale * self.start(problem, noise)
        return self._keep(features[:, None], visible, self.codes.nearest(latents)[:, None])[:, 0]

    def seen(self, observed: Tensor) -> Tensor:
        """Say which latents are observed if the columns of `observed` are."""
        return self.codes.spread(self._by_block(observed, True))

    def _clean(self, problem: Problem, x: Tensor, t: Tensor) -> Tensor:
        times = t.expand(len(x))
        estimate = self.estimate(problem, x, times)
        clean = x - t * self.velocity(estimate, x, times)
        if self.codes.level_widths:
            logits = self.logits(problem, estimate, x, times)
            of_codes = self.codes.expected(logits) - problem.mean[..., self.codes.is_code]
            units = problem.per_draw(problem.scale)[..., self.codes.is_code]
            clean[..., self.codes.is_code] = of_codes / units
        return clean.clamp(-_FARTHEST, _FARTHEST) * ~problem.per_draw(problem.visible)

    def _by_block(self, by_column: Tensor, known: bool) -> Tensor:
        """Give every block what its column has, and the known ones `known`."""
        flags = by_column.new_full((*by_column.shape[:-1], self.n_known), known)
        return torch.cat([by_column, flags], dim=-1)[..., self.columns]

    def _keep(self, features: Tensor, visible: Tensor, drawn: Tensor) -> Tensor:
        repeats = torch.tensor(self.codes.widths, device=features.device)
        given = self._by_block(visible, True).repeat_interleave(repeats, dim=-1)
        return torch.where(given[:, None], features, drawn)


def _fixed(device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(0)


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device)


def _mean_where(error: Tensor, where: Tensor) -> Tensor:
    return (error * where).sum() / where.sum().clamp(min=1)
