"""Wild input at every public door: a documented error that says why, or a correct result.

Never another error, a wrong shape, a warning storm, a changed input or a changed global state.
"""

import random
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from hypothesis.extra import pandas as pdst
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import sktsgen
from sktsgen import MixedTypeEncoder, SeasonalTrendDecomposer, metrics
from sktsgen.datasets import make_var1
from sktsgen.exceptions import FileFormatError, NonFiniteLossError
from sktsgen.testing import fit_once, test_instances, time_series
from tests.testing.canned import CannedGenerator

# What docstrings announce for input that cannot be used; IrregularTimeError is a ValueError.
DOCUMENTED = (ValueError, TypeError, NotFittedError, NonFiniteLossError)
ESTIMATORS = [*test_instances(), MixedTypeEncoder(), SeasonalTrendDecomposer(period=2)]
INSTANCES = {type(estimator).__name__: estimator for estimator in ESTIMATORS}
N_EXAMPLES = [20, pytest.param(500, marks=pytest.mark.slow)]


def fuzzed(names=tuple(INSTANCES), **strategies):
    """Make a test of a check: for every estimator, or those named, quickly and at length."""

    def decorate(check):
        @pytest.mark.parametrize("n_examples", N_EXAMPLES)
        @pytest.mark.parametrize("name", names)
        def test(name, n_examples):
            @settings(
                deadline=None, max_examples=n_examples, suppress_health_check=list(HealthCheck)
            )
            @given(st.fixed_dictionaries(strategies))
            def run(drawn):
                check(name, **drawn)

            run()

        return test

    return decorate


numbers = st.one_of(
    st.floats(width=32),
    st.floats(-5, 5),
    st.sampled_from([0.0, -0.0, 1e300, -1e300, 1e-300, np.inf, np.nan, 1e16, 255.0, -1.0]),
)
dtypes = st.sampled_from(
    ["float64", "float32", "float16", "int64", "int8", "uint8", "uint64", "bool", "complex64",
     "M8[ns]", "m8[s]", "U3", "S2", "O"]
)  # fmt: skip
wild_arrays = dtypes.flatmap(
    lambda dtype: npst.arrays(
        dtype, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)
    )
)
plain_arrays = npst.arrays(
    "float64", npst.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=12), elements=numbers
)
tame_arrays = npst.arrays(
    st.sampled_from(["float64", "float32", "int16"]),
    npst.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=12),
    elements=st.integers(-100, 100),
)
indexes = st.one_of(
    pdst.range_indexes(min_size=2, max_size=10),
    st.builds(
        pd.date_range,
        start=st.datetimes(min_value=pd.Timestamp("1970").to_pydatetime(),
                           max_value=pd.Timestamp("2100").to_pydatetime()),
        periods=st.integers(2, 10),
        freq=st.sampled_from(["h", "D", "MS", "B", "7D", "15min"]),
        tz=st.sampled_from([None, "UTC", "Europe/Berlin", "America/St_Johns"]),
    ),
    pdst.indexes(dtype="datetime64[ns]", min_size=2, max_size=6),
    pdst.indexes(dtype=float, min_size=2, max_size=6),
    pdst.indexes(elements=st.text(max_size=2), min_size=2, max_size=6),
)  # fmt: skip
columns = st.sampled_from(
    ["float64", "float32", "int64", "int8", "bool", "Int64", "Float32", "boolean", "category",
     "str", "datetime64[ns]", "object"]
)  # fmt: skip


@st.composite
def wild_frames(draw):
    """Frames of any index, up to four columns of any type, missing cells included."""
    index = draw(indexes)
    names = draw(st.lists(st.one_of(st.text(max_size=2), st.integers(0, 3)), max_size=4))
    data = {i: column(draw, draw(columns), len(index)) for i in range(len(names))}
    frame = pd.DataFrame(data, index=index)
    frame.columns = names
    if len(frame) >= 4 and draw(st.booleans()):
        series = draw(st.lists(st.sampled_from("ab"), min_size=len(frame), max_size=len(frame)))
        frame.index = pd.MultiIndex.from_arrays([series, frame.index], names=["s", "t"])
    return frame


def column(draw, dtype, n_rows):
    """One column; `Series` turns whatever is drawn into its type."""
    if dtype in ("float64", "float32"):
        drawn = np.array(draw(st.lists(numbers, min_size=n_rows, max_size=n_rows)))
        with np.errstate(over="ignore"):
            return drawn.astype(dtype)
    if dtype == "object":
        cells = st.sampled_from([1, 2.5, "a", None, (1, 2), b"x", pd.NaT])
        return pd.Series(
            draw(st.lists(cells, min_size=n_rows, max_size=n_rows)), dtype=object
        ).to_numpy()
    codes = np.array(draw(st.lists(st.integers(0, 3), min_size=n_rows, max_size=n_rows)))
    if dtype in ("category", "str"):
        return pd.Series(np.array(["a", "b", "", "ä"])[codes]).astype(dtype).array
    if dtype in ("Int64", "Float32", "boolean"):
        numeric = pd.array(codes % 2 if dtype == "boolean" else codes, dtype="Int64")
        numeric[codes == 3] = pd.NA
        return numeric.astype(dtype)
    if dtype == "datetime64[ns]":
        return codes.astype("datetime64[D]").astype(dtype)
    return codes.astype(dtype)


wild = st.one_of(
    wild_arrays,
    plain_arrays,
    tame_arrays,
    wild_frames(),
    st.lists(st.one_of(tame_arrays, wild_frames(), plain_arrays), max_size=3),
    st.sampled_from([None, 3, "abc", {}, [], [[]], [[1, 2], [3]], object(), float("nan")]),
)


def global_state():
    return (
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002 - watched, not used
        torch.get_rng_state().numpy().tobytes(),
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        repr(np.geterr()),
    )


def attempt(act):
    """Run something: its result, or None where it ends in a documented error with a message."""
    before = global_state()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, words = act(), "it worked"
        except DOCUMENTED as error:
            result, words = None, str(error)
    assert words.strip()
    assert global_state() == before
    assert len(caught) <= 3, [str(warning.message) for warning in caught]
    return result


def n_channels_of(X):
    first = X[0] if isinstance(X, list) else X
    return np.shape(first)[-1]


def check_draw(model, X):
    """Check that a draw has the container, the channels and types of what was fitted."""
    drawn = attempt(lambda: model.sample(2, length=3, random_state=0))
    if drawn is None:
        assert outlasts_its_stamps(X, 3)
        return
    if isinstance(drawn, pd.DataFrame):
        assert len(drawn) == 6
        assert list(drawn.columns) == list(X.columns)
        assert [str(d) for d in drawn.dtypes] == [str(d) for d in X.dtypes]
        return
    if isinstance(drawn, list):
        assert [len(series) for series in drawn] == [3, 3]
        drawn = np.stack([np.asarray(series) for series in drawn])
    assert drawn.shape == (2, 3, n_channels_of(X))
    # Missing cells are drawn where some were given; infinite ones never.
    assert not np.isinf(drawn.astype(np.float64)).any()
    assert not np.isnan(drawn.astype(np.float64)).any() or has_gaps(X)


def outlasts_its_stamps(X, n_timesteps):
    """Say whether the stamps of the first series end before so many: their type holds no more."""
    index = (X[0] if isinstance(X, list) else X).index.to_frame(index=False)
    stamps = index.loc[(index.iloc[:, :-1] == index.iloc[0, :-1]).all(axis=1)].iloc[:, -1]
    numbers, largest = stamps.to_numpy(), np.iinfo(np.int64).max
    if numbers.dtype.kind == "f":
        largest = np.finfo(numbers.dtype).max
    elif numbers.dtype.kind in "iu":
        largest = np.iinfo(numbers.dtype).max
    else:
        assert stamps.dt.unit == "ns"
        numbers = stamps.astype("int64").to_numpy()
    first, second = (float(number) for number in np.sort(numbers)[:2])
    return first + (n_timesteps - 1) * (second - first) > float(largest)


def has_gaps(X):
    members = X if isinstance(X, list) else [X]
    return any(pd.isna(np.asarray(member)).any() for member in members)


def content(X):
    return (
        repr(X)
        if not isinstance(X, np.ndarray)
        else (X.dtype, X.shape, X.tobytes() if X.dtype != object else repr(X))
    )


# Every door.


@fuzzed(X=wild)
def test_fit_and_what_follows(name, X):
    model, before = clone(INSTANCES[name]), content(X)
    fitted = attempt(lambda: model.fit(X))
    assert content(X) == before
    if fitted is None:
        with pytest.raises(NotFittedError):
            check_is_fitted(model)
        return
    if hasattr(model, "sample"):
        check_draw(model, X)
        score = attempt(lambda: model.score(X))
        assert score is None or isinstance(score, float)
    if hasattr(model, "transform"):
        transformed = attempt(lambda: model.transform(X))
        assert transformed is None or len(transformed) == len(X)
    assert content(X) == before


@fuzzed(X=wild)
def test_fitted_estimators_take_wild_data_or_refuse_it(name, X):
    model = fit_once(INSTANCES[name], make_var1(3, 20, random_state=0))
    state = {key: id(value) for key, value in vars(model).items()}
    for method in (
        "score",
        "score_samples",
        "transform",
        "tokenize",
        "inverse_transform",
        "detokenize",
        "sample_imputations",
        "decompose",
        "reconstruct",
    ):
        if hasattr(model, method):
            attempt(lambda method=method: getattr(model, method)(X))
    if hasattr(model, "forecast"):
        futures = attempt(lambda: model.forecast(X, 2, n_samples=2))
        if isinstance(futures, np.ndarray):
            assert futures.shape[-3:] == (2, 2, 2)
            assert np.isfinite(futures).all()
    assert {key: id(value) for key, value in vars(model).items()} == state


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from([[], {}, (1,), np.int8(2), np.float64(1.0), np.array([1]), "2020-01-01"]),
)


GENERATORS = [name for name, estimator in INSTANCES.items() if hasattr(estimator, "sample")]


@fuzzed(GENERATORS, options=st.dictionaries(
    st.sampled_from(["n_samples", "length", "y", "prefix", "start", "temperature", "top_p",
                     "metadata", "random_state"]), anything, max_size=3))  # fmt: skip
def test_sample_takes_wild_options_or_refuses_them(name, options):
    model = fit_once(INSTANCES[name], make_var1(3, 20, random_state=0))
    drawn = attempt(lambda: model.sample(**options))
    if drawn is not None:
        assert drawn.ndim == 3
        assert drawn.shape[2] == 2
        assert len(drawn) == (options.get("n_samples", 1))
        assert np.isfinite(drawn).all()


@fuzzed(data=st.data())
def test_wild_parameters_are_refused_by_name_or_work(name, data):
    model = clone(INSTANCES[name])
    parameter = data.draw(
        st.sampled_from(sorted(set(model.get_params(deep=False)) - {"trainer", "max_epochs"}))
    )
    value = data.draw(anything)
    model.set_params(**{parameter: value})
    fitted = None
    try:
        fitted = attempt(lambda: model.fit(make_var1(3, 20, random_state=0)))
    finally:
        if fitted is not None and hasattr(model, "sample"):
            assert model.sample(2, length=3).shape == (2, 3, 2)


# Measures that train nothing, and take two tables.
MEASURES = {
    name: getattr(metrics, name)
    for name in (
        "autocorrelation_difference",
        "correlation_ratio_difference",
        "correlational_score",
        "cramers_v_difference",
        "cross_correlation_difference",
        "marginal_distance",
        "spectral_distance",
        "total_variation_distance",
    )
}


@pytest.mark.parametrize("n_examples", N_EXAMPLES)
@pytest.mark.parametrize("name", MEASURES)
def test_measures_take_wild_tables_or_refuse_them(name, n_examples):
    @settings(deadline=None, max_examples=n_examples, suppress_health_check=list(HealthCheck))
    @given(X=wild, other=st.one_of(st.none(), wild))
    def run(X, other):
        before = content(X)
        other = X if other is None else other
        distance = attempt(lambda: MEASURES[name](X, other))
        assert distance is None or (isinstance(distance, float) and distance >= 0.0)
        if other is X and distance is not None:
            assert distance == pytest.approx(0.0, abs=1e-6)
        assert content(X) == before

    run()


@given(X=wild_frames(), series=st.one_of(st.none(), st.integers(0, 3), st.text(max_size=2)),
       time=st.one_of(st.none(), st.integers(0, 3), st.text(max_size=2)))  # fmt: skip
@settings(deadline=None, max_examples=100)
def test_long_tables_become_panels_or_are_refused(X, series, time):
    before = content(X)
    panel = attempt(lambda: sktsgen.as_panel(X, series=series, time=time))
    assert content(X) == before
    if panel is not None:
        assert panel.index.nlevels == 2
        assert set(panel.columns) <= set(X.columns)
        for _, part in panel.groupby(level=0):
            stamps = part.index.get_level_values(1)
            assert stamps.is_monotonic_increasing
            assert stamps.is_unique


@given(data=st.binary(max_size=400), head=st.booleans())
@settings(deadline=None, max_examples=200)
def test_load_takes_no_foreign_bytes(tmp_path_factory, data, head):
    path = tmp_path_factory.getbasetemp() / "wild.sktsgen"
    path.write_bytes((len(data).to_bytes(8, "little") if head else b"") + data)
    with pytest.raises(FileFormatError, match=re.escape("wild.sktsgen")):
        sktsgen.load(path)


good_options = {
    "length": st.one_of(st.integers(1, 70), st.sampled_from([(2, 9), [3, 3], np.int8(4)])),
    "extremes": st.sampled_from([True, False, [], "tails", ["calendar", "constant"], ("repeats",)]),
    "missing": st.booleans(),
    "pool_size": st.integers(1, 9),
    "seed": st.integers(0, 2),
}
wild_options = st.fixed_dictionaries(
    {}, optional={name: st.one_of(good, good, anything) for name, good in good_options.items()}
)
ZONES = st.sampled_from([None, "Europe/Berlin"])


@given(options=wild_options, zone=ZONES, data=st.data())
@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
def test_strategies_take_wild_options_or_refuse_them(options, zone, data):
    generator = CannedGenerator(zone=zone)
    strategy = attempt(lambda: time_series(generator, **options))
    if strategy is not None:
        check_series(data.draw(strategy), generator, options)


def check_series(X, generator, options):
    """Check that an example keeps the options and the schema of what the generator draws."""
    low, high = bounds(options.get("length", (2, 64)))
    assert low <= len(X) <= high
    schema = generator.sample(1, length=2)
    assert list(X.columns) == list(schema.columns)
    assert X.dtypes.equals(schema.dtypes)
    assert X.index.tz == schema.index.levels[1].tz
    assert (np.diff(X.index) == pd.Timedelta("1h")).all()
    # One column of the generator has gaps of its own; the others have those that are asked for.
    own = X.drop(columns="seen")
    assert options.get("missing", False) or not own.isna().any(axis=None)
    assert not np.isinf(X["load"]).any()
    assert X["site"].nunique() <= 1
    assert (X["count"].dropna() >= 0).all()


def bounds(length):
    return length if isinstance(length, tuple | list) else (length, length)
