"""Which windows are drawn in which order, where a series is longer than a window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Tile(NamedTuple):
    """A window, and the rows of it that are kept.

    Attributes
    ----------
    series : int
        Number of the series.
    start : int
        First row of the window, counted from the start of the series.
    begin, end : int
        Rows that are kept: from `begin` to ``end - 1``.
    """

    series: int
    start: int
    begin: int
    end: int


def tiles_side_by_side(lengths: np.ndarray, window: int) -> list[Tile]:
    """Cover series with windows side by side; the last of each ends where it does.

    Parameters
    ----------
    lengths : ndarray of shape (n_series,)
        Rows of every series, at least 1; a shorter one has one window.
    window : int
        Rows of a window.

    Returns
    -------
    tiles : list of Tile
        Every row is kept once.
    """
    return [
        Tile(series, max(0, min(begin, length - window)), begin, min(begin + window, length))
        for series, length in enumerate(lengths.tolist())
        for begin in range(0, length, window)
    ]


def tiles_to_fill(lengths: np.ndarray, window: int) -> list[list[Tile]]:
    """Cover series with windows in two rounds.

    The windows of the first round stand side by side and keep their middle half; those of the
    second stand across the seams and see what was drawn at either side. So every row is drawn
    once, with a quarter of a window at least round it, and neighbours agree.

    Parameters
    ----------
    lengths : ndarray of shape (n_series,)
        Rows of every series, at least `window`.
    window : int
        Rows of a window.

    Returns
    -------
    rounds : list of two lists of Tile
    """
    rounds: list[list[Tile]] = [[], []]
    for series, length in enumerate(lengths.tolist()):
        starts = list(range(0, length - window + 1, window))
        if starts[-1] + window < length:
            starts.append(length - window)
        done = 0
        for start in starts:
            begin = start + window // 4 if start else 0
            end = length if start + window == length else start + window - window // 4
            begin = max(begin, done)
            if done < begin:
                middle = (done + begin) // 2
                across = min(max(middle - window // 2, 0), length - window)
                rounds[1].append(Tile(series, across, done, begin))
            rounds[0].append(Tile(series, start, begin, end))
            done = end
    return rounds


def tiles_to_continue(lengths: np.ndarray, n_steps: int, window: int) -> Iterator[list[Tile]]:
    """Go on from the end of series, each window seeing at least half of one before it.

    Parameters
    ----------
    lengths : ndarray of shape (n_series,)
        Rows that are there already, at least 0.
    n_steps : int
        Rows to draw after them.
    window : int
        Rows of a window.

    Yields
    ------
    round : list of Tile
        Up to one window for each series, drawn after those of the rounds before.
    """
    done = lengths.copy()
    last = lengths + n_steps
    while (done < last).any():
        tiles = []
        for series in np.flatnonzero(done < last).tolist():
            first = int(done[series])
            end = min(int(last[series]), first + max(window - first, window // 2, 1))
            tiles.append(Tile(series, max(0, end - window), first, end))
            done[series] = end
        yield tiles
