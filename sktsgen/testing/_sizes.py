"""Whole numbers and switches as arguments of strategies."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Size = int | tuple[int, int] | SearchStrategy[int]


def check_size(name: str, value: Any, least: int = 1) -> int:
    """Give `value`, if it is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name}={value!r} must be a whole number of at least {least}.")
    return int(value)


def check_flag(name: str, value: Any) -> bool:
    """Give `value`, if it is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}={value!r} must be True or False.")
    return value


def sizes(name: str, given: Size) -> tuple[SearchStrategy[int], int | None]:
    """Give a strategy of sizes, and the largest where that is known."""
    if isinstance(given, SearchStrategy):
        return given.map(lambda value: check_size(name, value)), None
    low, high = given if isinstance(given, tuple | list) and len(given) == 2 else (given, given)
    low, high = check_size(name, low), check_size(name, high)
    if low > high:
        raise ValueError(f"{name}={given!r} has its least above its most; exchange them.")
    return st.integers(low, high), high
