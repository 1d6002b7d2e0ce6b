"""Rotary positions."""

import pytest
import torch

from sktsgen.ops import rotary_factors, rotate


def heads(seed):
    return torch.randn(1, 1, 2, 16, generator=torch.Generator().manual_seed(seed))


def product(query_position, key_position):
    """Inner product of two fixed heads, rotated by their positions."""
    query, key = (
        rotate(heads(seed), rotary_factors(torch.tensor([position]), 16))
        for seed, position in ((0, query_position), (1, key_position))
    )
    return (query * key).sum(-1)


@pytest.mark.parametrize("first", [1, 96, 100_000, 10_000_000])
@pytest.mark.parametrize("distance", [0, 1, 95])
def test_inner_product_depends_on_the_distance_only(first, distance):
    torch.testing.assert_close(
        product(first + distance, first), product(distance, 0), rtol=0, atol=1e-5
    )


def test_inner_product_depends_on_the_distance():
    assert (product(0, 0) - product(3, 0)).abs().min() > 0.1


def test_rotation_keeps_norms_and_leaves_position_zero_alone():
    x = heads(2).expand(1, 5, 2, 16)
    turned = rotate(x, rotary_factors(torch.arange(5), 16))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turned[:, 0], x[:, 0])
    assert (turned[:, 1:] - x[:, 1:]).abs().amax() > 0.1


def test_first_pair_turns_by_one_radian_a_step():
    factors = rotary_factors(torch.arange(4), 8)
    torch.testing.assert_close(factors[:, 0].angle(), torch.tensor([0.0, 1.0, 2.0, 3.0]))
    torch.testing.assert_close(factors[1].angle(), 10_000.0 ** -torch.tensor([0, 0.25, 0.5, 0.75]))
