"""What is hidden in training: a mixture of patterns, drawn afresh for every window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

_RUNS = 3
_BLOCKS = 8


def hide_cells(observed: Tensor, generator: torch.Generator) -> Tensor:
    """Hide cells independently, at a rate of each window's own between 0 and 1."""
    rate = _uniform((len(observed), 1, 1), observed, generator)
    return _uniform(observed.shape, observed, generator) < rate


def hide_runs(observed: Tensor, generator: torch.Generator) -> Tensor:
    """Hide one run of consecutive steps, or three, in some columns; up to half a window each."""
    batch, n_timesteps, n_columns = observed.shape
    shape = (batch, _RUNS, n_columns)
    inside = _intervals(shape, 2, max(2, n_timesteps // 2), observed, generator)
    counts = 1 + 2 * _uniform((batch, 1, n_columns), observed, generator).mul(1.5).floor()
    numbers = torch.arange(_RUNS, device=observed.device)[None, :, None]
    share = _uniform((batch, 1, 1), observed, generator)
    chosen = (numbers < counts) & (_uniform((batch, 1, n_columns), observed, generator) < share)
    return (inside & chosen[:, :, None]).any(1)


def hide_blocks(observed: Tensor, generator: torch.Generator) -> Tensor:
    """Hide up to eight stretches of at most a quarter of a window, each in some columns."""
    batch, n_timesteps, n_columns = observed.shape
    inside = _intervals((batch, _BLOCKS, 1), 2, max(2, n_timesteps // 4), observed, generator)
    count = 1 + (_BLOCKS * _uniform((batch, 1, 1), observed, generator)).floor()
    numbers = torch.arange(_BLOCKS, device=observed.device)[None, :, None]
    share = _uniform((batch, 1, 1), observed, generator)
    shape = (batch, _BLOCKS, n_columns)
    chosen = (numbers < count) & (_uniform(shape, observed, generator) < share)
    return (inside & chosen[:, :, None]).any(1)


def hide_future(observed: Tensor, generator: torch.Generator) -> Tensor:
    """Hide all after some step: of every column in half the windows, of some in the others."""
    batch, n_timesteps, n_columns = observed.shape
    first = 1 + (_uniform((batch, 1, 1), observed, generator) * (n_timesteps - 1)).floor()
    steps = torch.arange(n_timesteps, device=observed.device)[None, :, None]
    is_whole = _uniform((batch, 1, 1), observed, generator) < 0.5
    some = _uniform((batch, 1, n_columns), observed, generator) < 0.5
    return (steps >= first) & (is_whole | some)


def hide_columns(observed: Tensor, generator: torch.Generator) -> Tensor:
    """Hide whole columns, at a rate of each window's own."""
    batch, _, n_columns = observed.shape
    rate = _uniform((batch, 1, 1), observed, generator)
    chosen = _uniform((batch, 1, n_columns), observed, generator) < rate
    return chosen.expand_as(observed)


def hide_as_elsewhere(
    observed: Tensor, generator: torch.Generator, elsewhere: Tensor | None = None
) -> Tensor:
    """Hide what is missing in another window of the batch, or of those of `elsewhere`."""
    order = torch.randperm(len(observed), generator=generator, device=observed.device)
    return ~(observed if elsewhere is None else elsewhere)[order]


def hide_everything(observed: Tensor, generator: torch.Generator) -> Tensor:
    """Hide all cells."""
    return torch.ones_like(observed)


Mask = Callable[[Tensor, torch.Generator], Tensor]
MASKS: dict[str, Mask] = {
    "cells": hide_cells,
    "runs": hide_runs,
    "blocks": hide_blocks,
    "future": hide_future,
    "columns": hide_columns,
    "elsewhere": hide_as_elsewhere,
    "everything": hide_everything,
}
"""Patterns by name: each takes what is observed (batch, time, column), returns what to hide."""


def draw_hidden(
    observed: Tensor,
    mixture: Mapping[str, float],
    generator: torch.Generator,
    elsewhere: Tensor | None = None,
) -> Tensor:
    """Draw what is hidden in each window of a batch.

    Parameters
    ----------
    observed : BoolTensor of shape (batch, time, column)
        True where there is a value.
    mixture : mapping of str to float
        Share of every pattern of `MASKS`.
    generator : torch.Generator
        Source of the draws, on the device of `observed`.
    elsewhere : BoolTensor of shape (whole, time, column) or None, default=None
        What is observed in the whole batch, of which `observed` is the share of a rank; None if
        that is all.

    Returns
    -------
    hidden : BoolTensor of shape (batch, time, column)
        True where a cell is hidden, observed or not.
    """
    names = list(mixture)
    shares = torch.tensor([mixture[name] for name in names], device=observed.device)
    uniform = _uniform((len(observed), 1), observed, generator)
    kinds = (uniform > shares.cumsum(0)[:-1] / shares.sum()).sum(1)
    hidden = torch.zeros_like(observed)
    masks: dict[str, Mask] = dict(MASKS)
    masks["elsewhere"] = partial(hide_as_elsewhere, elsewhere=elsewhere)
    for number, name in enumerate(names):
        drawn = masks[name](observed, generator)
        hidden |= drawn & (kinds == number)[:, None, None]
    return hidden


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=like.device)


def _intervals(
    shape: tuple[int, int, int],
    shortest: int,
    longest: int,
    like: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Stretches of time, (batch, number, time, column), anywhere in the window."""
    n_timesteps = like.shape[1]
    lengths = shortest + (_uniform(shape, like, generator) * (longest - shortest + 1)).floor()
    room = (n_timesteps - lengths + 1).clamp(min=1)
    first = (_uniform(shape, like, generator) * room).floor()
    steps = torch.arange(n_timesteps, device=like.device)[None, None, :, None]
    return (steps >= first[:, :, None]) & (steps < (first + lengths)[:, :, None])
