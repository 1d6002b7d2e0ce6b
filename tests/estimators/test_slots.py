"""From the blocks of an encoder to what is drawn one after the other."""

import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen.data import Windows
from sktsgen.estimators._slots import (
    hidden_levels,
    integer_bounds,
    roughness,
    shares_held,
    slots_of,
    smallest_scales,
)
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


def test_gaps_of_all_columns_stand_before_what_the_cells_hold(codec):
    sky_gap, heat_gap, count, sky, heat = slots_of(codec, is_complete=False)
    assert (sky_gap.start, sky_gap.is_flag, sky_gap.n_drawn) == (3, True, 1)
    assert (heat_gap.start, heat_gap.n_levels, heat_gap.n_drawn) == (5, 2, 2)
    assert (count.start, count.n_levels) == (0, 0)
    assert count.step == pytest.approx(1 / TABLE["count"].std(ddof=0))
    assert (sky.start, sky.n_levels, sky.n_drawn, sky.gap) == (1, 2, 2, 3)
    assert (heat.start, heat.gap, heat.step) == (4, 6, 0.0)


def test_gaps_are_read_and_not_drawn_where_they_are_completed(codec):
    sky_gap, heat_gap, _, sky, _ = slots_of(codec, is_complete=True)
    assert (sky_gap.is_flag, sky_gap.n_drawn) == (True, 0)
    assert (heat_gap.n_levels, heat_gap.n_drawn) == (2, 1)
    assert (sky.n_levels, sky.n_drawn) == (2, 2)
    assert hidden_levels(codec) == [(3, -1), (6, 5)]


def test_bounds_of_integers_are_integers(codec):
    count = slots_of(codec, is_complete=False)[2]
    lowest = (count.lowest - codec.encode(TABLE)[0, 0]) / count.step
    highest = (count.highest - codec.encode(TABLE)[0, 0]) / count.step
    assert lowest == pytest.approx(0.0, abs=1e-5)  # a count, whose least is a limit
    assert highest == pytest.approx(7.0, abs=1e-5)
    bounds = integer_bounds(codec)
    np.testing.assert_array_equal(bounds[:, 1:], codec.bounds_[:, 1:])
    np.testing.assert_allclose(bounds[:, 0], [count.lowest, count.highest])


def test_normals_may_be_as_small_as_the_small_moves_of_a_number():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(4000, 1)), axis=0)
    rows = np.column_stack([walk, np.repeat(walk[::4], 4, axis=0), rng.normal(size=4000)])
    codec = MixedTypeEncoder(calendar=False).fit(rows)
    features = torch.tensor(codec.encode(rows), dtype=torch.float32)
    windows = Windows((features,), np.array([4000]), 20)
    walked, held, white = smallest_scales(windows, codec)
    small = np.quantile(np.abs(np.diff(features[:, 0])), 0.1)
    assert walked == pytest.approx(small, rel=0.05)
    assert walked < held < 0.02  # repeated values do not count
    assert white == pytest.approx(0.02)


def test_levels_have_no_smallest_scale(codec):
    features = torch.tensor(codec.encode(TABLE), dtype=torch.float32)
    windows = Windows((features,), np.array([len(TABLE)]), 3)
    assert len(smallest_scales(windows, codec)) == 2  # count and heat


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("line", 0.0),
        ("sine", 0.1),
        ("walk", 2**0.5),
        ("noise", 3**0.5),
        ("constant", 1.0),
    ],
)
def test_roughness_tells_smooth_series_from_walks_and_noise(series, expected):
    noise, steps = np.random.default_rng(0).normal(size=4000), np.arange(4000.0)
    rows = {
        "line": steps,
        "sine": np.sin(0.1 * steps),
        "walk": noise.cumsum(),
        "noise": noise,
        "constant": np.ones(4000),
    }[series][:, None]
    codec = MixedTypeEncoder(calendar=False).fit(rows)
    features = torch.tensor(codec.encode(rows), dtype=torch.float32)
    windows = Windows((features,), np.array([4000]), 20)
    assert roughness(windows, codec) == pytest.approx(expected, abs=0.03)
    for short in (1, 2):
        assert roughness(Windows((features,), np.array([4000]), short), codec) == 1.0


def test_roughness_is_taken_where_cells_are_there():
    steps = np.arange(600.0)
    X = pd.DataFrame({"level": np.sin(0.1 * steps), "sky": np.where(steps % 7 < 3, "dry", "wet")})
    X.loc[::9, "level"] = np.nan
    codec = MixedTypeEncoder(calendar=False).fit(X)
    features = torch.tensor(codec.encode(X), dtype=torch.float32)
    windows = Windows((features,), np.array([600]), 20)
    assert roughness(windows, codec) == pytest.approx(0.1, abs=0.03)


def test_gaps_are_neither_moves_nor_values_that_stand_still():
    noise = np.random.default_rng(0).normal(size=(3000, 1))
    noise[np.arange(3000) % 10 < 5] = np.nan
    codec = MixedTypeEncoder(calendar=False).fit(noise)
    features = torch.tensor(codec.encode(noise), dtype=torch.float32)
    windows = Windows((features,), np.array([3000]), 20)
    assert float(shares_held(windows, codec)[0, 0]) < 0.001
