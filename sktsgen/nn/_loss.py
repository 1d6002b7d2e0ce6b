"""Losses that parts of a batch add up to: sums, and what they are to be divided by."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor


@dataclass(frozen=True)
class Loss:
    """A sum of weighted means over a batch, or over the share of it that one process has.

    Shares of a batch count differently many cells, so the mean over a batch is not the mean of
    the means over its shares. Totals and weights do add up.

    Attributes
    ----------
    totals : Tensor of shape (term,)
        Weighted sum of the errors of every term.
    weights : Tensor of shape (term,)
        Sum of the weights of every term, without a gradient.
    """

    totals: Float[Tensor, " term"]
    weights: Float[Tensor, " term"]

    def __add__(self, other: Loss) -> Loss:
        """Put the terms of both side by side."""
        totals, weights = (self.totals, other.totals), (self.weights, other.weights)
        return Loss(torch.cat(totals), torch.cat(weights))

    def __rmul__(self, factor: float) -> Loss:
        """Let every term count `factor` times."""
        return Loss(factor * self.totals, self.weights)

    def mean(self) -> Float[Tensor, ""]:
        """Sum of the means; that of nothing is 0."""
        return (self.totals / self.weights.where(self.weights > 0, 1.0)).sum()


def mean_where(error: Float[Tensor, "*shape"], weight: Shaped[Tensor, "*shape"]) -> Loss:
    """Average errors by weights, or those that flags choose."""
    total = (error * weight).sum()[None]
    return Loss(total, weight.sum()[None].to(total))


def mean_of(error: Float[Tensor, "*shape"]) -> Loss:
    """Average all errors."""
    return Loss(error.sum()[None], error.new_full((1,), error.numel()))
