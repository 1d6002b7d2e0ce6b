"""Decomposition, encoders and decoders of the two paths."""

import pytest
import torch

from sktsgen.nn import MovingAverageMixture, outline
from sktsgen.nn._dual_path import PathDecoder, PathEncoder, PathShape, SpectrumGuide, path_sizes
from sktsgen.ops import moving_average
from tests.nn.networks import normal, seeded


@pytest.mark.parametrize("n_timesteps", [1, 2, 4, 7, 24, 97])
def test_parts_add_up_to_the_series_at_any_length(n_timesteps):
    x = normal(2, n_timesteps, 3)
    trend, coarse, seasonal = MovingAverageMixture((5, 7))(x)
    torch.testing.assert_close(trend + seasonal, x)
    assert coarse.shape == x.shape


def test_weights_of_the_averages_depend_on_the_value():
    average, x = MovingAverageMixture((3, 7)), normal(2, 12, 1)
    with torch.no_grad():
        average.slopes.copy_(torch.tensor([0.0, 30.0]))
    chosen = torch.where(x > 0, moving_average(x, 7), moving_average(x, 3))
    clear = x.abs() > 0.5
    torch.testing.assert_close(average(x).trend[clear], chosen[clear], atol=1e-5, rtol=0)


def test_average_of_a_constant_is_all_trend():
    trend, coarse, seasonal = MovingAverageMixture((5, 7))(torch.full((1, 9, 2), 3.0))
    torch.testing.assert_close(trend, torch.full((1, 9, 2), 3.0))
    assert seasonal.abs().max() < 1e-6
    assert coarse.abs().max() < 1e-6


def test_outline_drops_what_alternates_and_keeps_what_is_slow():
    alternating = torch.tensor([1.0, -1.0]).repeat(6)[None, :, None]
    assert outline(alternating).abs().max() == 0
    slow = torch.arange(12.0)[None, :, None]
    torch.testing.assert_close(outline(slow)[:, 1:-1], slow[:, 1:-1])


@pytest.mark.parametrize(
    ("n_timesteps", "n_latent", "sizes"),
    [
        (24, 6, (24, 12, 6)),
        (96, 12, (96, 48, 24, 12)),
        (25, 7, (25, 13, 7)),
        (23, 5, (23, 12, 5)),
        (4, 4, (4,)),
        (1, 1, (1,)),
    ],
)
def test_levels_are_halves_down_to_the_latent_length(n_timesteps, n_latent, sizes):
    assert tuple(path_sizes(n_timesteps, n_latent)) == sizes


@pytest.mark.parametrize("sizes", [(12, 6, 3), (13, 7, 4), (5,), (1,)])
def test_paths_lead_from_any_length_to_the_latent_and_back(sizes):
    shape = PathShape(3, 8, 4, sizes, 0.0)
    x = normal(2, sizes[0], 3)
    latent = PathEncoder(shape, 0, seeded())(x)
    decoded = PathDecoder(shape, 0, seeded())(latent)
    assert latent.shape == (2, sizes[-1], 4)
    assert decoded.values.shape == x.shape
    assert decoded.states.shape == (2, sizes[0], 8)


def test_guides_of_encoder_and_decoder_are_used():
    shape = PathShape(3, 8, 4, (12, 6), 0.0)
    encoder, decoder = PathEncoder(shape, 5, seeded()), PathDecoder(shape, 3, seeded())
    x, latent = normal(1, 12, 3), normal(1, 6, 4)
    encoded = [encoder(x, normal(1, 2, 5, seed=seed)) for seed in (1, 2)]
    decoded = [decoder(latent, normal(1, 12, 3, seed=seed)).values for seed in (1, 2)]
    assert (encoded[0] - encoded[1]).abs().max() > 1e-3
    assert (decoded[0] - decoded[1]).abs().max() > 1e-3


@pytest.mark.parametrize(("n_timesteps", "n_bins"), [(2, 1), (5, 1), (24, 2), (96, 3), (256, 4)])
def test_spectrum_has_an_entry_for_each_rank(n_timesteps, n_bins):
    guide = SpectrumGuide(3, n_timesteps, 8, seeded())
    assert guide(normal(2, n_timesteps, 3)).shape == (2, n_bins, 8)
