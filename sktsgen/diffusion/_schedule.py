"""How much of the data and how much noise there is at a diffusion time."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor


class Level(NamedTuple):
    """x_t = alpha data + sigma noise, and how both change with t."""

    alpha: Tensor
    sigma: Tensor
    alpha_slope: Tensor
    sigma_slope: Tensor


class Schedule(Protocol):
    """A way from data at t = 0 to noise at t = 1."""

    def __call__(self, t: Tensor) -> Level:
        """Level at the times `t`, in [0, 1]."""


class StraightSchedule:
    """Straight lines from data to noise: flow matching [1]_, [2]_.

    alpha = 1 - t and sigma = t, so the velocity noise - data is the same all along a line and
    few steps follow it well. Nothing of the data is left at t = 1.

    References
    ----------
    .. [1] Y. Lipman et al., "Flow Matching for Generative Modeling", arXiv:2210.02747.
    .. [2] X. Liu et al., "Flow Straight and Fast", arXiv:2209.03003.
    """

    def __call__(self, t: Tensor) -> Level:
        """Level at the times `t`, in [0, 1]."""
        ones = t.new_ones(t.shape)
        return Level(1.0 - t, t, -ones, ones)


class CosineSchedule:
    """Variance-preserving quarter circle: alpha = cos(pi t / 2), sigma = sin(pi t / 2) [1]_.

    References
    ----------
    .. [1] A. Nichol and P. Dhariwal, "Improved Denoising Diffusion Probabilistic Models",
       Section 3.2, arXiv:2102.09672.
    """

    def __call__(self, t: Tensor) -> Level:
        """Level at the times `t`, in [0, 1]."""
        quarter = 1.5707963267948966
        alpha, sigma = (quarter * t).cos(), (quarter * t).sin()
        return Level(alpha, sigma, -quarter * sigma, quarter * alpha)
