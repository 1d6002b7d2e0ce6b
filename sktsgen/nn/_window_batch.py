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
    n_given : Tensor of shape (batch,)
        First steps of each window that are known before its tokens are: it overlaps with what
        came before.
    """

    values: Float[Tensor, "batch time features"]
    observed: Bool[Tensor, "batch time"]
    history: Float[Tensor, "batch past features"]
    known: Bool[Tensor, "batch past"]
    labels: Int[Tensor, " batch"]
    static: Float[Tensor, "batch n_static"]
    n_given: Int[Tensor, " batch"]


# Shares of training windows whose history is hidden, or begins anywhere in it: series start, and
# histories to be continued may be short.
_STARTS, _SHORT = 0.5, 0.2


def overlap_of(n_timesteps: int) -> int:
    """Count the steps that a window shares with what came before it: a quarter of its own.

    A plan has to agree with steps that are there already, so that where they end is like any
    other place inside a window.
    """
    return n_timesteps // 4


def hide_past(window: WindowBatch, generator: torch.Generator | None) -> WindowBatch:
    """Hide all or the beginning of what came before some windows, in training.

    Of what is left, the last steps are the given ones of the window, as many as there may be.
    """
    if generator is None:
        return window
    n_series, n_past = window.known.shape
    # The batch comes first: ranks that share it share the noise row by row.
    noise = torch.rand(n_series, 2, generator=generator, device=window.known.device)
    kind, share = noise.unbind(1)
    n_seen = torch.where(kind < _STARTS + _SHORT, (share * n_past).long(), n_past)
    n_seen = n_seen * (kind >= _STARTS)
    n_given = torch.minimum(n_seen, window.observed.sum(1) - 1).clamp(max=overlap_of(n_past))
    age = torch.arange(n_past, 0, -1, device=window.known.device)
    is_seen = age <= (n_seen - n_given)[:, None]
    return window._replace(known=window.known & is_seen, n_given=n_given)
