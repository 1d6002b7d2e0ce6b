"""Uniforms keyed by (seed, series number), drawn in time order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import Tensor

# Uniforms stay off 0 and 1, where an inverse CDF is infinite.
_EDGE = 2.0**-25
_AHEAD = 64
_FLOATS_OF_A_BLOCK = 8  # that Philox makes of one value of its counter
_CLASSES = 1


def entropy_of(random_state: int | np.random.RandomState | None) -> int:
    """Return one integer that stands for a `random_state`.

    An int is itself, a RandomState is drawn from, and None is fresh entropy of the system:
    numpy's global state is neither read nor moved on.
    """
    if random_state is None:
        return secrets.randbits(63)
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int64).max, dtype=np.int64))


class SeriesNoise:
    """A counter-based stream of uniforms for each series.

    A series meets the same uniforms whatever its batch, its worker, the number of series
    drawn beside it and the number of steps drawn after it.

    Parameters
    ----------
    seed : int
        Key of all streams.
    series : sequence of int
        Numbers of the series of this batch.
    width : int
        Uniforms a time step takes.
    device : torch.device
        Where they are used.
    n_steps : int, default=64
        How many steps are likely to be asked for; more can be.
    """

    def __init__(
        self,
        seed: int,
        series: Sequence[int] | np.ndarray,
        width: int,
        *,
        device: torch.device | str = "cpu",
        n_steps: int = _AHEAD,
    ) -> None:
        self.width, self.device = width, device
        self._ahead = min(n_steps, _AHEAD)
        self._word, self._numbers = np.uint64(seed % 2**64), series
        self._buffer = torch.empty(len(series), 0, width, device=device)
        self._next = self._n_drawn = 0

    def draw(self, n_steps: int) -> Tensor:
        """Uniforms of the next steps, of shape (n_series, n_steps, width), in (0, 1)."""
        if self._next + n_steps > self._buffer.shape[1]:
            self._refill(n_steps)
        drawn = self._buffer[:, self._next : self._next + n_steps]
        self._next += n_steps
        return drawn

    def _refill(self, n_steps: int) -> None:
        left = self._buffer[:, self._next :]
        lacking = max(n_steps - left.shape[1], self._ahead)
        # Whole blocks of the counter, so that it says where to go on.
        fresh = self._uniforms(-(-lacking // _FLOATS_OF_A_BLOCK) * _FLOATS_OF_A_BLOCK)
        clipped = torch.from_numpy(off_edges(fresh)).to(self.device)
        self._buffer = torch.cat([left, clipped], dim=1)
        self._next = 0

    def _uniforms(self, n_steps: int) -> np.ndarray:
        """Go on with every stream; one generator is put where each of them stands."""
        bits = np.random.Philox(key=np.array([self._word, 0], dtype=np.uint64))
        generator, stands = np.random.Generator(bits), bits.state
        key, counter = stands["state"]["key"], stands["state"]["counter"]
        counter[0] = self._n_drawn * self.width // _FLOATS_OF_A_BLOCK
        fresh = np.empty((len(self._numbers), n_steps, self.width), np.float32)
        for rows, number in zip(fresh, self._numbers, strict=True):
            key[1] = number
            bits.state = stands
            generator.random(dtype=np.float32, out=rows)
        self._n_drawn += n_steps
        return fresh


def off_edges(uniforms: np.ndarray) -> np.ndarray:
    """Keep uniforms inside the open interval from 0 to 1, in place."""
    return np.clip(uniforms, _EDGE, 1.0 - _EDGE, out=uniforms)


class GivenNoise:
    """Uniforms that were drawn before, handed out in their order.

    Parameters
    ----------
    uniforms : Tensor of shape (n_series, n_steps, width)
        All that will be asked for.
    """

    def __init__(self, uniforms: Tensor) -> None:
        self.uniforms, self.width = uniforms, uniforms.shape[-1]
        self._next = 0

    def draw(self, n_steps: int) -> Tensor:
        """Uniforms of the next steps, of shape (n_series, n_steps, width)."""
        self._next += n_steps
        return self.uniforms[:, self._next - n_steps : self._next]


def class_draws(
    probability: np.ndarray, seed: int, series: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Draw the class of each series from its row of `probability`.

    Parameters
    ----------
    probability : ndarray of shape (n_series, n_classes)
        Non-negative; rows need not add up to exactly 1.
    seed : int
        Key of all streams.
    series : sequence of int
        Numbers of the series.

    Returns
    -------
    classes : ndarray of shape (n_series,), dtype int64
        A class of probability zero is never drawn.
    """
    levels = series_draws(seed, series, 1, stream=_CLASSES)
    cumulative = np.cumsum(probability, axis=1)
    below = cumulative <= levels * cumulative[:, -1:]
    return np.asarray(below.sum(1))


def series_draws(
    seed: int, series: Sequence[int] | np.ndarray, width: int, *, stream: int
) -> np.ndarray:
    """Draw uniforms that belong to a series beside those of its values.

    Parameters
    ----------
    seed : int
        Key of all streams.
    series : sequence of int
        Numbers of the series.
    width : int
        Uniforms of each series; the first ones do not depend on it.
    stream : int
        What they are for, from 1 on. The highest word of the counter keeps the streams of a
        series apart; 0 is that of `SeriesNoise`, 1 that of `class_draws`.

    Returns
    -------
    uniforms : ndarray of shape (n_series, width)
        From 0 to below 1.
    """
    word, counter = np.uint64(seed % 2**64), [0, 0, 0, stream]
    draws = np.empty((len(series), width))
    for row, number in zip(draws, series, strict=True):
        key = np.array([word, number], dtype=np.uint64)
        np.random.Generator(np.random.Philox(key=key, counter=counter)).random(out=row)
    return draws
