"""Cached and full evaluation agree, within the window and beyond."""

import pytest
import torch

from tests.nn.networks import new_trunk, normal

LAYERS = pytest.mark.parametrize("n_layers", [1, 2])
KV_HEADS = pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
# Blocks of 30 steps through a window of 8; 1 is a step, 0 never comes.
BLOCKS = pytest.mark.parametrize(
    "blocks",
    [(1,) * 30, (8, 8, 8, 6), (5,) * 6, (30,), (3, 1, 1, 12, 1, 7, 1, 1, 1, 2), (1, 29)],
    ids=["steps", "windows", "parts", "one", "mixture", "rest"],
)


def cached(trunk, x, blocks):
    cache = trunk.start(len(x))
    states = []
    with torch.no_grad():
        for block in x.split(blocks, dim=1):
            read = trunk.step if block.shape[1] == 1 else trunk.extend
            states.append(read(block, cache))
    return torch.cat(states, 1), cache


@LAYERS
@KV_HEADS
@BLOCKS
def test_cached_states_equal_full_states_beyond_the_window(n_layers, n_kv_heads, blocks):
    trunk, x = new_trunk(n_layers, n_kv_heads), normal(3, 30, 16)
    states, cache = cached(trunk, x, blocks)
    torch.testing.assert_close(states, trunk(x), rtol=0, atol=1e-5)
    assert cache.position == 30


@BLOCKS
def test_cache_equals_full_states_when_the_window_is_long(blocks):
    trunk, x = new_trunk(2, 1, window=140), normal(2, 30, 16)
    torch.testing.assert_close(cached(trunk, x, blocks)[0], trunk(x), rtol=0, atol=1e-5)


def test_a_window_of_one_step_reads_that_step_only():
    trunk, x = new_trunk(window=1), normal(2, 6, 16)
    alone = torch.cat([trunk(x[:, i : i + 1]) for i in range(6)], 1)
    torch.testing.assert_close(trunk(x), alone, rtol=0, atol=1e-5)
    torch.testing.assert_close(cached(trunk, x, (1,) * 6)[0], alone, rtol=0, atol=1e-5)


def test_a_single_block_of_one_step_may_extend():
    trunk, x = new_trunk(), normal(2, 1, 16)
    torch.testing.assert_close(trunk.extend(x, trunk.start(2)), trunk.step(x, trunk.start(2)))


def test_cache_has_the_size_of_the_window_at_any_length():
    trunk = new_trunk(2, 2, window=5)
    cache = cached(trunk, normal(3, 23, 16), (1,) * 23)[1]
    assert [tuple(buffer.shape) for buffer in cache.keys + cache.values] == [(3, 2, 5, 4)] * 4


def test_caches_of_a_trunk_are_independent():
    trunk, x = new_trunk(), normal(2, 4, 16)
    first, second = trunk.start(2), trunk.start(2)
    trunk.extend(normal(2, 4, 16, seed=1), first)
    torch.testing.assert_close(trunk.extend(x, second), trunk(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("step", [1, 5, 11])
def test_a_later_step_never_changes_an_earlier_state(step):
    trunk, x = new_trunk(), normal(2, 12, 16)
    other = x.clone()
    other[:, step:] += 1.0
    before, after = trunk(x), trunk(other)
    torch.testing.assert_close(before[:, :step], after[:, :step], rtol=0, atol=1e-6)
    assert (before[:, step] - after[:, step]).abs().amax() > 1e-3


def test_states_depend_on_relative_positions_only():
    trunk, x = new_trunk(1), normal(2, 20, 16)
    torch.testing.assert_close(trunk(x)[:, 12:], trunk(x[:, 5:])[:, 7:], rtol=0, atol=1e-5)


def test_reach_is_how_far_back_an_input_has_an_effect():
    trunk, x = new_trunk(2, window=4), normal(1, 20, 16).requires_grad_()
    trunk(x)[0, -1].sum().backward()
    felt = x.grad[0].abs().amax(-1) > 0
    assert felt.tolist() == [False] * (20 - trunk.reach) + [True] * trunk.reach


def test_startless_series_do_not_see_their_first_step():
    trunk, x = new_trunk(), normal(2, 6, 16)
    other = x.clone()
    other[:, 0] += 1.0
    startless = torch.tensor([True, False])
    change = (trunk(x, None, startless) - trunk(other, None, startless)).abs().amax(-1)
    assert change[0, 1:].amax() < 1e-6
    assert change[1, 1:].amin() > 1e-4
    assert change[:, 0].amin() > 1e-4


def test_startless_states_equal_those_without_the_start():
    trunk, x = new_trunk(), normal(2, 6, 16)
    startless = trunk(x, None, torch.tensor([True, True]))
    torch.testing.assert_close(startless[:, 1:], trunk(x[:, 1:]), rtol=0, atol=1e-5)


def test_dropout_needs_a_generator():
    trunk, x = new_trunk(), normal(2, 6, 16)
    trunk.dropout = 0.5
    torch.testing.assert_close(trunk(x), trunk(x), rtol=0, atol=0)
    first, second, third = (trunk(x, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert first.equal(second)
    assert (first - third).abs().amax() > 0.1
