"""Windows that cover series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sktsgen.estimators._latent_diffusion_tiles import tiles_to_continue, tiles_to_fill


@given(window=st.integers(1, 20), extra=st.lists(st.integers(0, 70), min_size=1, max_size=3))
def test_every_row_is_kept_once(window, extra):
    lengths = np.array([window + e for e in extra])
    counts = [np.zeros(length, dtype=int) for length in lengths]
    for tiles in tiles_to_fill(lengths, window):
        for tile in tiles:
            assert 0 <= tile.start <= tile.begin < tile.end <= tile.start + window
            assert tile.start + window <= lengths[tile.series]
            counts[tile.series][tile.begin : tile.end] += 1
    assert all((count == 1).all() for count in counts)


def test_rows_have_a_quarter_of_a_window_round_them():
    for tiles in tiles_to_fill(np.array([160]), 16):
        for tile in tiles:
            assert tile.begin - tile.start >= 4 or tile.start == 0
            assert tile.start + 16 - tile.end >= 4 or tile.start + 16 == 160


@given(window=st.integers(1, 12), past=st.integers(0, 30), n_steps=st.integers(1, 40))
def test_a_continuation_draws_every_step_once_and_in_order(window, past, n_steps):
    done = past
    for (tile,) in tiles_to_continue(np.array([past]), n_steps, window):
        assert tile.begin == done
        assert tile.start <= tile.begin < tile.end <= max(tile.start + window, tile.begin + 1)
        done = tile.end
    assert done == past + n_steps


@pytest.mark.parametrize(("past", "n_steps", "begins"), [(0, 8, [0]), (0, 20, [0, 8, 12, 16])])
def test_half_a_window_is_seen_before_each_further_part(past, n_steps, begins):
    rounds = tiles_to_continue(np.array([past]), n_steps, 8)
    assert [tile.begin for (tile,) in rounds] == begins
