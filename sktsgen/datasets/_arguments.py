"""Checks of arguments that every dataset generator makes."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

RandomState = int | np.random.Generator | np.random.RandomState | None


def check_count(name: str, value: object, *, minimum: int = 1) -> int:
    """Return `value` as an int, or refuse what is not a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}={value!r} is not a whole number; give an int >= {minimum}.")
    if value < minimum:
        raise ValueError(f"{name}={value!r} is too small; give an int >= {minimum}.")
    return int(value)


def check_positive(name: str, value: object) -> float:
    """Return `value` as a float, or refuse what is not finite and above zero."""
    if not isinstance(value, Real) or not 0 < float(value) < np.inf:
        raise ValueError(f"{name}={value!r} must be a finite number above 0.")
    return float(value)


def check_square(name: str, matrix: ArrayLike, size: int | None = None) -> NDArray[np.float64]:
    """Return `matrix` as a float array of shape (size, size)."""
    array = np.asarray(matrix, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; give a square matrix.")
    if size is not None and len(array) != size:
        raise ValueError(f"{name} has shape {array.shape}; it must be ({size}, {size}).")
    return array
