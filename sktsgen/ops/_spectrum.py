"""The spectrum of a window."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor


def strongest_bins(
    x: Float[Tensor, "batch time channel"], n_bins: int
) -> Float[Tensor, "batch n_bins four_channels"]:
    """Describe the `n_bins` strongest frequencies of every channel, strongest first.

    The window is its own Fourier length, and the constant term takes no part.

    Parameters
    ----------
    x : Tensor of shape (batch, time, channel)
        At least two time steps.
    n_bins : int
        From 1 to ``time // 2``.

    Returns
    -------
    bins : Tensor of shape (batch, n_bins, 4 * channel)
        Amplitude, cosine and sine of the phase, and frequency as a share of the highest one.
    """
    spectrum = torch.fft.rfft(x.float(), dim=1, norm="forward")[:, 1:]
    amplitude, chosen = spectrum.abs().topk(n_bins, dim=1)
    kept = spectrum.gather(1, chosen) / amplitude.clamp(min=1e-12)
    frequency = (chosen + 1).to(amplitude.dtype) / spectrum.shape[1]
    # Both halves of the spectrum of real values.
    return torch.cat([2.0 * amplitude, kept.real, kept.imag, frequency], dim=-1)


def spectral_distance(
    x: Float[Tensor, "batch time channel"], y: Float[Tensor, "batch time channel"]
) -> Float[Tensor, ""]:
    """Mean absolute difference of the Fourier coefficients, as in [1]_.

    References
    ----------
    .. [1] X. Yuan and Y. Qiao, "Diffusion-TS: Interpretable Diffusion for General Time Series
       Generation", ICLR 2024, arXiv:2403.01742.
    """
    difference = torch.fft.fft((x - y).float(), dim=1, norm="forward")
    size = difference.real.abs() + difference.imag.abs()
    mean: Tensor = size.mean()
    return mean * (math.sqrt(x.shape[1]) / 5.0)
