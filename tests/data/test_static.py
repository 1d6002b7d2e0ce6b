"""Columns that do not change within a series are found, set apart and put back."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sktsgen.data import (
    check_panel,
    join_static,
    restore_panel,
    restore_rows,
    split_static,
    static_columns,
)

LENGTHS = [3, 1, 2]


def ragged_table():
    """Three series; region, since and code are static, two of them with a gap."""
    series = np.repeat([0, 1, 2], LENGTHS)
    return pd.DataFrame(
        {
            "load": [1.0, 2.0, 3.0, 4.0, 5.0, 5.0],
            "region": pd.Categorical(np.array(["north", "south", "north"])[series]),
            "flag": [True, True, False, True, True, True],
            "since": pd.to_datetime(["2001", None, "2003"])[series],
            "one": 1,
            "code": pd.array([7, 8, None], dtype="Int8")[series],
            "holed": [1.0, np.nan, 1.0, 2.0, 3.0, 3.0],
        }
    )


def as_frames(X):
    return [X.iloc[end - n : end] for end, n in zip(np.cumsum(LENGTHS), LENGTHS, strict=True)]


def read(X):
    frames = [frame.reset_index(drop=True) for frame in as_frames(X)]
    return check_panel(frames, mixed=True, missing=True)


def test_static_columns_are_constant_in_every_series_and_differ_between_them():
    X = ragged_table()
    assert [X.columns[i] for i in static_columns(read(X))] == ["region", "since", "code"]


@pytest.mark.parametrize("dtype", ["float64", "int16", "bool"])
def test_static_channels_of_arrays_are_found(dtype):
    X = np.zeros((3, 4, 5), dtype=dtype)
    X[1, :, 1] = X[2, 2:, 2] = X[:, ::2, 3] = 1
    assert static_columns(check_panel(X)) == (1,)


def test_gaps_of_a_whole_series_are_static_and_others_are_not():
    X = np.arange(3.0).reshape(3, 1, 1) * np.ones((3, 4, 2))
    X[1, :, 0] = np.nan
    X[1, 2, 1] = np.nan
    assert static_columns(check_panel(X, missing=True)) == (0,)


@pytest.mark.parametrize(
    "X",
    [np.ones((4, 2)), np.arange(4.0).reshape(4, 1, 1), pd.DataFrame({"a": [1, 1], "b": [1, 2]})],
)
def test_one_series_or_series_of_one_row_have_no_static_columns(X):
    assert static_columns(check_panel(X)) == ()


def test_a_change_far_into_a_long_panel_is_seen():
    X = np.repeat([[0.0, 0.0], [1.0, 1.0]], 300_000, axis=0).reshape(2, -1, 2)
    X[1, -1, 1] = 2.0
    assert static_columns(check_panel(X)) == (0,)


def test_interleaved_rows_are_compared_within_their_series():
    index = pd.MultiIndex.from_product([[0, 1], ["u", "v"]]).swaplevel()
    X = pd.DataFrame({"region": ["north", "south"] * 2, "load": [1.0, 2.0, 3.0, 4.0]}, index=index)
    assert static_columns(check_panel(X, mixed=True)) == (0,)


def test_split_gives_one_static_row_per_series():
    X = ragged_table()
    panel = read(X)
    dynamic, static = split_static(panel, static_columns(panel))
    pd.testing.assert_frame_equal(
        static, X[["region", "since", "code"]].iloc[[0, 3, 4]].reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(dynamic.values, X[["load", "flag", "one", "holed"]])
    assert dynamic.spec.columns == ("load", "flag", "one", "holed")
    assert dynamic.spec.dtypes == tuple(dynamic.values.dtypes)
    assert dynamic.has_missing
    assert dynamic.lengths.tolist() == LENGTHS


def test_gaps_that_went_with_the_static_part_are_gone():
    panel = read(ragged_table().drop(columns="holed"))
    dynamic, _ = split_static(panel, static_columns(panel))
    assert panel.has_missing
    assert not dynamic.has_missing


def test_join_is_the_inverse_of_split():
    X = ragged_table()
    panel = read(X)
    positions = static_columns(panel)
    dynamic, static = split_static(panel, positions)
    joined = join_static(dynamic.values, static, positions, panel.lengths)
    pd.testing.assert_frame_equal(joined, X)


@given(
    positions=st.sets(st.integers(0, 4)),
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
)
def test_join_is_the_inverse_of_split_for_arrays(positions, lengths):
    positions = tuple(sorted(positions))
    series = np.repeat(np.arange(len(lengths)), lengths)
    X = np.arange(len(series))[:, None] * 10 + np.arange(5)
    X[:, positions] = series[:, None]
    panel = check_panel([X[series == i] for i in range(len(lengths))])
    dynamic, static = split_static(panel, positions)
    joined = join_static(dynamic.values, static, positions, lengths)
    assert joined.dtype == X.dtype
    np.testing.assert_array_equal(joined, X)


def test_neighbouring_channels_stay_a_view():
    X = np.arange(24.0).reshape(2, 3, 4)
    X[..., [0, 3]] = X[:, :1, [0, 3]]
    panel = check_panel(X)
    dynamic, _ = split_static(panel, (0, 3))
    assert np.shares_memory(dynamic.values, panel.values)


def test_new_series_have_the_static_rows_they_are_given():
    """As many as one likes, each drawn for itself: not those that were seen."""
    panel = read(ragged_table())
    positions = static_columns(panel)
    dynamic, static = split_static(panel, positions)
    drawn = static.iloc[[2, 0, 0, 1]].reset_index(drop=True)
    lengths = [2, 2, 2, 2]
    rows = dynamic.values.iloc[[0, 1] * 4].reset_index(drop=True)
    table = join_static(rows, drawn, positions, lengths)
    series = restore_panel(table, panel.spec, lengths=lengths)
    assert len(series) == 4
    for frame, (_, expected) in zip(series, drawn.iterrows(), strict=True):
        assert frame.dtypes.tolist() == list(panel.spec.dtypes)
        for name in ("region", "since", "code"):
            cells = frame[name].astype(object).where(frame[name].notna(), None)
            wanted = None if pd.isna(expected[name]) else expected[name]
            assert cells.tolist() == [wanted, wanted]


def test_static_rows_come_back_in_the_order_of_the_user():
    index = pd.MultiIndex.from_product([[0, 1, 2], ["v", "u"]], names=["t", "id"]).swaplevel()
    X = pd.DataFrame({"region": ["s", "n"] * 3, "load": np.arange(6.0)}, index=index)
    panel = check_panel(X, mixed=True)
    dynamic, static = split_static(panel, (0,))
    assert static["region"].tolist() == ["s", "n"]
    joined = join_static(dynamic.values, static, (0,), panel.lengths)
    pd.testing.assert_frame_equal(restore_rows(joined, panel), X)


def test_parts_that_do_not_fit_are_named():
    text = (
        "4 dynamic rows and a static table of shape (2, 1) do not fit 2 series of 5 rows with "
        "static columns at [0]."
    )
    with pytest.raises(ValueError, match=re.escape(text)):
        join_static(np.ones((4, 1)), np.ones((2, 1)), (0,), [2, 3])


def test_a_column_that_changes_within_a_series_is_named_with_it():
    X = ragged_table()
    X.loc[5, "region"] = "south"
    with pytest.raises(
        ValueError, match=r"column 'region' was constant .* and changes within series 2 here"
    ):
        split_static(read(X), [1])
