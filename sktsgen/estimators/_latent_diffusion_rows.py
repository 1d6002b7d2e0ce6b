"""Rows as the diffusion learns from them: padded, completed, cut into windows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sktsgen.data import Windows
from sktsgen.diffusion import ConditionalFlow, FlowBatch
from sktsgen.nn import GaussianFill, LinearFill
from sktsgen.ops import lag_moments, window_covariance

# Rounds of drawing what is missing and learning the first guess anew.
_ROUNDS = 4
# Least variance that the first guess leaves to a cell, whose own is about 1.
_SMALLEST = 1e-3
# Of the autoregressions behind it: predictors at most, and rows that their ridge is worth.
_WIDEST = 256
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
        shifts = np.cumsum(lengths) - lengths - (np.cumsum(self.lengths) - self.lengths)
        return np.arange(len(self.features)) + np.repeat(shifts, self.lengths)


class FlowData:
    """Batches of windows for `ConditionalFlow`."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def batch(self, indices: Tensor) -> FlowBatch:
        """Features (batch, time, feature) and what is observed (batch, time, column)."""
        (features, observed), _ = self.windows.gather(indices)
        return FlowBatch(features, observed)


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
    n_rounds = 0
    if isinstance(network.fill, GaussianFill):
        n_rounds = 0 if is_whole else _ROUNDS
        _learn_gaussian(network, features, observed, rows.lengths, is_whole=is_whole)
    else:
        _learn_lines(network, features, observed, rows.lengths)
    for _ in range(n_rounds):
        features = _completed(network, features, observed, rows.lengths, generator)
        _learn_gaussian(network, features, observed, rows.lengths, is_whole=True)
    return (
        features if is_whole else _completed(network, features, observed, rows.lengths, generator)
    )


def _learn_gaussian(
    network: ConditionalFlow,
    features: Tensor,
    observed: Tensor,
    lengths: np.ndarray,
    *,
    is_whole: bool,
) -> None:
    """Learn from rows that are observed or, `is_whole`, completed everywhere."""
    fill = network.fill
    assert isinstance(fill, GaussianFill)
    latents = network.codes.embed(features).double()
    n_timesteps, n_channels = network.n_timesteps, latents.shape[1]
    seen = network.seen(observed) if not is_whole else torch.ones_like(latents, dtype=torch.bool)
    mean = _mean(latents, seen)
    order = min(n_timesteps // 2, _WIDEST // n_channels, n_timesteps - 1) if is_whole else 1
    order = min(max(order, 1), n_timesteps - 1)
    last = _rows_with_past(lengths, order).to(features.device)
    moments = lag_moments(latents - mean, seen, last, order)
    if not is_whole:
        moments = _positive(moments)
    n_seen = max(1.0, float(observed.double().mean()) * len(last))
    covariance = window_covariance(
        moments,
        n_channels,
        n_timesteps,
        ridge=_RIDGE / n_seen,
        smallest=_SMALLEST,
        n_rows=max(1.0, float(len(last))),
    )
    fill.learn(mean.float(), covariance, smallest=_SMALLEST)


def _learn_lines(
    network: ConditionalFlow, features: Tensor, observed: Tensor, lengths: np.ndarray
) -> None:
    """Learn how far observed rows change over an eighth of a window."""
    fill = network.fill
    assert isinstance(fill, LinearFill)
    latents, seen = network.codes.embed(features), network.seen(observed)
    lag = max(1, network.n_timesteps // 8)
    last = _rows_with_past(lengths, min(lag, network.n_timesteps - 1)).to(features.device)
    both = (seen[last] & seen[last - lag]).float()
    change = (latents[last] - latents[last - lag]).square() * both
    scale = (change.sum(0) / both.sum(0).clamp(min=1.0)).clamp(min=_SMALLEST).sqrt()
    fill.learn(_mean(latents, seen), scale)


def _mean(latents: Tensor, seen: Tensor) -> Tensor:
    return (latents * seen).sum(0) / seen.sum(0).clamp(min=1)


def _positive(moments: Tensor) -> Tensor:
    """Lift the eigenvalues that products of different rows have made negative."""
    values, vectors = torch.linalg.eigh(moments)
    return (vectors * values.clamp(min=_LEAST_EIGENVALUE)) @ vectors.T


def _rows_with_past(lengths: np.ndarray, order: int) -> Tensor:
    """Rows that have `order` rows of their series before them."""
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
    starts = [
        torch.arange(offset, offset + length - network.n_timesteps + 1, network.n_timesteps)
        for offset, length in zip(np.cumsum(lengths) - lengths, lengths, strict=True)
    ]
    ends = torch.from_numpy(np.cumsum(lengths)) - network.n_timesteps
    completed = features.clone()
    steps = torch.arange(network.n_timesteps)
    for first in torch.cat([ends, *starts]).split(_CHUNK):
        rows = (first[:, None] + steps).to(features.device)
        completed[rows] = network.guess(features[rows], observed[rows], generator)
    return completed
