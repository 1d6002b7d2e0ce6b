"""Block by block decoding with a cache that is passed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import Tensor

from sktsgen.decoding._cuda_graph import SHORTEST_CAPTURE, CapturedStep
from sktsgen.decoding._noise import GivenNoise, SeriesNoise

Noise = SeriesNoise | GivenNoise


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

    def state(self) -> tuple[Tensor, ...]:
        """Return what `advance` changes in place, besides the cache."""


class Step(Protocol):
    """One block: what it is drawn from and its uniforms; what is drawn, and what is next."""

    def __call__(self, inputs: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Draw the block."""


def make_step(
    model: BlockModel, inputs: Tensor, cache: Any, noise: Noise, sizes: list[int]
) -> Step:
    """Build the step of a decoding: captured where that pays off, eager everywhere else.

    A captured step is one launch in place of a hundred small ones; that matters on a GPU, for
    steps of one size that come often enough to make up for the capture.
    """
    # A model whose step reads more than inputs, cache and uniforms says that it is not stationary.
    is_stationary = getattr(model, "is_stationary", True)
    is_worth_it = len(sizes) > SHORTEST_CAPTURE and set(sizes) == {1}
    if inputs.device.type == "cuda" and is_stationary and is_worth_it:
        return CapturedStep(model, inputs, cache, noise.width)

    def eager(inputs: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        return model.advance(model.step(inputs, cache), uniforms)

    return eager


@torch.inference_mode()
def decode(
    model: BlockModel, inputs: Tensor, cache: Any, *, blocks: Iterable[int], noise: Noise
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
    noise : SeriesNoise or GivenNoise
        Uniforms of every series.

    Returns
    -------
    parts : tuple of Tensor, each of shape (batch, sum of blocks, ...)
        What `model` draws, in order.
    """
    sizes = list(blocks)
    step = make_step(model, inputs, cache, noise, sizes)
    drawn = []
    for size in sizes:
        parts, inputs = step(inputs, noise.draw(size))
        drawn.append(parts)
    return tuple(torch.cat(part, dim=1) for part in zip(*drawn, strict=True))
