"""Levels of discrete columns, drawn round by round before the numbers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Bool
from torch import Tensor, nn

# Rounds in which the levels of a window are drawn, beyond one for each column, at most.
_MOST_ROUNDS = 24
# Share of the windows with numbers that train these, given all levels.
_NUMBERS_SHARE = 0.5


class LevelRounds(nn.Module):
    """In which order the levels of a window are drawn: from coarse to fine in time.

    A flow draws cells together, and levels that hang together, as the months of consecutive days
    do, only as well as its last steps see them do. One pass of a network says how probable the
    levels of a cell are, given those that are there [1]_, which is exact where cells are drawn one
    by one. What hangs together is drawn so: column by column at the first step of a window, then
    in the middle between steps that are there, until all are.

    Parameters
    ----------
    n_timesteps : int
        Steps of a window.
    discrete : list of bool
        Which columns hold levels.

    References
    ----------
    .. [1] E. Hoogeboom et al., "Autoregressive Diffusion Models", arXiv:2110.02037.
    """

    is_level: Tensor
    places: Tensor
    ends: Tensor

    def __init__(self, n_timesteps: int, discrete: list[bool]) -> None:
        super().__init__()
        n_levels = sum(discrete)
        self.has_numbers = n_levels < len(discrete)
        ranks = torch.tensor([_rank(step, n_timesteps) for step in range(n_timesteps)])
        n_finer = int(ranks.max())
        # Columns are drawn one by one at the first step, and some together at those that follow.
        n_groups = min(n_levels, max(1, _MOST_ROUNDS // max(1, n_finer)))
        self.n_rounds = n_levels + n_finer * n_groups
        order = (torch.tensor(discrete).cumsum(0) - 1).clamp(min=0)
        finer = n_levels + (ranks[:, None] - 1) * n_groups + order * n_groups // max(1, n_levels)
        places = torch.where(ranks[:, None] == 0, order, finer)
        is_level = torch.tensor(discrete)
        # Round of every cell; numbers come after all.
        places = torch.where(is_level, places, self.n_rounds)
        # For every round the last one of its steps.
        counts = torch.tensor([n_levels, *[n_groups] * n_finer])
        ends = (counts.cumsum(0) - 1).repeat_interleave(counts)
        self.register_buffer("is_level", is_level, persistent=False)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("ends", ends, persistent=False)

    def reveal(
        self, hidden: Bool[Tensor, "batch time column"], generator: torch.Generator
    ) -> tuple[Bool[Tensor, "batch time column"], Bool[Tensor, "batch time column"]]:
        """Show what is drawn before a round of each window's own.

        Returns
        -------
        hidden : BoolTensor of shape (batch, time, column)
            Without the levels that are shown; in some windows without any.
        asked : BoolTensor of shape (batch, time, column)
            Numbers, and the levels of this round and of those that end its steps.
        """
        shape, device = (len(hidden), 1, 1), hidden.device
        at = torch.rand(shape, generator=generator, device=device) * self.n_rounds
        at = at.long().clamp(max=self.n_rounds - 1)
        last = self.ends[at]
        of_numbers = torch.rand(shape, generator=generator, device=device) < _NUMBERS_SHARE
        at = torch.where(of_numbers & self.has_numbers, self.n_rounds, at)
        hidden = hidden & (self.places >= at)
        return hidden, hidden & (~self.is_level | (self.places <= last))

    def rounds(
        self, visible: Bool[Tensor, "batch time column"]
    ) -> Iterator[Bool[Tensor, "batch time column"]]:
        """Say which levels are drawn in each round; rounds without any are left out."""
        wanted = ~visible & self.is_level
        for place in range(self.n_rounds):
            chosen = wanted & (self.places == place)
            if chosen.any():
                yield chosen


def _rank(step: int, n_timesteps: int) -> int:
    """0 for the first step, 1 for the one in the middle, and so on."""
    if not step:
        return 0
    return int(n_timesteps - 1).bit_length() - ((step & -step).bit_length() - 1)
