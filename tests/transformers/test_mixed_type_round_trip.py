"""What goes through the encoder comes back: values, types, levels, labels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sktsgen
from sktsgen.transformers import MixedTypeEncoder

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00") | st.sampled_from("é😀\u200d "),
    max_size=6,
)


def integers(dtype):
    """Integers of a type, with an offset anywhere and a range that float32 resolves."""
    info = np.iinfo(dtype)
    width = min(2**18, info.max - info.min)

    def around(origin):
        return st.lists(st.integers(origin, origin + width), min_size=1, max_size=8)

    return st.integers(info.min, info.max - width).flatmap(around)


def floats(width):
    bound = float(np.float32(1e30))
    return st.lists(st.floats(-bound, bound, width=width), min_size=1, max_size=8)


def stamps(unit):
    """Ticks of a unit within what every unit holds, on a grid of a drawn step."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]

    def on_grid(origin_and_step):
        origin, step = origin_and_step
        ticks = st.integers(0, 2**18).map(lambda k: origin + k * step)
        return st.lists(ticks, min_size=1, max_size=8)

    origins = st.integers(-(10**9) * per_second, 10**9 * per_second)
    return st.tuples(origins, st.integers(1, 3600 * per_second)).flatmap(on_grid)


def column(pool, build, *, nullable=True):
    """Columns of 12 cells from a small pool, some cells missing."""
    cells = st.lists(st.integers(0, 10**6), min_size=12, max_size=12)
    gaps = st.sets(st.integers(0, 11), max_size=12) if nullable else st.just(set())

    def joined(drawn):
        values, chosen, missing = drawn
        return build(
            [
                None if i in missing else values[number % len(values)]
                for i, number in enumerate(chosen)
            ]
        )

    return st.tuples(pool, cells, gaps).map(joined)


def typed(dtype):
    return lambda cells: pd.Series(cells, dtype=dtype)


def datetimes(unit, zone):
    def build(cells):
        ticks = [np.iinfo(np.int64).min if cell is None else cell for cell in cells]
        index = pd.DatetimeIndex(np.array(ticks).view(f"M8[{unit}]"))
        return pd.Series(index if zone is None else index.tz_localize("UTC").tz_convert(zone))

    return build


def timedeltas(cells):
    ticks = [np.iinfo(np.int64).min if cell is None else cell for cell in cells]
    return pd.Series(np.array(ticks).view("m8[ms]"))


def categories(ordered):
    def build(cells):
        used = list(dict.fromkeys(cell for cell in cells if cell is not None))
        dtype = pd.CategoricalDtype([*used[::-1], "never used"], ordered=ordered)
        return pd.Series(cells, dtype=dtype)

    return build


TEXTS = st.lists(TEXT, min_size=1, max_size=4)
COLUMNS = {
    "float64": column(floats(64), typed("float64")),
    "float32": column(floats(32), typed("float32")),
    "Float64": column(floats(64), typed("Float64")),
    "int64": column(integers(np.int64), typed("int64"), nullable=False),
    "uint8": column(integers(np.uint8), typed("uint8"), nullable=False),
    "uint64": column(integers(np.uint64), typed("uint64"), nullable=False),
    "Int64": column(integers(np.int64), typed("Int64")),
    "UInt16": column(integers(np.uint16), typed("UInt16")),
    "bool": column(st.just([False, True]), typed("bool"), nullable=False),
    "boolean": column(st.just([False, True]), typed("boolean")),
    "str": column(TEXTS, typed("str")),
    "string": column(TEXTS, typed("string")),
    "object": column(TEXTS, typed(object)),
    "object of integers": column(integers(np.int64), typed(object)),
    "category": column(TEXTS, categories(False)),
    "ordered": column(TEXTS, categories(True)),
    "category of numbers": column(st.just([3, 1, 2]), typed("category")),
    "datetime": column(stamps("us"), datetimes("us", None)),
    "datetime of a zone": column(stamps("ns"), datetimes("ns", "Europe/Berlin")),
    "datetime in seconds": column(stamps("s"), datetimes("s", None)),
    "timedelta": column(stamps("ms"), timedeltas),
}


@st.composite
def frames(draw):
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4, unique=True))
    return pd.DataFrame({name: draw(COLUMNS[name]) for name in names})


def assert_same_cells(found, expected):
    """Equal types and cells, floats to within 1e-6 of their range."""
    assert found.dtype == expected.dtype
    assert (found.isna() == expected.isna()).all()
    if not pd.api.types.is_float_dtype(expected.dtype):
        pd.testing.assert_series_equal(found, expected)
        return
    found, expected = (
        series.to_numpy(dtype=np.float64, na_value=np.nan) for series in (found, expected)
    )
    present = expected[~np.isnan(expected)]
    error = np.abs(found - expected)[~np.isnan(expected)]
    if len(present):
        resolution = np.abs(present).max() * (1e-15 if found.dtype == np.float64 else 1e-7)
        assert (error <= 1e-6 * np.ptp(present) + resolution).all()


@given(table=frames())
def test_frames_come_back_with_their_cells_types_and_index(table):
    table.index = pd.Index(np.arange(12)[::-1] * 7, name="row")
    encoder = MixedTypeEncoder().fit(table)
    features = encoder.transform(table)
    assert (features.dtypes == np.float32).all()
    assert np.isfinite(features.to_numpy()).all()
    restored = encoder.inverse_transform(features)
    pd.testing.assert_index_equal(restored.index, table.index)
    pd.testing.assert_index_equal(restored.columns, table.columns)
    for name in table:
        assert_same_cells(restored[name], table[name])


@given(table=frames())
def test_levels_are_one_hot_and_numbers_standard(table):
    encoder = MixedTypeEncoder(calendar=False).fit(table)
    features = encoder.encode(table)
    for block in encoder.blocks_:
        part = features[:, block.start : block.stop].astype(np.float64)
        if block.kind == "discrete":
            assert ((part == 0) | (part == 1)).all()
            assert (part.sum(axis=1) == 1).all()
        elif block.width and encoder.kinds_[block.column] not in ("constant", "missing"):
            present = table.iloc[:, block.column].notna().to_numpy()
            assert abs(part[present].mean()) < 1e-3
            assert abs(part[present].std() - 1) < 1e-3
            assert (part[~present] == 0).all()
    stops = [block.stop for block in encoder.blocks_]
    assert [block.start for block in encoder.blocks_] == [0, *stops[:-1]]
    assert stops[-1] == features.shape[1] == len(encoder.get_feature_names_out())


@given(table=frames())
def test_features_stay_within_their_bounds(table):
    encoder = MixedTypeEncoder().fit(table)
    features = encoder.encode(table)
    assert (features >= encoder.bounds_[0]).all()
    assert (features <= encoder.bounds_[1]).all()


@given(table=frames())
def test_an_encoder_read_from_a_file_does_the_same(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder") / "encoder.sktsgen"
    encoder = MixedTypeEncoder(random_state=0).fit(table)
    encoder.save(path)
    loaded = sktsgen.load(path)
    features = encoder.encode(table)
    np.testing.assert_array_equal(loaded.encode(table), features)
    pd.testing.assert_frame_equal(loaded.decode(features), encoder.decode(features))
    assert loaded.blocks_ == encoder.blocks_


@given(table=frames(), seed=st.integers(0, 2**32 - 1))
def test_any_features_decode_to_what_fit_saw(table, seed):
    """Levels of `fit` only, whole numbers in their type, nothing missing that never was."""
    encoder = MixedTypeEncoder(random_state=0).fit(table)
    wild = np.random.default_rng(seed).normal(size=(30, encoder.n_features_out_)) * 4
    drawn = encoder.decode(wild.astype(np.float32))
    for i, name in enumerate(table):
        assert drawn[name].dtype == table[name].dtype
        if not table[name].isna().any():
            assert not drawn[name].isna().any()
        if encoder.kinds_[i] in ("binary", "categorical", "ordinal", "constant"):
            assert set(drawn[name].dropna()) <= set(table[name].dropna())
        if encoder.kinds_[i] == "count":
            assert (drawn[name].dropna() >= 0).all()


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "int64", "int32", "uint8", "int8", "bool", "uint64"]
)
def test_arrays_come_back_as_arrays_of_their_type(dtype):
    X = np.random.default_rng(0).integers(0, 100, (40, 3)).astype(dtype)
    encoder = MixedTypeEncoder().fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    assert restored.dtype == X.dtype
    np.testing.assert_allclose(restored, X, rtol=0, atol=1e-5 if X.dtype.kind == "f" else 0)


@pytest.mark.parametrize("origin", [2**53 - 3, 2**62, -(2**63), 2**63 - 1 - 400])
def test_integers_that_float64_cannot_hold_are_exact(origin):
    X = np.array([[origin + k] for k in [0, 1, 2, 7, 200, 399, 3, 4]], dtype=np.int64)
    encoder = MixedTypeEncoder().fit(X)
    np.testing.assert_array_equal(encoder.inverse_transform(encoder.transform(X)), X)
    frame = pd.DataFrame({"id": pd.array([*X[:, 0].tolist(), None], dtype="Int64")})
    encoder = MixedTypeEncoder().fit(frame)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(frame)), frame)


def test_integers_up_to_four_million_steps_are_exact():
    X = np.array([[0], [4_000_000], *([k] for k in range(1_999_980, 2_000_020))])
    encoder = MixedTypeEncoder().fit(X)
    assert encoder.kinds_ == ("count",)
    np.testing.assert_array_equal(encoder.inverse_transform(encoder.transform(X)), X)


def test_what_is_generated_stays_within_the_type():
    X = np.array([[0, -128], [255, 127], [7, 3]]).astype(np.int16)
    table = pd.DataFrame({"u": X[:, 0].astype(np.uint8), "i": X[:, 1].astype(np.int8)})
    encoder = MixedTypeEncoder().fit(table)
    drawn = encoder.decode(np.array([[9.0, 9.0], [-9.0, -9.0]], np.float32))
    assert drawn["u"].tolist() == [255, 0]
    assert drawn["i"].tolist() == [127, -128]
    wide = MixedTypeEncoder().fit(np.array([[-(2**63)], [2**63 - 1], [0]]))
    far = wide.decode(np.array([[9.0], [-9.0]], np.float32))
    assert far[:, 0].tolist() == [2**63 - 1, -(2**63)]


def test_small_steps_on_a_large_offset_survive():
    X = 1e9 + np.array([[0.0], [1e-3], [2e-3], [5e-3]])
    encoder = MixedTypeEncoder().fit(X)
    np.testing.assert_allclose(
        encoder.inverse_transform(encoder.transform(X)), X, rtol=0, atol=2e-7
    )


def test_periods_and_odd_categories_come_back():
    table = pd.DataFrame(
        {
            "period": pd.period_range("2019-11", periods=9, freq="M"),
            "interval": pd.Categorical(pd.interval_range(0, 3).repeat(3)),
            "overlap": pd.Categorical(
                [pd.Interval(0, 2), pd.Interval(1, 3), pd.Interval(0, 3)] * 3
            ),
            "stamp": pd.Categorical(pd.date_range("2020", periods=3).repeat(3)),
            "bytes": np.array([b"a", b"b", b""] * 3, dtype=object),
            "flags": np.array([True, None, False] * 3, dtype=object),
            "sparse": pd.arrays.SparseArray([0.0, 0, 1, 0, 2, 0, 0, 0, 0]),
        }
    )
    encoder = MixedTypeEncoder().fit(table)
    restored = encoder.inverse_transform(encoder.transform(table))
    dense = table.assign(sparse=table["sparse"].sparse.to_dense())
    pd.testing.assert_frame_equal(restored, dense, rtol=1e-6)
