"""Does a forecaster trained on generated windows work on real ones."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sktsgen.metrics._inputs import features, paired_windows, random_stream, torch_stream
from sktsgen.metrics._judges import PER_SIDE, draw
from sktsgen.metrics._recurrent import RecurrentReader

N_ITERATIONS = 5000
LEARNING_RATE = 1e-3


def predictive_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    target: str | int = "last",
    n_repeats: int = 3,
    random_state: Any = None,
    return_std: bool = False,
) -> float | tuple[float, float]:
    """Train a one-step forecaster on generated windows and measure its error on real ones.

    A recurrent network of half as many units as there are channels reads all channels but one and
    predicts that one, one step ahead [1]_, [2]_. The floor is the score of real windows in the
    place of generated ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, of at least 2 steps and 2 channels, in any container, real
        ones at least as long as the generated ones. Numbers are scaled by the range of `X_real`;
        a discrete column is read as one 0/1 column for each of its levels, and never predicted.
    target : {"last", "all"} or int, default="last"
        Which column of numbers is predicted, counted among these. "last" is the literature's;
        "all" takes one column after the other and averages, at the cost of as many networks.
    n_repeats : int, default=3
        Forecasters trained, at least 1.
    random_state : int, Generator or RandomState, default=None
        Draws weights and batches; None takes fresh entropy.
    return_std : bool, default=False
        Whether to return the standard deviation over the repeats too.

    Returns
    -------
    score : float
        Mean absolute error in units of the real range, lower is better.
    std : float
        Standard deviation over repeats; only where `return_std`.

    Raises
    ------
    ValueError
        If there are fewer than 2 steps or channels or no column of numbers, or `target` or
        `n_repeats` is not allowed.

    References
    ----------
    .. [1] Yoon, Jarrett and van der Schaar, "Time-series generative adversarial networks",
       NeurIPS 2019.
    .. [2] Yuan and Qiao, "Diffusion-TS: interpretable diffusion for general time series
       generation", ICLR 2024.
    """
    if n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats}; give at least 1.")
    cells = paired_windows(X_real, X_synthetic)
    real, synthetic = features(*cells)
    if min(real.shape[1:]) < 2:
        raise ValueError(
            f"X_real has windows of {real.shape[1:]} (steps, channels); give at least 2 of both, "
            "to predict one channel one step ahead from the others."
        )
    targets = _targets(target, cells[0].numbers.shape[2])
    given, drawn = (torch.from_numpy(side.astype(np.float32)) for side in (real, synthetic))
    streams = random_stream(random_state).spawn(n_repeats)
    errors = [
        np.mean([_one_error(given, drawn, channel, torch_stream(stream)) for channel in targets])
        for stream in streams
    ]
    if return_std:
        return float(np.mean(errors)), float(np.std(errors))
    return float(np.mean(errors))


def _targets(target: str | int, n_numeric: int) -> range:
    if not n_numeric:
        raise ValueError("X_real has no column of numbers; this measure needs one.")
    if target == "all":
        return range(n_numeric)
    chosen = n_numeric - 1 if target == "last" else target
    if not isinstance(chosen, int | np.integer) or not 0 <= chosen < n_numeric:
        raise ValueError(
            f"target={target!r} is no column of numbers; choose 'last', 'all' or 0 to "
            f"{n_numeric - 1}."
        )
    return range(int(chosen), int(chosen) + 1)


def _one_error(real: Tensor, synthetic: Tensor, target: int, generator: torch.Generator) -> float:
    n_channels = real.shape[-1]
    order = [*(c for c in range(n_channels) if c != target), target]
    real, synthetic = real[..., order], synthetic[..., order]
    width = max(1, n_channels // 2)
    network = RecurrentReader(n_channels - 1, width, 1, generator=generator)
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    for _ in range(N_ITERATIONS):
        loss = _error(network, draw(synthetic, PER_SIDE, generator))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.inference_mode():
        return float(_error(network, real))


def _error(network: RecurrentReader, windows: Tensor) -> Tensor:
    predicted = torch.sigmoid(network(windows[:, :-1, :-1]))
    return F.l1_loss(predicted, windows[:, 1:, -1])
