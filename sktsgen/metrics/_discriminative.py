"""Can a classifier tell generated windows from real ones."""

from fractions import Fraction
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sktsgen.data import spread_apart
from sktsgen.metrics._inputs import (
    Windows,
    features,
    paired_windows,
    random_stream,
    torch_stream,
)
from sktsgen.metrics._judges import JUDGES, Judge, Sides, split

TEST_FRACTION = 0.2


def discriminative_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    judge: str = "gru-small",
    groups: Any = None,
    n_repeats: int = 3,
    random_state: Any = None,
    return_std: bool = False,
) -> float | tuple[float, float]:
    """Measure how well a trained judge tells generated windows from real ones.

    Each repeat splits both sides at random into 80 % for training and 20 % for the verdict, trains
    a fresh judge, and takes the distance of its accuracy from a coin's, 0.5. Both sides count
    alike: of the larger one as many windows are taken, evenly spread over it, as the smaller one
    has. Windows of the same series overlap, so read the score beside that of real against other
    real windows.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, in any container, real ones at least as long as the
        generated ones. Numbers are scaled by the range of `X_real`; a discrete column counts as
        one 0/1 column for each of its levels.
    judge : {"gru-small", "gru-strong", "conv", "boosting"}, default="gru-small"
        - "gru-small" is the judge of the literature [1]_, [2]_: one recurrent layer of half as many
          units as there are channels, 2,000 iterations, learning rate 1e-3. It sees little on few
          channels.
        - "gru-strong" has two layers of 32 units, 800 iterations, learning rate 2e-3.
        - "conv" reads dilated convolutions of 32 channels; it stops where a fifth of its training
          windows is judged best.
        - "boosting" is gradient-boosted trees on statistics of each window; the quickest.
    groups : array-like of shape (n_real,) or pair of array-likes, default=None
        Block of time that each real window was cut from, of all that were given: windows of one
        block are all learnt from or all judged. A pair gives the blocks of both sides, where both
        were cut from one series, as in the floor; a block is then on the same side of the split in
        both. None splits all windows at random.
    n_repeats : int, default=3
        Judges trained, each with its own split and weights, at least 1.
    random_state : int, Generator or RandomState, default=None
        Draws splits, weights and batches; None takes fresh entropy.
    return_std : bool, default=False
        Whether to return the standard deviation over the repeats too.

    Returns
    -------
    score : float
        Mean over repeats, from 0 (cannot tell) to 0.5 (always can).
    std : float
        Standard deviation over repeats; only where `return_std`.

    Raises
    ------
    ValueError
        If `judge` or `n_repeats` is not allowed, a side has fewer than 5 windows, or `groups` does
        not fit the windows, has more than two parts, or one block only.

    References
    ----------
    .. [1] Yoon, Jarrett and van der Schaar, "Time-series generative adversarial networks",
       NeurIPS 2019.
    .. [2] Yuan and Qiao, "Diffusion-TS: interpretable diffusion for general time series
       generation", ICLR 2024.
    """
    if judge not in JUDGES:
        raise ValueError(f"judge={judge!r} is not known; choose from {sorted(JUDGES)}.")
    if n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats}; give at least 1.")
    real, synthetic = features(*paired_windows(X_real, X_synthetic))
    for name, windows in (("X_real", real), ("X_synthetic", synthetic)):
        if len(windows) < 5:
            raise ValueError(f"{name} has {len(windows)} windows; a split needs at least 5.")
    sides, blocks = _thinned((real, synthetic), _check_groups(groups, (len(real), len(synthetic))))
    streams = random_stream(random_state).spawn(n_repeats)
    scores = [_one_verdict(sides, JUDGES[judge], blocks, torch_stream(s)) for s in streams]
    if return_std:
        return float(np.mean(scores)), float(np.std(scores))
    return float(np.mean(scores))


def _check_groups(groups: Any, sizes: tuple[int, int]) -> list[NDArray[Any]]:
    """Return the block of each window: of neither side, of the real one, or of both."""
    if groups is None:
        return []
    is_one = not isinstance(groups, list | tuple) or np.ndim(groups[0] if groups else 0) == 0
    given = [groups] if is_one else groups
    if len(given) > 2:
        raise ValueError(
            f"groups has {len(given)} parts; give the blocks of the real windows, or a pair: "
            "those of the real and those of the generated ones."
        )
    arrays = [np.asarray(blocks) for blocks in given]
    for blocks, n_windows in zip(arrays, sizes, strict=False):
        if blocks.shape != (n_windows,):
            raise ValueError(
                f"groups has shape {blocks.shape} for {n_windows} windows; give one block each."
            )
    return arrays


def _thinned(
    sides: tuple[Windows, Windows], blocks: list[NDArray[Any]]
) -> tuple[Sides, list[Tensor | None]]:
    """Take as many windows of either side as the smaller has, and the number of each one's block.

    A judge that has seen more of one side guesses it, and is right more often than not.
    """
    fewest = min(len(side) for side in sides)
    chosen = [np.sort(spread_apart(len(side), len(side))[:fewest]) for side in sides]
    taken = [
        torch.from_numpy(side[rows].astype(np.float32))
        for side, rows in zip(sides, chosen, strict=True)
    ]
    if not blocks:
        return tuple(taken), [None, None]
    kept = [block[rows] for block, rows in zip(blocks, chosen, strict=False)]
    found, numbers = np.unique(np.concatenate(kept), return_inverse=True)
    if len(found) < 2:
        raise ValueError(f"groups has {len(found)} block; give at least 2, to learn from one.")
    numbered = list(torch.from_numpy(numbers).split([len(block) for block in kept]))
    return tuple(taken), [*numbered, None][:2]


def _one_verdict(
    sides: Sides, judge: Judge, blocks: list[Tensor | None], generator: torch.Generator
) -> float:
    """Split, train one judge, and return the distance of its accuracy from 0.5.

    Blocks may leave more windows of one side to judge; the accuracy is the mean of both sides'.
    """
    train, test = zip(*_split_both(sides, blocks, generator), strict=True)
    looks_real, looks_generated = judge.verdicts(train, test, generator)
    rights = [right for right in (looks_real, ~looks_generated) if len(right)]
    shares = [Fraction(int(right.sum()), len(right)) for right in rights]
    return abs(float(sum(shares) / len(shares)) - 0.5)


def _split_both(
    sides: Sides, blocks: list[Tensor | None], generator: torch.Generator
) -> list[tuple[Tensor, Tensor]]:
    if blocks[0] is None:
        return [split(side, generator, TEST_FRACTION) for side in sides]
    is_test = _test_blocks([group for group in blocks if group is not None], generator)
    return [
        split(side, generator, TEST_FRACTION)
        if group is None
        else (side[~is_test[group]], side[is_test[group]])
        for side, group in zip(sides, blocks, strict=True)
    ]


def _test_blocks(blocks: list[Tensor], generator: torch.Generator) -> Tensor:
    """Choose blocks for the verdict, until they hold a fifth of the windows, one at least."""
    sizes = torch.cat(blocks).bincount()
    order = torch.randperm(len(sizes), generator=generator)
    n_before = sizes[order].cumsum(0) - sizes[order]
    is_test = torch.zeros(len(sizes), dtype=torch.bool)
    is_test[order[n_before < TEST_FRACTION * sizes.sum()]] = True
    is_test[order[-1]] = False
    return is_test
