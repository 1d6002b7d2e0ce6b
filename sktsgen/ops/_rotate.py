"""Rotary positions."""

from __future__ import annotations

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor


def rotary_factors(
    positions: Int[Tensor, " time"], head_dim: int, base: float = 10_000.0
) -> Complex[Tensor, "time half"]:
    """Complex unit factors that rotate a head by its position, [1]_ Eq. 34.

    The angles are computed in float64 so that positions far beyond the training length keep
    their exact differences.

    References
    ----------
    .. [1] J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding",
       Section 3.4, arXiv:2104.09864.
    """
    # Apple's accelerator has no float64.
    exact = torch.device("cpu") if positions.device.type == "mps" else positions.device
    exponents = torch.arange(0, head_dim, 2, device=exact, dtype=torch.float64)
    frequencies = base ** (-exponents / head_dim)
    angles = positions.to(exact).double()[:, None] * frequencies
    factors = torch.polar(torch.ones_like(angles), angles)
    return factors.to(torch.complex64).to(positions.device)


def rotate(
    x: Float[Tensor, "batch time heads head_dim"], factors: Complex[Tensor, "time half"]
) -> Float[Tensor, "batch time heads head_dim"]:
    """Rotate pairs of coordinates of every head by the factors of its time step."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * factors[:, None, :]).flatten(-2).to(x.dtype)
