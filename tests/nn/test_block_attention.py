"""Attention within blocks, at once and with a cache."""

import torch

from tests.nn.networks import new_trunk, normal

BLOCKS = (1, 2, 3)
LAST_SEEN = torch.tensor([0, 2, 2, 5, 5, 5])


def test_steps_of_a_block_see_all_of_it_and_no_later_one():
    trunk, x = new_trunk(), normal(2, 6, 16)
    changed = x.clone()
    changed[:, 4] += 1.0
    one, other = (trunk(part, last_seen=LAST_SEEN) for part in (x, changed))
    differs = (one - other).abs().amax((0, 2)) > 1e-5
    assert differs.tolist() == [False, False, False, True, True, True]


def test_blocks_with_a_cache_are_blocks_at_once():
    trunk, x = new_trunk(), normal(2, 6, 16)
    cache = trunk.start(2)
    parts = [trunk.extend(part, cache, sees_block=True) for part in x.split(BLOCKS, dim=1)]
    torch.testing.assert_close(
        torch.cat(parts, 1), trunk(x, last_seen=LAST_SEEN), atol=1e-5, rtol=0
    )
