"""Densities of mixtures of normals, and what they weigh between two points."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
# The least difference of two logarithms that float32 tells from none.
_LEAST = 1e-7
# Where the tail of the normal distribution is its series, to 2e-5.
_FAR = -10.0


def mixture_log_density(
    x: Float[Tensor, "*batch"],
    logits: Float[Tensor, "*batch k"],
    means: Float[Tensor, "*batch k"],
    scales: Float[Tensor, "*batch k"],
) -> Float[Tensor, "*batch"]:
    """Log density of a mixture of normals at `x`.

    Parameters
    ----------
    x : Tensor of shape (...)
        Where.
    logits : Tensor of shape (..., k)
        Unnormalised log-weights.
    means, scales : Tensor of shape (..., k)
        Means and standard deviations, the latter above 0.

    Returns
    -------
    log_density : Tensor of shape (...)
    """
    standardised = (x[..., None] - means) / scales
    log_normal = -0.5 * standardised.square() - scales.log() - _HALF_LOG_TWO_PI
    return torch.logsumexp(logits.log_softmax(-1) + log_normal, -1)


def mixture_log_mass(
    lower: Float[Tensor, "*batch"],
    upper: Float[Tensor, "*batch"],
    logits: Float[Tensor, "*batch k"],
    means: Float[Tensor, "*batch k"],
    scales: Float[Tensor, "*batch k"],
) -> Float[Tensor, "*batch"]:
    """Log-probability that a mixture of normals gives to the range between two points.

    Parameters
    ----------
    lower, upper : Tensor of shape (...)
        Ends of the range, finite and at least a thousandth of a scale apart.
    logits, means, scales : Tensor of shape (..., k)
        As in `mixture_log_density`.

    Returns
    -------
    log_mass : Tensor of shape (...)
        Accurate also far out in a tail, where both cumulative probabilities are 0 or 1.
    """
    low, high = (lower[..., None] - means) / scales, (upper[..., None] - means) / scales
    # Mirrored, so that both ends lie where cumulative probabilities are small.
    is_above = low + high > 0
    low, high = torch.where(is_above, -high, low), torch.where(is_above, -low, high)
    log_high = _log_cdf(high)
    # Squares of large numbers are not subtracted from one another.
    in_tail = 0.5 * (high - low) * (high + low) + _tail(low) - _tail(high)
    difference = torch.where(high < _FAR, in_tail, _log_cdf(low) - log_high)
    log_normal = log_high + torch.log(-torch.expm1(difference.clamp(max=-_LEAST)))
    return torch.logsumexp(logits.log_softmax(-1) + log_normal, -1)


def _log_cdf(z: Tensor) -> Tensor:
    """Log of the standard normal CDF, whose own gradient in torch is lost far out in the tail."""
    far = -0.5 * z.clamp(max=_FAR).square() + _tail(z)
    return torch.where(z < _FAR, far, torch.special.log_ndtr(z.clamp(min=_FAR)))


def _tail(z: Tensor) -> Tensor:
    """Log of CDF times exp(z^2 / 2) for z below `_FAR`, by its asymptotic series."""
    inverse = z.clamp(max=_FAR).square().reciprocal()
    series = torch.log1p(inverse * (3.0 * inverse - 1.0))
    return series + 0.5 * inverse.log() - _HALF_LOG_TWO_PI
