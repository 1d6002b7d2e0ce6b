"""Any panel as one frame."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.data import check_panel, panel_to_frame

TIME = pd.date_range("2024-01-01", periods=4, freq="h", tz="Europe/Berlin", name="when")
X = np.arange(24.0).reshape(3, 4, 2)
MIXED = pd.DataFrame({"load": [1, 2, 3, 4], "kind": ["a", "b", "a", None]}, index=TIME)


def counted(*lengths):
    pairs = [(i, step) for i, length in enumerate(lengths) for step in range(length)]
    return pd.MultiIndex.from_tuples(pairs, names=["series", "time"])


def test_one_array_is_a_frame_that_counts():
    frame = panel_to_frame(check_panel(X[0]))
    pd.testing.assert_frame_equal(frame, pd.DataFrame(X[0]))


@pytest.mark.parametrize(
    ("panel", "index"), [(X, counted(4, 4, 4)), ([X[0], X[1, :2]], counted(4, 2))]
)
def test_arrays_get_a_series_and_time_index(panel, index):
    frame = panel_to_frame(check_panel(panel))
    assert frame.index.equals(index)
    assert frame.index.names == ["series", "time"]
    np.testing.assert_array_equal(frame.to_numpy(), np.concatenate(list(panel)))


def test_lists_of_frames_keep_stamps_and_dtypes():
    frame = panel_to_frame(check_panel([MIXED, MIXED[:2]], mixed=True, missing=True))
    expected = pd.concat([MIXED, MIXED[:2]], keys=[0, 1], names=["series", "time"])
    pd.testing.assert_frame_equal(frame, expected, check_names=True)


@pytest.mark.parametrize("index", [TIME, pd.MultiIndex.from_product([["b", "a"], TIME[:2]])])
def test_a_frame_comes_back_as_it_was(index):
    given = MIXED.set_axis(index)
    frame = panel_to_frame(check_panel(given, mixed=True, missing=True))
    pd.testing.assert_frame_equal(frame, given)


def test_interleaved_rows_come_back_in_their_order():
    index = pd.MultiIndex.from_tuples([("a", 0), ("b", 0), ("a", 1), ("b", 1)])
    given = pd.DataFrame({"load": [1.0, 2.0, 3.0, 4.0]}, index=index)
    pd.testing.assert_frame_equal(panel_to_frame(check_panel(given)), given)


def test_results_get_the_columns_that_are_given():
    panel = check_panel(X)
    frame = panel_to_frame(panel, np.arange(36).reshape(12, 3), columns=["a", "b", "c"])
    assert list(frame) == ["a", "b", "c"]
    assert frame.index.equals(counted(4, 4, 4))
