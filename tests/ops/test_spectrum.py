"""The strongest frequencies of a window."""

import math

import pytest
import torch

from sktsgen.ops import spectral_distance, strongest_bins


def waves(n_steps=24):
    """Two channels: 3 cos(2 w) + cos(5 w), and 2 sin(4 w) with a constant of 7."""
    angle = 2 * math.pi * torch.arange(n_steps) / n_steps
    first = 3 * torch.cos(2 * angle) + torch.cos(5 * angle)
    return torch.stack([first, 7 + 2 * torch.sin(4 * angle)], -1)[None]


def test_amplitude_phase_and_frequency_are_those_of_the_waves():
    amplitude, cosine, sine, frequency = strongest_bins(waves(), 2)[0].split(2, dim=-1)
    torch.testing.assert_close(amplitude[:, 0], torch.tensor([3.0, 1.0]))
    torch.testing.assert_close(frequency[:, 0], torch.tensor([2.0, 5.0]) / 12)
    torch.testing.assert_close(cosine[:, 0], torch.ones(2))
    torch.testing.assert_close(sine[:, 0], torch.zeros(2), atol=1e-6, rtol=0)
    assert amplitude[0, 1].item() == pytest.approx(2.0)
    assert frequency[0, 1].item() == pytest.approx(4 / 12)
    assert sine[0, 1].item() == pytest.approx(-1.0)


@pytest.mark.parametrize("n_steps", [2, 3, 7, 25])
def test_any_length_has_half_as_many_bins(n_steps):
    x = torch.randn(2, n_steps, 3, generator=torch.Generator().manual_seed(0))
    bins = strongest_bins(x, n_steps // 2)
    assert bins.shape == (2, n_steps // 2, 12)
    assert bins.isfinite().all()


def test_constant_windows_have_finite_bins():
    bins = strongest_bins(torch.full((1, 8, 1), 3.0), 2)
    assert bins[..., 0].abs().max() < 1e-6
    assert bins.isfinite().all()


def test_distance_is_that_of_the_coefficients():
    """A wave of amplitude a differs from nothing in two coefficients of a / 2."""
    x = waves()[..., 1:] - 7
    expected = math.sqrt(24) / 5 * 2.0 / 24
    assert spectral_distance(x, torch.zeros_like(x)).item() == pytest.approx(expected, rel=1e-5)
    assert spectral_distance(x, x) == 0
