"""Trend, season and residual against series whose parts are known."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktsgen import SeasonalTrendDecomposer
from sktsgen.datasets import make_building_energy, make_var1
from tests.estimators.models import fitted, small

METHODS = ("moving_average", "stl", "mstl")
every_method = pytest.mark.parametrize("method", METHODS)


def known_parts(n_timesteps=120, period=12):
    """Give a line and a season of two overtones, in two channels."""
    time = np.arange(n_timesteps)[:, None]
    trend = 5.0 + time * [0.1, -0.03]
    phase = 2 * np.pi * time / period
    return trend, np.sin(phase) * [1.0, 3.0] + np.cos(2 * phase) * [0.5, 0.0]


def parts_of(decomposer, X):
    return np.split(np.asarray(decomposer.fit(X).transform(X)), 3, axis=-1)


@every_method
def test_a_line_and_a_season_are_told_apart(method):
    trend, seasonal = known_parts()
    parts = parts_of(SeasonalTrendDecomposer(method), trend + seasonal)
    inside = slice(6, -6)  # moving averages flatten at the ends
    assert_allclose(parts[1], seasonal, rtol=0, atol=1e-12)
    assert_allclose(parts[0][inside], trend[inside], rtol=0, atol=1e-12)
    assert_allclose(parts[2][inside], 0.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["moving_average", "mstl"])
def test_two_seasons_are_summed(method):
    time = np.arange(6 * 84)[:, None]
    day, week = np.sin(2 * np.pi * time / 12), np.sin(2 * np.pi * time / 84)
    decomposer = SeasonalTrendDecomposer(method, period=(12, 84))
    seasonal = parts_of(decomposer, day + week)[1]
    inside = slice(84, -84)
    assert_allclose(seasonal[inside], (day + week)[inside], rtol=0, atol=0.02)


def test_nested_seasons_are_exact_with_moving_averages():
    """The longer one holds what the shorter one leaves, whatever that is."""
    season = np.random.default_rng(0).normal(size=(28, 2))
    season -= season.mean(axis=0)
    X = np.tile(season, (5, 1))
    seasonal = parts_of(SeasonalTrendDecomposer(period=[4, 28]), X)[1]
    assert_allclose(seasonal, X, rtol=0, atol=1e-12)


def test_stl_is_that_of_statsmodels():
    from statsmodels.tsa.seasonal import STL

    X = make_building_energy(7, random_state=0).to_numpy()
    parts = parts_of(SeasonalTrendDecomposer("stl", period=24, robust=True), X)
    for channel in range(X.shape[1]):
        expected = STL(X[:, channel], period=24, robust=True).fit()
        assert_allclose(parts[0][:, channel], expected.trend, rtol=1e-12)
        assert_allclose(parts[1][:, channel], expected.seasonal, rtol=0, atol=1e-12)


def test_a_mixture_of_windows_is_the_mean_of_the_trends():
    X = make_var1(1, 60, random_state=0)[0]
    trends = [
        parts_of(SeasonalTrendDecomposer(period=(), window_lengths=window), X)[0]
        for window in (5, 8, (5, 8))
    ]
    assert_allclose(trends[2], (trends[0] + trends[1]) / 2, rtol=0, atol=1e-12)


def test_without_a_season_the_windows_are_7_13_and_25():
    X = make_var1(1, 60, random_state=0)[0]
    default, same = (
        parts_of(SeasonalTrendDecomposer(period=(), window_lengths=windows), X)[0]
        for windows in (None, (7, 13, 25))
    )
    np.testing.assert_array_equal(default, same)


@every_method
@given(
    X=arrays(
        st.sampled_from(["float64", "float32", "int64"]),
        st.tuples(st.integers(2, 30), st.integers(1, 3)),
        elements=st.integers(-1000, 1000),
    )
)
def test_the_way_back_gives_values_and_dtype(method, X):
    decomposer = SeasonalTrendDecomposer(method, period=None if method == "stl" else (3, 5)).fit(X)
    restored = decomposer.inverse_transform(decomposer.transform(X))
    assert restored.dtype == X.dtype
    assert_allclose(restored, X, rtol=0, atol=1e-3 if X.dtype == np.float32 else 1e-9)


@every_method
def test_series_with_fewer_than_two_periods_have_no_season(method):
    X = make_var1(3, 23, random_state=0)
    decomposer = SeasonalTrendDecomposer(method, period=12)
    trend, seasonal, resid = parts_of(decomposer, X)
    assert not seasonal.any()
    assert_allclose(trend + resid, X, rtol=0, atol=1e-12)
    assert trend.std() < X.std()


def test_a_shorter_series_uses_the_periods_it_shows_twice():
    X = np.tile(np.array([[0.0], [1.0], [-1.0]]), (20, 1))
    decomposer = SeasonalTrendDecomposer(period=(3, 20)).fit(X)
    seasonal = decomposer.transform(X[:39])[:, 1]
    assert_allclose(seasonal, X[:39, 0], rtol=0, atol=1e-12)


def test_one_row_is_its_own_trend():
    decomposer = SeasonalTrendDecomposer().fit(known_parts()[1])
    np.testing.assert_array_equal(decomposer.transform([[3.0, 4.0]]), [[3, 4, 0, 0, 0, 0]])


@every_method
def test_containers_hold_the_same_parts(method):
    X = make_var1(3, 26, random_state=0)
    decomposer = SeasonalTrendDecomposer(method, period=6)
    expected = clone(decomposer).fit(X).transform(X)
    assert expected.shape == (3, 26, 6)
    for i, series in enumerate(X):
        assert_allclose(clone(decomposer).fit(series).transform(series), expected[i], atol=1e-12)
    for got, same in zip(clone(decomposer).fit_transform(list(X)), expected, strict=True):
        assert_allclose(got, same, atol=1e-12)
    index = pd.MultiIndex.from_product([["b", "c", "a"], range(26)], names=["site", "step"])
    frame = pd.DataFrame(X.reshape(-1, 2), index=index, columns=["load", "heat"])
    shuffled = frame.sort_index(level="step", sort_remaining=False)
    parts = clone(decomposer).fit_transform(shuffled)
    assert parts.index.equals(shuffled.index)
    assert_allclose(parts.loc[index].to_numpy(), expected.reshape(-1, 6), atol=1e-12)


def test_series_of_different_lengths_are_taken_apart_by_themselves():
    series = [make_var1(1, n, random_state=n)[0] for n in (30, 7, 30, 1, 18)]
    decomposer = SeasonalTrendDecomposer(period=5).fit(series)
    for one, parts in zip(series, decomposer.transform(series), strict=True):
        assert_allclose(parts, decomposer.transform(one), rtol=0, atol=1e-12)


def test_frames_keep_index_and_get_names():
    X = make_building_energy(5, random_state=0)
    parts = SeasonalTrendDecomposer().fit_transform(X)
    names = [f"{part}_{name}" for part in ("trend", "seasonal", "resid") for name in X]
    assert list(parts) == names
    assert parts.index.equals(X.index)


def test_the_way_back_restores_every_dtype_of_a_frame():
    time = pd.date_range("2024-01-01", periods=30, freq="h")
    X = pd.DataFrame(
        {
            "count": np.arange(30, dtype="uint8"),
            "size": pd.array(np.arange(30), dtype="Int32"),
            "level": np.arange(30, dtype="float32"),
        },
        index=time,
    )
    decomposer = SeasonalTrendDecomposer(period=7).fit(X)
    pd.testing.assert_frame_equal(decomposer.inverse_transform(decomposer.transform(X)), X)


def test_periods_are_found_and_named():
    X = make_building_energy(21, random_state=0)
    assert 24 in SeasonalTrendDecomposer().fit(X).periods_
    assert SeasonalTrendDecomposer("stl").fit(X).periods_ == (24,)
    assert SeasonalTrendDecomposer(period=[7, 3]).fit(X).periods_ == (3, 7)
    assert SeasonalTrendDecomposer(period=()).fit(X).periods_ == ()


@pytest.mark.parametrize("container", [list, np.asarray])
def test_set_output_pandas_makes_one_frame_of_a_panel(container):
    X = container(make_var1(3, 10, random_state=0))
    decomposer = SeasonalTrendDecomposer(period=4).fit(X)
    expected = np.concatenate(decomposer.transform(X))
    parts = clone(decomposer).set_output(transform="pandas").fit_transform(X)
    assert parts.index.names == ["series", "time"]
    assert parts.index.equals(pd.MultiIndex.from_product([range(3), range(10)]))
    assert list(parts) == list(decomposer.get_feature_names_out())
    np.testing.assert_array_equal(parts.to_numpy(), expected)


@pytest.mark.parametrize("container", ["frame", "panel frame", "list"])
def test_parts_of_a_frame_are_taken_by_their_names(container):
    X = make_building_energy(3, random_state=0)
    X = {"frame": X, "panel frame": pd.concat({"a": X, "b": X}), "list": [X, X]}[container]
    decomposer = SeasonalTrendDecomposer(period=24).fit(X)
    parts = decomposer.transform(X)
    swap = (
        [part[part.columns[::-1]] for part in parts] if container == "list" else parts.iloc[:, ::-1]
    )
    expected, restored = (decomposer.inverse_transform(given) for given in (parts, swap))
    if container != "list":
        expected, restored = [expected], [restored]
    for one, other in zip(restored, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_parts_of_other_names_are_refused():
    X = make_building_energy(3, random_state=0)
    decomposer = SeasonalTrendDecomposer(period=24).fit(X)
    parts = decomposer.transform(X).rename(columns={"trend_occupancy": "level"})
    with pytest.raises(
        ValueError, match=r"lacks the columns \['trend_occupancy'\], and has \['level'"
    ):
        decomposer.inverse_transform(parts)
    by_position = decomposer.inverse_transform(parts.set_axis(range(parts.shape[1]), axis=1))
    pd.testing.assert_frame_equal(by_position, X)


def test_the_sum_holds_for_parts_that_were_drawn():
    X = make_building_energy(7, random_state=0).astype(float)
    pipeline = make_pipeline(SeasonalTrendDecomposer(period=24), small())
    drawn = fitted(pipeline, X)[-1].sample(3, length=20)
    restored = pipeline[:-1].inverse_transform(drawn)
    assert list(restored) == list(X)
    assert restored.index.equals(drawn.index)
    for name in X:
        total = drawn[[f"trend_{name}", f"seasonal_{name}", f"resid_{name}"]].sum(axis=1)
        assert_allclose(restored[name], total, rtol=1e-12)


def test_it_stands_in_a_column_transformer():
    X = make_building_energy(3, random_state=0)
    columns = ColumnTransformer(
        [("parts", SeasonalTrendDecomposer(period=24), ["occupancy"])],
        remainder=StandardScaler(),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    table = columns.fit_transform(X)
    assert list(table)[:3] == ["trend_occupancy", "seasonal_occupancy", "resid_occupancy"]
    assert_allclose(table.iloc[:, :3].sum(axis=1), X["occupancy"], rtol=1e-12)


def test_hourly_power_has_a_daily_season(shared_data):
    """Real data: the season explains what the hour of the day explains."""
    X = pd.read_csv(shared_data / "etth1.csv.gz").iloc[:, 1:]
    decomposer = SeasonalTrendDecomposer().fit(X)
    assert decomposer.periods_ == (24,)
    _, seasonal, _ = np.split(decomposer.transform(X).to_numpy(), 3, axis=1)
    hour = np.arange(len(X)) % 24
    by_hour = (X - X.mean()).groupby(hour).transform("mean")
    scale = X.std().to_numpy()
    assert_allclose(seasonal / scale, by_hour / scale, rtol=0, atol=0.01)


@pytest.mark.parametrize("method", ["stl", "mstl"])
def test_a_missing_extra_is_named(method, monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    with pytest.raises(ImportError, match=rf"method='{method}'.*pip install 'sktsgen\[stl\]'"):
        SeasonalTrendDecomposer(method).fit(np.zeros((10, 1)))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"period": [24, 1]}, r"period=\[24, 1\] has the length 1.*at least 2"),
        ({"period": [7.5]}, r"period=\[7.5\] has the length 7.5"),
        ({"window_lengths": (5, 0)}, r"window_lengths=\(5, 0\) has the length 0.*at least 1"),
        ({"method": "stl", "period": (24, 168)}, r"period=\(24, 168\) gives 2 periods.*'mstl'"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        SeasonalTrendDecomposer(**params).fit(np.zeros((10, 1)))


def test_missing_cells_are_refused_by_name():
    X = pd.DataFrame({"load": [1.0, np.nan, 3.0]})
    with pytest.raises(ValueError, match="NaN in column 'load'"):
        SeasonalTrendDecomposer().fit(X)


def test_parts_with_columns_too_few_are_refused():
    decomposer = SeasonalTrendDecomposer().fit(np.zeros((10, 2)))
    with pytest.raises(ValueError, match="X has 2 columns; inverse_transform takes the 6"):
        decomposer.inverse_transform(np.zeros((5, 2)))


@pytest.mark.parametrize("method", ["transform", "inverse_transform", "get_feature_names_out"])
def test_nothing_works_before_fit(method):
    arguments = () if method == "get_feature_names_out" else (np.zeros((5, 1)),)
    with pytest.raises(NotFittedError):
        getattr(SeasonalTrendDecomposer(), method)(*arguments)
