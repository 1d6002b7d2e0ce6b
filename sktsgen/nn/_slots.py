"""What is drawn at once within a time step: a number, one level of a group, or a flag."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Slot(NamedTuple):
    """A number, which is one feature, levels, which are a one-hot group of features, or a flag.

    A flag is one feature, 1 where a cell is missing.

    Attributes
    ----------
    start : int
        The feature, or the first one of the group.
    n_levels : int, default=0
        Features of the group; 1 for a flag, 0 for a number.
    n_drawn : int, default=0
        Levels that may be drawn, the first ones of the group; fewer than `n_levels` where the
        level that says "missing" is only read.
    gap : int, default=-1
        For a number or a group of which cells are missing: the feature that says so, of an
        earlier slot. -1 if none is missing.
    step : float, default=0.0
        Distance of the features of neighbouring integers; 0 if the number is continuous.
    lowest, highest : float, default=0.0, 0.0
        Features of the least and the greatest integer that may be drawn.
    is_held : bool, default=False
        Whether a continuous number may stay exactly as it was at the step before.
    """

    start: int
    n_levels: int = 0
    n_drawn: int = 0
    gap: int = -1
    step: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    is_held: bool = False

    @property
    def is_flag(self) -> bool:
        """Whether it is the one feature that says that a cell is missing."""
        return self.n_levels == 1 and self.gap < 0

    @property
    def n_choices(self) -> int:
        """Number of things that levels or a flag choose from."""
        return self.n_drawn + self.is_flag

    @property
    def stop(self) -> int:
        """The feature after the last one."""
        return self.start + max(1, self.n_levels)

    @property
    def features(self) -> range:
        """The features that it is made of."""
        return range(self.start, self.stop)


def read_slots(given: Collection[tuple[Any, ...]] | None, n_features: int) -> Collection[Slot]:
    """Slots from the plain tuples of a network's configuration; None is every feature a number.

    Raises
    ------
    ValueError
        If the slots are not made of every feature once, or a number stands before its gap.
    """
    plain = ((feature,) for feature in range(n_features))
    slots = tuple(Slot(*slot) for slot in (plain if given is None else given))
    found = [feature for slot in slots for feature in slot.features]
    if sorted(found) != list(range(n_features)):
        raise ValueError(f"slots have the features {found}, and there are {n_features}.")
    for place, slot in enumerate(slots):
        earlier = [feature for other in slots[:place] for feature in other.features]
        if slot.gap >= 0 and slot.gap not in earlier:
            raise ValueError(f"slot {place} has gap={slot.gap}, which no earlier slot has.")
    return slots


def choices_of(slot: Slot, x: Float[Tensor, "n features"]) -> Float[Tensor, "n choices"]:
    """Tell which of the things that levels or a flag choose from is given: one-hot or zeros."""
    given = x[:, slot.start : slot.start + slot.n_drawn]
    return torch.cat([1.0 - x[:, slot.start : slot.stop], given], -1) if slot.is_flag else given


def without_gaps(
    x: Float[Tensor, "*batch features"], hidden: Collection[tuple[int, int]]
) -> Float[Tensor, "*batch features"]:
    """Say that every cell is there, where gaps are read but not to be drawn.

    `hidden` are pairs of the level that says "missing" and the one that says "present" in its
    place, -1 for none.
    """
    if not hidden:
        return x
    x = x.clone()
    x[..., [missing for missing, _ in hidden]] = 0.0
    x[..., [present for _, present in hidden if present >= 0]] = 1.0
    return x


def width_of(slot: Slot) -> int:
    """Logits of a group; a flag chooses between two things."""
    return max(2, slot.n_levels)


def shown_of(
    slot: Slot, level: Int[Tensor, " n"], values: Float[Tensor, "n features"]
) -> tuple[Int[Tensor, " n"], Float[Tensor, " n"]]:
    """Feature of a slot that what was drawn is told by, and its value: 0 of a missing cell."""
    if slot.is_flag:
        return torch.zeros_like(level), level.to(values.dtype)
    if slot.gap < 0:
        return level, torch.ones_like(values[:, 0])
    return level, 1.0 - values[:, slot.gap]
