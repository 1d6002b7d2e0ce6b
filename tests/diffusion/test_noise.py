"""Noise that nothing but its keys decides."""

import numpy as np
import torch

from sktsgen.diffusion import content_key, window_noise


def test_a_draw_does_not_depend_on_the_others():
    every = window_noise(3, 5, range(6), 48, 20)
    assert torch.equal(window_noise(3, 5, range(4, 5), 48, 20)[0], every[4])


def test_every_key_counts():
    first = window_noise(3, 5, range(1), 48, 20)
    for seed, series, position in ((4, 5, 48), (3, 6, 48), (3, 5, 49)):
        assert not torch.allclose(window_noise(seed, series, range(1), position, 20), first)


def test_noise_is_standard_normal_and_apart():
    noise = window_noise(0, 2**64 - 1, range(50), 7, 2000).double()
    np.testing.assert_allclose([noise.mean(), noise.std()], [0.0, 1.0], atol=0.02)
    correlations = np.corrcoef(noise)[np.triu_indices(50, 1)]
    assert np.abs(correlations).max() < 0.12


def test_a_key_stands_for_the_content():
    values = np.arange(6.0).reshape(2, 3)
    assert content_key(values) == content_key(np.asfortranarray(values))
    assert content_key(values) != content_key(values + 1.0)
