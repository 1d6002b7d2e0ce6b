import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sktsgen.datasets import block_holdout


@given(st.integers(1, 300), st.integers(1, 40), st.integers(2, 9))
def test_mask_is_the_published_rule(n_rows, block, every):
    mask = block_holdout(n_rows, block, every=every)
    assert mask.dtype == bool
    assert mask.tolist() == [(row // block) % every == every - 1 for row in range(n_rows)]


def test_one_row_in_five_is_held_out():
    assert np.mean(block_holdout(4800, 48)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0, 5), "n_rows=0"), ((5, 0), "block=0"), ((5, 1, 1), "every=1")],
)
def test_too_small_arguments_are_refused(arguments, message):
    n_rows, block, *every = arguments
    with pytest.raises(ValueError, match=message):
        block_holdout(n_rows, block, **({"every": every[0]} if every else {}))
