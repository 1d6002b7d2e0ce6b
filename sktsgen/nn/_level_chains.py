"""Levels between the visible ones of their column, as in a Markov chain."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sktsgen.nn._derived import Derived
from sktsgen.ops import nearest_visible

# Steps that every level is taken to have been left by, shared out as often as each level comes.
SMOOTHING = 0.05
# Least logarithm of a probability, and least probability that is kept on the way.
_LEAST = -14.0
_TINY = 1e-12


class LevelChains(Derived):
    """How probable levels are if every discrete column is a Markov chain.

    What lasts or goes round, as the months and hours of rows do, is told by the nearest visible
    levels of its column before and after it. A column may have parents whose levels at a step say
    how probable the transitions to that step are [1]_: weekdays change where the hour is 0. Where
    the level of a parent is not visible, its own chain says how probable each is.

    Parameters
    ----------
    widths : list of int
        Number of levels of every discrete column.
    n_timesteps : int
        Steps of a window.
    parents : list of list of int or None, default=None
        Parents of every discrete column, without cycles; None gives none to any.

    References
    ----------
    .. [1] T. Dean and K. Kanazawa, "A Model for Reasoning about Persistence and Causation",
       Computational Intelligence 5 (1989), 142-150.
    """

    def __init__(
        self, widths: list[int], n_timesteps: int, parents: list[list[int]] | None = None
    ) -> None:
        super().__init__()
        self.widths, self.n_timesteps = list(widths), n_timesteps
        self.parents = [[] for _ in widths] if parents is None else [list(p) for p in parents]
        for number, width in enumerate(self.widths):
            even = torch.full((width, width), 1.0 / width)
            self.register_buffer(f"step_{number}", even)
            self.register_buffer(f"share_{number}", even[0].clone())
            if self.parents[number]:
                n_beside = math.prod(self.widths[parent] for parent in self.parents[number])
                self.register_buffer(f"steps_{number}", even.repeat(n_beside, 1, 1))
        self._order = sorted(range(len(self.widths)), key=self._n_above)

    def _n_above(self, number: int) -> int:
        return max((1 + self._n_above(parent) for parent in self.parents[number]), default=0)

    @torch.no_grad()
    def learn(
        self, number: int, before: Tensor, after: Tensor, beside: Tensor | None = None
    ) -> None:
        """Count the steps of a column.

        Parameters
        ----------
        number : int
            Which discrete column.
        before, after : Tensor of shape (n_steps, n_levels)
            One-hot levels of consecutive rows.
        beside : Tensor of shape (n_steps, n_pairs) or None, default=None
            One-hot levels of its parents in the later row, as `side_by_side` makes them of those
            of each; zeros where one is missing.
        """
        counts = before.sum(0).double()
        share = (counts + 1e-6) / (counts + 1e-6).sum()
        pairs = before.double().T @ after.double() + SMOOTHING * share
        step = pairs / pairs.sum(1, keepdim=True)
        self.get_buffer(f"step_{number}").copy_(step)
        self.get_buffer(f"share_{number}").copy_(share)
        if beside is not None:
            triples = count_steps(before, after, beside) + SMOOTHING * step
            steps = triples / triples.sum(2, keepdim=True)
            self.get_buffer(f"steps_{number}").copy_(steps)
        self.derived = {}

    def forward(
        self,
        levels: Float[Tensor, "batch draws time level"],
        visible: Bool[Tensor, "batch time column"],
    ) -> Float[Tensor, "batch draws time level"]:
        """Log-probabilities of levels, one-hot where they are visible."""
        last, ahead = nearest_visible(visible)
        parts = list(levels.split(self.widths, dim=-1))
        for number in self._order:
            if parents := self.parents[number]:
                beside = side_by_side([parts[parent].exp() for parent in parents])
                parts[number] = self._beside(number, parts[number], visible, beside)
            else:
                before, after = last[..., number], ahead[..., number]
                parts[number] = self._alone(number, parts[number], before, after)
        return torch.cat(parts, dim=-1).clamp(min=_LEAST)

    @property
    def log_shares(self) -> Float[Tensor, " level"]:
        """Logarithms of how frequent levels are."""
        shares = [self.get_buffer(f"share_{number}") for number in range(len(self.widths))]
        return torch.cat(shares).log().clamp(min=_LEAST)

    def _alone(self, number: int, part: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """Log-probabilities of a column without a parent."""
        steps = torch.arange(self.n_timesteps, device=part.device)
        found, logs = part.argmax(-1), self._powers(number)
        past = _of(logs, found, before, steps - before)
        future = _of(logs.transpose(1, 2), found, after, after - steps)
        share = self.get_buffer(f"share_{number}").clamp(min=1e-6).log()
        past = torch.where((before >= 0)[:, None, :, None], past, share)
        future = torch.where((after < self.n_timesteps)[:, None, :, None], future, 0.0)
        return (past + future).log_softmax(-1)

    def _beside(self, number: int, part: Tensor, visible: Tensor, beside: Tensor) -> Tensor:
        """Log-probabilities of a column whose parents have the probabilities `beside`."""
        n_timesteps, width = part.shape[2:]
        tables = self.get_buffer(f"steps_{number}").flatten(1)
        steps = (beside.flatten(0, 2) @ tables).view(-1, n_timesteps, width, width)
        seen = visible[:, None, :, number, None].expand(*part.shape[:3], 1).flatten(0, 1)
        given = part.flatten(0, 1)
        share = self.get_buffer(f"share_{number}").expand(len(given), width)
        # What comes before a visible level and after it meets only there.
        onward = torch.where(seen[..., None], given[:, :, None], steps).unbind(1)
        back = torch.where(seen[..., None], 0.0, steps).unbind(1)
        reached = (steps @ torch.where(seen, given, 0.0)[..., None]).unbind(1)
        past = [torch.where(seen[:, 0], given[:, 0], share)[:, None]]
        for t in range(1, n_timesteps):
            past.append(past[-1] @ onward[t])
        future = [torch.ones_like(share)[..., None]]
        for t in range(n_timesteps - 1, 0, -1):
            future.append(torch.baddbmm(reached[t], back[t], future[-1]))
        both = torch.cat(past, 1) * torch.stack(future[::-1], 1)[..., 0]
        logs = torch.where(seen, given, both).clamp(min=_TINY).log().log_softmax(-1)
        return logs.view(part.shape)

    def _powers(self, number: int) -> Tensor:
        """Logarithms of the probabilities of 0, 1, 2 ... steps of a column."""
        if number not in self.derived:
            self.derived[number] = self._logs_of(number)
        found: Tensor = self.derived[number]
        return found

    def _logs_of(self, number: int) -> Tensor:
        step = self.get_buffer(f"step_{number}").double()
        powers = [torch.eye(len(step), dtype=step.dtype, device=step.device)]
        for _ in range(1, self.n_timesteps):
            powers.append(powers[-1] @ step)
        return torch.stack(powers).log().clamp(min=2 * _LEAST).float()


def side_by_side(parts: Sequence[Float[Tensor, "*batch _"]]) -> Float[Tensor, "*batch pair"]:
    """Probabilities of the levels of several columns together, from those of each."""
    both = parts[0]
    for part in parts[1:]:
        both = (both[..., None] * part[..., None, :]).flatten(-2)
    return both


def count_steps(
    before: Float[Tensor, "step level"],
    after: Float[Tensor, "step level"],
    beside: Float[Tensor, "step pair"],
) -> Float[Tensor, "pair level level"]:
    """Count how often a column goes from one level to another, by the levels of other columns."""
    width, n_beside = before.shape[1], beside.shape[1]
    known = beside.any(1)
    at = (beside.argmax(1) * width + before.argmax(1)) * width + after.argmax(1)
    counts = torch.bincount(at[known], minlength=n_beside * width * width)
    return counts.double().view(n_beside, width, width)


def _of(
    logs: Float[Tensor, "lag level level"],
    levels: Int[Tensor, "batch draws time"],
    at: Int[Tensor, "batch time"],
    lags: Int[Tensor, "batch time"],
) -> Float[Tensor, "batch draws time level"]:
    """Rows of the powers: of the levels at some steps, so many steps away."""
    n_timesteps = levels.shape[2]
    at = at.clamp(0, n_timesteps - 1)[:, None].expand(levels.shape)
    lags = lags.clamp(0, n_timesteps - 1)[:, None].expand(levels.shape)
    return logs[lags, levels.gather(2, at)]
