"""Density of the values of a window given what its tokens decode to, step by step."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sktsgen.nn._cache import KVCache
from sktsgen.nn._emission import MixtureEmission
from sktsgen.nn._layers import Linear
from sktsgen.nn._slots import read_slots
from sktsgen.nn._transformer import CausalTransformer
from sktsgen.nn._window_batch import overlap_of

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
# Steps of the history that are read before the first one of a window, at most; together with those
# of the window that are given, fewer than a window has.
_LEAD = 16


class Plan(NamedTuple):
    """What the tokens of a window say of its steps.

    Attributes
    ----------
    points : Tensor of shape (batch, time, n_features)
        What they decode to.
    states : Tensor of shape (batch, time, d_states)
        Hidden states of the decoder.
    moves : Tensor of shape (batch, time, n_features)
        How far the points move into each step; zero for the first.
    """

    points: Float[Tensor, "batch time features"]
    states: Float[Tensor, "batch time d_states"]
    moves: Float[Tensor, "batch time features"]

    @classmethod
    def of(cls, points: Tensor, states: Tensor) -> Plan:
        """Plan of whole windows."""
        return cls(points, states, F.pad(points.diff(dim=1), (0, 0, 1, 0)))

    def split(self, step: int) -> tuple[Plan, Plan]:
        """Plans of the steps before `step`, and of those from it on."""
        before, after = zip(*(part.tensor_split([step], dim=1) for part in self), strict=True)
        return Plan(*before), Plan(*after)


class WindowEmission(nn.Module):
    """Values of a window one step after the other, given its plan and the values so far.

    A transformer reads the end of the history and then, step by step, the plan of a step and the
    value before it; the last values reach the mixture directly as well. What the plan leaves open
    follows from the values before, across the joint of two windows as inside one, and a plan that
    no real window has is made up for. Without a mixture the values are independent normals around
    the plan's points, whose spread is learnt.

    Parameters
    ----------
    n_features, d_states : int
        Width of a time step, and of the decoder's hidden states.
    n_timesteps : int
        Length of a window, and of its history.
    has_mixture : bool
        Whether the density is the mixture.
    d_model, n_layers, n_heads : int
        Sizes of the transformer.
    dropout : float
        Its dropout rate.
    lags : tuple of int
        How many steps back the values are that the mixture sees as they are, descending to 1.
    slots : sequence of tuple or None
        What is drawn one after the other within a step, as `Slot`; None is every feature as a
        number.
    smallest_scale : float or collection of float, default=0.02
        Least standard deviation of a normal, of each number or of all.
    generator : torch.Generator
        Source of the initial weights.
    """

    spread: Tensor

    def __init__(
        self,
        n_features: int,
        d_states: int,
        *,
        n_timesteps: int,
        has_mixture: bool,
        d_model: int,
        n_layers: int,
        n_heads: int,
        dropout: float = 0.0,
        lags: Collection[int] = (3, 2, 1),
        slots: Collection[tuple[Any, ...]] | None = None,
        smallest_scale: float | Collection[float] = 0.02,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_features, self.d_states = n_features, d_states
        self.n_lead = min(_LEAD, n_timesteps - 1 - overlap_of(n_timesteps))
        self.lags = tuple(lag for lag in lags if lag <= n_timesteps)
        self.log_scale = nn.Parameter(torch.zeros(n_features))
        self.register_buffer("spread", torch.ones(n_features))
        self.mixture = None
        if not has_mixture:
            return
        self.read = nn.Sequential(
            Linear(2 * n_features + d_states + 3, 2 * d_model, generator, bias=True),
            nn.SiLU(),
            Linear(2 * d_model, d_model, generator, bias=True),
        )
        self.trunk = CausalTransformer(
            d_model,
            n_layers,
            n_heads,
            1,
            window=self.n_lead + n_timesteps,
            dropout=dropout,
            generator=generator,
        )
        self.mixture = MixtureEmission(
            n_features,
            d_model + d_states + (2 + len(self.lags)) * n_features,
            n_mixture=8,
            d_hidden=64 if len(read_slots(slots, n_features)) <= 10 else 32,
            smallest_scale=smallest_scale,
            slots=slots,
            dropout=dropout,
            generator=generator,
        )

    def log_density(
        self,
        values: Float[Tensor, "batch time features"],
        plan: Plan,
        past: Float[Tensor, "batch past d_step"],
        about: Float[Tensor, "batch 1 d_model"],
        level: Float[Tensor, "batch 1 1"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch time slots"]:
        """Log density of every value; `generator` adds noise of `level` and dropout.

        `past` is the history as `mark` gives it, `about` what is known of the series.
        """
        if self.mixture is None:
            standardised = (values - plan.points) * torch.exp(-self.log_scale)
            return -0.5 * standardised.square() - self.log_scale - _HALF_LOG_TWO_PI
        steps = torch.cat([past, mark(values, all_known(values))], dim=1)
        states = self._states(steps, plan, about, level, generator)
        first, n_steps = past.shape[1], values.shape[1]
        former = [steps[:, first - lag : first - lag + n_steps] for lag in self.lags]
        context = self._context(states, plan, former)
        guesses = self._guesses(plan, former[-1])
        density = self.mixture.log_density(
            values.flatten(0, 1), guesses, context.flatten(0, 1), self._before(former), generator
        )
        return density.view(*values.shape[:2], -1)

    def _states(
        self,
        steps: Tensor,
        plan: Plan,
        about: Tensor,
        level: Tensor | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        n_entries = self.n_lead + plan.points.shape[1]
        former = steps[:, -1 - n_entries : -1]
        former = self.with_noise(former, level, generator)
        embedded = self.embed(former, self._with_lead(plan), about, level)
        states: Tensor = self.trunk(embedded, generator)[:, self.n_lead :]
        return states

    def _with_lead(self, plan: Plan) -> Tensor:
        return F.pad(self._flagged(plan), (0, 0, self.n_lead, 0))

    def _flagged(self, plan: Plan) -> Tensor:
        """Plan of each step and a one: what has none has zeros alone."""
        flag = torch.ones_like(plan.points[..., :1])
        return torch.cat([plan.points, plan.states, flag], dim=-1)

    def embed(
        self,
        former: Float[Tensor, "batch time d_step"],
        planned: Float[Tensor, "batch time d_planned"],
        about: Float[Tensor, "batch 1 d_model"],
        level: Float[Tensor, "batch 1 1"] | None = None,
    ) -> Float[Tensor, "batch time d_model"]:
        """Turn plans of steps, and the step before each, into what the transformer reads."""
        told = former.new_zeros(1, 1, 1) if level is None else level
        told = told.expand(*former.shape[:2], 1)
        embedded: Tensor = self.read(torch.cat([former, planned, told], dim=-1))
        return embedded + about

    def with_noise(
        self,
        steps: Float[Tensor, "batch time d_step"],
        level: Float[Tensor, "batch 1 1"] | None,
        generator: torch.Generator | None,
    ) -> Float[Tensor, "batch time d_step"]:
        """Add noise of `level`, relative to its spread, to what is known; None adds none."""
        if level is None:
            return steps
        values, known = steps[..., :-1], steps[..., -1:]
        noise = torch.randn(values.shape, generator=generator, device=values.device)
        return torch.cat([values + level * known * self.spread * noise, known], dim=-1)

    def begin(
        self,
        past: Float[Tensor, "batch past d_step"],
        given: Plan,
        about: Float[Tensor, "batch 1 d_model"],
    ) -> KVCache:
        """Cache that holds the end of `past`, of whose last steps `given` is the plan."""
        cache = self.trunk.start(len(past))
        planned = self._with_lead(given)
        n_entries = planned.shape[1]
        if n_entries:
            former = past[:, -1 - n_entries : -1]
            self.trunk.extend(self.embed(former, planned, about), cache)
        return cache

    def inputs(
        self,
        past: Float[Tensor, "batch past d_step"],
        plan: Plan,
        about: Float[Tensor, "batch 1 d_model"],
    ) -> Float[Tensor, "batch 1 d_model"]:
        """Input of the transformer for one step, of which `plan` is the plan."""
        return self.embed(past[:, -1:], self._flagged(plan), about)

    def draw(self, state: Tensor, past: Tensor, plan: Plan, uniforms: Tensor) -> Tensor:
        """Draw the values of one step."""
        assert self.mixture is not None
        former = [past[:, -lag][:, None] for lag in self.lags]
        context = self._context(state, plan, former)[:, 0]
        guesses, uniforms = self._guesses(plan, former[-1]), uniforms.unflatten(-1, (-1, 2))
        return self.mixture.draw(guesses, context, uniforms, self._before(former))

    def _context(self, states: Tensor, plan: Plan, former: list[Tensor]) -> Tensor:
        values = [step[..., :-1] for step in former]
        return torch.cat([states, *plan, *values], dim=-1)

    def _guesses(self, plan: Plan, former: Tensor) -> tuple[Tensor, Tensor]:
        points = plan.points.flatten(0, 1)
        before, known = former[..., :-1].flatten(0, 1), former[..., -1:].flatten(0, 1)
        return points, torch.where(known > 0, before, points)

    def _before(self, former: list[Tensor]) -> Tensor | None:
        """Values two steps ago, where the heads see that far."""
        return former[-2][..., :-1].flatten(0, 1) if len(former) > 1 else None

    @property
    def n_uniforms(self) -> int:
        """Number of uniforms that a step takes."""
        return 0 if self.mixture is None else 2 * self.mixture.n_slots


def mark(
    steps: Float[Tensor, "batch time features"], known: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch time d_step"]:
    """Set what is not known to zero, and say so beside it."""
    return torch.cat([steps * known[..., None], known[..., None].to(steps.dtype)], dim=-1)


def all_known(steps: Float[Tensor, "batch time features"]) -> Bool[Tensor, "batch time"]:
    """Mask of steps of which each is known."""
    return torch.ones(steps.shape[:2], dtype=torch.bool, device=steps.device)
