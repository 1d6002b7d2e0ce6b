"""The encoder among scikit-learn's estimators: containers, names, files, bad input."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktsgen.data import check_panel, restore_rows
from sktsgen.transformers import MixedTypeEncoder, feature_rows
from sktsgen.transformers import _feature_rows as rows_module
from tests.benchmarks._data import SHARED, has_shared_data


def mixed(n_rows=12):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "load": rng.normal(size=n_rows),
            "site": pd.Categorical(rng.choice(["a", "b"], n_rows)),
            "count": rng.integers(0, 9, n_rows),
        }
    )


# Containers.


def test_a_frame_gives_a_frame_with_its_index():
    table = mixed().set_axis(pd.date_range("2020", periods=12, name="day"))
    encoder = MixedTypeEncoder().fit(table)
    features = encoder.transform(table)
    assert features.columns.tolist() == ["load", "site=a", "site=b", "count"]
    pd.testing.assert_index_equal(features.index, table.index)
    restored = encoder.inverse_transform(features)
    pd.testing.assert_frame_equal(restored, table, rtol=0, atol=1e-6)


def test_rows_of_a_panel_are_encoded_one_by_one():
    table = mixed().set_axis(pd.MultiIndex.from_product([["x", "y", "z"], range(4)]))
    shuffled = table.sample(frac=1, random_state=0)
    encoder = MixedTypeEncoder().fit(table)
    expected = encoder.transform(table).loc[shuffled.index]
    pd.testing.assert_frame_equal(encoder.transform(shuffled), expected)


def test_three_dimensions_stay_three():
    X = np.random.default_rng(0).normal(size=(4, 5, 2))
    encoder = MixedTypeEncoder().fit(X)
    features = encoder.transform(X)
    assert features.shape == (4, 5, 2)
    np.testing.assert_array_equal(features.reshape(20, 2), encoder.transform(X.reshape(20, 2)))
    np.testing.assert_allclose(encoder.inverse_transform(features), X, rtol=0, atol=1e-6)
    wide = clone(encoder).set_output(transform="pandas").fit_transform(X)
    assert wide.shape == (20, 2)
    assert wide.index.names == ["series", "time"]


def test_lists_stay_lists():
    table = mixed()
    members = [table.iloc[:5].reset_index(drop=True), table.iloc[5:].reset_index(drop=True)]
    encoder = MixedTypeEncoder().fit(members)
    features = encoder.transform(members)
    assert [len(member) for member in features] == [5, 7]
    np.testing.assert_array_equal(pd.concat(features), encoder.transform(table))
    for restored, member in zip(encoder.inverse_transform(features), members, strict=True):
        pd.testing.assert_frame_equal(restored, member, rtol=0, atol=1e-6)
    arrays = [member.to_numpy(dtype=np.float64) for member in features]
    again = MixedTypeEncoder().fit(arrays)
    for restored, array in zip(
        again.inverse_transform(again.transform(arrays)), arrays, strict=True
    ):
        np.testing.assert_allclose(restored, array, rtol=0, atol=1e-6)


def test_columns_of_frames_in_a_list_keep_their_labels():
    numbers = mixed()[["load"]].assign(power=np.arange(12.0))
    parts = [numbers[:8], numbers[8:]]
    encoder = MixedTypeEncoder().fit(parts)
    assert encoder.feature_names_in_.tolist() == ["load", "power"]
    features = encoder.transform(parts)
    assert features[0].columns.tolist() == ["load", "power"]
    for restored, part in zip(encoder.inverse_transform(features), parts, strict=True):
        pd.testing.assert_frame_equal(restored, part, rtol=0, atol=1e-5)
    assert encoder.inverse_transform(features[1].to_numpy()).columns.tolist() == ["load", "power"]
    panel = check_panel(numbers)
    assert MixedTypeEncoder().fit(panel).feature_names_in_.tolist() == ["load", "power"]


@pytest.mark.parametrize(
    "cells",
    [
        pd.period_range("2024-01", periods=12, freq="M"),
        pd.Series([b"a", b"b", b"a"] * 4, dtype=object),
        pd.Series([1, 2, None, 4] * 3, dtype=object),
        pd.Series([True, None, False] * 4, dtype=object),
    ],
    ids=["period", "bytes", "integers with None", "flags with None"],
)
def test_frames_in_a_list_follow_the_rules_of_a_frame(cells):
    """Rows stand each for itself: their order, and so their stamps, mean nothing."""
    stamps = pd.date_range("2024-01-01", periods=12, name="day")[::-1]
    table = mixed().assign(cell=cells).set_axis(stamps)
    parts = [table[:8], table[8:]]
    encoder = MixedTypeEncoder().fit(parts)
    features = encoder.transform(parts)
    expected = MixedTypeEncoder().fit(table).transform(table)
    pd.testing.assert_frame_equal(pd.concat(features), expected, check_freq=False)
    for restored, part in zip(encoder.inverse_transform(features), parts, strict=True):
        pd.testing.assert_frame_equal(restored, part, rtol=0, atol=1e-6, check_freq=False)


def test_columns_of_frames_in_a_list_are_of_one_kind():
    parts = [mixed().assign(cell=pd.period_range("2024", periods=12, freq=f)) for f in "MD"]
    text = re.escape("'cell' of X[1] is of type period[D], that of X[0] is of type period[M];")
    with pytest.raises(TypeError, match=text):
        MixedTypeEncoder().fit(parts)


def test_swapped_columns_of_frames_in_a_list_are_refused():
    numbers = mixed()[["load"]].assign(power=np.arange(12.0))
    encoder = MixedTypeEncoder().fit([numbers])
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        encoder.transform([numbers[["power", "load"]]])


def test_features_of_a_frame_are_taken_by_their_names():
    table = mixed()
    encoder = MixedTypeEncoder().fit(table)
    features = encoder.transform(table)
    swapped = features.iloc[:, ::-1]
    expected = encoder.inverse_transform(features)
    pd.testing.assert_frame_equal(encoder.inverse_transform(swapped), expected)
    pd.testing.assert_frame_equal(encoder.inverse_transform([swapped])[0], expected)
    numbered = features.set_axis(range(4), axis=1)
    pd.testing.assert_frame_equal(encoder.inverse_transform(numbered), expected)
    with pytest.raises(ValueError, match=r"lacks the columns \['load'\], and has \['power'\];"):
        encoder.inverse_transform(features.rename(columns={"load": "power"}))


def test_generated_features_of_a_frame_become_a_panel_frame():
    encoder = MixedTypeEncoder().fit(mixed())
    drawn = encoder.inverse_transform(np.zeros((3, 4, encoder.n_features_out_)))
    assert drawn.shape == (12, 3)
    assert drawn.index.names == ["series", "time"]
    assert drawn.dtypes.equals(mixed().dtypes)


@pytest.mark.parametrize("dtype", [object, "U3"])
def test_arrays_of_text_give_arrays_of_text(dtype):
    X = np.array([["a", "é"], ["b", ""], ["a", "é"]]).astype(dtype)
    encoder = MixedTypeEncoder().fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    assert restored.dtype == X.dtype
    np.testing.assert_array_equal(restored, X)


def test_masked_cells_are_missing():
    X = np.random.default_rng(0).normal(size=(9, 2))
    is_masked = np.zeros(X.shape, dtype=bool)
    is_masked[2, 1] = is_masked[5, 1] = True
    masked = np.ma.MaskedArray(X, is_masked)
    encoder = MixedTypeEncoder().fit(masked)
    expected = np.where(is_masked, np.nan, X)
    np.testing.assert_allclose(
        encoder.inverse_transform(encoder.transform(masked)), expected, atol=1e-6
    )


def test_an_array_of_mixed_objects_comes_back():
    X = np.array([["a", 1, 2.5], ["b", 3, None], ["a", 2, 0.5]], dtype=object)
    encoder = MixedTypeEncoder().fit(X)
    assert encoder.kinds_ == ("categorical", "count", "continuous")
    assert encoder.inverse_transform(encoder.transform(X)).tolist() == X.tolist()


def test_frames_and_arrays_of_the_same_numbers_stand_in_for_each_other():
    X = np.random.default_rng(0).normal(size=(20, 2))
    frame = pd.DataFrame(X).astype("Float64")
    of_array, of_frame = MixedTypeEncoder().fit(X), MixedTypeEncoder().fit(frame)
    np.testing.assert_array_equal(of_array.transform(frame), of_frame.transform(X))


def test_integers_with_gaps_stand_in_for_integers():
    encoder = MixedTypeEncoder().fit(pd.DataFrame({"n": [1, 2, 6]}))
    with_gaps = pd.DataFrame({"n": pd.array([6, None, 2], dtype="Int64")})
    as_floats = pd.DataFrame({"n": [6.0, np.nan, 2.0]})
    expected = [encoder.encode(pd.DataFrame({"n": [n]}))[0, 0] for n in (6, 2)]
    for table in (with_gaps, as_floats):
        assert encoder.encode(table)[:, 0].tolist() == [expected[0], 0.0, expected[1]]


def test_input_is_not_changed():
    table = mixed()
    before = table.copy(deep=True)
    encoder = MixedTypeEncoder().fit(table)
    features = encoder.transform(table)
    kept = features.copy(deep=True)
    encoder.inverse_transform(features)
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(features, kept)


# Names, copies, neighbours.


def test_labels_of_any_sort_come_back():
    columns = pd.MultiIndex.from_tuples([("u", 1), ("u", 2), ("v", 1)], names=["a", None])
    for labels in (columns, pd.Index([3, 1, 2], name="n"), list("abc")):
        table = mixed().set_axis(labels, axis=1)
        encoder = MixedTypeEncoder().fit(table)
        restored = encoder.decode(encoder.encode(table))
        pd.testing.assert_index_equal(restored.columns, table.columns)


@pytest.mark.parametrize(
    "labels",
    [
        pd.Index(["a", "b", "c"], dtype=object),
        pd.Index([1, 2, 3], dtype="int8"),
        pd.CategoricalIndex(["a", "b", "c"], name="column"),
        pd.IntervalIndex.from_breaks(range(4)),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_come_back_in_their_type(labels):
    table = mixed().set_axis(labels, axis=1)
    encoder = MixedTypeEncoder().fit(table)
    restored = encoder.inverse_transform(encoder.transform(table))
    pd.testing.assert_index_equal(restored.columns, labels, exact=True)


def test_names_of_columns_may_be_given():
    encoder = MixedTypeEncoder().fit(np.array([[1.0, 4.0], [2.0, np.nan], [3.0, 6.0]]))
    assert encoder.get_feature_names_out(["a", "b"]).tolist() == [
        "a",
        "b",
        "b=<present>",
        "b=<missing>",
    ]


def test_pickled_and_copied_encoders_do_the_same():
    table = mixed()
    encoder = MixedTypeEncoder(kinds={"count": "ordinal"}).fit(table)
    other = pickle.loads(pickle.dumps(encoder))
    pd.testing.assert_frame_equal(other.transform(table), encoder.transform(table))
    assert clone(encoder).get_params() == encoder.get_params()


def test_skops_files_do_the_same():
    """Beside our own classes and the types of arrays nothing asks for trust."""
    io = pytest.importorskip("skops.io")
    table = mixed().assign(
        t=pd.date_range("2020", periods=12, tz="Europe/Berlin"),
        gap=pd.array([1, None] * 6, dtype="Int8"),
        word=np.array(["a", None] * 6, dtype=object),
        day=pd.Series(pd.Timestamp("2020-01-01"), index=range(12)).astype("category"),
    )
    encoder = MixedTypeEncoder().fit(table)
    data = io.dumps(encoder)
    unknown = io.get_untrusted_types(data=data)
    assert {name for name in unknown if not name.startswith("sktsgen.")} <= {"numpy.dtype"}
    features = encoder.transform(table)
    restored = io.loads(data, trusted=unknown).inverse_transform(features)
    pd.testing.assert_frame_equal(restored, encoder.inverse_transform(features))


def test_fit_twice_is_fit_once():
    table = mixed()
    encoder = MixedTypeEncoder().fit(np.ones((3, 7)))
    encoder.fit(table)
    assert encoder.blocks_ == MixedTypeEncoder().fit(table).blocks_


def test_it_stands_in_a_pipeline_and_beside_others():
    table = mixed()
    pipeline = make_pipeline(MixedTypeEncoder(), StandardScaler())
    scaled = pipeline.fit_transform(table)
    restored = pipeline.inverse_transform(scaled)
    pd.testing.assert_frame_equal(restored, table, rtol=0, atol=1e-5)
    beside = ColumnTransformer(
        [("number", StandardScaler(), ["load"]), ("others", MixedTypeEncoder(), ["site", "count"])]
    )
    assert beside.fit_transform(table).shape == (12, 4)


# Rows for training.


@pytest.mark.parametrize("is_frame", [True, False])
def test_rows_on_demand_equal_rows_made_once(monkeypatch, is_frame):
    table = mixed(60) if is_frame else np.random.default_rng(0).integers(0, 2, size=(60, 3)) * 1.5
    encoder = MixedTypeEncoder().fit(table)
    loaded = feature_rows(table, encoder, torch.device("cpu"))
    np.testing.assert_array_equal(loaded.numpy(), encoder.encode(table))
    monkeypatch.setattr(rows_module, "_PRELOADED", 10)
    lazy = feature_rows(table, encoder, torch.device("cpu"))
    assert not isinstance(lazy, torch.Tensor)
    assert lazy.shape[0] == 60
    rows = torch.tensor([[3, 33], [59, 0]])
    assert lazy[rows].equal(loaded[rows])


def test_a_mapped_array_is_encoded_as_one_in_memory(tmp_path):
    X = np.random.default_rng(0).normal(size=(200, 3))
    X[::7, 1] = np.nan
    X[:, 2] = 4.0
    mapped = np.memmap(tmp_path / "X", dtype=X.dtype, mode="w+", shape=X.shape)
    mapped[:] = X
    encoder = MixedTypeEncoder().fit(np.memmap(tmp_path / "X", np.float64, "r", shape=X.shape))
    assert encoder.blocks_ == MixedTypeEncoder().fit(X).blocks_
    np.testing.assert_array_equal(encoder.encode(mapped), encoder.encode(X))


# Bad input.


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ({"a": [1.0, np.inf]}, ValueError, r"infinity in column 'a', first in row 1; replace"),
        (
            np.array([[1.0, 2.0], [3.0, -np.inf]]),
            ValueError,
            r"infinity in column 1, first in row 1",
        ),
        (
            {"a": [1j, 2j]},
            ValueError,
            r"Complex data not supported: column 'a' is of type complex128",
        ),
        (
            {"a": [1, "x", 2]},
            TypeError,
            r"column 'a' holds 'x' of type str in row 1; .* string .* number",
        ),
        ({"a": ["x", None, 2]}, TypeError, r"column 'a' holds 2 of type int in row 2"),
        ({"a": [{}, {}]}, TypeError, r"column 'a' holds {} of type dict in row 0"),
        (
            {"a": pd.arrays.IntervalArray.from_breaks([0, 1, 2])},
            TypeError,
            r"column 'a' is of type interval",
        ),
        (np.empty((3, 0)), ValueError, r"0 feature\(s\) \(shape=\(3, 0\)\)"),
        (pd.DataFrame(index=range(3)), ValueError, r"0 feature\(s\) \(shape=\(3, 0\)\)"),
        ({"a": []}, ValueError, r"0 sample\(s\) \(shape=\(0, 1\)\)"),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            ValueError,
            r"column 'a' occurs more than once",
        ),
    ],
)
def test_tables_that_cannot_be_encoded_are_refused(table, error, message):
    table = pd.DataFrame(table) if isinstance(table, dict) else table
    with pytest.raises(error, match=message):
        MixedTypeEncoder().fit(table)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        (
            {"nowhere": "integer"},
            r"kinds names the column 'nowhere'; the table has \['load', 'site', 'c",
        ),
        ({"load": "number"}, r"kinds\['load'\]='number' is no kind of column; choose among"),
        ({"load": "integer"}, r"column 'load' holds 0\.1257.* in row 0, which is no whole number"),
        ({"count": "binary"}, r"column 'count' has \d values, and a binary one has two"),
    ],
)
def test_kinds_that_do_not_fit_are_refused(kinds, message):
    with pytest.raises(ValueError, match=message):
        MixedTypeEncoder(kinds=kinds).fit(mixed())


def test_text_cannot_be_a_number():
    with pytest.raises(
        TypeError, match=r"column 'site' is of type category, and numbers are needed"
    ):
        MixedTypeEncoder(kinds={"site": "integer"}).fit(mixed())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda t: t.drop(columns="site"),
            ValueError,
            r"Feature names seen at fit time, yet now missing",
        ),
        (lambda t: t[["site", "load", "count"]], ValueError, r"must be in the same order"),
        (lambda t: t.assign(load="x"), TypeError, r"column 'load' is of type str, and numbers"),
        (lambda t: t.assign(load=np.inf), ValueError, r"infinity in column 'load', first in row 0"),
    ],
)
def test_other_tables_are_refused_by_transform(change, error, message):
    encoder = MixedTypeEncoder().fit(mixed())
    with pytest.raises(error, match=message):
        encoder.transform(change(mixed()))


def test_infinity_is_refused_in_numbers_by_transform():
    frame = pd.DataFrame(np.eye(3), columns=list("abc"))
    with pytest.raises(ValueError, match=r"infinity in column 'b', first in row 0"):
        MixedTypeEncoder().fit(frame).transform(frame.replace({"b": {0.0: np.inf}}))
    encoder = MixedTypeEncoder().fit(np.eye(3))
    with pytest.raises(ValueError, match=r"infinity in column 2, first in row 1"):
        encoder.transform([[0.0, 1.0, 2.0], [0.0, 1.0, np.inf]])


def test_stamps_of_another_sort_are_refused():
    table = pd.DataFrame({"t": pd.date_range("2020", periods=3)})
    encoder = MixedTypeEncoder().fit(table)
    with pytest.raises(
        TypeError, match=r"column 't' is of type datetime64\[us, UTC\], and datetime64"
    ):
        encoder.transform(table.apply(lambda column: column.dt.tz_localize("UTC")))


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((2, 3)), r"X has 3 features, and the encoder makes 4; pass what its transform"),
        (np.full((2, 4), np.nan), r"Input X contains NaN"),
    ],
)
def test_other_features_are_refused(features, message):
    with pytest.raises(ValueError, match=message):
        MixedTypeEncoder().fit(mixed()).inverse_transform(features)


# Real tables.

REAL = {
    "bike_sharing_hour": {
        "dteday": "datetime64[us]",
        "season": "category",
        "weathersit": "category",
    },
    "beijing_pm25": {"cbwd": "category"},
    "nasdaq100_2019": {"date": "datetime64[us]", "Sector": "category", "Symbol": "category"},
    "hurricane_florida": {"date": "datetime64[us]", "region": "category"},
}


@pytest.mark.skipif(not has_shared_data(), reason="no real series beside the checkout")
@pytest.mark.parametrize("name", list(REAL))
def test_real_tables_come_back(name):
    """Floats and wide counts to within 1e-6 of their range, all else exactly."""
    table = pd.read_csv(SHARED / "data" / f"{name}.csv.gz").astype(REAL[name])
    encoder = MixedTypeEncoder(min_frequency=1, max_categories=2000).fit(table)
    features = encoder.encode(table)
    assert np.isfinite(features).all()
    assert np.abs(features).max() < 20
    restored = encoder.decode(features)
    for i, label in enumerate(table):
        expected, found = table[label], restored[label]
        assert found.dtype == expected.dtype
        is_wide = encoder.kinds_[i] == "count" and np.ptp(expected) > 400_000
        if encoder.kinds_[i] != "continuous" and not is_wide:
            pd.testing.assert_series_equal(found, expected)
            continue
        np.testing.assert_array_equal(found.isna(), expected.isna())
        allowed = 1e-6 * (expected.max() - expected.min()) + 0.5 * is_wide
        assert (found - expected).abs().max() <= allowed


# The walk of the generators.


def test_a_mixed_panel_comes_back_through_features():
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2020-03-28", periods=6, freq="h", tz="Europe/Berlin")
    index = pd.MultiIndex.from_product([["u", "v"], stamps], names=["site", "time"])
    table = pd.DataFrame(
        {
            "load": np.where(rng.random(12) < 0.3, np.nan, rng.normal(size=12)),
            "trips": pd.array([1, None, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], dtype="Int32"),
            "word": np.array(["a", "b", None] * 4, dtype=object),
            "number": np.array([1, None, 3, 4] * 3, dtype=object),
            "due": stamps.tz_localize(None).append(stamps.tz_localize(None)),
            "flag": [True, False, True] * 4,
        },
        index=index,
    )
    panel = check_panel(table, mixed=True, missing=True)
    encoder = MixedTypeEncoder(calendar=False).fit(panel.values)
    features = encoder.encode(panel.values)
    np.testing.assert_array_equal(encoder.encode(panel.series(1)), features[6:])
    restored = restore_rows(encoder.decode(features), panel, dtypes=panel.spec.dtypes)
    pd.testing.assert_frame_equal(restored, table, rtol=0, atol=1e-6)
