"""Strategies: what they draw is what the generator draws, and how it shrinks."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.extra.pandas import column, data_frames, range_indexes

from sktsgen import FactorizedARGenerator
from sktsgen.datasets import make_building_energy
from sktsgen.testing import fit_once, panels, time_series
from sktsgen.testing._plainness import Scale
from sktsgen.testing._stamps import Grid
from sktsgen.training import Trainer
from tests.testing.canned import CannedGenerator

SEARCH = settings(database=None, deadline=None, max_examples=1000, derandomize=True)
CONTAINERS = ("array", "int_array", "arrays", "frame", "frames", "counted")


def smallest(strategy, condition):
    """Give what Hypothesis shrinks an example to that meets a condition."""
    return find(strategy, condition, settings=SEARCH)


def frame_of(example):
    return example if isinstance(example, pd.DataFrame) else pd.DataFrame(example)


# What comes out.


@pytest.mark.parametrize("container", CONTAINERS)
def test_panels_are_what_sample_returns(container):
    generator = CannedGenerator(container, zone="Europe/Berlin")
    like = CannedGenerator(container, zone="Europe/Berlin").sample(3, length=7, random_state=1)

    @settings(max_examples=30, database=None)
    @given(panels(generator, n_series=3, length=7))
    def check(X):
        assert type(X) is type(like)
        if isinstance(like, np.ndarray):
            assert (X.shape, X.dtype) == (like.shape, like.dtype)
            return
        assert len(X) == len(like)
        for one, other in (
            [(X, like)] if isinstance(like, pd.DataFrame) else zip(X, like, strict=True)
        ):
            if isinstance(other, np.ndarray):
                assert (one.shape, one.dtype) == (other.shape, other.dtype)
                continue
            pd.testing.assert_index_equal(one.index, other.index)
            pd.testing.assert_series_equal(one.dtypes, other.dtypes)

    check()


@pytest.mark.parametrize("container", CONTAINERS)
def test_time_series_are_one_member_of_a_panel(container):
    generator = CannedGenerator(container)
    (like,) = list_of_series(CannedGenerator(container).sample(1, length=5, random_state=0))

    @settings(max_examples=20, database=None)
    @given(time_series(generator, length=5))
    def check(X):
        assert type(X) is type(like)
        assert X.shape == like.shape
        if isinstance(like, pd.DataFrame):
            pd.testing.assert_index_equal(X.index, like.index)

    check()


def list_of_series(drawn):
    if isinstance(drawn, pd.DataFrame):
        return [part.droplevel(0) for _, part in drawn.groupby(level=0)]
    return list(drawn)


def test_half_of_the_examples_are_stretches_of_draws_as_they_are():
    drawn = CannedGenerator("array").sample(8, length=20, random_state=3)
    windows = np.lib.stride_tricks.sliding_window_view(drawn, 6, axis=1).swapaxes(2, 3)
    known = {window.tobytes() for series in windows for window in np.ascontiguousarray(series)}
    found = []

    @settings(max_examples=200, database=None, derandomize=True)
    @given(panels(CannedGenerator("array"), n_series=(1, 3), length=(6, 20), pool_size=8, seed=3))
    def check(X):
        found.append(all(np.ascontiguousarray(series[:6]).tobytes() in known for series in X))

    check()
    assert 0.35 < np.mean(found) < 0.9


def test_sizes_may_be_numbers_pairs_or_strategies():
    seen = set()

    @settings(max_examples=100, database=None)
    @given(
        panels(CannedGenerator("array"), n_series=st.sampled_from([2, 4]), length=st.just(3)),
        panels(CannedGenerator("array"), n_series=(3, 5), length=(2, 3)),
    )
    def check(X, Y):
        assert len(X) in (2, 4)
        assert X.shape[1:] == (3, 2)
        assert 3 <= len(Y) <= 5
        seen.add((len(X), Y.shape[1]))

    check()
    assert seen == {(2, 2), (2, 3), (4, 2), (4, 3)}


def test_lengths_of_a_strategy_share_few_pools():
    generator = CannedGenerator("array")

    @settings(max_examples=60, database=None)
    @given(time_series(generator, length=st.integers(1, 200)))
    def check(X):
        assert 1 <= len(X) <= 200

    check()
    assert {length for _, length, _ in generator.calls} <= {64, 128, 256}


# What it costs.


def test_all_examples_come_from_one_call_that_waits_for_the_first():
    generator = CannedGenerator()
    strategy = panels(generator, length=(2, 30), pool_size=16, seed=5)
    assert generator.calls == []

    @settings(max_examples=50, database=None)
    @given(strategy, time_series(generator, length=(5, 30), pool_size=16, seed=5))
    def check(X, Y):
        pass

    check()
    check()
    assert generator.calls == [(16, 30, 5)]


def test_a_new_fit_makes_a_new_pool():
    generator = CannedGenerator("array")
    strategy = panels(generator, n_series=1, length=4)
    smallest(strategy, lambda X: True)
    generator.coef_ = np.ones(2)  # what `fit` does: attributes become others
    smallest(strategy, lambda X: True)
    assert len(generator.calls) == 2


def test_a_generator_that_is_gone_takes_its_pool_along():
    from sktsgen.testing import _pool

    generator = CannedGenerator("array")
    smallest(panels(generator, length=4), lambda X: True)
    before = len(_pool._pools)
    del generator
    import gc

    gc.collect()
    assert len(_pool._pools) < before


def test_examples_do_not_share_memory():
    @settings(max_examples=20, database=None)
    @given(panels(CannedGenerator("array"), n_series=1, length=8, pool_size=1))
    def check(X):
        assert not (X == 1e9).any()
        X[:] = 1e9

    check()


# How it shrinks.


def test_shrinks_to_fewer_series_and_steps():
    X = smallest(panels(CannedGenerator("array")), lambda X: len(X) >= 2 and X.shape[1] >= 3)
    assert X.shape == (2, 3, 2)
    assert len(np.unique(X.reshape(-1, 2), axis=0)) == 1  # constant


def test_shrinks_to_the_plainest_table():
    X = smallest(panels(CannedGenerator("frame"), length=(3, 20)), lambda X: True)
    assert X.index.tolist() == [
        (0, pd.Timestamp("2024-03-05 06:30") + pd.Timedelta(h, "h")) for h in range(3)
    ]
    assert X.iloc[0].tolist()[:6] == [0.0, 0, False, 0, "low", "a"]
    assert (X.iloc[0] == X).all(axis=None)


def test_shrinks_to_round_values():
    X = smallest(time_series(CannedGenerator("array")), lambda X: X[:, 0].max() > X[0, 0] + 3)
    assert len(X) <= 4  # a step of the walk is seldom as long
    np.testing.assert_array_equal(X[:, 0], np.round(X[:, 0], 0))


def test_levels_below_the_raw_one_have_few_values():
    from sktsgen.testing._plainness import Scale

    rng = np.random.default_rng(0)
    values = rng.normal(20.0, 3.0, 4000)
    scale = Scale(values, 40)
    n_values = [len(np.unique(scale.plainer(values, level))) for level in range(9)]
    assert n_values[0] == 1
    assert all(2**level / 2.6 <= n <= 2**level + 2 for level, n in enumerate(n_values[:7]))
    assert n_values[7] == n_values[8] == 4000
    assert np.array_equal(scale.plainer(values, 7), values)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "Int16", "Float64"])
def test_plainer_numbers_keep_their_type_and_sign(dtype):
    from sktsgen.testing._plainness import Scale

    values = pd.array(np.tile(np.arange(0, 101, 4), 4), dtype=dtype)
    values = values.to_numpy() if isinstance(values.dtype, np.dtype) else values
    scale = Scale(values, 13)
    for level in range(9):
        plain = scale.plainer(values, level)
        assert plain.dtype == values.dtype
        assert plain.min() >= 0
        assert np.abs(plain.astype("float64") - values.astype("float64")).max() <= (
            0 if level > 6 else 100 if level == 0 else 100 / 2**level * 2.5 / 2 + 0.5
        )


# Extremes.


def examples_of(strategy, n=150):
    found = []

    @settings(max_examples=n, database=None, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def collect(X):
        found.append(X)

    collect()
    return found


@pytest.mark.parametrize("container", ["frame", "counted", "array", "frames"])
def test_extremes_leave_the_schema_as_it_is(container):
    generator = CannedGenerator(container, zone="Europe/Berlin", freq="6h")
    like = frame_of(list_of_series(generator.sample(1, length=4))[0])
    for X in examples_of(panels(generator, length=(2, 40), extremes=True)):
        for series in map(frame_of, list_of_series(X)):
            pd.testing.assert_series_equal(series.dtypes, like.dtypes)
            if container == "array":
                continue
            assert series["count"].min() >= 0
            assert series["site"].nunique() == 1
            assert set(series["word"]) <= {"a", "b", "c"}
            assert type(series.index) is type(like.index)
            if container != "counted":
                assert set(np.diff(series.index.asi8)) <= {6 * 3600 * 10**6}
                assert str(series.index.tz) == "Europe/Berlin"


def is_raw(X):
    return (X["load"] != X["load"].round(6)).all()


def test_every_extreme_occurs():
    generator = CannedGenerator(zone="Europe/Berlin")
    drawn = generator.sample(256, length=64, random_state=0)["load"]
    for name, condition in {
        "constant": lambda X: is_raw(X) and X["load"].nunique() == 1,
        "repeats": lambda X: is_raw(X) and X["load"].diff().eq(0).sum() > 2,
        "tails": lambda X: X["load"].abs().max() > drawn.abs().max() * 3,
        "calendar": lambda X: X.index[0] != pd.Timestamp("2024-03-05 06:30", tz="Europe/Berlin"),
    }.items():
        alone = examples_of(time_series(generator, length=(8, 40), extremes=[name]), 400)
        assert 0.0 < np.mean([bool(condition(X)) for X in alone]) < 0.6, name
        assert not any(
            condition(X) for X in examples_of(time_series(generator, length=(8, 40)), 50)
        )


@pytest.mark.parametrize(
    ("day", "offset"),
    [
        ("2024-02-29", None),
        ("2023-12-31", None),
        ("2024-03-31", 23),  # hours of the day on which clocks go forward, and back
        ("2023-10-29", 25),
    ],
)
def test_calendar_reaches_the_awkward_days(day, offset):
    generator = CannedGenerator(zone="Europe/Berlin", first="2021-06-01")
    strategy = time_series(generator, length=(2, 60), extremes=["calendar"])
    X = smallest(strategy, lambda X: (X.index.normalize().strftime("%Y-%m-%d") == day).any())
    assert len(X) == 2
    if offset:
        whole = smallest(strategy, lambda X: (X.groupby(X.index.date).size() == offset).any())
        assert len(whole) == offset


@pytest.mark.parametrize("freq", ["D", "W-WED", "MS", "ME", "15min", "B", "QE"])
def test_calendar_keeps_the_frequency_and_its_phase(freq):
    generator = CannedGenerator(freq=freq, first="2021-06-02")
    original = generator.sample(1, length=3).index.levels[1]
    step = pd.Timedelta(15, "min") if freq == "15min" else pd.Timedelta(1, "D")
    for X in examples_of(time_series(generator, length=(3, 10), extremes=["calendar"]), 60):
        expected = pd.date_range(X.index[0], periods=len(X), freq=freq, name="time")
        pd.testing.assert_index_equal(X.index, expected, exact="equiv", check_names=True)
        assert (X.index[0] - original[0]) % step == pd.Timedelta(0)


def test_extremes_that_a_table_cannot_have_are_passed_over():
    for X in examples_of(panels(CannedGenerator("counted"), length=5, extremes=["calendar"]), 30):
        assert X.index.get_level_values(1).tolist()[:5] == list(range(5))


# Gaps.


def test_gaps_are_where_types_allow_them():
    strategy = time_series(CannedGenerator("frame"), length=(2, 30), missing=True)
    before = time_series(CannedGenerator("frame"), length=(2, 30))
    lost = pd.concat([X.isna().any() for X in examples_of(strategy)], axis=1).any(axis=1)
    assert lost[~lost].index.tolist() == ["count", "is_on"]
    lost = pd.concat([X.isna().any() for X in examples_of(before)], axis=1).any(axis=1)
    assert lost[lost].index.tolist() == ["seen"]  # as in the draws themselves


def test_gaps_shrink_to_one_cell():
    X = smallest(time_series(CannedGenerator("array"), missing=True), lambda X: np.isnan(X).any())
    assert X.shape == (2, 2)
    assert np.isnan(X).sum() == 1


# What is refused.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_series": 0}, "n_series=0 must be a whole number of at least 1"),
        ({"n_series": 2.0}, "n_series=2.0 must be a whole number"),
        ({"length": (0, 4)}, "length=0 must be"),
        ({"length": (5, 4)}, "length=(5, 4) has its least above its most"),
        ({"length": True}, "length=True must be"),
        ({"pool_size": -1}, "pool_size=-1 must be"),
        ({"seed": None}, "seed=None must be a whole number of at least 0"),
        ({"seed": -1}, "seed=-1 must be a whole number of at least 0"),
        ({"extremes": ["tails", "spikes"]}, "extremes=['tails', 'spikes'] has 'spikes'; choose"),
    ],
)
def test_bad_arguments_are_named_at_once(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        panels(CannedGenerator(), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"missing": 1}, "missing=1 must be True or False"),
        ({"extremes": 0.5}, "extremes=0.5 must be a bool or names out of ('constant', 'repeats'"),
    ],
)
def test_arguments_of_another_type_are_named_at_once(options, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        panels(CannedGenerator(), **options)


def test_bad_sizes_of_a_strategy_are_named():
    with pytest.raises(ValueError, match="length=0 must be"):
        smallest(panels(CannedGenerator(), length=st.just(0)), lambda X: True)


def test_gaps_that_no_column_can_have_are_refused():
    text = "missing=True, and no column can hold missing cells: the types are ['int16']"
    with pytest.raises(ValueError, match=re.escape(text)):
        smallest(panels(CannedGenerator("int_array"), missing=True), lambda X: True)


def test_what_does_not_sample_is_refused():
    with pytest.raises(TypeError, match="3 has no method `sample`; give a fitted generator"):
        smallest(panels(3), lambda X: True)


# A planted bug, found in tables that look like real ones.


def memory(values, share=0.7):
    """Count the steps until the autocorrelation falls below a share: 1 for noise and constants."""
    if not np.ptp(values):
        return 1
    centred = values - values.mean()
    lags = range(1, len(values) // 2)
    falls = (k for k in lags if centred[k:] @ centred[:-k] < share * (centred @ centred))
    return next(falls, len(values) // 2)


def coarsen(values):
    """Average slow series over as many rows as they remember; leave fast and short ones alone."""
    rows = memory(values) if len(values) >= 16 else 1
    # The planted bug: the last block may have fewer rows.
    return np.add.reduceat(values, np.arange(0, len(values), rows)) / rows, rows


def keeps_the_total(values):
    means, rows = coarsen(values)
    counts = np.diff([*range(0, len(values), rows), len(values)])
    return np.isclose(means @ counts, values.sum(), rtol=1e-6, atol=1e-6)


def hourly_temperature():
    small = FactorizedARGenerator(
        codebook_size=16,
        d_model=16,
        n_layers=1,
        max_epochs=2,
        window_length=24,
        trainer=Trainer(steps_per_epoch=60),
        device="cpu",
        random_state=0,
    )
    return fit_once(small, make_building_energy(60, random_state=0)[["temperature"]])


def n_examples_to_find(strategy, number, budget=200):
    """Count the examples until the bug shows itself; None if it does not."""
    seen = []

    @seed(number)
    @settings(
        max_examples=budget,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def check(X):
        seen.append(1)
        assert keeps_the_total(X["temperature"].to_numpy())

    try:
        check()
    except AssertionError:
        return len(seen)
    return None


def test_planted_bug_is_found_and_shrunk():
    strategy = time_series(hourly_temperature, length=(2, 24))
    counts = [n_examples_to_find(strategy, number) for number in range(2)]
    assert all(count is not None for count in counts), counts
    X = find(
        strategy,
        lambda X: not keeps_the_total(X["temperature"].to_numpy()),
        settings=settings(database=None, deadline=None, max_examples=200, derandomize=True),
    )
    assert 17 <= len(X) <= 24
    assert X["temperature"].nunique() <= 6
    np.testing.assert_array_equal(X["temperature"], X["temperature"].round(0))


@pytest.mark.parametrize("fill", [None, st.nothing()], ids=["filled", "unfilled"])
def test_planted_bug_is_missed_by_independent_cells(fill):
    temperature = column("temperature", elements=st.floats(-30, 45), fill=fill)
    strategy = data_frames([temperature], index=range_indexes(min_size=2, max_size=24))
    assert n_examples_to_find(strategy, 0) is None


def test_nothing_is_found_where_nothing_is():
    with pytest.raises(NoSuchExample):
        find(
            time_series(hourly_temperature, length=(2, 15)),
            lambda X: not keeps_the_total(X["temperature"].to_numpy()),
            settings=settings(database=None, deadline=None, max_examples=100),
        )


@pytest.mark.parametrize(
    "zone", ["America/Santiago", "Africa/Cairo", "Asia/Beirut", "America/Havana", None]
)
@pytest.mark.parametrize("freq", ["h", "QE", "YE", "15s"])
@pytest.mark.parametrize("unit", ["ns", "us"])
def test_awkward_days_of_all_zones_and_frequencies_are_reached(zone, freq, unit):
    """Some days of these zones have no midnight, or two; a thousand years do not fit into ns."""
    stamps = pd.date_range("2002-05-31", periods=5, freq=freq, tz=zone).as_unit(unit)
    grid = Grid(stamps)
    assert len(grid.edges) >= 6
    for edge in grid.edges:
        moved = grid.around(edge, 8, 4)
        assert (len(moved), moved.dtype) == (8, stamps.dtype)
        assert moved[0] <= edge + pd.Timedelta(days=366)
        assert edge - pd.Timedelta(days=366) <= moved[-1]


def test_series_with_gaps_are_no_plainer_than_whole_ones():
    rows = [[0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1], [50, -70, 30, np.nan, 90, -100], [np.nan] * 6]
    unrest = Scale(np.array(rows).ravel(), 6).unrest
    assert np.argmin(unrest) == 0
    assert unrest[2] > unrest[1] > unrest[0]
    assert unrest[3] > unrest[1]
    assert not Scale(np.array([1, np.nan, 5, np.nan, 9, np.nan]), 6).is_static
    assert Scale(np.array([1, np.nan, 1, 4, 4, np.nan]), 3).is_static
    assert Scale(pd.array(["a", None, "b", "b"], dtype="str"), 2).is_static
    assert not Scale(pd.array(["a", None, "b", "b"], dtype="str"), 4).is_static
