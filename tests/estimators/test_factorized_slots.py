"""From the blocks of an encoder to what is drawn one after the other."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.estimators._factorized_slots import hidden_levels, integer_bounds, slots_of
from sktsgen.transformers import MixedTypeEncoder

TABLE = pd.DataFrame(
    {
        "count": [0, 1, 2, 7, 5, 0],
        "sky": ["dry", "wet", None, "dry", "wet", "dry"],
        "heat": [1.0, np.nan, 2.0, 4.0, 3.5, np.nan],
    }
)


@pytest.fixture(scope="module")
def codec():
    return MixedTypeEncoder(calendar=False).fit(TABLE)


def test_plain_numbers_have_no_slots():
    codec = MixedTypeEncoder(calendar=False).fit(np.random.default_rng(0).normal(size=(20, 3)))
    assert slots_of(codec, is_complete=False) is None


def test_slots_stand_column_by_column_gaps_before_their_number(codec):
    count, sky, gap, heat = slots_of(codec, is_complete=False)
    assert (count.start, count.n_levels) == (0, 0)
    assert count.step == pytest.approx(1 / TABLE["count"].std(ddof=0))
    assert (sky.start, sky.n_levels, sky.n_drawn) == (1, 3, 3)
    assert (gap.start, gap.n_levels, gap.n_drawn) == (5, 2, 2)
    assert (heat.start, heat.gap, heat.step) == (4, 5, 0.0)


def test_levels_that_say_missing_are_not_drawn_where_gaps_are_completed(codec):
    _, sky, gap, _ = slots_of(codec, is_complete=True)
    assert (sky.n_levels, sky.n_drawn) == (3, 2)
    assert (gap.n_levels, gap.n_drawn) == (2, 1)
    assert hidden_levels(codec) == [(3, -1), (6, 5)]


def test_bounds_of_integers_are_integers(codec):
    count = slots_of(codec, is_complete=False)[0]
    lowest = (count.lowest - codec.encode(TABLE)[0, 0]) / count.step
    highest = (count.highest - codec.encode(TABLE)[0, 0]) / count.step
    assert lowest == pytest.approx(0.0, abs=1e-5)  # a count, whose least is a limit
    assert highest == pytest.approx(7.0, abs=1e-5)
    bounds = integer_bounds(codec)
    np.testing.assert_array_equal(bounds[:, 1:], codec.bounds_[:, 1:])
    np.testing.assert_allclose(bounds[:, 0], [count.lowest, count.highest])
