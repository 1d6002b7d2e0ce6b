"""Numeric channels to float32 features and back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from sktsgen.data import LazyRows, MappedRows, Panel
from sktsgen.persistence import register

_CHUNK = 2**20  # cells looked at together, so that a mapped file is never held in memory
_MARGIN = 0.05
_LIMIT_SHARE = 0.01
# Features up to this many bytes are made once; larger data are read batch by batch.
_PRELOADED = 2**31


@register
class NumericCodec:
    """Standardise every channel that varies; leave out the ones that do not.

    Means and scales are taken in float64, so a feature loses nothing beyond float32 relative to
    the spread of its channel. A constant channel is no feature: it comes back as what it was.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_channels,)
        Mean and standard deviation in the units of the data; the scale of a constant channel
        is 0.
    kept_ : ndarray of shape (n_features,)
        Channels that became features; the first one if all are constant.
    bounds_ : ndarray of shape (2, n_features), float32
        Smallest and largest feature seen, each moved outwards by a twentieth of their distance;
        one that several rows and at least one in a hundred share stays, as a limit of the data
        such as a count of 0.
    """

    def fit(self, panel: Panel) -> NumericCodec:
        """Learn means, scales and bounds of all rows of `panel`."""
        values = panel.values
        ranges = [(chunk.min(0), chunk.max(0)) for chunk in _chunks(values)]
        lowest, highest = np.min(ranges, axis=(0, 1)), np.max(ranges, axis=(0, 1))
        # Moments are taken of values between -1 and 1: no sum overflows, no square underflows.
        centre, reach = lowest / 2 + highest / 2, highest / 2 - lowest / 2
        varies = reach > 0
        unit = np.where(varies, reach, 1.0)
        mean = sum(((chunk - centre) / unit).sum(0) for chunk in _chunks(values)) / len(values)
        squares = sum(np.square((chunk - centre) / unit - mean).sum(0) for chunk in _chunks(values))
        self.mean_ = np.where(varies, centre + reach * mean, lowest)
        self.scale_ = reach * np.sqrt(squares / len(values))
        self.kept_ = np.flatnonzero(varies) if varies.any() else np.array([0])
        extremes = self.transform(np.stack([lowest, highest]))
        at_limit = np.zeros((2, len(lowest)), dtype=np.int64)
        for chunk in _chunks(values):
            at_limit += np.stack([(chunk == lowest).sum(0), (chunk == highest).sum(0)])
        is_free = at_limit[:, self.kept_] < max(2, _LIMIT_SHARE * len(values))
        margin = _MARGIN * (extremes[1] - extremes[0])
        outwards = np.stack([-margin, margin])
        self.bounds_ = (extremes + is_free * outwards).astype(np.float32)
        return self

    @property
    def n_features(self) -> int:
        """Number of channels that became features."""
        return len(self.kept_)

    @property
    def log_scale(self) -> float:
        """Sum of the logarithms of the scales: density of features minus that of the data."""
        scale = self.scale_[self.kept_]
        return float(np.log(scale[scale > 0]).sum())

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Turn rows of shape (..., n_channels) into features.

        Parameters
        ----------
        values : ndarray of shape (..., n_channels)
            In the units and the precision of the data.

        Returns
        -------
        features : ndarray of shape (..., n_features), float32
            In standard deviations from the mean.
        """
        kept = values[..., self.kept_].astype(np.float64)
        scale = self.scale_[self.kept_]
        features = (kept - self.mean_[self.kept_]) / np.where(scale > 0, scale, 1.0)
        return features.astype(np.float32)

    def inverse_transform(self, features: np.ndarray) -> np.ndarray:
        """Turn features back into rows.

        Parameters
        ----------
        features : ndarray of shape (..., n_features)
            What `transform` gives.

        Returns
        -------
        values : ndarray of shape (..., n_channels), float64
            In the units of the data; constant channels as they were.
        """
        values = np.broadcast_to(self.mean_, (*features.shape[:-1], len(self.mean_))).copy()
        values[..., self.kept_] += features.astype(np.float64) * self.scale_[self.kept_]
        return values


def feature_rows(
    values: np.ndarray, codec: NumericCodec, device: torch.device
) -> Tensor | LazyRows:
    """Make the features of all rows, or read them on demand where that is too large.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_channels)
        Rows of all series; may be a `numpy.memmap`.
    codec : NumericCodec
        What makes features of them.
    device : torch.device
        Where a preloaded tensor is put.

    Returns
    -------
    rows : Tensor of shape (n_rows, n_features) or LazyRows
        The same features either way.
    """
    if 4 * len(values) * codec.n_features > _PRELOADED:
        return MappedRows(values, codec.transform)
    features = torch.empty(len(values), codec.n_features)
    step = max(1, _CHUNK // values.shape[1])
    for first in range(0, len(values), step):
        features[first : first + step] = torch.from_numpy(
            codec.transform(values[first : first + step])
        )
    return features.to(device)


def _chunks(values: np.ndarray) -> Iterator[np.ndarray]:
    step = max(1, _CHUNK // values.shape[1])
    for first in range(0, len(values), step):
        yield values[first : first + step].astype(np.float64)
