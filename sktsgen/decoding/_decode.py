"""Block by block decoding with a cache that is passed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import Tensor

from sktsgen.decoding._noise import SeriesNoise


class BlockModel(Protocol):
    """What the loop knows of a model.

    ``step`` turns the inputs of a block into states, writing to the cache; ``advance`` draws a
    block from states and uniforms and says what is read next.
    """

    n_uniforms: int

    def step(self, inputs: Tensor, cache: Any) -> Tensor:
        """States of a block, (batch, block, d_model)."""

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Drawn parts of a block, each (batch, block, ...), and the inputs of the next one."""


@torch.inference_mode()
def decode(
    model: BlockModel, inputs: Tensor, cache: Any, *, blocks: Iterable[int], noise: SeriesNoise
) -> tuple[Tensor, ...]:
    """Draw block after block.

    Parameters
    ----------
    model : BlockModel
        The network and what surrounds it.
    inputs : Tensor of shape (batch, 1, d_model)
        What the first block is drawn from.
    cache : KVCache
        Past steps; changed in place.
    blocks : iterable of int
        Steps per block: ones for a series of that many steps, or one block a scale.
    noise : SeriesNoise
        Uniforms of every series.

    Returns
    -------
    parts : tuple of Tensor, each of shape (batch, sum of blocks, ...)
        What `model` draws, in order.
    """
    drawn = []
    for size in blocks:
        states = model.step(inputs, cache)
        parts, inputs = model.advance(states, noise.draw(size))
        drawn.append(parts)
    return tuple(torch.cat(part, dim=1) for part in zip(*drawn, strict=True))
