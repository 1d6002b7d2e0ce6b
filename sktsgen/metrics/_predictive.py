"""Does a forecaster trained on generated windows work on real ones."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sktsgen.metrics._discriminative import PER_SIDE, draw
from sktsgen.metrics._inputs import paired_windows, random_stream, torch_stream, unit_scaled
from sktsgen.metrics._recurrent import RecurrentReader

N_ITERATIONS = 5000
LEARNING_RATE = 1e-3


def predictive_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_repeats: int = 3,
    random_state: Any = None,
    return_std: bool = False,
) -> float | tuple[float, float]:
    """Train a one-step forecaster on generated windows and measure its error on real ones.

    A recurrent network of half as many units as there are channels reads all channels but the last
    and predicts the last one, one step ahead [1]_, [2]_. The floor is the score of real windows
    in the place of generated ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Windows in the units of the data, of at least 2 steps and 2 channels: array, list, or
        (series, time) frame. Both are scaled by the range of `X_real`.
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
        If there are fewer than 2 steps or channels, or `n_repeats` is not allowed.

    References
    ----------
    .. [1] Yoon, Jarrett and van der Schaar, "Time-series generative adversarial networks",
       NeurIPS 2019.
    .. [2] Yuan and Qiao, "Diffusion-TS: interpretable diffusion for general time series
       generation", ICLR 2024.
    """
    if n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats}; give at least 1.")
    real, synthetic = unit_scaled(*paired_windows(X_real, X_synthetic))
    if min(real.shape[1:]) < 2:
        raise ValueError(
            f"X_real has windows of {real.shape[1:]} (steps, channels); give at least 2 of both, "
            "to predict the last channel one step ahead."
        )
    sides = [torch.from_numpy(side.astype(np.float32)) for side in (real, synthetic)]
    streams = random_stream(random_state).spawn(n_repeats)
    errors = [_one_error(sides[0], sides[1], torch_stream(stream)) for stream in streams]
    if return_std:
        return float(np.mean(errors)), float(np.std(errors))
    return float(np.mean(errors))


def _one_error(real: Tensor, synthetic: Tensor, generator: torch.Generator) -> float:
    n_inputs = real.shape[-1] - 1
    width = max(1, real.shape[-1] // 2)
    network = RecurrentReader(n_inputs, width, 1, generator=generator)
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
