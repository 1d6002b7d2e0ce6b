"""Numbers and stamps: kinds, heavy tails, rounding, slopes, calendars."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sktsgen.transformers import FeatureBlock, MixedTypeEncoder


def column(values, **parameters):
    return MixedTypeEncoder(**parameters).fit(np.asarray(values)[:, None])


def round_trip(encoder, values):
    return encoder.decode(encoder.encode(np.asarray(values)[:, None]))[:, 0]


# Kinds.


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1.0, 2.0, 2.0], "continuous"),
        ([0.0, 1.0, 1.0], "continuous"),
        ([-1, 5, 3], "integer"),
        ([0, 5, 3], "count"),
        ([0, 1], "count"),
        ([0, 1, 1, 0], "binary"),
        ([True, False], "binary"),
        (["x", "y"], "categorical"),
        ([1, 1], "constant"),
        ([None, None], "missing"),
        (pd.Series([1, 2, 3], dtype=object), "count"),
        (pd.Series([1.5, 2, 3], dtype=object), "continuous"),
        (pd.Series([True, None, False], dtype=object), "binary"),
        (pd.Series(["a", None, "b"], dtype=object), "categorical"),
        (pd.Series([2**70, 1, 0], dtype=object), "continuous"),
        (pd.array([1, None, 2], dtype="Int8"), "count"),
        (pd.array([1.5, None, 2], dtype="Float32"), "continuous"),
        (pd.Categorical(["a", "b"]), "categorical"),
        (pd.Categorical(["a", "b"], ordered=True), "ordinal"),
        (pd.date_range("2020", periods=3, tz="UTC"), "datetime"),
        (pd.to_timedelta([1, 2], unit="h"), "timedelta"),
        (pd.period_range("2020", periods=3, freq="Q"), "period"),
    ],
)
def test_kinds_follow_from_the_type(cells, kind):
    assert MixedTypeEncoder().fit(pd.DataFrame({"c": cells})).kinds_ == (kind,)


def test_arrays_and_frames_of_the_same_numbers_have_the_same_features():
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.normal(size=200),
            np.full(200, 3.0),
            np.where(rng.random(200) < 0.2, np.nan, 1.0),
            rng.standard_t(1.2, size=200),
            np.where(rng.random(200) < 0.2, np.nan, rng.normal(size=200)),
            np.full(200, np.nan),
        ]
    )
    frame = pd.DataFrame(X, columns=list("abcdef"))
    of_array, of_frame = MixedTypeEncoder().fit(X), MixedTypeEncoder().fit(frame)
    np.testing.assert_array_equal(of_array.encode(X), of_frame.encode(frame))
    assert of_array.blocks_ == of_frame.blocks_
    assert of_array.kinds_ == of_frame.kinds_
    np.testing.assert_array_equal(of_array.bounds_, of_frame.bounds_)


def test_integer_arrays_and_frames_have_the_same_features():
    X = np.random.default_rng(0).integers(0, [2, 7, 1, 10**6], size=(100, 4)) - [0, 3, 0, 0]
    frame = pd.DataFrame(X)
    of_array, of_frame = MixedTypeEncoder().fit(X), MixedTypeEncoder().fit(frame)
    assert of_array.kinds_ == of_frame.kinds_ == ("binary", "integer", "constant", "count")
    np.testing.assert_allclose(of_array.encode(X), of_frame.encode(frame), rtol=1e-6)
    steps = [[block.step for block in encoder.blocks_] for encoder in (of_array, of_frame)]
    np.testing.assert_allclose(*steps)


def test_leading_axes_are_kept():
    X = np.random.default_rng(0).integers(0, 2, size=(4, 5, 3)) * [1.0, 2.0, np.nan]
    X[..., 1] += np.arange(5)
    encoder = MixedTypeEncoder().fit(X.reshape(-1, 3))
    features = encoder.encode(X)
    assert features.shape == (4, 5, encoder.n_features_out_)
    np.testing.assert_array_equal(features.reshape(20, -1), encoder.encode(X.reshape(-1, 3)))
    np.testing.assert_allclose(encoder.decode(features), X, rtol=0, atol=1e-6)


# Blocks.


def test_blocks_say_what_stands_where():
    table = pd.DataFrame(
        {
            "level": ["x", "y", None, "x"],
            "n": [1, 2, 6, 3],
            "gap": [1.0, np.nan, 2.0, 4.0],
            "fixed": [1, 1, 1, 1],
            "flag": [True, True, False, True],
        }
    )
    step = 1 / np.std([1, 2, 6, 3])
    assert MixedTypeEncoder().fit(table).blocks_ == (
        FeatureBlock(0, "discrete", 0, 3, has_missing=True),
        FeatureBlock(1, "integer", 3, 4, pytest.approx(step)),
        FeatureBlock(2, "continuous", 4, 5),
        FeatureBlock(2, "discrete", 5, 7, has_missing=True),
        FeatureBlock(4, "discrete", 7, 9),
    )


def test_the_step_is_the_distance_of_neighbouring_integers():
    values = np.random.default_rng(0).poisson(4.0, 300)
    encoder = column(values)
    features = encoder.encode(np.array([[3], [4], [5]]))[:, 0]
    np.testing.assert_allclose(np.diff(features), encoder.blocks_[0].step, rtol=1e-5)


# Heavy tails.


def heavy_samples():
    rng = np.random.default_rng(0)
    rain = np.where(rng.random(5000) < 0.97, 0.0, rng.exponential(3.0, 5000))
    rain[7] = 9831.0
    return {
        "one outlier": np.append(rng.normal(size=2000), 1e7),
        "student": rng.standard_t(1.5, size=5000),
        "lognormal": rng.lognormal(0.0, 2.5, size=5000),
        "rain": rain,
        "two values": np.append(np.zeros(3000), 5.0),
        "counts": np.append(rng.poisson(3.0, 3000), 50_000),
    }


@pytest.mark.parametrize("name", list(heavy_samples()))
def test_no_feature_of_a_heavy_column_lies_far_out(name):
    values = heavy_samples()[name]
    encoder = column(values)
    features = encoder.encode(values[:, None])
    assert np.abs(features).max() < 10 + 1e-4
    assert abs(features.mean(dtype=np.float64)) < 1e-3
    restored = encoder.decode(features)[:, 0]
    np.testing.assert_allclose(restored, values, rtol=0, atol=1e-6 * np.ptp(values))


def test_one_wild_cell_takes_nothing_from_the_others():
    values = heavy_samples()["one outlier"]
    features = column(values).encode(values[:, None])[:-1, 0]
    assert stats.iqr(features) > 0.3
    restored = round_trip(column(values), values)[:-1]
    np.testing.assert_allclose(restored, values[:-1], rtol=0, atol=1e-5)


def test_a_heavy_column_becomes_nearly_normal():
    values = heavy_samples()["lognormal"]
    features = column(values).encode(values[:, None])[:, 0]
    assert stats.kurtosis(values, fisher=False) > 100
    assert stats.kurtosis(features, fisher=False) < 8


def test_order_is_kept_by_the_warp():
    values = np.sort(heavy_samples()["student"])
    features = column(values).encode(values[:, None])[:, 0]
    assert (np.diff(features) >= 0).all()


def test_ordinary_columns_stay_straight():
    values = np.random.default_rng(0).normal(3.0, 2.0, size=1000)
    features = column(values).encode(values[:, None])[:, 0]
    np.testing.assert_allclose(features, stats.zscore(values), rtol=0, atol=1e-6)


def test_rare_counts_keep_steps_of_one_width():
    values = np.append(np.zeros(3000, int), [1, 2, 30])
    encoder = column(values)
    assert encoder.blocks_[0].kind == "integer"
    features = encoder.encode(np.arange(31)[:, None])[:, 0]
    np.testing.assert_allclose(np.diff(features), encoder.blocks_[0].step, rtol=1e-4)
    assert features.max() < 10 + 1e-4


def test_warped_integers_are_a_continuous_block_and_come_back_whole():
    values = np.append(np.random.default_rng(0).poisson(3.0, 3000), 50_000)
    encoder = column(values)
    assert encoder.blocks_ == (FeatureBlock(0, "continuous", 0, 1),)
    np.testing.assert_array_equal(round_trip(encoder, values), values)
    between = encoder.decode(np.linspace(-10, 10, 1000, dtype=np.float32)[:, None])[:, 0]
    assert between.dtype == np.int64
    assert between.min() == 0


@pytest.mark.parametrize("name", ["normal", *heavy_samples()])
def test_slopes_turn_the_density_of_features_into_that_of_values(name):
    values = heavy_samples().get(name, np.random.default_rng(0).normal(5.0, 3.0, 500)) * 1.0
    encoder = column(values)
    at = np.quantile(np.unique(values), [0.1, 0.5, 0.9, 0.999])[:, None]
    step = 1e-3 * (1 + np.abs(at))
    exact = encoder.codec_._parts[0].codec._features(np.stack([at + step, at - step]))
    slope = (exact[0] - exact[1]) / (2 * step)
    found = encoder.log_slopes(encoder.encode(at))
    np.testing.assert_allclose(found, np.log(slope), rtol=0, atol=2e-3)


def test_slopes_of_levels_and_the_calendar_are_zero():
    table = pd.DataFrame(
        {
            "t": pd.date_range("2020", periods=400, freq="h"),
            "level": ["x", "y"] * 200,
            "x": np.random.default_rng(0).normal(size=400),
        }
    )
    encoder = MixedTypeEncoder().fit(table)
    slopes = encoder.log_slopes(encoder.encode(table))
    names = encoder.get_feature_names_out()
    own = np.isin(names, ["t", "x"])
    assert (slopes[:, ~own] == 0).all()
    np.testing.assert_allclose(slopes[:, own], np.tile(-np.log(encoder.scale_[own]), (400, 1)))
    assert encoder.log_scale == pytest.approx(np.log(encoder.scale_[own]).sum())


def test_mean_and_scale_are_value_and_slope_at_feature_zero():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(5, 2, 500), rng.standard_t(1.5, 500), rng.integers(2, 9, 500)])
    table = pd.DataFrame(X, columns=["a", "b", "c"]).astype({"c": int})
    encoder = MixedTypeEncoder().fit(table)
    assert [block.stop for block in encoder.blocks_] == [1, 2, 3]
    at_zero = encoder.decode(np.zeros((1, 3)))
    np.testing.assert_allclose(at_zero[["a", "b"]].iloc[0], encoder.mean_[:2])
    near = encoder.decode(np.full((1, 3), 1e-4))[["a", "b"]].iloc[0]
    np.testing.assert_allclose((near - encoder.mean_[:2]) / 1e-4, encoder.scale_[:2], rtol=1e-3)
    assert encoder.mean_[2] == pytest.approx(table["c"].mean())


def test_a_count_has_no_bound_below_zero():
    values = np.append(np.arange(1, 200), 0)
    encoder = column(values)
    assert encoder.decode(encoder.bounds_)[0, 0] == 0
    np.testing.assert_allclose(encoder.bounds_[0], encoder.encode(np.array([[0]]))[0])


# Rounding.


def test_stochastic_rounding_keeps_the_mean_and_whole_numbers():
    values = np.arange(10)
    encoder = column(values, rounding="stochastic", random_state=0)
    assert encoder.n_uniforms_ == 1
    np.testing.assert_array_equal(round_trip(encoder, values), values)
    feature = (
        encoder.encode(np.array([[3], [4]])).mean(dtype=np.float64) - 0.2 * encoder.blocks_[0].step
    )
    drawn = encoder.decode(np.full((20_000, 1), feature))
    assert set(drawn[:, 0]) == {3, 4}
    assert drawn.mean() == pytest.approx(3.3, abs=0.01)


def test_nearest_rounding_is_the_default():
    encoder = column(np.arange(10))
    assert encoder.n_uniforms_ == 0
    low, high = encoder.encode(np.array([[3], [4]]))[:, 0]
    between = np.array([[0.55 * low + 0.45 * high], [0.45 * low + 0.55 * high]])
    assert encoder.decode(between)[:, 0].tolist() == [3, 4]


def test_floats_without_fractions_become_integers_on_request():
    X = np.array([[1.0], [np.nan], [4.0], [9.0]])
    encoder = MixedTypeEncoder(kinds={0: "count"}).fit(X)
    assert encoder.blocks_[0].kind == "integer"
    drawn = encoder.decode(np.array([[0.123, 1, 0], [-9, 1, 0], [0, 0, 1]], np.float32))
    assert drawn.dtype == np.float64
    assert drawn[:2, 0].tolist() == [5.0, 0.0]
    assert np.isnan(drawn[2, 0])


# Stamps.


def stamped(stamps, **parameters):
    table = pd.DataFrame({"t": stamps})
    return table, MixedTypeEncoder(**parameters).fit(table)


@pytest.mark.parametrize(
    ("freq", "periods", "cycles"),
    [
        ("s", 30, ["minute"]),
        ("s", 400, ["minute"]),
        ("s", 1000, ["minute", "hour"]),
        ("10min", 300, ["hour", "day", "week"]),
        ("h", 24 * 30, ["day", "week", "month"]),
        ("h", 24 * 365, ["day", "week", "month", "year"]),
        ("D", 365, ["week", "month", "year"]),
        ("MS", 24, ["year"]),
        ("YS", 10, []),
    ],
)
def test_cycles_are_longer_than_two_steps_and_within_four_spans(freq, periods, cycles):
    _, encoder = stamped(pd.date_range("2020-03-01", periods=periods, freq=freq))
    found = encoder.get_feature_names_out().tolist()
    parts = [f"t_{part}_{cycle}" for cycle in cycles for part in ("sin", "cos")]
    assert found == ["t", *parts]


def test_the_calendar_is_that_of_the_wall_clock():
    table, encoder = stamped(
        pd.date_range("2020-03-20", periods=24 * 20, freq="h", tz="Europe/Paris")
    )
    features = encoder.transform(table)
    hour = table["t"].dt.hour * 2 * np.pi / 24
    np.testing.assert_allclose(features["t_sin_day"], np.sin(hour), rtol=0, atol=1e-6)
    np.testing.assert_allclose(features["t_cos_day"], np.cos(hour), rtol=0, atol=1e-6)
    week = (table["t"].dt.day_of_week + table["t"].dt.hour / 24) * 2 * np.pi / 7
    np.testing.assert_allclose(features["t_cos_week"], np.cos(week), rtol=0, atol=1e-6)
    elsewhere = pd.DataFrame({"t": table["t"].dt.tz_convert("Asia/Tokyo")})
    np.testing.assert_array_equal(encoder.encode(elsewhere), encoder.encode(table))


def test_an_hour_that_comes_twice_makes_no_shorter_step():
    stamps = pd.date_range("2020-10-20", periods=480, freq="30min", tz="Europe/Berlin")
    table, encoder = stamped(stamps)
    names = encoder.get_feature_names_out().tolist()
    assert names == [
        "t",
        "t_sin_day",
        "t_cos_day",
        "t_sin_week",
        "t_cos_week",
        "t_sin_month",
        "t_cos_month",
    ]
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(table)), table)


def test_generated_stamps_lie_on_the_grid_of_fit():
    stamps = pd.date_range("2020-01-01 00:20", periods=500, freq="15min", tz="America/New_York")
    _, encoder = stamped(stamps, calendar=False)
    drawn = encoder.decode(np.random.default_rng(0).normal(size=(200, 1)))["t"]
    assert drawn.dtype == stamps.dtype
    assert (drawn.dt.minute % 15 == 5).all()
    assert (drawn.dt.second == 0).all()
    assert encoder.blocks_ == (
        FeatureBlock(0, "integer", 0, 1, pytest.approx(1 / np.std(range(500)))),
    )


def test_no_calendar_of_durations():
    table, encoder = stamped(pd.to_timedelta([90, 30, 600], unit="min"))
    assert encoder.get_feature_names_out().tolist() == ["t"]
    restored = encoder.inverse_transform(encoder.transform(table))
    pd.testing.assert_frame_equal(restored, table)


def test_wild_features_are_stamps_within_the_type():
    stamps = pd.to_datetime(["1700-01-01", "1700-01-02", "2200-01-01"]).as_unit("ns")
    table, encoder = stamped(stamps, calendar=False)
    drawn = encoder.decode(np.array([[1e30], [-1e30]]))["t"]
    assert drawn.dtype == table["t"].dtype
    assert drawn.tolist() == [pd.Timestamp("2262-04-11"), pd.Timestamp("1677-09-22")]


def test_missing_stamps_have_no_place_in_the_calendar():
    stamps = pd.Series(pd.date_range("2020", periods=50, freq="h")).where(np.arange(50) % 5 > 0)
    table, encoder = stamped(stamps)
    features = encoder.transform(table)[stamps.isna()]
    assert (features["t=<missing>"] == 1).all()
    assert (features.drop(columns="t=<missing>") == 0).all(axis=None)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(table)), table)


def test_other_units_of_the_same_stamps_are_the_same():
    table, encoder = stamped(pd.date_range("2020", periods=50, freq="h", unit="s"))
    other = pd.DataFrame({"t": table["t"].dt.as_unit("ns")})
    np.testing.assert_array_equal(encoder.encode(other), encoder.encode(table))
