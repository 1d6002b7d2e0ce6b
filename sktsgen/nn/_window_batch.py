"""A window and what came before it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class WindowBatch(NamedTuple):
    """Windows of several series.

    Attributes
    ----------
    values : Tensor of shape (batch, time, feature)
        The windows; whatever where they are not observed.
    observed : Tensor of shape (batch, time)
        True for the first steps of a window, at least one: up to the end of its series.
    history : Tensor of shape (batch, past, feature)
        The steps before, the newest last.
    known : Tensor of shape (batch, past)
        True for the last steps of the history: from the start of its series on, maybe none.
    labels : Tensor of shape (batch,)
        Class of each series, zeros without classes.
    static : Tensor of shape (batch, n_static)
        Features of each series that do not change in time.
    """

    values: Float[Tensor, "batch time features"]
    observed: Bool[Tensor, "batch time"]
    history: Float[Tensor, "batch past features"]
    known: Bool[Tensor, "batch past"]
    labels: Int[Tensor, " batch"]
    static: Float[Tensor, "batch n_static"]


# Shares of training windows whose history is hidden, or begins anywhere in it: series start, and
# histories to be continued may be short.
_STARTS, _SHORT = 0.5, 0.2


def hide_history(
    known: Bool[Tensor, "batch past"], generator: torch.Generator | None
) -> Bool[Tensor, "batch past"]:
    """Hide all or the beginning of some histories, in training."""
    if generator is None:
        return known
    n_series, n_past = known.shape
    # The batch comes first: ranks that share it share the noise row by row.
    noise = torch.rand(n_series, 2, 1, generator=generator, device=known.device)
    kind, share = noise.unbind(1)
    age = torch.arange(n_past, 0, -1, device=known.device)
    seen = torch.where(kind < _STARTS + _SHORT, share * n_past, float(n_past))
    is_seen: Tensor = (age <= seen) & (kind >= _STARTS)
    return known & is_seen
