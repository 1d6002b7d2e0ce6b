"""Attention with shared key-value heads, and the window."""

import math

import pytest
import torch

from sktsgen.nn import attend, sliding_mask
from tests.nn.networks import normal


def explicit(query, key, value, mask):
    """Softmax attention head by head, in float64."""
    repeats = query.shape[1] // key.shape[1]
    out = torch.empty_like(query, dtype=torch.float64)
    for head in range(query.shape[1]):
        one, keys = query[:, head].double(), key[:, head // repeats].double()
        scores = one @ keys.transpose(1, 2) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        out[:, head] = scores.softmax(-1) @ value[:, head // repeats].double()
    return out.float()


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
@pytest.mark.parametrize("n_steps", [12, 40, 140])
def test_query_heads_share_key_value_heads_in_groups(n_kv_heads, n_steps):
    """Either side of the lengths from which other kernels are taken."""
    query = normal(2, 4, n_steps, 8)
    key, value = (normal(2, n_kv_heads, n_steps, 8, seed=seed) for seed in (1, 2))
    positions = torch.arange(n_steps)
    mask = sliding_mask(positions, positions, 7)[None]
    expected = explicit(query, key, value, mask)
    torch.testing.assert_close(attend(query, key, value, mask), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_one_step_sees_the_whole_cache(n_kv_heads):
    query = normal(2, 4, 1, 8)
    key, value = (normal(2, n_kv_heads, 9, 8, seed=seed) for seed in (1, 2))
    expected = explicit(query, key, value, None)
    torch.testing.assert_close(attend(query, key, value, None), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("n_queries", "n_steps"), [(12, 12), (140, 140), (1, 140), (140, 5)])
@pytest.mark.parametrize("n_kv_heads", [1, 4])
def test_without_a_mask_every_step_sees_all(n_kv_heads, n_queries, n_steps):
    query = normal(2, 4, n_queries, 8)
    key, value = (normal(2, n_kv_heads, n_steps, 8, seed=seed) for seed in (1, 2))
    expected = explicit(query, key, value, None)
    torch.testing.assert_close(attend(query, key, value, None), expected, rtol=0, atol=1e-5)


def test_a_mask_may_differ_between_series():
    query, key, value = (normal(2, 4, 3, 8, seed=seed) for seed in range(3))
    mask = torch.ones(2, 3, 3, dtype=torch.bool).tril()
    mask[1, 1:, 0] = False
    expected = explicit(query, key, value, mask)
    torch.testing.assert_close(attend(query, key, value, mask), expected, rtol=0, atol=1e-5)


def test_window_holds_the_current_step_and_those_before():
    mask = sliding_mask(torch.tensor([5, 6]), torch.tensor([2, 3, 4, 5, 6, 7]), 3)
    assert mask.int().tolist() == [[0, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 0]]
