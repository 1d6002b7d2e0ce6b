"""Typed trees and files: what goes in comes out, and nothing else is let in."""

import dataclasses
import errno
import hashlib
import json
import math
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import sktsgen
from sktsgen.exceptions import FileFormatError
from sktsgen.persistence import _file as file_module
from sktsgen.persistence import from_tree, load, register, registry, save_estimator, to_tree


@register
@dataclasses.dataclass(frozen=True)
class ToySpec:
    columns: tuple
    dtypes: tuple
    freq: object = None


@register
class ToyEstimator:
    """A state like an estimator's: parameters, arrays, a specification and plain module data."""

    def __init__(self, n_components=4, device="auto"):
        self.n_components = n_components
        self.device = device

    def fit(self):
        rng = np.random.default_rng(0)
        self.spec_ = ToySpec(("a", "b"), (np.dtype("<i4"), pd.Int64Dtype()), pd.offsets.Hour(2))
        self.loss_curve_ = [1.5, 0.25, math.nan]
        self.module_ = {
            "__module__": "Prior",
            "config": {"d_model": 8, "scales": (1, 4)},
            "arrays": {
                "layers.0.weight": rng.standard_normal((8, 4)).astype(np.float32),
                "layers.1.weight": rng.standard_normal((8, 4)).astype(np.float32),
                "bias": np.array(2.5),
            },
        }
        return self

    def __getstate__(self):
        return dict(self.__dict__)

    def __setstate__(self, state):
        self.__dict__.update(state)

    def to_device(self, device):
        self.device_ = device
        return self


def same(a, b):
    """Tell whether two values agree in type and, bit for bit, in content."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        head = a.dtype == b.dtype and a.shape == b.shape
        if a.dtype == object:
            return head and all(map(same, a.ravel(), b.ravel()))
        return head and a.tobytes() == b.tobytes()
    if isinstance(a, np.generic):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return math.copysign(1, a) == math.copysign(1, b) and (a == b or (a != a and b != b))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a), list(b)) and same(list(a.values()), list(b.values()))
    if dataclasses.is_dataclass(a):
        return same(vars(a), vars(b))
    if isinstance(a, pd.Index):
        marks = a.dtype == b.dtype and a.name == b.name
        return marks and a.equals(b) and getattr(a, "freq", None) == getattr(b, "freq", None)
    return a is b or a == b


def round_trip(value):
    tree, tensors = to_tree(value)
    return from_tree(json.loads(json.dumps(tree, allow_nan=False)), tensors)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.just(math.nan),
    st.complex_numbers(allow_nan=False),
    st.text(),
    st.binary(max_size=8),
    npst.scalar_dtypes().filter(lambda dtype: dtype.kind != "V").flatmap(npst.from_dtype),
)
numpy_dtypes = st.one_of(
    npst.scalar_dtypes(), npst.unicode_string_dtypes(), npst.byte_string_dtypes()
)
arrays = npst.arrays(numpy_dtypes, npst.array_shapes(min_dims=0, min_side=0, max_side=3))
object_arrays = npst.arrays(
    object, npst.array_shapes(min_dims=0, min_side=0, max_side=3), elements=scalars
)
keys = st.one_of(st.text(), st.just("$"), st.integers(), st.none(), st.tuples(st.integers()))
values = st.recursive(
    st.one_of(scalars, arrays, object_arrays, numpy_dtypes),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
        st.builds(ToySpec, st.just(("a",)), st.tuples(numpy_dtypes), inner),
    ),
    max_leaves=8,
)


@given(values)
def test_nested_values_come_back_with_their_types(value):
    assert same(round_trip(value), value)


PANDAS_VALUES = [
    pd.NaT,
    pd.NA,
    pd.Timestamp("2020-03-01 12:30:00.123456789"),
    pd.Timestamp("2020-03-01").as_unit("s"),
    pd.Timestamp("2020-10-25 00:30", tz="UTC").tz_convert("Europe/Berlin"),
    pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin"),
    pd.Timestamp("2020-01-01 00:00-03:30"),
    pd.Timedelta("3h").as_unit("ms"),
    pd.Period("2020Q1", freq="Q"),
    pd.Interval(0, 1.5, closed="left"),
    pd.offsets.Hour(3),
    pd.offsets.MonthEnd(),
    pd.offsets.Week(weekday=2),
    pd.CategoricalDtype(),
    pd.CategoricalDtype(["b", "a"], ordered=True),
    pd.CategoricalDtype(pd.Index(["b", "a"], dtype=object)),
    pd.CategoricalDtype(np.array([3, 1], dtype=np.int8)),
    pd.CategoricalDtype([2.5, 1.0]),
    pd.CategoricalDtype([True, False]),
    pd.CategoricalDtype(range(3)),
    pd.CategoricalDtype(pd.interval_range(0, 3)),
    pd.CategoricalDtype(pd.date_range("2020-03-28", periods=3, tz="Europe/Berlin")),
    pd.DatetimeTZDtype("us", "Europe/Berlin"),
    pd.DatetimeTZDtype("ns", "UTC"),
    pd.StringDtype(na_value=pd.NA),
    pd.StringDtype(na_value=np.nan),
    pd.UInt8Dtype(),
    pd.Float32Dtype(),
    pd.BooleanDtype(),
    pd.PeriodDtype("Q"),
    pd.IntervalDtype("float64", "left"),
    pd.RangeIndex(2, 8, 3, name="row"),
    pd.Index([1, 2], name=("a", 1)),
    pd.Index([(1, 2), (3, 4)], tupleize_cols=False),
    pd.Index(["a", None], dtype="str"),
    pd.Index([1, None], dtype="Int64"),
    pd.DatetimeIndex(["2020-01-01", None, "2021-01-01"]),
    pd.date_range("2020-03-28", periods=5, freq="D", tz="Europe/Berlin", unit="s", name="time"),
    pd.timedelta_range("1h", periods=3, freq="h"),
    pd.period_range("2020", periods=3, freq="Q"),
]


@pytest.mark.parametrize("value", PANDAS_VALUES, ids=repr)
def test_pandas_values_come_back_exactly(value):
    restored = round_trip(value)
    assert same(restored, value)
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        assert (restored.unit, getattr(restored, "tz", 0)) == (value.unit, getattr(value, "tz", 0))
    if isinstance(value, pd.CategoricalDtype) and value.categories is not None:
        assert restored.categories.dtype == value.categories.dtype
        assert restored.ordered == value.ordered


real_times = st.datetimes(timezones=st.timezones(), allow_imaginary=False)


@given(real_times.filter(lambda moment: 1700 < moment.year < 2200))
def test_timestamps_of_any_zone_come_back(moment):
    value = pd.Timestamp(moment)
    restored = round_trip(value)
    assert (restored, restored.unit, str(restored.tz)) == (value, value.unit, str(value.tz))
    assert restored.isoformat() == value.isoformat()


def test_random_state_goes_on_where_it_was():
    original = np.random.RandomState(3)
    original.standard_normal(5)
    restored = round_trip(original)
    np.testing.assert_array_equal(restored.standard_normal(4), original.standard_normal(4))


def test_arrays_of_any_layout_come_back_contiguous_and_own_their_memory():
    original = np.arange(12.0).reshape(3, 4)
    for view in (original.T, original[::-1, ::2], np.asfortranarray(original)):
        restored = round_trip(view)
        np.testing.assert_array_equal(restored, view)
        assert restored.flags.c_contiguous
        assert restored.flags.writeable


def test_memory_maps_are_stored_as_arrays(tmp_path):
    mapped = np.memmap(tmp_path / "rows", dtype=np.int16, mode="w+", shape=(3, 2))
    mapped[:] = np.arange(6).reshape(3, 2)
    assert same(round_trip(mapped), np.arange(6, dtype=np.int16).reshape(3, 2))


class Colour(int):
    pass


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [1, lambda: 0]}, r"dict\['a'\]\[1\] is <function .* of type function"),
        (ToySpec(("a",), (), {1}), r"ToySpec\.freq is \{1\} of type set"),
        ({2: {"b": object()}}, r"dict\[2\]\['b'\] is <object"),
        ([Colour(1)], r"list\[0\] is 1 of type Colour"),
        (np.zeros(2, dtype="f4,i4"), "of type ndarray"),
        (np.ma.masked_array([1.0]), "of type MaskedArray"),
        (np.array([print], dtype=object), r"ndarray\[0\] is <built-in function print>"),
        (pd.offsets.DateOffset(months=1), "the offset <DateOffset: months=1>"),
        (pd.DataFrame({"a": [1]}), "of type DataFrame"),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_place(value, where):
    with pytest.raises(TypeError, match=where):
        to_tree(value)


def test_a_value_inside_itself_is_refused():
    loop = [1]
    loop.append(loop)
    with pytest.raises(TypeError, match=r"list\[1\] contains itself"):
        to_tree(loop)


def test_a_value_met_twice_is_no_loop():
    shared = [1.0]
    assert round_trip([shared, shared]) == [[1.0], [1.0]]


def test_two_classes_cannot_share_a_name():
    imposter = type("ToySpec", (), {"__module__": "elsewhere"})
    with pytest.raises(ValueError, match=r"'ToySpec' of elsewhere.ToySpec is taken"):
        register(imposter)
    assert registry["ToySpec"] is ToySpec


@pytest.fixture
def estimator():
    return ToyEstimator(n_components=7).fit()


@pytest.fixture
def path(tmp_path, estimator):
    save_estimator(estimator, tmp_path / "toy.sktsgen")
    return tmp_path / "toy.sktsgen"


def test_estimator_comes_back_equal(path, estimator):
    restored = load(path)
    assert type(restored) is ToyEstimator
    assert same(restored.__dict__, estimator.__dict__)


def test_unfitted_estimators_can_be_saved(tmp_path):
    save_estimator(ToyEstimator(3), str(tmp_path / "new"))
    assert load(str(tmp_path / "new")).__dict__ == {"n_components": 3, "device": "auto"}


def test_equal_estimators_give_equal_files(path, tmp_path):
    save_estimator(ToyEstimator(n_components=7).fit(), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_device_is_handed_on(path):
    assert load(path, device="cpu").device_ == "cpu"
    assert not hasattr(load(path), "device_")


def test_arrays_are_legible_to_any_reader_of_safetensors(path, estimator):
    tensors = safetensors.numpy.load_file(path)
    name = "ToyEstimator.module_['arrays']['layers.0.weight']"
    np.testing.assert_array_equal(tensors[name], estimator.module_["arrays"]["layers.0.weight"])


def test_header_tells_the_versions(path):
    versions = document_of(path)["versions"]
    assert (versions["sktsgen"], versions["numpy"]) == (sktsgen.__version__, np.__version__)
    assert {"python", "torch", "pandas", "scikit-learn"} <= set(versions)


def test_an_unregistered_class_is_refused(tmp_path):
    with pytest.raises(TypeError, match="type Colour cannot be saved"):
        save_estimator(Colour(), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_an_attribute_that_cannot_be_stored_leaves_no_file(tmp_path, estimator):
    estimator.hook = lambda: None
    with pytest.raises(TypeError, match=r"ToyEstimator\.hook is <function"):
        save_estimator(estimator, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_is_no_dict_is_refused(tmp_path):
    @register
    class Stateless:
        __slots__ = ()

    try:
        with pytest.raises(TypeError, match="state of type NoneType"):
            save_estimator(Stateless(), tmp_path / "x")
    finally:
        del registry["Stateless"]


# Files that are not what they should be.


def document_of(path):
    data = Path(path).read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["sktsgen"])


def forge(path, *, sign=True, tensors=None, **changes):
    """Rewrite a file with a changed document, under a right checksum unless told otherwise."""
    document = {**document_of(path), **changes}
    tensors = safetensors.numpy.load_file(path) if tensors is None else tensors
    if sign:
        document["sha256"] = "0" * 64
    data = safetensors.numpy.save(tensors, {"sktsgen": json.dumps(document, separators=(",", ":"))})
    if sign:
        data = data.replace(b"0" * 64, hashlib.sha256(data).hexdigest().encode(), 1)
    path.write_bytes(data)


def test_a_missing_file_is_reported_as_such(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.sktsgen"):
        load(tmp_path / "nowhere.sktsgen")


def test_every_changed_byte_is_noticed(path):
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.integers(len(data), size=200):
        damaged = bytearray(data)
        damaged[position] ^= rng.integers(1, 256)
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"toy\.sktsgen"):
            load(path)


def test_every_truncation_is_noticed(path):
    data = path.read_bytes()
    for n_bytes in [0, 1, 7, 8, 9, *np.linspace(10, len(data) - 1, 40).astype(int)]:
        path.write_bytes(data[:n_bytes])
        with pytest.raises(FileFormatError):
            load(path)


def test_bytes_added_at_the_end_are_noticed(path):
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(FileFormatError, match="checksum"):
        load(path)


def test_swapped_arrays_are_noticed(path):
    forge(path, sign=False)
    load(path)  # the forger's file is otherwise the same
    tensors = safetensors.numpy.load_file(path)
    first, second = (f"ToyEstimator.module_['arrays']['layers.{i}.weight']" for i in (0, 1))
    tensors[first], tensors[second] = tensors[second], tensors[first]
    forge(path, sign=False, tensors=tensors)
    with pytest.raises(FileFormatError, match="checksum"):
        load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 bytes, fewer than the 8"),
        (b"12345", "has 5 bytes, fewer than the 8"),
        (
            (10**12).to_bytes(8, "little") + b"{}",
            "header of 1000000000000 bytes; the limit is 100000000",
        ),
        ((50).to_bytes(8, "little") + b"{}", "header of 50 bytes and has 10 in all"),
        ((2).to_bytes(8, "little") + b"{{", "not JSON"),
        ((2).to_bytes(8, "little") + b"[]", "a list instead of a JSON object"),
        ((10**5).to_bytes(8, "little") + b"[" * 10**5, "not JSON"),
        (pickle.dumps({"a": 1}), "cannot be loaded"),
        (safetensors.numpy.save({"w": np.ones(3)}), "without the entry 'sktsgen'"),
        (safetensors.numpy.save({}, {"sktsgen": "3"}), "an? int instead of a JSON object"),
        (safetensors.numpy.save({}, {"sktsgen": "{}"}), "format version is None"),
    ],
)
def test_files_of_others_are_refused(tmp_path, content, message):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        load(tmp_path / "x")


def test_a_future_version_asks_for_a_newer_library(path):
    forge(path, format_version=2)
    with pytest.raises(FileFormatError, match=r"format version 2, .* reads up to 1; install a new"):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class": "os.system"}, "holds a 'os.system', which is not among the known classes"),
        ({"class": "ToySpec"}, "announces a ToySpec and holds a ToyEstimator"),
        ({"class": ["ToySpec"]}, "not among the known classes"),
        ({"tree": {"$": "object", "class": "Popen", "state": {}}}, "unknown class 'Popen'"),
        ({"tree": {"$": "exec", "code": "1"}}, "unknown kind of value 'exec'"),
        ({"tree": {"$": []}}, "TypeError"),
        ({"tree": {"$": "dtype", "name": "f4,f4"}}, "unknown dtype 'f4,f4'"),
        ({"tree": {"$": "object", "class": "ToySpec", "state": {"x": 1}}}, "TypeError"),
        (
            {"tree": {"$": "array", "dtype": "<f4", "shape": [2], "tensor": "no"}},
            "array 'no' is missing",
        ),
        (
            {
                "tree": {
                    "$": "array",
                    "dtype": "<f4",
                    "shape": [9],
                    "tensor": "ToyEstimator.module_['arrays']['bias']",
                }
            },
            r"does not fill \(9,\) of float32",
        ),
    ],
)
def test_signed_nonsense_is_refused(path, changes, message):
    forge(path, **changes)
    with pytest.raises(FileFormatError, match=message):
        load(path)


def test_a_class_that_refuses_its_state_is_reported(path, monkeypatch):
    def refuse(self, state):
        raise KeyError("n_layers")

    monkeypatch.setattr(ToyEstimator, "__setstate__", refuse)
    with pytest.raises(FileFormatError, match=r"cannot be rebuilt \(KeyError: 'n_layers'\); use"):
        load(path)


# Writing is all or nothing.


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file(path, estimator, monkeypatch, step):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, step, fail)
    estimator.n_components = 8
    with pytest.raises(OSError, match="No space left"):
        save_estimator(estimator, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["toy.sktsgen"]


def test_a_second_save_replaces_the_first(path, estimator):
    estimator.n_components = 8
    save_estimator(estimator, path)
    assert load(path).n_components == 8


def test_a_link_stays_a_link(path, estimator, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    estimator.n_components = 9
    save_estimator(estimator, link)
    assert link.is_symlink()
    assert load(path).n_components == 9


def test_a_missing_folder_is_named(tmp_path, estimator):
    with pytest.raises(FileNotFoundError, match=r"The folder '.*nowhere' does not exist"):
        save_estimator(estimator, tmp_path / "nowhere" / "toy")


def test_a_header_too_long_is_refused_when_saving(tmp_path, estimator, monkeypatch):
    monkeypatch.setattr(file_module, "_HEADER_LIMIT", 50)
    with pytest.raises(ValueError, match="more than the 50 that a file may hold"):
        save_estimator(estimator, tmp_path / "toy")
    assert list(tmp_path.iterdir()) == []


def test_loading_imports_runs_and_writes_nothing(tmp_path):
    """Watch a fresh process, since an audit hook cannot be taken off again."""
    script = """
        import os, sys
        import numpy as np
        import pandas as pd
        from sktsgen.persistence import load, register, save_estimator

        @register
        class Toy:
            def __init__(self):
                self.dtype = pd.CategoricalDtype(["a", "b"])
                self.first = pd.Timestamp("2020-01-01", tz="Europe/Berlin")
                self.index = pd.date_range("2020", periods=3, freq="h")
                self.weight = np.ones((2, 3), dtype=np.float32)

        save_estimator(Toy(), sys.argv[1])
        seen, watching = [], True
        WATCHED = ("import", "exec", "compile", "os.system", "os.exec", "os.fork", "os.rename",
                   "os.remove", "os.posix_spawn", "subprocess.Popen", "socket.connect",
                   "ctypes.dlopen", "pickle.find_class")

        def watch(event, args):
            if not watching:
                return
            if event in WATCHED:
                seen.append((event, str(args[0])))
            if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR):
                seen.append((event, str(args[0])))

        sys.addaudithook(watch)
        before = set(sys.modules)
        toy = load(sys.argv[1])
        watching = False
        assert toy.weight.sum() == 6
        print(seen, sorted(set(sys.modules) - before))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "toy")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[] []"
