"""Convolutions over time, and attention on a guide."""

import pytest
import torch
import torch.nn.functional as F

from sktsgen.nn._convolution import Convolution, GuidedAttention, ResidualBlock
from tests.nn.networks import normal, seeded


def test_convolution_is_that_of_torch_with_replicated_edges():
    layer, x = Convolution(3, 5, seeded()), normal(2, 7, 3)
    weight = layer.taps.weight.view(5, 3, 3).transpose(1, 2)  # (out, tap, in) to (out, in, tap)
    padded = F.pad(x.transpose(1, 2), (1, 1), mode="replicate")
    expected = F.conv1d(padded, weight, layer.taps.bias).transpose(1, 2)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("n_steps", [1, 2])
def test_convolution_takes_the_shortest_windows(n_steps):
    assert Convolution(3, 5, seeded())(normal(2, n_steps, 3)).shape == (2, n_steps, 5)


def test_dropout_of_a_block_comes_from_the_generator():
    block, x = ResidualBlock(4, 8, 0.5, seeded()), normal(2, 6, 4)
    assert block(x).equal(block(x))
    assert block(x, seeded(1)).equal(block(x, seeded(1)))
    assert not block(x, seeded(1)).allclose(block(x, seeded(2)))


def test_attention_on_equal_entries_gives_every_step_the_same():
    layer = GuidedAttention(8, 3, 2, seeded(), is_timed=False)
    guide = normal(1, 1, 3).expand(-1, 4, -1)
    x = normal(1, 5, 8)
    found = layer.out(layer.keys_values(guide)[:, :1, 8:])
    torch.testing.assert_close(layer(x, guide), layer.norm(x + found))


@pytest.mark.parametrize("is_timed", [False, True])
def test_order_of_the_guide_matters_where_it_is_timed(is_timed):
    layer, x = GuidedAttention(8, 3, 2, seeded(), is_timed=is_timed), normal(2, 5, 8)
    guide = normal(2, 5, 3, seed=1)
    same = layer(x, guide).allclose(layer(x, guide.flip(1)), atol=1e-6)
    assert same != is_timed
