"""Normal noise of whole windows, keyed by what is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def window_noise(seed: int, series: int, draws: Sequence[int], position: int, size: int) -> Tensor:
    """Draw the standard normal noise of one window.

    They depend on nothing but these arguments: not on the batch, its order or the other draws.

    Parameters
    ----------
    seed : int
        Key of all streams.
    series : int
        Key of the series, from 0 to 2**64 - 1.
    draws : sequence of int
        Numbers of the draws.
    position : int
        First time step of the window in its series.
    size : int
        Numbers per draw.

    Returns
    -------
    noise : Tensor of shape (n_draws, size), float32
    """
    key = np.array([seed % 2**64, series], dtype=np.uint64)
    streams = (
        np.random.Generator(np.random.Philox(key=key, counter=[0, position, draw, 2]))
        for draw in draws
    )
    return torch.from_numpy(
        np.stack([stream.standard_normal(size, dtype=np.float32) for stream in streams])
    )


def content_key(*arrays: np.ndarray) -> int:
    """Return a number from 0 to 2**64 - 1 that stands for the bytes of arrays."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return int.from_bytes(digest.digest(), "little")
