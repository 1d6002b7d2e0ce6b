"""Some of many items: evenly over all, or any first few far apart."""

import numpy as np
import pytest

from sktsgen.data import spread_apart, spread_over


@pytest.mark.parametrize("n_items", [1, 7, 1000, 2**24 + 4, 33_554_436])
def test_what_is_spread_over_many_items_is_among_them(n_items):
    chosen = spread_over(n_items, 64)
    assert len(chosen) == min(n_items, 64)
    assert (chosen.min(), chosen.max()) == (0, n_items - 1)


@pytest.mark.parametrize("n_items", [1, 7, 100, 5000])
def test_any_first_few_of_what_is_spread_apart_are_far_apart(n_items):
    chosen = spread_apart(n_items, 100)
    assert len(np.unique(chosen)) == min(n_items, 100)
    assert chosen.min() >= 0
    assert chosen.max() < n_items
    few = np.sort(chosen[:4])
    assert np.diff(few).min(initial=n_items) >= n_items // 10
