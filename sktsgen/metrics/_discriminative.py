"""Can a classifier tell generated windows from real ones."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sktsgen.metrics._inputs import paired_windows, random_stream, torch_stream, unit_scaled
from sktsgen.metrics._recurrent import RecurrentReader


class Judge(NamedTuple):
    """How one judge is built and trained; None for a width of half the channels."""

    hidden_size: int | None
    n_layers: int
    n_iterations: int
    learning_rate: float


JUDGES = {
    "gru-small": Judge(None, 1, 2000, 1e-3),
    "gru-strong": Judge(32, 2, 800, 2e-3),
}
PER_SIDE = 128  # windows of each side in a batch
TEST_FRACTION = 0.2


def discriminative_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    judge: str = "gru-small",
    n_repeats: int = 3,
    random_state: Any = None,
    return_std: bool = False,
) -> float | tuple[float, float]:
    """Measure how well a trained judge tells generated windows from real ones.

    Each repeat splits both sides at random into 80 % for training and 20 % for the verdict, trains
    a fresh judge, and takes the distance of its accuracy from a coin's, 0.5. Windows of the same
    series overlap, so read the score beside that of real against other real windows.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Windows in the units of the data: array, list, or (series, time) frame. Give equal numbers.
        Both are scaled by the range of `X_real`.
    judge : {"gru-small", "gru-strong"}, default="gru-small"
        "gru-small" is the judge of the literature [1]_, [2]_: one recurrent layer of half as many
        units as there are channels, 2,000 iterations, learning rate 1e-3. It sees little on few
        channels. "gru-strong" has two layers of 32 units, 800 iterations, learning rate 2e-3.
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
        If `judge` or `n_repeats` is not allowed, or a side has fewer than 5 windows.

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
    real, synthetic = unit_scaled(*paired_windows(X_real, X_synthetic))
    for name, windows in (("X_real", real), ("X_synthetic", synthetic)):
        if len(windows) < 5:
            raise ValueError(f"{name} has {len(windows)} windows; a split needs at least 5.")
    sides = tuple(torch.from_numpy(side.astype(np.float32)) for side in (real, synthetic))
    streams = random_stream(random_state).spawn(n_repeats)
    scores = [_one_verdict(sides, JUDGES[judge], torch_stream(stream)) for stream in streams]
    if return_std:
        return float(np.mean(scores)), float(np.std(scores))
    return float(np.mean(scores))


def _one_verdict(sides: tuple[Tensor, ...], judge: Judge, generator: torch.Generator) -> float:
    """Split, train one judge, and return the distance of its accuracy from 0.5."""
    train, test = zip(*(_split(side, generator) for side in sides), strict=True)
    network = _train(train, judge, generator)
    with torch.inference_mode():
        right = [
            (network.last(side) > 0) == is_real
            for side, is_real in zip(test, (True, False), strict=True)
        ]
    return abs(torch.cat(right).double().mean().item() - 0.5)


def _split(side: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(side), generator=generator)
    n_test = max(1, round(TEST_FRACTION * len(side)))
    return side[order[n_test:]], side[order[:n_test]]


def _train(train: tuple[Tensor, ...], judge: Judge, generator: torch.Generator) -> RecurrentReader:
    n_channels = train[0].shape[-1]
    width = judge.hidden_size or max(1, n_channels // 2)
    network = RecurrentReader(n_channels, width, judge.n_layers, generator=generator)
    optimiser = torch.optim.Adam(network.parameters(), lr=judge.learning_rate, fused=True)
    sizes = [min(PER_SIDE, len(side)) for side in train]
    labels = torch.cat([torch.ones(sizes[0]), torch.zeros(sizes[1])])
    for _ in range(judge.n_iterations):
        batch = torch.cat([draw(side, n, generator) for side, n in zip(train, sizes, strict=True)])
        loss = F.binary_cross_entropy_with_logits(network.last(batch), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network


def draw(side: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Draw `n` different rows."""
    return side[torch.randperm(len(side), generator=generator)[:n]]
