"""Likelihood of the values of a time step, given its tokens and the past."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sktsgen.nn._held import HeldNumbers
from sktsgen.nn._layers import Linear, uniform
from sktsgen.nn._level_tree import level_tree
from sktsgen.nn._slots import Slot, choices_of, read_slots, shown_of, width_of
from sktsgen.ops import draw_index, draw_normal, drop, mixture_log_density, mixture_log_mass

# Steps of integers up to this share of the smallest scale: density times step differs from the
# probability by less than 0.05 % there, and is cheaper.
_FINE = 0.1
# Beyond any value, in features.
_FAR = 1e3


class MixtureEmission(nn.Module):
    """Mixture of normals per number, around a point between two guesses; levels by softmax.

    The guesses are what the tokens stand for and the value of the step before; a gate chooses
    the mix by the context. Slow features follow their last value closely, which the tokens of
    a step cannot say; a convex mix cannot run away. Each number is also given how far the
    numbers before it fell from their points, and the levels before it, so that all of a step are
    drawn jointly; levels are given the numbers themselves.
    Levels also have logits straight from the levels before them.
    Training evaluates all slots in one masked pass; drawing goes through them one by one.

    What is drawn falls `inflation` times as far from its point as the network says, and is read
    accordingly; 1 for each number until it is calibrated.

    An integer has the probability that the mixture gives to all that is rounded to it, and is
    drawn rounded. A number whose cell is missing is neither scored nor drawn: the value of the
    step before stands in its place.

    A number that may be held has a probability of keeping the value of the step before exactly,
    and a density of all else.

    Parameters
    ----------
    n_features : int
        Width of a time step.
    d_context : int
        Width of what the density depends on.
    n_mixture : int
        Number of normals per number.
    d_hidden : int
        Hidden width per slot.
    smallest_scale : float or collection of float
        Lower bound of a normal's standard deviation, in units of the features; one for each number,
        or one for all.
    slots : sequence of tuple or None, default=None
        What is drawn one after the other, as `Slot`; None is every feature as a number.
    dropout : float, default=0.0
        Dropout rate of the hidden states, in training.
    generator : torch.Generator
        Source of the initial weights.
    """

    earlier: Tensor
    inflation: Tensor
    log_steps: Tensor
    integers: Tensor
    places_of_numbers: Tensor
    smallest_scales: Tensor
    is_number: Tensor

    def __init__(
        self,
        n_features: int,
        d_context: int,
        *,
        n_mixture: int,
        d_hidden: int,
        smallest_scale: float | Collection[float],
        slots: Collection[tuple[Any, ...]] | None = None,
        dropout: float = 0.0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_features, self.n_mixture = n_features, n_mixture
        self.d_hidden = d_hidden
        self.dropout = dropout
        self._sort(read_slots(slots, n_features), smallest_scale)
        n_slots, n_numbers = len(self.slots), len(self.numbers)
        self.gate = Linear(d_context, n_numbers, generator, bias=True, gain=0.3)
        self.from_context = Linear(d_context, n_slots * d_hidden, generator, bias=True)
        self.from_earlier = nn.Parameter(
            uniform(n_slots, n_features, d_hidden, generator=generator, d_in=n_features)
        )
        self.out = nn.Parameter(
            uniform(
                n_numbers, d_hidden, 3 * n_mixture, generator=generator, d_in=d_hidden, gain=0.3
            )
        )
        means = torch.linspace(-0.5, 0.5, n_mixture)
        start = torch.cat([torch.zeros(n_mixture), means, torch.full((n_mixture,), -1.0)])
        self.out_bias = nn.Parameter(start.expand(n_numbers, -1).clone())
        self.logits = nn.ModuleList(
            Linear(d_hidden, width_of(self.slots[place]), generator, bias=True, gain=0.3)
            for place in self.levels
        )
        # What is sure once an earlier level is known would be learnt slowly through the states.
        self.between = nn.ParameterList(
            torch.zeros(len(before), width_of(self.slots[place]))
            for before, place in list(zip(self.features_before, self.levels, strict=True))[1:]
        )
        self.stay = HeldNumbers(len(self.held), d_hidden) if self.held else None
        self.register_buffer("inflation", torch.ones(n_numbers))
        self._register()

    def _sort(self, slots: Collection[Slot], smallest_scale: float | Collection[float]) -> None:
        """Tell the places of numbers and of levels apart, and what is special of either."""
        self.slots = slots = tuple(slots)
        self.numbers = [place for place, slot in enumerate(slots) if not slot.n_levels]
        self.levels = [place for place, slot in enumerate(slots) if slot.n_levels]
        of_numbers = [slots[place] for place in self.numbers]
        self.is_plain = [slot.start for slot in of_numbers] == list(range(self.n_features))
        self._rank = {
            place: i for part in (self.numbers, self.levels) for i, place in enumerate(part)
        }
        self.gapped = [i for i, slot in enumerate(of_numbers) if slot.gap >= 0]
        self.gaps = [of_numbers[i].gap for i in self.gapped]
        if isinstance(smallest_scale, float):
            smallest_scale = [smallest_scale] * len(of_numbers)
        self.smallest = list(smallest_scale)
        self.coarse = [
            i for i, slot in enumerate(of_numbers) if slot.step > _FINE * self.smallest[i]
        ]
        self.held = [i for i, slot in enumerate(of_numbers) if slot.is_held]
        self.has_integers = any(slot.step for slot in of_numbers)
        of_levels = [slots[place] for place in self.levels]
        self.features_before = [
            [feature for slot in of_levels[:i] for feature in slot.features]
            for i in range(len(of_levels))
        ]
        self.is_completing = any(slot.n_drawn < slot.n_levels for slot in slots)

    def _register(self) -> None:
        of_numbers = [self.slots[place] for place in self.numbers]
        place_of = torch.empty(self.n_features, dtype=torch.int64)
        for place, slot in enumerate(self.slots):
            place_of[list(slot.features)] = place
        steps = torch.tensor([slot.step for slot in of_numbers])
        integers = [of_numbers[i] for i in self.coarse]
        buffers = {
            "earlier": (place_of < torch.arange(self.n_slots)[:, None]).float()[..., None],
            "log_steps": torch.where(steps > 0, steps, 1.0).log(),
            "integers": torch.tensor([[s.step, s.lowest, s.highest] for s in integers]),
            "smallest_scales": torch.tensor(self.smallest),
            "places_of_numbers": torch.tensor([s.start for s in of_numbers], dtype=torch.int64),
            "is_number": torch.tensor([not slot.n_levels for slot in self.slots]),
        }
        for name, buffer in buffers.items():
            self.register_buffer(name, buffer, persistent=False)

    @property
    def n_slots(self) -> int:
        """Number of things drawn one after the other, each from two uniforms."""
        return len(self.slots)

    @property
    def means(self) -> Float[Tensor, "numbers k"]:
        """Means of the normals of each number where the context says nothing; a view."""
        return self.out_bias[:, self.n_mixture : 2 * self.n_mixture]

    def log_density(
        self,
        values: Float[Tensor, "n features"],
        guesses: tuple[Float[Tensor, "n features"], Float[Tensor, "n features"]],
        context: Float[Tensor, "n d_context"],
        before: Float[Tensor, "n features"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "n slots"]:
        """Log density of every number, and log-probability of levels, given the slots before.

        A level that may not be drawn, and a number that is missing, have 0. `before` are the
        values two steps ago, by which it is known what was held; None are zeros. `generator`
        switches dropout on.
        """
        numbers = self._of_numbers(values)
        residual = (numbers - self._points(guesses, context)) / self.inflation
        if self.gapped:
            residual = residual * self.present(values)
        states = self._states(values, residual, context)
        of_numbers, of_levels = (drop(part, self.dropout, generator) for part in states)
        density = self._density_of_numbers(numbers, residual, of_numbers)
        if self.stay is not None:
            density[:, self.held] = self.stay.log_density(
                density[:, self.held],
                self._is_held(values, guesses[1]),
                self._is_held(guesses[1], before),
                of_numbers[:, self.held],
            )
        if self.gapped:
            density = density * self.present(values)
        if not self.levels:
            return density
        found = density.new_empty(len(values), self.n_slots)
        found[:, self.numbers] = density
        for i, place in enumerate(self.levels):
            found[:, place] = self._log_probability(i, values, of_levels[:, i])
        return found

    @torch.no_grad()
    def start_levels(self, values: Float[Tensor, "n features"]) -> None:
        """Begin with how often levels are, each given the earlier one that tells most about it.

        Parameters
        ----------
        values : Tensor of shape (n, n_features)
            Steps of the data.
        """
        trees = level_tree([self.slots[place] for place in self.levels], values)
        for i, (logits, given) in enumerate(trees):
            bias: Tensor = self.logits[i].bias  # type: ignore[assignment]
            bias[: len(logits)] = logits
            if i:
                self.between[i - 1][:, : len(logits)] = given

    @torch.no_grad()
    def start_held(self, shares: Float[Tensor, "2 features"]) -> None:
        """Begin with how often each number stays as it was, within (0, 1).

        A share of the steps after it has moved, and of those after it has stayed.
        """
        if self.stay is not None:
            places = self.places_of_numbers[self.held]
            self.stay.start(*shares.to(places.device)[:, places])

    def draw(
        self,
        guesses: tuple[Float[Tensor, "n features"], Float[Tensor, "n features"]],
        context: Float[Tensor, "n d_context"],
        uniforms: Float[Tensor, "n slots 2"],
        before: Float[Tensor, "n features"] | None = None,
    ) -> Float[Tensor, "n features"]:
        """Draw all slots, one after the other, from two uniforms each; `before` as above."""
        hidden = self.from_context(context).unflatten(-1, (self.n_slots, self.d_hidden))
        normal, points = draw_normal(uniforms[..., 1]), self._points(guesses, context)
        values = points.new_zeros(len(context), self.n_features)
        if self.stay is not None:
            is_after_a_step = (guesses[1] != 0.0).any(-1)
            logits = self.stay.begin(self._is_held(guesses[1], before))
            if_held = (self._of_numbers(guesses[1]) - points) / self.inflation
        for place, slot in enumerate(self.slots):
            state, uniform_of = F.silu(hidden[:, place]), uniforms[:, place, 0]
            weights = self.from_earlier[place + 1 :, slot.start : slot.stop]  # (later, own, hidden)
            if slot.n_levels:
                level = draw_index(self._level_logits(self._rank[place], values, state), uniform_of)
                feature, share = shown_of(slot, level, values)
                shown = F.one_hot(feature, slot.n_levels) * share[:, None]
                values[:, slot.start : slot.stop] = shown
                hidden[:, place + 1 :] += weights[:, feature].transpose(0, 1) * share[:, None, None]
                continue
            number = self._rank[place]
            point, inflation = points[:, number], self.inflation[number]
            if slot.is_held:
                assert self.stay is not None
                among = self.held.index(number)
                stays, uniform_of = self.stay.draw(among, state, logits, uniform_of)
                stays = stays & is_after_a_step
                logits = self.stay.follow(among, stays, logits)
            residual = self._draw_number(number, state, uniform_of, normal[:, place])
            value = torch.addcmul(point, residual, inflation)
            if slot.is_held:
                value = torch.where(stays, guesses[1][:, slot.start], value)
                residual = torch.where(stays, if_held[:, number], residual)
            if slot.step or slot.gap >= 0:
                value = self._settled(slot, value, values, guesses[1])
                residual = (value - point) / inflation
                residual = residual if slot.gap < 0 else residual * (1.0 - values[:, slot.gap])
            values[:, slot.start] = value
            if place + 1 < self.n_slots:
                hidden[:, place + 1 :].addcmul_(self._seen(place, value, residual), weights[:, 0])
        return values

    def present(self, values: Float[Tensor, "n features"]) -> Float[Tensor, "n numbers"]:
        """1 for each number whose cell is there, 0 where it is missing."""
        present = torch.ones_like(self._of_numbers(values))
        if self.gapped:
            present[:, self.gapped] = 1.0 - values[:, self.gaps]
        return present

    def share_present(self, values: Float[Tensor, "n features"]) -> Float[Tensor, " n"]:
        """Share of the cells of each step that may be drawn as they are."""
        parts = [self.present(values)]
        for place in self.levels:
            slot = self.slots[place]
            if not slot.is_flag and not set(slot.features) & set(self.gaps):
                given = values[:, slot.start : slot.start + slot.n_drawn]
                parts.append(given.sum(-1, keepdim=True))
        return torch.cat(parts, -1).mean(-1)

    def _states(self, values: Tensor, residual: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states of the numbers, (n, number, hidden), and of the levels."""
        # Zero where a slot would see itself or a later one.
        weights = self.from_earlier * self.earlier
        before = self.from_context(context)
        if self.is_plain:
            before = before + residual @ weights.transpose(0, 1).flatten(1)
            states = F.silu(before).unflatten(-1, (self.n_slots, self.d_hidden))
            return states, states[:, :0]
        before = before.unflatten(-1, (self.n_slots, self.d_hidden))
        seen = values.index_copy(1, self.places_of_numbers, residual)
        of_numbers, of_levels = (
            F.silu(before[:, places] + torch.einsum("nf,tfh->nth", given, weights[places]))
            for places, given in ((self.numbers, seen), (self.levels, values))
        )
        return of_numbers, of_levels

    def _density_of_numbers(self, numbers: Tensor, residual: Tensor, states: Tensor) -> Tensor:
        parameters = torch.einsum("nfh,fhk->nfk", states, self.out) + self.out_bias
        logits, means, raw_scales = parameters.chunk(3, dim=-1)
        scales = F.softplus(raw_scales) + self.smallest_scales[:, None]
        density = mixture_log_density(residual, logits, means, scales) - self.inflation.log()
        if not self.has_integers:
            return density
        density = density + self.log_steps
        if self.coarse:
            mixture = (part[:, self.coarse] for part in (logits, means, scales))
            mass = self._mass(numbers[:, self.coarse], residual[:, self.coarse], *mixture)
            density[:, self.coarse] = mass
        return density

    def _mass(self, numbers: Tensor, residual: Tensor, *mixture: Tensor) -> Tensor:
        """Log-probability of all that is rounded to an integer; the extremes take the tails."""
        steps, lowest, highest = self.integers.unbind(-1)
        half = 0.5 * steps
        reach = half / self.inflation[self.coarse]
        lower = torch.where(numbers < lowest + half, -_FAR, residual - reach)
        upper = torch.where(numbers > highest - half, _FAR, residual + reach)
        return mixture_log_mass(lower, upper, *mixture)

    def _log_probability(self, i: int, values: Tensor, states: Tensor) -> Tensor:
        """Log-probability of the level of one group; 0 where no level that is drawn is given."""
        logits = self._level_logits(i, values, states).float()
        given = choices_of(self.slots[self.levels[i]], values)
        log_probability: Tensor = (given * logits.log_softmax(-1)).sum(-1)
        return log_probability

    def _level_logits(self, i: int, values: Tensor, states: Tensor) -> Tensor:
        """Logits of what one group may be: by the context, and by each level before it."""
        logits: Tensor = self.logits[i](states)
        if self.features_before[i]:
            logits = logits + values[:, self.features_before[i]] @ self.between[i - 1]
        return logits[:, : self.slots[self.levels[i]].n_choices]

    def _draw_number(
        self, number: int, state: Tensor, uniform_of: Tensor, normal: Tensor
    ) -> Tensor:
        """Draw how far a number falls from its point."""
        parameters = torch.addmm(self.out_bias[number], state, self.out[number])
        logits, means, raw_scales = parameters.chunk(3, dim=-1)
        chosen = draw_index(logits, uniform_of)[:, None]
        scale = F.softplus(raw_scales.gather(1, chosen)) + self.smallest[number]
        return torch.addcmul(means.gather(1, chosen), scale, normal[:, None])[:, 0]

    def _is_held(self, values: Tensor, former: Tensor | None) -> Tensor:
        """Tell which of the numbers that may be held are exactly those of the step before."""
        places = self.places_of_numbers[self.held]
        if former is None:
            return torch.zeros_like(values[:, places], dtype=torch.bool)
        return (values == former)[:, places] & (former != 0.0).any(-1, keepdim=True)

    def _settled(self, slot: Slot, value: Tensor, values: Tensor, former: Tensor) -> Tensor:
        """Round integers; where the cell is missing, keep the value of the step before."""
        if slot.step:
            steps = torch.round((value - slot.lowest) / slot.step)
            value = (slot.lowest + steps * slot.step).clamp(slot.lowest, slot.highest)
        if slot.gap < 0:
            return value
        return torch.where(values[:, slot.gap] > 0, former[:, slot.start], value)

    def _seen(self, place: int, value: Tensor, residual: Tensor) -> Tensor:
        """Return what later slots see of a number, (n, later or 1, 1)."""
        if self.is_plain:
            return residual[:, None, None]
        sees_residual = self.is_number[place + 1 :]
        return torch.where(sees_residual, residual[:, None], value[:, None])[..., None]

    def _of_numbers(self, values: Tensor) -> Tensor:
        return values if self.is_plain else values[:, self.places_of_numbers]

    def _points(self, guesses: tuple[Tensor, Tensor], context: Tensor) -> Tensor:
        of_tokens, former = (self._of_numbers(guess) for guess in guesses)
        # In float32 whatever the layers compute in: it is values of the data that are mixed.
        return torch.lerp(of_tokens.float(), former, torch.sigmoid(self.gate(context).float()))
