"""Levels as points, and back."""

import numpy as np
import pytest
import torch

from sktsgen.nn import LevelCodes


def one_hot(*levels, n_levels):
    return torch.nn.functional.one_hot(torch.tensor(levels), n_levels).float()


@pytest.mark.parametrize("n_levels", [2, 3, 5, 6, 12, 40, 128])
def test_every_level_is_nearest_to_its_own_code(n_levels):
    codes = LevelCodes([n_levels])
    features = torch.eye(n_levels)
    assert torch.equal(codes.nearest(codes.embed(features)), features)
    assert codes.n_latent <= 8


def test_few_levels_are_equally_far_apart():
    latents = LevelCodes([4]).embed(torch.eye(4))
    distances = torch.cdist(latents, latents)[~torch.eye(4, dtype=torch.bool)]
    torch.testing.assert_close(distances, distances[:1].expand(12))


def test_numbers_stand_for_themselves():
    codes = LevelCodes([1, 3, 1])
    features = torch.cat([torch.tensor([[0.3]]), one_hot(2, n_levels=3), torch.tensor([[-4.0]])], 1)
    latents = codes.embed(features)
    assert latents[0, 0] == 0.3
    assert latents[0, -1] == -4.0
    torch.testing.assert_close(codes.nearest(latents), features)


@pytest.mark.parametrize("n_levels", [2, 3, 5])
def test_the_prior_of_a_mean_code_is_the_shares_behind_it(n_levels):
    codes = LevelCodes([1, n_levels])
    shares = torch.rand(7, n_levels, generator=torch.Generator().manual_seed(0)) + 0.1
    shares = shares / shares.sum(1, keepdim=True)
    mean = codes.embed(torch.cat([torch.zeros(7, 1), shares], dim=1))
    torch.testing.assert_close(codes.probabilities(codes.prior(mean)), shares, atol=1e-5, rtol=0)


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
def test_evidence_is_the_likelihood_of_the_noisy_code(t):
    codes = LevelCodes([1, 3])
    generator = torch.Generator().manual_seed(0)
    x, mean = torch.randn(2, 4, 5, 3, generator=generator)
    scale = 0.5 + torch.rand(4, 5, 3, generator=generator)
    found = codes.evidence(x, mean, scale, torch.full((4,), t)).log_softmax(-1)
    points = codes.matrix[1:, 1:]
    clean = (points - mean[..., None, 1:]) / scale[..., None, 1:]
    distance = (x[..., None, 1:] - (1 - t) * clean).square().sum(-1)
    expected = (-distance / (2 * t**2)).log_softmax(-1)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_an_even_guess_costs_one():
    codes = LevelCodes([1, 2, 5])
    features = torch.cat([torch.zeros(1, 1), one_hot(1, n_levels=2), one_hot(3, n_levels=5)], 1)
    loss = codes.cross_entropy(torch.zeros(1, 7), features)
    np.testing.assert_allclose(loss, [[1.0, 1.0]], rtol=1e-6)
