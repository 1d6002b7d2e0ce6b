"""Some of many items, spread over all of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_GOLDEN_RATIO = (np.sqrt(5.0) - 1.0) / 2.0


def spread_over(n_items: int, most: int) -> Tensor:
    """Choose some of many items, evenly spread over them.

    Parameters
    ----------
    n_items : int
        Number of items, at least 1.
    most : int
        Most items to choose, at least 1.

    Returns
    -------
    chosen : Tensor of shape (min(n_items, most),), int64
        Numbers of the items in ascending order, the first one and, if `most` is above 1, the last
        one among them.
    """
    chosen = torch.linspace(0, n_items - 1, min(n_items, most)).long()
    return chosen.clamp(max=n_items - 1)  # beyond 2**24 float32 rounds to the next even number


def spread_apart(n_items: int, most: int) -> np.ndarray:
    """Choose some of many items, any first few of them far apart.

    Multiples of the golden ratio, modulo one, fill the unit interval evenly at every count and
    fall in step with no season, as every n-th item would. Where there are barely more than `most`,
    some come twice.

    Parameters
    ----------
    n_items : int
        Number of items, at least 0.
    most : int
        Most items to choose, at least 0.

    Returns
    -------
    chosen : ndarray of shape (min(n_items, most),), int64
        Numbers of the items, in the order in which they are to be looked at.
    """
    places = np.arange(min(n_items, most)) * _GOLDEN_RATIO % 1.0
    if n_items <= most:
        return np.asarray(np.argsort(np.argsort(places)))
    return np.asarray((places * n_items).astype(np.int64))
