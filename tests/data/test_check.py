"""`check_panel` reads every container, as a view where it can, and says what is wrong."""

import re
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.base import BaseEstimator

from sktsgen.data import Panel, PanelSpec, check_panel, restore_rows
from sktsgen.exceptions import IrregularTimeError


class Model(BaseEstimator):
    """An estimator to keep names and numbers of features in."""


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(12, 3))


@pytest.fixture
def frame(rows):
    index = pd.date_range("2024-01-01", periods=12, freq="h", name="hour")
    return pd.DataFrame(rows, index=index, columns=["a", "b", "c"])


@pytest.fixture
def panel_frame(rows):
    stamps = pd.date_range("2024-01-01", periods=4, freq="D")
    index = pd.MultiIndex.from_product([["u", "v", "w"], stamps], names=["site", "day"])
    return pd.DataFrame(rows, index=index, columns=["a", "b", "c"])


def refused(error, text):
    return pytest.raises(error, match=re.escape(text))


# What comes in.


def test_2d_array_is_one_series_and_a_view(rows):
    panel = check_panel(rows)
    assert panel.lengths.tolist() == [12]
    assert panel.spec == PanelSpec("array_2d", (np.dtype("float64"),) * 3)
    assert np.shares_memory(panel.values, rows)


def test_3d_array_is_a_panel_and_a_view(rows):
    cube = rows.reshape(3, 4, 3)
    panel = check_panel(cube)
    assert panel.offsets.tolist() == [0, 4, 8, 12]
    assert np.shares_memory(panel.values, cube)
    np.testing.assert_array_equal(panel.series(1), cube[1])
    assert np.shares_memory(panel.series(-1), cube)


def test_frame_of_one_block_is_a_view(frame):
    assert np.shares_memory(check_panel(frame).values, frame.to_numpy())


def test_list_of_arrays_is_a_ragged_panel(rows):
    panel = check_panel([rows[:5], rows[5:6], rows[6:]])
    assert panel.spec.container == "list_of_arrays"
    assert panel.lengths.tolist() == [5, 1, 6]
    np.testing.assert_array_equal(panel.values, rows)


def test_list_of_frames_keeps_last_stamps(frame):
    panel = check_panel([frame[:5], frame[5:]], reset=True)
    assert panel.spec.container == "list_of_frames"
    assert list(panel.last_stamps) == [frame.index[4], frame.index[11]]
    assert panel.spec.time.freq == "h"


def test_list_of_frames_without_time_has_none(frame):
    parts = [frame[:5].reset_index(drop=True), frame[5:].reset_index(drop=True)]
    panel = check_panel(parts, reset=True)
    assert panel.spec.time.kind == "none"
    assert panel.last_stamps is None


def test_panel_frame_is_read_series_by_series(panel_frame, rows):
    panel = check_panel(panel_frame, reset=True)
    assert panel.spec.container == "panel_frame"
    assert panel.spec.index_names == ("site", "day")
    assert panel.spec.time.freq == "1D"
    assert list(panel.series_ids) == ["u", "v", "w"]
    assert panel.lengths.tolist() == [4, 4, 4]
    assert np.shares_memory(panel.values, panel_frame.to_numpy())


def test_interleaved_series_are_gathered(panel_frame):
    by_time = panel_frame.sort_index(level=1)
    panel = check_panel(by_time, reset=True)
    np.testing.assert_array_equal(panel.values, panel_frame.to_numpy())
    pd.testing.assert_frame_equal(restore_rows(panel.values, panel), by_time)


def test_series_keep_the_order_in_which_they_appear(panel_frame):
    panel = check_panel(panel_frame.loc[["w", "u"]])
    assert list(panel.series_ids) == ["w", "u"]


def test_unused_levels_of_a_split_panel_are_no_series(panel_frame):
    panel = check_panel(panel_frame.iloc[4:])
    assert list(panel.series_ids) == ["v", "w"]


class OnlyArray:
    """Something that knows nothing but how to become an array."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype=dtype)

    def __array_function__(self, function, types, args, kwargs):
        raise TypeError(f"{function.__name__} was called on something that is no array")


@pytest.mark.parametrize(
    "convert", [np.ndarray.tolist, OnlyArray, torch.tensor], ids=["list", "array", "tensor"]
)
def test_array_likes_are_read_as_arrays(rows, convert):
    flat = check_panel(convert(rows))
    cube = check_panel(convert(rows.reshape(3, 4, 3)))
    assert (flat.spec.container, cube.spec.container) == ("array_2d", "array_3d")
    np.testing.assert_array_equal(flat.values, rows)
    np.testing.assert_array_equal(cube.values, rows)


def test_tensor_with_a_gradient_and_half_precision_is_read(rows):
    tensor = torch.tensor(rows, dtype=torch.bfloat16, requires_grad=True)
    panel = check_panel(tensor)
    assert panel.values.dtype == np.float32
    np.testing.assert_array_equal(panel.values, tensor.detach().float().numpy())


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint64", "bool"])
def test_dtype_of_an_array_is_kept(dtype):
    X = np.arange(8).reshape(4, 2).astype(dtype)
    panel = check_panel(X)
    assert panel.values.dtype == X.dtype
    assert panel.spec.dtypes == (X.dtype, X.dtype)


def test_objects_that_are_numbers_become_floats():
    panel = check_panel(np.array([[1, 2.5], [3, 4]], dtype=object))
    assert panel.values.dtype == np.float64


def test_columns_of_several_dtypes_meet_in_one():
    X = pd.DataFrame(
        {"n": pd.array([1, 2], dtype="Int16"), "b": [True, False], "x": np.float32([0.5, 1.5])}
    )
    panel = check_panel(X)
    assert panel.spec.dtypes == tuple(X.dtypes)
    np.testing.assert_array_equal(panel.values, [[1.0, 1.0, 0.5], [2.0, 0.0, 1.5]])


def test_sparse_columns_are_read_dense():
    X = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0, 0.0]), "b": [1.0, 2.0, 3.0]})
    panel = check_panel(X)
    assert panel.spec.dtypes == (np.dtype("float64"),) * 2
    np.testing.assert_array_equal(panel.values, [[0, 1], [1, 2], [0, 3]])


def test_panel_passes_through_and_still_names_the_features(frame):
    panel = check_panel(frame)
    model = Model()
    assert check_panel(panel, estimator=model, reset=True) is panel
    assert model.n_features_in_ == 3
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]


def test_copy_shares_no_memory(rows):
    panel = check_panel(rows, copy=True)
    assert not np.shares_memory(panel.values, rows)
    np.testing.assert_array_equal(panel.values, rows)


def test_input_is_not_modified(panel_frame):
    by_time = panel_frame.sort_index(level=1)
    before = by_time.copy(deep=True)
    check_panel(by_time, estimator=Model(), reset=True)
    pd.testing.assert_frame_equal(by_time, before)


@pytest.mark.parametrize("ndim", [2, 3])
def test_mapped_file_is_never_held_in_memory(tmp_path, ndim):
    """32 MiB on disk, of which less than a tenth may be held at once."""
    shape = (2**20, 8) if ndim == 2 else (2**10, 2**10, 8)
    mapped = np.memmap(tmp_path / "rows", dtype=np.float32, mode="w+", shape=shape)
    tracemalloc.start()
    panel = check_panel(mapped, estimator=Model(), reset=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.shares_memory(panel.values, mapped)
    assert peak < 3 * 2**20


def test_nan_deep_in_a_mapped_file_is_found(tmp_path):
    mapped = np.memmap(tmp_path / "rows", dtype=np.float32, mode="w+", shape=(2**19, 8))
    mapped[400_000, 5] = np.nan
    with refused(ValueError, "NaN in channel 5, first in row 400000"):
        check_panel(mapped)


# What scikit-learn says.


@pytest.mark.parametrize("container", ["frame", "panel_frame", "list"])
def test_fit_sets_names_and_number_of_features(frame, panel_frame, container):
    X = {"frame": frame, "panel_frame": panel_frame, "list": [frame, frame]}[container]
    model = Model()
    check_panel(X, estimator=model, reset=True)
    assert model.n_features_in_ == 3
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]


def test_number_of_features_of_a_3d_array_is_its_channels(rows):
    model = Model()
    check_panel(rows.reshape(3, 2, 6), estimator=model, reset=True)
    assert model.n_features_in_ == 6
    with refused(ValueError, "X has 3 features, but Model is expecting 6 features as input"):
        check_panel(rows, estimator=model)


def test_columns_in_another_order_are_refused(frame):
    model = Model()
    check_panel(frame, estimator=model, reset=True)
    with refused(ValueError, "Feature names must be in the same order as they were in fit"):
        check_panel(frame[["b", "a", "c"]], estimator=model)


def test_container_may_differ_from_that_of_fit(rows):
    model = Model()
    check_panel(rows, estimator=model, reset=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_panel([rows, rows], estimator=model).n_series == 2


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        (np.ones((1, 3)), ValueError, "Found array with 1 sample(s) (shape=(1, 3)) while a mini"),
        (pd.DataFrame({"a": [1.0]}), ValueError, "Found array with 1 sample(s) (shape=(1, 1))"),
        (np.ones((12, 0)), ValueError, "0 feature(s) (shape=(12, 0)) while a minimum of 1"),
        (pd.DataFrame(index=range(3)), ValueError, "0 feature(s) (shape=(3, 0)) while a minimum"),
        (np.ones(5), ValueError, "Expected 2D array, got 1D array instead"),
        (pd.Series([1.0, 2.0]), ValueError, "Expected a 2-dimensional container but got"),
        (np.ones((4, 2)) * 1j, ValueError, "Complex data not supported"),
        (np.ones((2, 2, 2)) * 1j, ValueError, "Complex data not supported"),
        (pd.DataFrame({"a": [1j, 2j]}), ValueError, "Complex data not supported"),
        (np.array([["a", "b"], ["c", "d"]]), ValueError, "dtype='numeric' is not compatible"),
        (np.array([["a", 1], ["c", 2]], dtype=object), ValueError, "could not convert string"),
        (scipy.sparse.csr_array(np.eye(3)), TypeError, "Sparse data was passed"),
    ],
)
def test_fit_refuses_in_the_words_of_scikit_learn(X, error, text):
    with refused(error, text):
        check_panel(X, estimator=Model(), reset=True)


# What we say.


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        (np.ones((2, 2, 2, 2)), ValueError, "X has 4 dimensions (shape=(2, 2, 2, 2)); pass"),
        (np.ones((3, 0, 2)), ValueError, "X of shape (3, 0, 2) has no rows; pass one"),
        (np.ones((2, 2), dtype="datetime64[s]"), TypeError, "X is of type datetime64[s], and"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), ValueError, "NaN in channel 1, first in row 1"),
        (np.array([[1.0, -np.inf]]), ValueError, "infinity in channel 1, first in row 0"),
        (
            np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [1, 0]]),
            ValueError,
            "NaN in channel 0, first in row 1",
        ),
        ([np.ones((2, 2)), np.ones((2, 3))], ValueError, "X[1] has 3 channels and X[0] has 2;"),
        ([np.ones((2, 2)), np.ones((0, 2))], ValueError, "X[1] has no rows; remove it"),
        ([np.ones((2, 2)), np.ones(2)], TypeError, "X[1] is ndarray of shape (2,), X[0] is"),
        (
            [np.ones((2, 1)), pd.DataFrame({"a": [1.0]})],
            TypeError,
            "X[1] is DataFrame of shape (1, 1), X[0] is ndarray of shape (2, 1); pass 2-D arrays",
        ),
        (
            [pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]})],
            ValueError,
            "X[1] has the columns ['b'] and X[0] has ['a'];",
        ),
        (
            [pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": ["x"]})],
            TypeError,
            "column 'a' of X[1] is of type str, and only numbers are supported",
        ),
        (
            [
                pd.DataFrame({"a": [1.0]}),
                pd.DataFrame({"a": [1.0]}, index=pd.DatetimeIndex(["2024-01-01"])),
            ],
            TypeError,
            "the index of X[1] is of type datetime64[us], that of X[0] of type int64; convert one",
        ),
        (
            [pd.DataFrame({"a": [1.0]}, index=pd.MultiIndex.from_tuples([(0, 0)]))],
            ValueError,
            "the index of X[0] has 2 levels; pass one frame with a (series, time) index",
        ),
        (pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]), ValueError, "column 'a' occurs more"),
        (pd.DataFrame({"a": ["x", "y"]}), TypeError, "column 'a' is of type str, and only"),
        (
            pd.DataFrame({"a": pd.to_datetime(["2024-01-01"])}),
            TypeError,
            "column 'a' is of type datetime64[us], and only numbers",
        ),
        (
            pd.DataFrame({"a": pd.Categorical(["x", "y"])}),
            TypeError,
            "column 'a' is of type category, and only numbers",
        ),
        (
            pd.DataFrame({"a": np.array([1, 2], dtype=object)}),
            TypeError,
            "column 'a' is of type object, and only numbers",
        ),
        (pd.DataFrame({"a": [1.0, np.nan]}), ValueError, "NaN in column 'a', first in row 1"),
        (pd.DataFrame({"a": [1.0, np.inf]}), ValueError, "infinity in column 'a', first in row 1"),
        (
            pd.DataFrame({"a": [1, 2], "b": pd.array([1, None], dtype="Int64")}),
            ValueError,
            "NaN in column 'b', first in row 1; fill the cells",
        ),
    ],
)
def test_bad_input_is_named(X, error, text):
    with refused(error, text):
        check_panel(X)


def on(index):
    """Two or more rows of one column, on `index`."""
    return pd.DataFrame({"a": np.arange(len(index), dtype=float)}, index=index)


def pairs(*tuples):
    return pd.MultiIndex.from_tuples(tuples, names=["site", "day"])


@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        (pd.MultiIndex.from_product([[0], [0], [0, 1]]), ValueError, "the index of X has 3 levels"),
        (pairs((None, 1), ("u", 2)), ValueError, "the series identifier of row 0 is missing"),
        (
            pd.Index(["2024-01-01", "2024-01-02"], name="day"),
            TypeError,
            "the time index 'day' is of type str;",
        ),
        (pairs(("u", "x"), ("u", "y")), TypeError, "the time index 'day' is of type str;"),
        (pd.DatetimeIndex(["2024-01-01", None]), ValueError, "the time index has a missing stamp"),
        (
            pairs(("u", pd.Timestamp("2024-01-01")), ("v", pd.NaT)),
            ValueError,
            "the time index in series 'v' has a missing stamp; drop or fill that row",
        ),
        (pd.Index([0, 1, np.inf]), ValueError, "the time stamp inf is no finite number; mend that"),
        (
            pairs(("u", 0.0), ("v", -np.inf), ("v", 1.0)),
            ValueError,
            "the time stamp -inf in series 'v' is no finite number",
        ),
        (pd.Index([0, 1, 1]), ValueError, "the time stamp 1 occurs more than once; keep one row"),
        (
            pairs(("u", 0), ("v", 3), ("u", 1), ("v", 3)),
            ValueError,
            "the time stamp 3 occurs more than once in series 'v'",
        ),
        (
            pd.DatetimeIndex(["2024-01-02", "2024-01-01"]),
            ValueError,
            "the time stamps are not in order: 2024-01-01 00:00:00 follows 2024-01-02 00:00:00;",
        ),
        (
            pairs(("u", 0), ("u", 1), ("v", 2), ("v", 1)),
            ValueError,
            "the time stamps are not in order in series 'v': 1 follows 2; sort the rows by time",
        ),
    ],
)
def test_bad_index_is_named(index, error, text):
    with refused(error, text):
        check_panel(on(index))


def test_members_of_a_list_are_named_in_messages_about_time():
    with refused(ValueError, "the time stamps are not in order in X[1]: 3 follows 4;"):
        check_panel([on(pd.Index([1, 2])), on(pd.Index([4, 3]))])


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (
            pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06"]),
            "are not regular: 2024-01-03 00:00:00 is followed by 2024-01-06 00:00:00, a gap of "
            "3 days 00:00:00 where the usual one is 1 days 00:00:00. Put the rows",
        ),
        (pd.Index([0, 1, 2, 5]), "2 is followed by 5, a gap of 3 where the usual one is 1."),
        (pd.Index([0.0, 0.5, 1.0, 2.0]), "1.0 is followed by 2.0, a gap of 1.0 where the usual"),
        (
            pd.PeriodIndex(["2024-01", "2024-02", "2024-04"], freq="M"),
            "2024-02 is followed by 2024-04, a gap of 2 M where the usual one is 1 M.",
        ),
        (
            pd.TimedeltaIndex(["0h", "1h", "2h", "4h"]),
            "a gap of 0 days 02:00:00 where the usual one is 0 days 01:00:00.",
        ),
        (pairs(("u", 0), ("u", 1), ("u", 2), ("v", 0), ("v", 2)), "in series 'v' are not regular"),
        (
            pairs(("u", pd.Timestamp("2024-01-01")), ("v", pd.Timestamp("2024-01-01"))),
            "the time step is unknown, because no series has two rows;",
        ),
    ],
)
def test_fit_refuses_irregular_time_and_score_does_not(index, text):
    with refused(IrregularTimeError, text):
        check_panel(on(index), reset=True)
    assert check_panel(on(index)).n_rows == len(index)


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (np.ones((3, 2)), "X has 2 channels, and 3 were fitted; pass the channels of fit"),
        (
            pd.DataFrame(np.ones((3, 3)), columns=["a", "c", "b"]),
            "X has the columns ['a', 'c', 'b'], and ['a', 'b', 'c'] were fitted;",
        ),
    ],
)
def test_channels_must_agree_with_a_spec(frame, X, text):
    spec = check_panel(frame).spec
    with refused(ValueError, text):
        check_panel(X, spec=spec)
    assert check_panel(frame.to_numpy(), spec=spec).spec.container == "array_2d"


def test_series_of_one_row_are_legal_in_a_panel(rows):
    panel = check_panel([rows[:1], rows[1:2]], estimator=Model(), reset=True)
    assert panel.lengths.tolist() == [1, 1]


def test_min_rows_counts_all_series_together(rows):
    with refused(ValueError, "Found array with 2 sample(s) (shape=(2, 3)) while a minimum of 5"):
        check_panel([rows[:1], rows[1:2]], min_rows=5)
    with refused(ValueError, "Found array with 1 sample(s) (shape=(1, 3)) while a minimum of 2"):
        check_panel(check_panel(rows[:1]), min_rows=2)


def test_missing_cells_pass_where_scikit_learn_is_told_to_assume_none(rows):
    import sklearn

    rows[2, 1] = np.nan
    with sklearn.config_context(assume_finite=True):
        np.testing.assert_array_equal(check_panel(rows).values, rows)


def test_series_out_of_range_is_named(rows):
    with refused(IndexError, "series 3 asked of a panel of 3 series"):
        check_panel(rows.reshape(3, 4, 3)).series(3)


def test_panel_counts(rows):
    panel = check_panel([rows[:5], rows[5:]])
    assert isinstance(panel, Panel)
    assert (panel.n_series, panel.n_rows, panel.n_channels) == (2, 12, 3)


def test_text_that_is_no_date_only_names_the_rows():
    X = pd.DataFrame({"a": [1.0, 2.0]}, index=["first", "second"])
    panel = check_panel(X)
    assert panel.spec.time.kind == "none"
    assert list(restore_rows(panel.values, panel).index) == ["first", "second"]
