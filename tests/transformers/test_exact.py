"""Integers of 64 bits against those of Python, which have no limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sktsgen.transformers._exact import distances, from_ordinals, limits, moved, to_ordinals

TYPES = ["int8", "int32", "int64", "uint8", "uint64"]


def of_type(dtype):
    info = np.iinfo(dtype)
    return st.integers(int(info.min), int(info.max))


@given(data=st.data())
@pytest.mark.parametrize("dtype", TYPES)
def test_ordinals_keep_order_and_come_back(data, dtype):
    numbers = data.draw(st.lists(of_type(dtype), min_size=2, max_size=6))
    values = np.array(numbers, dtype=dtype)
    ordinals = to_ordinals(values)
    assert from_ordinals(ordinals, values.dtype).tolist() == numbers
    assert (
        np.argsort(ordinals, kind="stable").tolist() == np.argsort(values, kind="stable").tolist()
    )


@given(data=st.data())
@pytest.mark.parametrize("dtype", TYPES)
def test_distances_are_those_of_whole_numbers(data, dtype):
    one, other = data.draw(of_type(dtype)), data.draw(of_type(dtype))
    ordinals = to_ordinals(np.array([one, other], dtype=dtype))
    assert distances(ordinals[:1], ordinals[1:]).item() == float(one - other)


@given(data=st.data(), width=st.integers(1, 10**12))
@pytest.mark.parametrize("dtype", TYPES)
def test_steps_stop_at_the_last_that_fits(data, dtype, width):
    origin = data.draw(of_type(dtype))
    steps = data.draw(st.integers(-(2**53), 2**53) | st.sampled_from([np.inf, -np.inf, 1e300]))
    start = to_ordinals(np.array([origin], dtype=dtype))
    found = moved(start, np.array([float(steps)]), *limits(np.dtype(dtype)), width=width)
    info = np.iinfo(dtype)
    room = (int(info.max) - origin) // width if steps > 0 else (origin - int(info.min)) // width
    expected = origin + (1 if steps > 0 else -1) * int(min(abs(steps), room)) * width
    assert from_ordinals(found, np.dtype(dtype)).tolist() == [expected]
