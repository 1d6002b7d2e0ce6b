"""Rows as the diffusion learns from them: padded, completed, cut into windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sktsgen.diffusion import ConditionalFlow
from sktsgen.nn import GaussianFill, LinearFill
from sktsgen.ops import lag_moments, window_covariance

# Rounds of drawing what is missing and learning the first guess anew; where little is missing.
_ROUNDS, _FEW_ROUNDS = 4, 2
_LITTLE = 0.02
# Least variance that the first guess leaves to a cell, whose own is about 1.
_SMALLEST = 1e-3
# Of the autoregressions behind it: predictors at most, more where each has so many rows, and rows
# that their ridge is worth.
_WIDE, _WIDEST = 256, 700
_ROWS_EACH = 10
_RIDGE = 10.0
_LEAST_EIGENVALUE = 0.02
_CHUNK = 256


class Rows(NamedTuple):
    """Rows of all series, one below the other.

    Attributes
    ----------
    features : ndarray of shape (n_rows, n_features), float32
        Zeros where not observed.
    observed : ndarray of shape (n_rows, n_columns), bool
        Without the columns that are always known.
    lengths : ndarray of shape (n_series,)
        Rows of every series.
    """

    features: np.ndarray
    observed: np.ndarray
    lengths: np.ndarray

    @property
    def offsets(self) -> np.ndarray:
        """Where every series begins."""
        return np.asarray(np.cumsum(self.lengths) - self.lengths)

    def series(self, number: int) -> Rows:
        """Return one series of several."""
        first = self.offsets[number]
        own = slice(first, first + self.lengths[number])
        return Rows(self.features[own], self.observed[own], self.lengths[number : number + 1])

    def without(self, hidden: np.ndarray) -> Rows:
        """Return the same rows with some cells not observed."""
        return Rows(self.features, self.observed & ~hidden, self.lengths)

    def padded(self, shortest: int) -> Rows:
        """Let every series go on, unobserved, until it has `shortest` rows."""
        lengths = np.maximum(self.lengths, shortest)
        if (lengths == self.lengths).all():
            return self
        at = self.positions(lengths)
        features = np.zeros((lengths.sum(), self.features.shape[1]), np.float32)
        observed = np.zeros((lengths.sum(), self.observed.shape[1]), dtype=bool)
        features[at], observed[at] = self.features, self.observed
        return Rows(features, observed, lengths)

    def positions(self, lengths: np.ndarray) -> np.ndarray:
        """Where the rows stand if the series have `lengths` rows."""
        shifts = np.cumsum(lengths) - lengths - self.offsets
        return np.arange(len(self.features)) + np.repeat(shifts, self.lengths)


def learn_fill(network: ConditionalFlow, rows: Rows, generator: torch.Generator) -> Tensor:
    """Learn the first guess of a network, and complete the rows with draws of it.

    Where cells are missing, the first guess comes from neighbouring rows alone; then, in turns,
    what is missing is drawn and all is learnt from the whole rows (stochastic EM). Training sees
    the last of these draws where nothing was observed, and is never asked for them.

    Parameters
    ----------
    network : ConditionalFlow
        Its `fill` is changed.
    rows : Rows
        With series of a window at least.
    generator : torch.Generator
        Source of the draws, on the device of the network.

    Returns
    -------
    features : Tensor of shape (n_rows, n_features)
        Complete.
    """
    device = network.columns.device
    features = torch.from_numpy(rows.features).to(device)
    observed = torch.from_numpy(rows.observed).to(device)
    is_whole = bool(observed.all())
    seen = None if is_whole else network.seen(observed)
    learn_from(network.fill, network.codes.embed(features), seen, rows.lengths)
    if is_whole:
        return features
    n_rounds = _FEW_ROUNDS if float((~observed).float().mean()) < _LITTLE else _ROUNDS
    for _ in range(n_rounds if isinstance(network.fill, GaussianFill) else 0):
        features = _completed(network, features, observed, rows.lengths, generator)
        learn_from(network.fill, network.codes.embed(features), None, rows.lengths)
    return _completed(network, features, observed, rows.lengths, generator)


def learn_from(
    fill: GaussianFill | LinearFill, channels: Tensor, seen: Tensor | None, lengths: np.ndarray
) -> None:
    """Learn a first guess from rows.

    Parameters
    ----------
    fill : GaussianFill or LinearFill
        Is changed.
    channels : Tensor of shape (n_rows, n_channels)
        Rows of all series, one below the other.
    seen : BoolTensor of shape (n_rows, n_channels) or None
        What of them is observed; None if all is.
    lengths : ndarray of shape (n_series,)
        Rows of every series, at least a window.
    """
    if isinstance(fill, GaussianFill):
        _learn_gaussian(fill, channels.double(), seen, lengths)
    else:
        every = torch.ones_like(channels, dtype=torch.bool)
        _learn_lines(fill, channels, every if seen is None else seen, lengths)


def _learn_gaussian(
    fill: GaussianFill, channels: Tensor, seen: Tensor | None, lengths: np.ndarray
) -> None:
    n_timesteps, n_channels = fill.n_timesteps, channels.shape[1]
    is_whole = seen is None
    seen = torch.ones_like(channels, dtype=torch.bool) if seen is None else seen
    mean = _mean(channels, seen)
    widest = min(max(_WIDE, len(channels) // _ROWS_EACH), _WIDEST)
    order = min(n_timesteps // 2, widest // n_channels, n_timesteps - 1) if is_whole else 1
    order = min(max(order, 1), n_timesteps - 1)
    last = rows_with_past(lengths, order).to(channels.device)
    moments = lag_moments(channels - mean, seen, last, order)
    if not is_whole:
        moments = _positive(moments)
    n_seen = max(1.0, float(seen.double().mean()) * len(last))
    covariance = window_covariance(
        moments,
        n_channels,
        n_timesteps,
        ridge=_RIDGE / n_seen,
        smallest=_SMALLEST,
        n_rows=max(1.0, float(len(last))),
    )
    fill.learn(mean.float(), covariance, smallest=_SMALLEST)


def _learn_lines(fill: LinearFill, channels: Tensor, seen: Tensor, lengths: np.ndarray) -> None:
    """Learn how far observed rows change over an eighth of a window."""
    lag = max(1, fill.n_timesteps // 8)
    last = rows_with_past(lengths, min(lag, fill.n_timesteps - 1)).to(channels.device)
    both = (seen[last] & seen[last - lag]).float()
    change = (channels[last] - channels[last - lag]).square() * both
    scale = (change.sum(0) / both.sum(0).clamp(min=1.0)).clamp(min=_SMALLEST).sqrt()
    fill.learn(_mean(channels, seen), scale)


def _mean(latents: Tensor, seen: Tensor) -> Tensor:
    return (latents * seen).sum(0) / seen.sum(0).clamp(min=1)


def _positive(moments: Tensor) -> Tensor:
    """Lift the eigenvalues that products of different rows have made negative."""
    values, vectors = torch.linalg.eigh(moments)
    return (vectors * values.clamp(min=_LEAST_EIGENVALUE)) @ vectors.T


def rows_with_past(lengths: np.ndarray, order: int) -> Tensor:
    """Find the rows that have `order` rows of their series before them, all rows from 0."""
    within = np.concatenate([np.arange(length) for length in lengths])
    return torch.from_numpy(np.flatnonzero(within >= order))


def _completed(
    network: ConditionalFlow,
    features: Tensor,
    observed: Tensor,
    lengths: np.ndarray,
    generator: torch.Generator,
) -> Tensor:
    """Rows with a draw of the first guess where nothing was observed."""
    completed, known = features.clone(), observed.clone()
    for rows in window_rows(lengths, network.n_timesteps):
        rows = rows.to(features.device)
        rows = rows[~known[rows].flatten(1).all(1)]
        if len(rows):
            completed[rows] = network.guess(completed[rows], known[rows], generator)
            known[rows] = True
    return completed


def window_rows(lengths: np.ndarray, n_timesteps: int) -> Iterator[Tensor]:
    """Cover series with windows side by side, and last with those that end where series do.

    Parameters
    ----------
    lengths : ndarray of shape (n_series,)
        Rows of every series, at least a window.
    n_timesteps : int
        Rows of a window.

    Yields
    ------
    rows : LongTensor of shape (n_windows, n_timesteps)
        Numbers of the rows of some windows, none of them twice.
    """
    ends = torch.from_numpy(np.cumsum(lengths))
    starts = [
        torch.arange(end - length, end - n_timesteps + 1, n_timesteps)
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]
    has_rest = torch.from_numpy(lengths % n_timesteps > 0)
    for firsts in (torch.cat(starts), ends[has_rest] - n_timesteps):
        for first in firsts.split(_CHUNK):
            yield first[:, None] + torch.arange(n_timesteps)
