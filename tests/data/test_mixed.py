"""Tables of several column types, with and without gaps, in every container of frames."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sktsgen.data import Panel, check_panel, restore_dtype, restore_panel, restore_rows
from sktsgen.persistence import from_tree, to_tree

N_ROWS = 6


def columns(n_rows=N_ROWS):
    """One column of each type that a frame may hold, without gaps, by name."""
    hours = pd.date_range("2024-03-30 22:00", periods=n_rows, freq="h")
    numbers = np.arange(n_rows)
    letters = np.array(list("abca" * n_rows))[:n_rows]
    return {
        "float64": numbers / 3,
        "float32": (numbers / 3).astype("float32"),
        "int64": numbers + 2**53 + 1,
        "uint8": numbers.astype("uint8"),
        "bool": numbers % 2 == 0,
        "Int16": pd.array(numbers, dtype="Int16"),
        "Float64": pd.array(numbers / 3, dtype="Float64"),
        "boolean": pd.array(numbers % 2 == 0, dtype="boolean"),
        "str": pd.array(letters, dtype="str"),
        "string": pd.array(letters, dtype="string"),
        "object": np.array([*letters[:-1], ""], dtype=object),
        "category": pd.Categorical(letters, categories=["c", "unused", "a", "b"], ordered=True),
        "category of integers": pd.Categorical(numbers % 3),
        "datetime": hours.as_unit("s"),
        "datetime with zone": hours.tz_localize("Asia/Tokyo").as_unit("ms"),
        "timedelta": (hours - hours[0]).as_unit("ns"),
    }


WITH_GAPS = [name for name in columns() if name not in ("int64", "uint8", "bool")]


def table(n_rows=N_ROWS, *, gaps=False):
    """Every column; the second cell of each that can be is missing."""
    X = pd.DataFrame(columns(n_rows))
    if gaps:
        for name in WITH_GAPS:
            X.loc[1, name] = None if name == "object" else np.nan
    return X


def build(container, X):
    """Put the rows of a table in a container of frames, two series where it can."""
    half = len(X) // 2
    day = pd.date_range("2024-03-30", periods=half, freq="D", tz="Europe/Berlin", name="day")
    if container == "frame":
        return X.set_axis(pd.date_range("2024", periods=len(X), freq="h", name="hour"), axis=0)
    if container == "list_of_frames":
        return [X.iloc[:half].set_axis(day, axis=0), X.iloc[half:].set_axis(day, axis=0)]
    index = pd.MultiIndex.from_product([pd.Index(["u", "v"], name="site"), day])
    panel = X.set_axis(index, axis=0)
    return panel if container == "panel_frame" else panel.sort_index(level=1, kind="stable")


def assert_same(restored, X):
    if isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(restored, X, check_freq=False)
        assert [type(dtype) for dtype in restored.dtypes] == [type(dtype) for dtype in X.dtypes]
        return
    assert len(restored) == len(X)
    for one, other in zip(restored, X, strict=True):
        assert_same(one, other)


@st.composite
def random_tables(draw):
    """Random cells, a third of them missing in columns that can hold that."""
    names = draw(st.lists(st.sampled_from(list(columns())), min_size=1, max_size=5))
    X = pd.DataFrame(columns())[list(dict.fromkeys(names))]
    rows = draw(st.lists(st.integers(0, N_ROWS - 1), min_size=N_ROWS, max_size=N_ROWS))
    X = X.iloc[rows].reset_index(drop=True)
    for name in [name for name in X if name in WITH_GAPS]:
        gaps = draw(
            st.lists(st.sampled_from([True, False, False]), min_size=N_ROWS, max_size=N_ROWS)
        )
        if any(gaps):
            X.loc[gaps, name] = np.nan
    return X


CONTAINERS = ["frame", "list_of_frames", "panel_frame", "interleaved"]


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("container", CONTAINERS)
def test_rows_of_a_mixed_table_come_back_as_they_were(container, gaps):
    X = build(container, table(gaps=gaps))
    panel = check_panel(X, mixed=True, missing=gaps, reset=True)
    assert_same(restore_rows(panel.values, panel), X)
    assert_same(restore_rows(panel.values, panel, dtypes=panel.spec.dtypes), X)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_drawn_table_comes_back_in_the_container_of_fit(container, gaps):
    """Rows series by series, were they drawn, are what was read, under new identifiers."""
    X = build(container, table(gaps=gaps))
    panel = check_panel(X, mixed=True, missing=gaps, reset=True)
    drawn = restore_panel(panel.values, panel.spec, lengths=panel.lengths)
    if container == "frame":
        X = X.set_axis(pd.MultiIndex.from_product([[0], X.index], names=["series", "hour"]))
    elif container != "list_of_frames":
        X = X.sort_index(kind="stable")
        X.index = X.index.set_levels(pd.Index(["0", "1"]), level=0)
    assert_same(drawn, X)


@pytest.mark.parametrize("container", CONTAINERS)
@settings(max_examples=20)
@given(X=random_tables())
def test_random_tables_come_back_as_they_were(container, X):
    given = build(container, X)
    panel = check_panel(given, mixed=True, missing=True)
    assert_same(restore_rows(panel.values, panel, dtypes=panel.spec.dtypes), given)
    np.testing.assert_array_equal(panel.observed, X.notna())
    assert panel.has_missing == X.isna().any(axis=None)


@pytest.mark.parametrize("container", CONTAINERS)
def test_values_are_rows_series_by_series_in_their_own_types(container):
    X = table()
    panel = check_panel(build(container, X), mixed=True)
    pd.testing.assert_frame_equal(panel.values, X)
    assert isinstance(panel.values.index, pd.RangeIndex)
    half = N_ROWS // 2
    last = X if container == "frame" else X.iloc[half:]
    pd.testing.assert_frame_equal(panel.series(-1), last)


def test_observed_tells_every_missing_cell():
    X = table(gaps=True)
    panel = check_panel(X, mixed=True, missing=True)
    expected = np.ones(X.shape, dtype=bool)
    expected[1] = [name not in WITH_GAPS for name in X]
    assert panel.has_missing
    np.testing.assert_array_equal(panel.observed, expected)


def test_without_gaps_everything_is_observed_at_no_cost():
    panel = check_panel(table(), mixed=True, missing=True)
    assert not panel.has_missing
    assert panel.observed.all()
    assert panel.observed.shape == panel.values.shape
    assert panel.observed.strides == (0, 0)


@pytest.mark.parametrize(
    "container", ["array_2d", "array_3d", "list", "frame", "Float64", "masked", "masked list"]
)
def test_numbers_with_gaps_are_one_array_of_nan(container):
    X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    X[2, 1] = np.nan
    masked = np.ma.array(np.nan_to_num(X, nan=999.0), mask=np.isnan(X))
    given = {
        "array_2d": X,
        "array_3d": X[None],
        "list": [X[:1], X[1:]],
        "frame": pd.DataFrame(X),
        "Float64": pd.DataFrame(X).astype("Float64"),
        "masked": masked,
        "masked list": [masked[:1], masked[1:]],
    }[container]
    panel = check_panel(given, missing=True)
    assert panel.has_missing
    np.testing.assert_allclose(panel.values, X, rtol=1e-7)
    np.testing.assert_array_equal(panel.observed, ~np.isnan(X))
    if container in ("array_2d", "array_3d", "frame"):
        assert np.shares_memory(panel.values, np.asarray(given))


def test_nullable_integers_with_gaps_are_floats_where_only_numbers_are_allowed():
    X = pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int8"), "x": [0.5, 1.5, 2.5]})
    panel = check_panel(X, missing=True)
    assert panel.spec.dtypes == tuple(X.dtypes)
    np.testing.assert_array_equal(panel.values, [[1, 0.5], [np.nan, 1.5], [3, 2.5]])
    restored = restore_rows(panel.values, panel, dtypes=panel.spec.dtypes)
    pd.testing.assert_frame_equal(restored, X)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "bool"])
def test_a_frame_of_one_numpy_type_is_a_view_whatever_is_allowed(dtype):
    X = pd.DataFrame(np.arange(6).reshape(3, 2).astype(dtype))
    panel = check_panel(X, mixed=True, missing=True)
    assert panel.values.dtype == dtype
    assert np.shares_memory(panel.values, X.to_numpy())


def test_a_mixed_frame_shares_its_memory():
    X = pd.DataFrame({"x": np.arange(4.0), "c": pd.Categorical(list("abab"))})
    panel = check_panel(X, mixed=True)
    assert np.shares_memory(panel.values["x"].to_numpy(), X["x"].to_numpy())


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_mixed_table_is_not_modified(container):
    X = build(container, table(gaps=True))
    members = X if isinstance(X, list) else [X]
    before = [member.copy(deep=True) for member in members]
    panel = check_panel(X, mixed=True, missing=True, reset=True)
    restore_panel(panel.values, panel.spec, lengths=panel.lengths)
    assert_same(members, before)


def test_copy_of_a_mixed_table_shares_no_memory():
    X = pd.DataFrame({"x": np.arange(4.0), "c": list("abab")})
    panel = check_panel(X, mixed=True, copy=True)
    assert not np.shares_memory(panel.values["x"].to_numpy(), X["x"].to_numpy())


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([1, 2, 3], "int64"),
        ([1, None, 3], "Int64"),
        ([1.5, 2, 3], "float64"),
        ([1.5, None, float("nan")], "float64"),
        ([True, False, True], "bool"),
        ([True, None, True], "boolean"),
        ([np.int8(1), np.float32(2.5), 3], "float64"),
    ],
)
def test_objects_that_are_numbers_become_numbers_and_come_back_as_objects(cells, dtype):
    X = pd.DataFrame({"a": pd.Series(cells, dtype=object), "t": list("xyz")})
    panel = check_panel(X, mixed=True, missing=True)
    assert panel.values["a"].dtype == dtype
    assert panel.observed[:, 0].tolist() == [not pd.isna(cell) for cell in cells]
    restored = restore_rows(panel.values, panel, dtypes=panel.spec.dtypes)["a"]
    assert restored.dtype == object
    assert [None if pd.isna(cell) else cell for cell in cells] == restored.tolist()


def test_sparse_columns_of_a_mixed_table_are_dense():
    X = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0, 0.0]), "b": list("xyz")})
    panel = check_panel(X, mixed=True)
    assert panel.values.dtypes.tolist() == [np.dtype("float64"), X["b"].dtype]
    assert panel.values["a"].tolist() == [0.0, 1.0, 0.0]


def test_a_mixed_panel_passes_through():
    panel = check_panel(table(gaps=True), mixed=True, missing=True)
    assert check_panel(panel, mixed=True, missing=True) is panel


def test_spec_of_a_mixed_table_survives_a_file():
    spec = check_panel(table(), mixed=True).spec
    assert from_tree(*to_tree(spec)) == spec


@pytest.mark.parametrize(
    "columns",
    [
        pd.Index(["a", "b"], dtype=object, name="what"),
        pd.CategoricalIndex(["b", "a"], name="what"),
        pd.DatetimeIndex(["2024-01-01", "2025-01-01"]).as_unit("s"),
        pd.Index([3, 1], dtype="int16"),
        pd.Index([("a", 1), "b"], tupleize_cols=False),
    ],
    ids=str,
)
def test_column_labels_keep_their_type(columns):
    X = pd.DataFrame([[1.0, 2.0]] * 3, columns=columns)
    spec = from_tree(*to_tree(check_panel(X).spec))
    restored = restore_panel(np.ones((1, 3, 2)), spec)
    pd.testing.assert_index_equal(restored.columns, columns, exact=True)


# Cells put back into the types of the user.


NUMBER_TYPES = ["int64", "uint8", "float32", "Int16", "Float64", "boolean", "bool"]


@given(
    source=st.sampled_from(NUMBER_TYPES),
    target=st.sampled_from([*NUMBER_TYPES, "object"]),
    cells=st.lists(st.sampled_from([0, 1]), min_size=1, max_size=4),
)
def test_numbers_are_told_from_one_type_to_another(source, target, cells):
    restored = restore_dtype(pd.array(cells, dtype=source), pd.api.types.pandas_dtype(target))
    assert restored.dtype == target
    assert [int(cell) for cell in restored] == cells


def test_nullable_integers_beyond_the_floats_stay_exact():
    values = pd.array([2**53 + 1, -(2**62)], dtype="Int64")
    assert restore_dtype(values, np.dtype("int64")).tolist() == [2**53 + 1, -(2**62)]


def test_levels_become_categories_of_fit():
    dtype = pd.CategoricalDtype(["b", "unused", "a"], ordered=True)
    restored = restore_dtype(pd.Series(["a", None, "b"]), dtype)
    expected = pd.Categorical(["a", None, "b"], dtype=dtype)
    pd.testing.assert_extension_array_equal(restored, expected)


def test_text_keeps_its_kind_of_missing():
    values = pd.array(["a", None], dtype="str")
    assert restore_dtype(values, np.dtype(object)).tolist() == ["a", None]
    assert restore_dtype(values, pd.StringDtype())[1] is pd.NA
    assert (
        restore_dtype(np.array(["a", None], dtype=object), pd.StringDtype(na_value=np.nan))[0]
        == "a"
    )


def test_stamps_keep_unit_and_zone():
    stamps = pd.Series(pd.date_range("2024-03-31", periods=3, freq="h", tz="UTC", unit="ns"))
    dtype = pd.DatetimeTZDtype("s", "Europe/Berlin")
    restored = restore_dtype(stamps, dtype)
    assert restored.dtype == dtype
    assert list(restored) == list(stamps)


@pytest.mark.parametrize(
    ("values", "dtype", "error", "text"),
    [
        (["a", "z"], pd.CategoricalDtype(["a"]), ValueError, "values hold 'z', which is none of"),
        ([1, 2], np.dtype("M8[s]"), TypeError, r"values are of type int64, and datetime64\[s\] is"),
        (["a"], np.dtype("float64"), TypeError, "values are of type str, and numbers are needed"),
        ([1.0, None], np.dtype("int8"), ValueError, "values hold NaN, which int8 cannot; use a"),
    ],
)
def test_cells_of_another_kind_are_refused(values, dtype, error, text):
    with pytest.raises(error, match=text):
        restore_dtype(pd.Series(values), dtype)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda X: X.iloc[:-1],
            r"values has shape \(5, 16\), and lengths=\[3, 3\] of a panel of 16",
        ),
        (lambda X: X.iloc[:, :-1], r"values has shape \(6, 15\), and lengths=\[3, 3\]"),
        (
            lambda X: X.iloc[:, ::-1],
            r"values has the columns \['timedelta', .*put them in this order",
        ),
    ],
)
def test_a_table_of_another_shape_is_refused(change, text):
    panel = check_panel(build("panel_frame", table()), mixed=True)
    with pytest.raises(ValueError, match=text):
        restore_panel(change(panel.values), panel.spec, lengths=panel.lengths)


def test_a_table_without_lengths_is_refused():
    panel = check_panel(table(), mixed=True)
    with pytest.raises(ValueError, match="or lengths= for rows one below the other"):
        restore_panel(panel.values, panel.spec)


def test_flat_rows_of_arrays_are_restored_by_their_lengths():
    panel = check_panel([np.ones((2, 1)), np.zeros((1, 1))])
    restored = restore_panel(np.array([[1], [2], [3]]), panel.spec, lengths=[1, 2])
    assert [member.tolist() for member in restored] == [[[1.0]], [[2.0], [3.0]]]
    assert isinstance(panel, Panel)
