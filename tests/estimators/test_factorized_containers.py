"""What goes into `fit` and what `sample` gives back: types, constants, short and mapped series."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_var1
from tests.estimators.models import (
    EMISSIONS,
    daily_panel_frame,
    fitted,
    hourly_frame,
    panel,
    small,
)


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("emission", EMISSIONS)
def test_constant_channel_comes_back_exactly(emission):
    X = np.insert(panel(), 1, 1e9 + 0.1, axis=2)
    drawn = fitted(small(emission=emission), X).sample(3, length=30)
    assert (drawn[..., 1] == 1e9 + 0.1).all()
    assert drawn[..., [0, 2]].std(axis=(0, 1)).min() > 0.1


def test_constant_channel_takes_no_part_in_the_model_or_the_score():
    X = panel()
    wider = np.insert(X, 1, -4.0, axis=2)
    plain, other = fitted(small(), X), fitted(small(), wider)
    same(other.score(wider), plain.score(X))
    same(other.sample(3, random_state=1)[..., [0, 2]], plain.sample(3, random_state=1))
    assert (other.components_[:, 1] == 0).all()


@pytest.mark.parametrize("emission", EMISSIONS)
def test_series_that_never_change_come_back(emission):
    X = np.broadcast_to([3.0, -0.1], (2, 12, 2))
    drawn = fitted(small(emission=emission), X).sample(2, length=5)
    np.testing.assert_array_equal(drawn, X[:, :5])


def test_whole_and_boolean_columns_stay_so():
    values = panel()[0]
    X = pd.DataFrame(
        {"count": np.rint(20 * values[:, 0]), "on": values[:, 1] > 5, "x": values[:, 0]}
    )
    X = X.astype({"count": "int32", "x": "float32"})
    drawn = fitted(small(), X).sample(20, length=10)
    assert drawn.dtypes.equals(X.dtypes)
    assert 0.05 < drawn["on"].mean() < 0.95
    assert drawn["count"].nunique() > 10
    spread = np.ptp(X["count"])
    assert drawn["count"].between(X["count"].min() - spread, X["count"].max() + spread).all()


def test_boolean_array_gives_a_boolean_array():
    X = panel() > np.array([1.0, 5.0])
    drawn = fitted(small(), X).sample(4, length=10)
    assert drawn.dtype == bool
    assert 0.0 < drawn.mean() < 1.0


def test_ragged_list_with_series_shorter_than_the_window_is_fitted():
    X = [panel()[0], panel()[1][:5], panel()[2][:1]]
    model = fitted(small(), X)
    assert model.window_length_ == 8
    assert [series.shape for series in model.sample(3, length=11)] == [(11, 2)] * 3
    values = np.concatenate(X)
    np.testing.assert_allclose(model.mean_, values.mean(0))


@pytest.mark.parametrize("emission", EMISSIONS)
def test_ten_rows_of_one_column_are_enough(emission):
    X = panel()[0, :10, :1]
    drawn = fitted(small(emission=emission, window_length=None), X).sample(50, length=10)
    assert drawn.shape == (50, 10, 1)
    reach = np.ptp(X)
    assert X.min() - reach < drawn.min() < drawn.max() < X.max() + reach


def test_two_rows_are_enough():
    drawn = fitted(small(), np.array([[0.0], [1.0]])).sample(3, length=4)
    assert drawn.shape == (3, 4, 1)
    assert (np.abs(drawn - 0.5) < 1.0).all()


def test_mapped_file_gives_the_model_of_the_array(tmp_path):
    X = make_var1(1, 200, random_state=0)[0]
    mapped = np.memmap(tmp_path / "X.dat", dtype=X.dtype, mode="w+", shape=X.shape)
    mapped[:] = X
    read = np.memmap(tmp_path / "X.dat", dtype=X.dtype, mode="r", shape=X.shape)
    plain, other = fitted(small(), X), fitted(small(), read)
    np.testing.assert_array_equal(other.sample(2, length=12), plain.sample(2, length=12))
    assert other.score(read) == plain.score(X)


def test_rows_read_on_demand_give_the_model_of_rows_in_memory(monkeypatch):
    X = make_var1(1, 200, random_state=0)[0]
    plain = fitted(small(), X)
    monkeypatch.setattr("sktsgen.transformers._feature_rows._PRELOADED", 0)
    other = fitted(small(), X)
    same(other.sample(2, length=12), plain.sample(2, length=12))


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_spread_is_kept_far_from_zero(offset):
    """Values are centred in float64 before they become float32."""
    X = make_var1(4, 30, random_state=0)
    here, there = fitted(small(), X), fitted(small(), X + offset)
    drawn = there.sample(5, random_state=1) - offset
    np.testing.assert_allclose(drawn, here.sample(5, random_state=1), atol=1e-3)


def test_start_moves_the_time_of_a_frame_only(frame_model):
    start = pd.Timestamp("2025-03-30 01:00", tz="Europe/Berlin")
    here, there = frame_model.sample(2, length=3), frame_model.sample(2, length=3, start=start)
    expected = pd.date_range(start, periods=3, freq="h")  # no two o'clock on that night
    for number in (0, 1):
        assert there.loc[number].index.equals(expected), there.index
        assert here.loc[number].index[0] == hourly_frame().index[0]
    np.testing.assert_array_equal(here.to_numpy(), there.to_numpy())


def test_panel_frame_of_text_identifiers_gives_new_text_identifiers():
    X = daily_panel_frame()
    drawn = fitted(small(), X).sample(5, length=3)
    assert drawn.index.names == ["id", "day"]
    assert list(drawn.index.get_level_values(0).unique()) == ["0", "1", "2", "3", "4"]
    assert drawn.index.levels[1].dtype == X.index.levels[1].dtype


def test_nullable_columns_keep_their_type():
    X = pd.DataFrame(np.rint(10 * panel()[0]), columns=["a", "b"]).astype("Int16")
    drawn = fitted(small(), X).sample(2, length=5)
    assert drawn.dtypes.equals(X.dtypes)
    assert not drawn.isna().any(axis=None)


def test_panels_and_lists_of_the_same_series_give_the_same_model():
    X = panel()
    array, ragged = fitted(small(), X), fitted(small(), list(X))
    same(np.stack(ragged.sample(3, random_state=2)), array.sample(3, random_state=2))
