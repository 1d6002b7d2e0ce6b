"""What the autoregressive generators draw one after the other within a time step."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor

from sktsgen.data import Windows, spread_over
from sktsgen.nn import Slot
from sktsgen.transformers import FeatureBlock, MixedTypeEncoder

# Time steps that repetitions are counted in.
_COUNTED = 50_000
# Standard deviations of the normals of a number have this quantile of its moves as a lower bound,
# kept within these bounds, in standard deviations of the feature.
_SMALL_MOVES = 0.1
_FINEST, _COARSEST = 0.002, 0.02


def slots_of(
    codec: MixedTypeEncoder, is_complete: bool, held: Collection[int] = ()
) -> tuple[Slot, ...] | None:
    """Slots of the blocks of a codec; None if all features are numbers never held.

    Which cells are missing comes first, all columns together: gaps go together more often than
    not, and what is not there has no density. What the cells hold follows column by column.
    With `is_complete` what says "missing" is read and never drawn. The continuous numbers whose
    features are in `held` may stay as they were at the step before.
    """
    blocks = codec.blocks_
    if all(block.kind == "continuous" for block in blocks) and not held:
        return None
    limits = integer_bounds(codec)
    gaps = {block.column: block.stop - 1 for block in blocks if block.has_missing}
    flags = [_flag(block, is_complete) for block in blocks if block.has_missing]
    cells = [
        _slot(block, gaps.get(block.column, -1), limits, held)
        for block in blocks
        if not (block.has_missing and block.width == 2)
    ]
    return (*flags, *cells)


def shares_held(windows: Windows, codec: MixedTypeEncoder) -> Tensor:
    """Share of the steps at which each feature is exactly what it was: (3, n_features).

    Of all steps, of those after a step at which it moved, and of those after one at which it did
    not. Steps at which a cell is missing, now or before, do not count; shares are kept off 0 and 1.
    """
    moves, counts = _moves(windows, codec)
    same = (moves == 0.0) & counts
    after_stay, after_move = same[:, :-1], counts[:, :-1] & ~same[:, :-1]
    pairs = [(same, counts), (same[:, 1:] & after_move, counts[:, 1:] & after_move)]
    pairs.append((same[:, 1:] & after_stay, counts[:, 1:] & after_stay))
    return torch.stack([(a.sum((0, 1)) + 0.5) / (b.sum((0, 1)) + 1.0) for a, b in pairs])


def smallest_scales(windows: Windows, codec: MixedTypeEncoder) -> tuple[float, ...]:
    """Lower bounds of the standard deviations of the normals of each number.

    A bound that suits the spread of a series is coarse for one that moves little from step to
    step: the price of a share moves by a thousandth of its spread over years.
    """
    moves, counts = _moves(windows, codec)
    bounds = []
    for block in codec.blocks_:
        if block.kind == "discrete":
            continue
        there = counts[..., block.start]
        sizes = moves[..., block.start][there].abs()
        sizes = sizes[sizes > 0.0]
        small = torch.quantile(sizes, _SMALL_MOVES) if len(sizes) else torch.tensor(_COARSEST)
        bounds.append(float(small.clamp(_FINEST, _COARSEST)))
    return tuple(bounds)


def roughness(windows: Windows, codec: MixedTypeEncoder) -> float:
    """How much of a move is news: second differences by first ones, the median over all numbers.

    Root mean squares are compared: 0 is a straight line, the root of 2 a walk, that of 3 white
    noise. 1 where no number moves.
    """
    moves, counts = _moves(windows, codec)
    places = [block.start for block in codec.blocks_ if block.kind != "discrete"]
    moves, counts = moves[..., places], counts[..., places]
    first = _mean_square(moves, counts)
    ratios = _mean_square(moves.diff(dim=1), counts[:, 1:] & counts[:, :-1]) / first
    ratios = ratios[first > 0.0]
    ratios = ratios[ratios.isfinite()]
    return float(ratios.median().sqrt()) if len(ratios) else 1.0


def _mean_square(x: Tensor, counts: Tensor) -> Tensor:
    return (x**2 * counts).sum((0, 1)) / counts.sum((0, 1))


def _moves(windows: Windows, codec: MixedTypeEncoder) -> tuple[Tensor, Tensor]:
    """First differences of the features of some windows, and where neither cell is missing."""
    n_windows = min(len(windows), 1 + _COUNTED // windows.window_length)
    chosen = spread_over(len(windows), n_windows)
    (features,), observed = windows.gather(chosen)
    is_there = observed[..., None].expand(features.shape).clone()
    gaps = {block.column: block.stop - 1 for block in codec.blocks_ if block.has_missing}
    for block in codec.blocks_:
        if block.column in gaps:
            is_missing = features[..., gaps[block.column], None] != 0.0
            is_there[..., block.start : block.stop] &= ~is_missing
    return features.diff(dim=1), is_there[:, 1:] & is_there[:, :-1]


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


def _flag(block: FeatureBlock, is_complete: bool) -> Slot:
    """Slot of what says that a cell is missing: levels of present and missing, or a feature."""
    if block.width == 2:
        return Slot(block.start, 2, 2 - is_complete)
    return Slot(block.stop - 1, 1, 1 - is_complete)


def _slot(block: FeatureBlock, gap: int, limits: np.ndarray, held: Collection[int]) -> Slot:
    if block.kind == "discrete":
        n_levels = block.width - block.has_missing
        return Slot(block.start, n_levels, n_levels, gap)
    lowest, highest = (float(limit) for limit in limits[:, block.start])
    if block.kind == "continuous":
        return Slot(block.start, gap=gap, is_held=block.start in held)
    return Slot(block.start, gap=gap, step=float(block.step), lowest=lowest, highest=highest)
