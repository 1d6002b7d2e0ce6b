"""Patterns of hidden cells that training comes back to, with what they cost worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sktsgen.diffusion._hiding import Hiding
from sktsgen.nn import GaussianFill
from sktsgen.ops import FactorPattern

_CHUNK = 64


class Masks(NamedTuple):
    """What is hidden in the windows of a batch.

    Attributes
    ----------
    hidden, asked : BoolTensor of shape (batch, time, column)
        Hidden cells, and those of them that are asked for.
    pattern : FactorPattern or None
        What the first guess makes of the visible cells; None if it has to be asked.
    """

    hidden: Tensor
    asked: Tensor
    pattern: FactorPattern | None = None


class PatternPool:
    """Patterns drawn once, and what a Gaussian first guess makes of each.

    Conditioning a window on its visible cells costs more than the network where windows are
    large, and nearly all of that depends on nothing but which cells these are. A window with
    gaps of its own where a pattern shows cells is worked out as before.

    Parameters
    ----------
    hiding : Hiding
        Draws the patterns.
    fill : GaussianFill
        As it is now; not to be changed.
    seen : callable
        Turns visible columns (batch, time, column) into visible channels.
    shape : (int, int)
        Time steps and columns.
    n_patterns : int
        Number of patterns.
    """

    def __init__(
        self,
        hiding: Hiding,
        fill: GaussianFill,
        seen: Callable[[Tensor], Tensor],
        shape: tuple[int, int],
        n_patterns: int,
    ) -> None:
        device = fill.mean.device
        generator = torch.Generator(device).manual_seed(0)
        every = torch.ones(n_patterns, *shape, dtype=torch.bool, device=device)
        self.hidden, self.asked = hiding(every, generator)
        self.fill, self.seen = fill, seen
        with torch.no_grad():
            parts = [fill.pattern(seen(~part)) for part in self.hidden.split(_CHUNK)]
        self.scale, self.root = (torch.cat(found) for found in zip(*parts, strict=True))

    def pick(self, observed: Tensor, generator: torch.Generator) -> Masks:
        """Choose a pattern for each window of a batch."""
        shape, device = (len(observed),), observed.device
        index = torch.rand(shape, generator=generator, device=device) * len(self.hidden)
        index = index.long().clamp(max=len(self.hidden) - 1)
        hidden, asked = self.hidden[index], self.asked[index]
        scale, root = self.scale[index], self.root[index]
        has_gaps = (~observed & ~hidden).flatten(1).any(1)
        if has_gaps.any():
            with torch.no_grad():
                own = self.fill.pattern(self.seen((observed & ~hidden)[has_gaps]))
            scale[has_gaps], root[has_gaps] = own
        return Masks(hidden, asked, FactorPattern(scale, root))
