"""Whole numbers as arguments of strategies."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Size = int | tuple[int, int] | SearchStrategy[int]


def check_size(name: str, value: Any) -> int:
    """Give `value`, if it is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name}={value!r} must be a whole number of at least 1.")
    return int(value)


def sizes(name: str, given: Size) -> tuple[SearchStrategy[int], int | None]:
    """Give a strategy of sizes, and the largest where that is known."""
    if isinstance(given, SearchStrategy):
        return given.map(lambda value: check_size(name, value)), None
    low, high = given if isinstance(given, tuple | list) and len(given) == 2 else (given, given)
    low, high = check_size(name, low), check_size(name, high)
    if low > high:
        raise ValueError(f"{name}={given!r} has its least above its most; exchange them.")
    return st.integers(low, high), high
