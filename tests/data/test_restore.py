"""`restore_panel` and `restore_rows` give back the container that `check_panel` read."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sktsgen.data import check_panel, restore_dtype, restore_panel, restore_rows
from sktsgen.persistence import from_tree, to_tree

NUMPY_DTYPES = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint32",
    "int64",
    "float16",
    "float32",
    "float64",
]
NULLABLE_DTYPES = ["boolean", "Int8", "UInt16", "Int64", "Float32", "Float64"]
CONTAINERS = ["array_2d", "array_3d", "list_of_arrays", "list_of_frames", "frame", "panel_frame"]


@st.composite
def cubes(draw, dtype):
    """Small arrays (n_series, n_timesteps, n_channels) of finite cells."""
    shape = draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=4))
    kind = np.dtype(dtype).kind
    options = {"allow_nan": False, "allow_infinity": False} if kind == "f" else {}
    cells = hnp.from_dtype(np.dtype(dtype), **options)
    if kind in "iu":
        # What is beyond 2**53 is no longer exact in the float64 of a generator.
        cells = cells.filter(lambda cell: abs(int(cell)) <= 2**53)
    return draw(hnp.arrays(dtype, shape, elements=cells))


def build(container, cube, dtypes=None):
    """Put the series of a cube in a container."""
    n_series, n_timesteps, n_channels = cube.shape
    names = [f"c{i}" for i in range(n_channels)]
    frames = [
        pd.DataFrame(x, columns=names).astype(dict(zip(names, dtypes or [], strict=False)))
        for x in cube
    ]
    stamps = pd.date_range("2024-03-30", periods=n_timesteps, freq="D", tz="Europe/Berlin")
    if container == "array_2d":
        return cube[0]
    if container == "array_3d":
        return cube
    if container == "list_of_arrays":
        return list(cube)
    if container == "list_of_frames":
        return frames
    if container == "frame":
        return frames[0].set_index(stamps.rename("day"))
    ids = pd.Index([str(i) for i in range(n_series)], name="site")
    index = pd.MultiIndex.from_product([ids, stamps.rename("day")])
    return pd.concat(frames).set_index(index)


def assert_same(restored, X):
    if isinstance(X, np.ndarray):
        assert restored.dtype == X.dtype
        np.testing.assert_array_equal(restored, X)
    elif isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(restored, X, check_freq=False)
    else:
        assert len(restored) == len(X)
        for one, other in zip(restored, X, strict=True):
            assert_same(one, other)


@pytest.mark.parametrize("container", CONTAINERS)
@given(data=st.data())
def test_generated_values_come_back_in_the_container(container, data):
    """What was read, were it drawn by a generator in float64, is restored cell by cell."""
    cube = data.draw(st.sampled_from(NUMPY_DTYPES).flatmap(cubes))
    if container in ("array_2d", "frame"):
        cube = cube[:1]
    X = build(container, cube)
    panel = check_panel(X)
    if panel.spec.time.kind != "none" and panel.spec.time.freq is None:
        return  # one row a series: the frequency is unknown
    restored = restore_panel(cube.astype(np.float64), panel.spec)
    if container == "array_2d":
        X = cube
    if container == "frame":
        X = pd.concat([X], keys=pd.Index([0], name="series"))
    assert_same(restored, X)


@pytest.mark.parametrize("container", CONTAINERS)
@given(data=st.data())
def test_rows_come_back_in_the_container(container, data):
    cube = data.draw(st.sampled_from(NUMPY_DTYPES).flatmap(cubes))
    X = build(container, cube)
    panel = check_panel(X)
    assert_same(restore_rows(panel.values, panel), X)


@given(data=st.data())
def test_columns_keep_their_own_dtypes(data):
    dtypes = data.draw(st.lists(st.sampled_from(NUMPY_DTYPES + NULLABLE_DTYPES), min_size=1))
    cube = np.ones((2, 3, len(dtypes)), dtype=np.int8)
    X = build("panel_frame", cube, dtypes)
    panel = check_panel(X)
    assert_same(restore_panel(cube.astype(np.float32), panel.spec), X)
    assert_same(restore_rows(panel.values, panel, dtypes=panel.spec.dtypes), X)


@pytest.mark.parametrize("container", CONTAINERS)
def test_spec_survives_a_file(container):
    spec = check_panel(build(container, np.ones((2, 3, 2)))).spec
    assert from_tree(*to_tree(spec)) == spec


@given(
    dtype=st.sampled_from([dtype for dtype in NUMPY_DTYPES if np.dtype(dtype).kind in "iu"]),
    value=st.floats(allow_nan=False, allow_infinity=True),
)
def test_integers_are_rounded_and_kept_in_range(dtype, value):
    info = np.iinfo(dtype)
    exact = info.max if value == np.inf else info.min if value == -np.inf else round(value)
    restored = restore_dtype(np.array([value]), np.dtype(dtype))
    assert restored.dtype == dtype
    assert int(restored[0]) == min(max(exact, info.min), info.max)


def test_float32_does_not_lose_the_range_of_wide_integers():
    restored = restore_dtype(np.float32([3e9, -3e9, 2**31 - 1]), np.dtype("int32"))
    assert restored.tolist() == [2**31 - 1, -(2**31), 2**31 - 1]


def test_integers_are_clipped_to_a_narrower_type():
    assert restore_dtype(np.array([300, -5]), np.dtype("uint8")).tolist() == [255, 0]


def test_booleans_are_true_from_a_half_on():
    values = np.array([-1.0, 0.49, 0.5, 7.0])
    assert restore_dtype(values, np.dtype(bool)).tolist() == [False, False, True, True]
    restored = restore_dtype(values, pd.BooleanDtype())
    assert restored.dtype == "boolean"
    assert restored.tolist() == [False, False, True, True]


def test_floats_are_clipped_to_a_narrower_type():
    restored = restore_dtype(np.array([1e6, -1e6, 0.5]), np.dtype("float16"))
    assert restored.tolist() == [65504.0, -65504.0, 0.5]


def test_nullable_types_take_nan_as_missing():
    restored = restore_dtype(np.array([1.6, np.nan]), pd.Int8Dtype())
    pd.testing.assert_extension_array_equal(restored, pd.array([2, None], dtype="Int8"))


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_nan_in_a_type_without_missing_values_is_refused(dtype):
    with pytest.raises(ValueError, match=f"values hold NaN, which {dtype} cannot"):
        restore_dtype(np.array([np.nan]), np.dtype(dtype))


# Identifiers, names and time.


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (pd.Index(["u", "v"], name="site"), pd.Index(["0", "1", "2"], name="site")),
        (pd.Index(["u", "v"], dtype=object), pd.Index(["0", "1", "2"], dtype=object)),
        (pd.Index([7, 5], dtype="int16"), pd.Index([0, 1, 2], dtype="int16")),
        (pd.Index([7, 5], dtype="Int64"), pd.Index([0, 1, 2], dtype="Int64")),
        (pd.CategoricalIndex(["u", "v"]), pd.Index(["0", "1", "2"])),
        (pd.Index([0.5, 1.5]), pd.Index([0, 1, 2])),
        (pd.DatetimeIndex(["2024-01-01", "2024-01-02"]), pd.Index([0, 1, 2])),
    ],
)
def test_new_identifiers_have_the_type_of_the_old(ids, expected):
    X = pd.DataFrame({"a": np.arange(4.0)}, index=pd.MultiIndex.from_product([ids, [0, 1]]))
    spec = check_panel(X).spec
    restored = restore_panel(np.zeros((3, 2, 1)), spec)
    pd.testing.assert_index_equal(restored.index.levels[0], expected)


def test_more_series_than_the_identifier_type_can_count_widen_it():
    index = pd.MultiIndex.from_product([pd.Index([0, 1], dtype="int8"), [0, 1]])
    spec = check_panel(pd.DataFrame({"a": np.arange(4.0)}, index=index)).spec
    restored = restore_panel(np.zeros((200, 1, 1)), spec)
    assert restored.index.get_level_values(0).tolist() == list(range(200))


def test_identifiers_may_be_given():
    spec = check_panel(build("panel_frame", np.ones((2, 3, 1)))).spec
    restored = restore_panel(np.zeros((2, 1, 1)), spec, series_ids=["x", "y"])
    assert restored.index.get_level_values("site").tolist() == ["x", "y"]


def test_names_and_levels_of_columns_survive():
    columns = pd.MultiIndex.from_tuples([("u", 1), ("u", 2)], names=["kind", "n"])
    X = pd.DataFrame(np.ones((3, 2)), columns=columns)
    restored = restore_panel(np.ones((1, 3, 2)), check_panel(X).spec)
    pd.testing.assert_index_equal(restored.columns, columns)
    assert restored.index.names == ["series", "time"]


def test_one_series_keeps_the_name_of_its_time():
    spec = check_panel(build("frame", np.ones((1, 3, 1)))).spec
    assert restore_panel(np.ones((2, 4, 1)), spec).index.names == ["series", "day"]


def test_ragged_series_share_one_grid():
    X = build("panel_frame", np.ones((2, 3, 1)))
    restored = restore_panel([np.zeros((1, 1)), np.zeros((3, 1))], check_panel(X).spec)
    pd.testing.assert_frame_equal(restored, 0 * X.iloc[[0, 3, 4, 5]], check_freq=False)


def test_start_moves_every_series():
    spec = check_panel(build("panel_frame", np.ones((2, 3, 1)))).spec
    stamps = restore_panel(np.zeros((2, 2, 1)), spec, start="2030-06-01").index
    days = [pd.Timestamp("2030-06-01", tz="Europe/Berlin"), pd.Timestamp("2030-06-02 00:00+02:00")]
    assert stamps.get_level_values("day").tolist() == days * 2
    assert stamps.levels[1].freqstr == "D"


@pytest.mark.parametrize("container", ["panel_frame", "list_of_frames"])
def test_histories_are_continued_each_from_its_end(container):
    """Cut off the tails of series that end on different days: continuing gives them back."""
    stamps = pd.date_range("2024-03-28", periods=6, freq="D", tz="Europe/Berlin", name="day")
    parts = [pd.DataFrame({"a": np.zeros(6)}, index=stamps + k * stamps.freq) for k in (0, 2)]
    heads, tails = [x.iloc[:4] for x in parts], [x.iloc[4:] for x in parts]
    if container == "panel_frame":
        heads, tails = (pd.concat(x, keys=pd.Index([0, 1], name="id")) for x in (heads, tails))
    panel = check_panel(heads, reset=True)
    restored = restore_panel(np.zeros((2, 2, 1)), panel.spec, after=panel.last_stamps)
    assert_same(restored, tails)


def test_array_of_one_series_is_restored_with_three_axes():
    spec = check_panel(np.ones((5, 2), dtype=np.float32)).spec
    restored = restore_panel(np.full((1, 3, 2), 0.1), spec)
    np.testing.assert_array_equal(restored, np.full((1, 3, 2), 0.1, dtype=np.float32))


def test_ragged_series_of_arrays_are_a_list():
    spec = check_panel(np.ones((2, 5, 1))).spec
    restored = restore_panel([np.zeros((1, 1)), np.ones((2, 1))], spec)
    assert_same(restored, [np.zeros((1, 1)), np.ones((2, 1))])


@pytest.mark.parametrize(
    ("container", "shape", "options", "text"),
    [
        ("array_3d", (2, 3, 4), {}, "values has shape (2, 3, 4); (n_series, n_timesteps, 2)"),
        ("array_3d", (2, 3, 2), {"start": 1}, "start=1, after=None and series_ids=None need a"),
        ("list_of_frames", (2, 3, 2), {"start": 1}, "start=1 needs a time index, and the data"),
        ("list_of_frames", (2, 3, 2), {"after": [1, 2]}, "after=[1, 2] needs a time index, and"),
        ("list_of_frames", (2, 3, 2), {"series_ids": [1, 2]}, "series_ids=[1, 2] has no place in"),
        ("panel_frame", (2, 3, 2), {"after": ["2024"]}, "after has 1 stamps for 2 series; give"),
        (
            "panel_frame",
            (2, 3, 2),
            {"after": ["2024"] * 2, "start": "2025"},
            "start='2025' and after=['2024', '2024'] exclude each other; give one",
        ),
        ("panel_frame", (2, 3, 2), {"series_ids": [1, 1]}, "series_ids=[1, 1] must be 2 different"),
    ],
)
def test_what_cannot_be_restored_is_named(container, shape, options, text):
    spec = check_panel(build(container, np.ones((2, 3, 2)))).spec
    with pytest.raises(ValueError, match=re.escape(text)):
        restore_panel(np.zeros(shape), spec, **options)


def test_member_of_a_wrong_shape_is_named():
    spec = check_panel(np.ones((5, 2))).spec
    with pytest.raises(ValueError, match=re.escape("series 1 of values has shape (3,); (n_timest")):
        restore_panel([np.zeros((3, 2)), np.zeros(3)], spec)


# Results row by row.


def test_results_have_the_columns_asked_for():
    X = build("panel_frame", np.ones((2, 3, 2)))
    restored = restore_rows(np.zeros((6, 3)), check_panel(X), columns=["x", "y", "z"])
    pd.testing.assert_frame_equal(
        restored, pd.DataFrame(np.zeros((6, 3)), index=X.index, columns=["x", "y", "z"])
    )


def test_results_without_names_are_numbered():
    X = build("frame", np.ones((1, 3, 2)))
    assert restore_rows(np.zeros((3, 1)), check_panel(X)).columns.tolist() == [0]


def test_results_of_a_3d_array_have_three_axes():
    panel = check_panel(np.ones((2, 3, 2)))
    values = np.arange(6.0)[:, None]
    np.testing.assert_array_equal(restore_rows(values, panel), values.reshape(2, 3, 1))


def test_results_of_other_rows_are_refused():
    panel = check_panel(np.ones((4, 2)))
    with pytest.raises(ValueError, match="values has 3 rows, and the panel has 4"):
        restore_rows(np.zeros((3, 2)), panel)
