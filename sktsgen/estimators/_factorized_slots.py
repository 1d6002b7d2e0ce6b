"""What FactorizedARGenerator draws one after the other within a time step."""

from __future__ import annotations

import numpy as np

from sktsgen.nn import Slot
from sktsgen.transformers import FeatureBlock, MixedTypeEncoder


def slots_of(codec: MixedTypeEncoder, is_complete: bool) -> tuple[Slot, ...] | None:
    """Slots of the blocks of a codec, column by column; None if all features are plain numbers.

    Whether a cell is missing comes before the number in it: what is not there has no density.
    With `is_complete` the level that says "missing" is read and never drawn.
    """
    blocks = sorted(codec.blocks_, key=lambda block: (block.column, block.kind != "discrete"))
    if all(block.kind == "continuous" for block in blocks):
        return None
    limits = integer_bounds(codec)
    gaps = {block.column: block.start for block in blocks if block.has_missing}
    return tuple(_slot(block, gaps.get(block.column, -1), limits, is_complete) for block in blocks)


def hidden_levels(codec: MixedTypeEncoder) -> list[tuple[int, int]]:
    """Levels that say "missing", and those that say "present" in their place, -1 without any."""
    return [
        (block.stop - 1, block.start if block.width == 2 else -1)
        for block in codec.blocks_
        if block.has_missing
    ]


def integer_bounds(codec: MixedTypeEncoder) -> np.ndarray:
    """Bounds of the features, those of integers being features of integers; (2, n_features)."""
    uniforms = np.zeros((2, codec.n_uniforms_))
    on_grid = codec.encode(codec.decode(codec.bounds_, uniforms))
    bounds = codec.bounds_.copy()
    for block in codec.blocks_:
        if block.kind == "integer":
            bounds[:, block.start] = on_grid[:, block.start]
    return bounds


def _slot(block: FeatureBlock, gap: int, limits: np.ndarray, is_complete: bool) -> Slot:
    if block.kind == "discrete":
        return Slot(block.start, block.width, block.width - (block.has_missing and is_complete))
    lowest, highest = (float(limit) for limit in limits[:, block.start])
    if block.kind == "continuous":
        return Slot(block.start, gap=gap)
    return Slot(block.start, gap=gap, step=float(block.step), lowest=lowest, highest=highest)
