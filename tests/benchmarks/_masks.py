"""Which cells are hidden from an imputer: five patterns, the same for every method."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

# Share of hidden cells, and for gaps their steps and channels by the length of a window.
POINTS = {"point10": 0.1, "point50": 0.5, "point90": 0.9}
GAP_STEPS = {48: 36, 24: 18, 12: 8}
BLOCK_SIDES = {48: 6, 24: 6, 12: 4}
PATTERNS = (*POINTS, "subseq50", "block50")


def hide(observed: Mask, pattern: str, seed: int) -> Mask:
    """Choose cells to hide.

    Parameters
    ----------
    observed : ndarray of bool of shape (n_windows, n_timesteps, n_channels)
        True where the data has a value; nothing else can be hidden.
    pattern : {"point10", "point50", "point90", "subseq50", "block50"}
        "point" hides cells here and there, that many percent of the observed ones of each window.
        "subseq50" hides one stretch of three quarters of a window (two thirds of one of 12 steps)
        in as many channels as makes half of all cells. "block50" hides squares of 6 steps by 6
        channels (4 by 4 of 12 steps) until half of a window is gone.
    seed : int
        Equal seeds hide equal cells.

    Returns
    -------
    hidden : ndarray of bool of the same shape
        True where a cell is hidden.
    """
    if pattern not in PATTERNS:
        raise ValueError(f"pattern={pattern!r} is not known; choose from {PATTERNS}.")
    rng = np.random.default_rng([seed, PATTERNS.index(pattern)])
    if pattern in POINTS:
        return _points(observed, POINTS[pattern], rng)
    gaps = _stretches if pattern == "subseq50" else _squares
    return gaps(observed.shape, rng) & observed


def _points(observed: Mask, share: float, rng: np.random.Generator) -> Mask:
    """Hide exactly this share of the observed cells of each window, rounded."""
    flat = observed.reshape(len(observed), -1)
    order = np.where(flat, rng.random(flat.shape), np.inf).argsort(1).argsort(1)
    return (order < np.rint(share * flat.sum(1, keepdims=True))).reshape(observed.shape) & observed


def _stretches(shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    n_windows, n_timesteps, n_channels = shape
    steps = GAP_STEPS[n_timesteps]
    n_pairs = n_windows * n_channels
    n_hidden = round(0.5 * n_timesteps / steps * n_pairs)
    starts = np.full(n_pairs, n_timesteps)
    chosen = rng.permutation(n_pairs)[:n_hidden]
    starts[chosen] = rng.integers(n_timesteps - steps + 1, size=n_hidden)
    step = np.arange(n_timesteps)
    hidden = (step >= starts[:, None]) & (step < starts[:, None] + steps)
    return hidden.reshape(n_windows, n_channels, n_timesteps).swapaxes(1, 2)


def _squares(shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    _, n_timesteps, n_channels = shape
    side = BLOCK_SIDES[n_timesteps]
    width = min(side, n_channels)
    hidden = np.zeros(shape, dtype=bool)
    for window in hidden:
        while window.mean() < 0.5:
            t = rng.integers(n_timesteps - side + 1)
            c = rng.integers(n_channels - width + 1)
            window[t : t + side, c : c + width] = True
    return hidden


def save_mask(folder: Path, name: str, hidden: Mask) -> str:
    """Write a mask where other environments can read it; return its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"{name}.npz", hidden=hidden)
    return digest(hidden)


def digest(hidden: Mask) -> str:
    """Name a mask by its content: equal names, equal cells."""
    return hashlib.sha256(np.packbits(hidden).tobytes()).hexdigest()[:12]
