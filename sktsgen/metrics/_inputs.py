"""Windows in, whatever holds them; random streams that are nobody else's."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

Windows = NDArray[np.float64]


def as_windows(X: Any, name: str) -> Windows:
    """Return `X` as an array of shape (n_series, n_timesteps, n_channels).

    Parameters
    ----------
    X : ndarray of shape (n_series, n_timesteps, n_channels), list or DataFrame
        Windows of equal length: a 3-D array, a list of 2-D arrays or frames, or a frame with a
        two-level (series, time) index.
    name : str
        What the caller calls `X`, for the messages.

    Returns
    -------
    windows : ndarray of shape (n_series, n_timesteps, n_channels)
        Float64.

    Raises
    ------
    ValueError
        If lengths differ, a cell is not finite, or there is nothing.
    """
    stacked = np.asarray(_stack(X, name))
    if stacked.ndim != 3:
        raise ValueError(
            f"{name} has shape {stacked.shape}; give windows of shape "
            "(n_series, n_timesteps, n_channels)."
        )
    if not stacked.size:
        raise ValueError(f"{name} has shape {stacked.shape}; give at least one cell.")
    windows = stacked.astype(np.float64)
    if not np.isfinite(windows).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(windows))[0])
        raise ValueError(
            f"{name} holds {windows[place]} at {place}; fill or drop cells that are not finite."
        )
    return windows


def _stack(X: Any, name: str) -> Any:
    if isinstance(X, pd.DataFrame):
        if X.index.nlevels != 2:
            raise ValueError(
                f"{name} is a frame with {X.index.nlevels} index level; "
                "give one with a (series, time) index."
            )
        X = [series.to_numpy() for _, series in X.groupby(level=0, sort=False)]
    if isinstance(X, list | tuple):
        X = [np.asarray(series) for series in X]
        shapes = sorted({series.shape for series in X})
        if len(shapes) > 1:
            raise ValueError(f"{name} mixes shapes {shapes[0]} and {shapes[1]}; cut equal windows.")
    return X


def paired_windows(
    X_real: Any, X_synthetic: Any, *, same_length: bool = True
) -> tuple[Windows, Windows]:
    """Return both sides as windows of one shape, or say how they differ."""
    real, synthetic = as_windows(X_real, "X_real"), as_windows(X_synthetic, "X_synthetic")
    check_same_cells(real, "X_real", synthetic, "X_synthetic", same_length=same_length)
    return real, synthetic


def check_same_cells(
    first: Windows, name: str, second: Windows, other: str, *, same_length: bool = True
) -> None:
    """Raise unless two sets of windows have equal channels, and steps where that is asked."""
    start = 1 if same_length else 2
    if first.shape[start:] != second.shape[start:]:
        raise ValueError(
            f"{other} has windows of {second.shape[1:]} (steps, channels) and {name} of "
            f"{first.shape[1:]}; give equal ones."
        )


def unit_scaled(reference: Windows, *others: Windows) -> tuple[Windows, ...]:
    """Scale all by the range of `reference`, channel by channel, to [0, 1].

    A channel constant in `reference` is only shifted.
    """
    low = reference.min((0, 1))
    span = np.ptp(reference, axis=(0, 1))
    span = np.where(span > 0, span, 1.0)
    return tuple((windows - low) / span for windows in (reference, *others))


def random_stream(random_state: Any) -> np.random.Generator:
    """Return a numpy generator of one's own; None is fresh entropy, never the global stream."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1, size=4))
    return np.random.default_rng(random_state)


def torch_stream(rng: np.random.Generator) -> torch.Generator:
    """Return a torch generator seeded from `rng`."""
    return torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
