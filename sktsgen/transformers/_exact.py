"""Whole numbers of 64 bits, measured and moved without passing through floats."""

from __future__ import annotations

from typing import Any

import numpy as np

_SIGN = np.uint64(1 << 63)
# The largest float64 that uint64 can hold.
_LARGEST = np.nextafter(2.0**64, 0.0)


def to_ordinals(values: np.ndarray) -> np.ndarray:
    """Map whole numbers to uint64, keeping their order and their distances.

    Parameters
    ----------
    values : ndarray
        Of boolean, signed or unsigned type.

    Returns
    -------
    ordinals : ndarray of the same shape, uint64
        Signed numbers are moved up by 2**63.
    """
    if values.dtype.kind != "i":
        return values.astype(np.uint64)
    return values.astype(np.int64).view(np.uint64) ^ _SIGN


def from_ordinals(ordinals: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Invert `to_ordinals`; `dtype` must hold the numbers."""
    if dtype.kind != "i":
        return ordinals.astype(dtype)
    return (ordinals ^ _SIGN).view(np.int64).astype(dtype)


def limits(dtype: np.dtype[Any]) -> tuple[np.uint64, np.uint64]:
    """Return the ordinals of the least and the greatest number of a type."""
    info = np.iinfo(dtype)
    least, greatest = to_ordinals(np.array([info.min, info.max], dtype=dtype))
    return least, greatest


def distances(ordinals: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Return how far ordinals lie above `origin`, as float64.

    A distance of up to 2**53 is exact, however large the numbers themselves.
    """
    above = ordinals >= origin
    size = np.where(above, ordinals - origin, origin - ordinals).astype(np.float64)
    return np.where(above, size, -size)


def moved(
    origin: np.ndarray,
    steps: np.ndarray,
    least: np.ndarray | np.uint64,
    greatest: np.ndarray | np.uint64,
    *,
    width: int = 1,
) -> np.ndarray:
    """Return the ordinals that lie some steps above `origin`, kept within two limits.

    Parameters
    ----------
    origin : ndarray of uint64
        From `least` to `greatest`.
    steps : ndarray of float64
        Whole numbers of any size, infinite ones included.
    least, greatest : ndarray of uint64
        Ordinals that are not passed.
    width : int, default=1
        Ordinals in one step, at least 1.

    Returns
    -------
    ordinals : ndarray of uint64
        Exact for up to 2**53 steps.
    """
    length = np.abs(steps)
    count = np.minimum(length, _LARGEST).astype(np.uint64)
    count = np.where(length > _LARGEST, np.iinfo(np.uint64).max, count)
    step = np.uint64(width)
    up = origin + np.minimum(count, (greatest - origin) // step) * step
    down = origin - np.minimum(count, (origin - least) // step) * step
    return np.where(steps >= 0, up, down)
