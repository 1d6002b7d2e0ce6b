"""A generator behind other steps is a generator: in the same containers, units and types."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from sktsgen import GeneratorPipeline, SeasonalTrendDecomposer, make_generator_pipeline
from sktsgen.datasets import make_class_panel
from sktsgen.testing import generator_checks
from sktsgen.transformers import MixedTypeEncoder
from tests.compose.steps import Doubler, Weigher, counts, panel, panel_frame, series_frame
from tests.estimators.models import small

# So little data leaves codes unused.
pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")

CONTAINERS = {
    "2-D array": lambda: panel()[0],
    "3-D array": panel,
    "list of arrays": lambda: [panel()[0], panel()[1][:13], panel()[2][:7]],
    "list of frames": lambda: [panel_frame().loc[site] for site in "db"],
    "frame": series_frame,
    "panel frame": panel_frame,
}
every_container = pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)


def scaled(*steps):
    return make_generator_pipeline(StandardScaler(), *steps, small())


@pytest.fixture(scope="module")
def model():
    """Scaler and generator, fitted to `panel_frame()`."""
    return scaled().fit(panel_frame())


def values_of(drawn):
    return np.concatenate(drawn) if isinstance(drawn, list) else np.asarray(drawn)


def require_alike(actual, expected):
    """Same kind of container, same index and columns; values to float rounding."""
    assert type(actual) is type(expected)
    assert len(actual) == len(expected)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(actual, expected, rtol=1e-4, check_freq=False)
    elif isinstance(expected, list):
        for one, other in zip(actual, expected, strict=True):
            require_alike(one, other)
    else:
        assert actual.dtype == expected.dtype
        assert_allclose(actual, expected, rtol=1e-4)


@every_container
def test_it_draws_what_the_generator_draws_on_what_the_scaler_gives(container):
    """Scaling by a constant by hand, and a generator that scales by itself, give one model."""
    X = container()
    generator = small().fit(X)
    pipeline = make_generator_pipeline(FunctionTransformer(inverse_func=None), small()).fit(X)
    for draw in (
        lambda model: model.sample(3, length=6, random_state=1),
        lambda model: model.sample(2, length=4, prefix=X, random_state=1),
        lambda model: model.forecast(X, 3, n_samples=2, random_state=1),
        lambda model: model.score_samples(X),
    ):
        require_alike(draw(pipeline), draw(generator))


@every_container
def test_draws_come_back_through_the_scaler(container):
    X = container()
    pipeline = make_generator_pipeline(StandardScaler(), small()).fit(X)
    drawn = values_of(pipeline.sample(40, length=10, random_state=0)).reshape(-1, 2)
    real = values_of(X).reshape(-1, 2)
    assert_allclose(drawn.mean(axis=0), real.mean(axis=0), atol=real.std(axis=0).max())


# Pipelines have no `save`; what concerns the generator alone is checked on itself in every run.
QUICK = ("array", "frame", "list", "start", "unfitted", "leave", "batches", "prefix", "dtypes")
CHECKS = [
    pytest.param(
        check,
        id=check.__name__,
        marks=() if any(word in check.__name__ for word in QUICK) else pytest.mark.slow,
    )
    for check in generator_checks()
    if "saved_file" not in check.__name__
]


@pytest.mark.parametrize("check", CHECKS)
def test_it_keeps_the_contract_of_generators(check):
    check(make_generator_pipeline(StandardScaler(), small()))


def test_sample_is_the_walk_by_hand():
    X = panel_frame()
    scaler = StandardScaler().set_output(transform="pandas")
    generator = small().fit(scaler.fit_transform(X))
    drawn = generator.sample(3, length=5, random_state=2)
    expected = pd.DataFrame(scaler.inverse_transform(drawn), index=drawn.index, columns=X.columns)
    require_alike(scaled().fit(X).sample(3, length=5, random_state=2), expected)


def test_score_is_that_of_the_generator_in_scaled_units():
    X = panel_frame()
    features = StandardScaler().set_output(transform="pandas").fit_transform(X)
    generator, pipeline = small().fit(features), scaled().fit(X)
    assert pipeline.score(X) == pytest.approx(generator.score(features), rel=1e-5)
    assert type(pipeline.score(X)) is float
    assert_allclose(pipeline.score_samples(X), generator.score_samples(features), rtol=1e-5)


def test_batches_are_the_draw_in_parts():
    pipeline = scaled().fit(panel())
    batches = list(pipeline.sample_batches(5, batch_size=2, length=4, random_state=1))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    require_alike(np.concatenate(batches), pipeline.sample(5, length=4, random_state=1))


def test_forecast_follows_each_history(model):
    X = panel_frame()
    futures = model.forecast(X, 3, n_samples=2)
    assert futures.index.names == ["site", "sample", "hour"]
    assert list(futures.index.unique(level=0)) == ["d", "b", "a", "c"]
    stamps = futures.loc["b"].loc[1].index
    last = X.loc["b"].index[-1]
    assert stamps.equals(pd.date_range(last, periods=4, freq="h")[1:])
    assert list(futures) == ["load", "heat"]


def test_a_single_series_is_forecast_without_a_level_of_series(model):
    futures = model.forecast(series_frame(), 3, n_samples=2)
    assert futures.index.names == ["sample", "hour"]
    assert len(futures) == 6


@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32", "Int64", "boolean"])
def test_every_dtype_of_a_frame_comes_back(dtype):
    index = pd.MultiIndex.from_product([range(3), range(20)])
    X = pd.DataFrame({"n": counts().ravel() % 2, "x": counts().ravel() * 0.5}, index=index)
    X = X.astype({"n": dtype})
    drawn = scaled().fit(X).sample(2, length=8)
    assert drawn.dtypes.equals(X.dtypes)


def test_integer_arrays_come_back_as_integers():
    X = counts()
    drawn = scaled(SeasonalTrendDecomposer(period=5)).fit(X).sample(2, length=8)
    assert drawn.dtype == X.dtype
    assert drawn.shape == (2, 8, 1)


def test_a_mixed_table_comes_back_from_its_encoder():
    random = np.random.default_rng(0)
    X = panel_frame().assign(
        kind=pd.Categorical(random.choice(["low", "high"], 80), ["high", "low", "never"]),
        is_open=random.random(80) < 0.3,
        note=random.choice(["é", ""], 80),
    )
    X.iloc[5, 0] = np.nan
    pipeline = make_generator_pipeline(MixedTypeEncoder(), small()).fit(X)
    drawn = pipeline.sample(2, length=20)
    assert drawn.dtypes.equals(X.dtypes)
    assert set(drawn["kind"].dropna()) <= {"low", "high"}
    assert set(drawn["note"]) <= {"é", ""}
    futures = pipeline.forecast(X, 2, n_samples=3)
    assert futures.dtypes.equals(X.dtypes)


def test_a_logarithm_keeps_draws_positive():
    X = np.exp(panel() / 10)
    logarithm = FunctionTransformer(np.log, inverse_func=np.exp)
    assert make_generator_pipeline(logarithm, small()).fit(X).sample(20).min() > 0


def test_parts_of_a_decomposition_are_drawn_and_summed():
    X = panel_frame()
    pipeline = make_generator_pipeline(SeasonalTrendDecomposer(period=5), small()).fit(X)
    parts = pipeline[-1].sample(2, length=6, random_state=0)
    drawn = pipeline.sample(2, length=6, random_state=0)
    total = parts["trend_load"] + parts["seasonal_load"] + parts["resid_load"]
    assert_allclose(drawn["load"], total, rtol=1e-12)


@pytest.mark.parametrize("nothing", ["passthrough", None])
def test_steps_that_do_nothing_are_left_out(nothing):
    pipeline = GeneratorPipeline([("nothing", nothing), ("generate", small())])
    require_alike(pipeline.fit(panel()).sample(2), small().fit(panel()).sample(2))


def test_labels_reach_the_generator():
    X, y = make_class_panel(12, 10, 1, random_state=0)
    pipeline = scaled().fit(X, y)
    assert pipeline[-1].classes_.tolist() == sorted(set(y.tolist()))
    assert pipeline.sample(3, y=y[:3]).shape == (3, 10, 1)


@pytest.mark.parametrize(
    ("step", "name"),
    [(Doubler(), "doubler"), (StandardScaler().set_output(transform="default"), "standardscaler")],
)
def test_an_array_step_would_join_the_series_of_a_panel(step, name):
    message = rf"a step of \['{name}'\].*its 4 series would be joined.*set_output"
    for X in (panel(), list(panel()), panel_frame()):
        with pytest.raises(ValueError, match=message):
            make_generator_pipeline(clone(step), small()).fit(X)


def test_an_array_step_suits_one_series_and_keeps_its_stamps():
    pipeline = make_generator_pipeline(Doubler(), small()).fit(series_frame())
    drawn = pipeline.sample(2, length=4)
    assert list(drawn) == ["load", "heat"]
    assert drawn.loc[1].index.equals(series_frame().index[:4])
    futures = pipeline.forecast(series_frame(), 2, n_samples=2)
    assert futures.loc[0].index[0] == series_frame().index[-1] + pd.Timedelta(hours=1)


def test_an_array_step_fitted_to_one_series_refuses_a_panel_later():
    pipeline = make_generator_pipeline(Doubler(), small()).fit(panel()[0])
    uses = (
        lambda: pipeline.score(panel()),
        lambda: pipeline.score_samples(panel()),
        lambda: pipeline.transform(panel()),
        lambda: pipeline.sample(prefix=panel()),
        lambda: pipeline.forecast(panel(), 2),
    )
    for use in uses:
        with pytest.raises(ValueError, match="its 4 series would be joined"):
            use()


def test_without_an_inverse_there_is_nothing_to_draw():
    columns = ColumnTransformer([("scale", StandardScaler(), ["load"])])
    pipeline = make_generator_pipeline(columns, small()).fit(panel_frame())
    assert np.isfinite(pipeline.score(panel_frame()))
    assert not hasattr(pipeline, "sample")
    assert not hasattr(pipeline, "forecast")
    with pytest.raises(AttributeError, match="sample") as caught:
        pipeline.sample()
    assert "'columntransformer' (ColumnTransformer) has no inverse_transform" in str(
        caught.value.__cause__
    )


def test_a_pipeline_that_ends_in_no_generator_cannot_draw():
    assert not hasattr(make_generator_pipeline(StandardScaler(), MinMaxScaler()), "sample")


def test_start_needs_stamps():
    pipeline = scaled().fit(panel())
    with pytest.raises(ValueError, match="start=5 needs a time index"):
        pipeline.sample(1, start=5)


def test_start_moves_the_stamps(model):
    drawn = model.sample(1, length=2, start="2025-06-01")
    assert str(drawn.index[0][1]) == "2025-06-01 00:00:00+02:00"


@pytest.mark.parametrize("use", ["sample", "forecast", "score", "score_samples", "transform"])
def test_nothing_works_before_fit(use):
    arguments = {"sample": (), "forecast": (panel(), 2)}.get(use, (panel(),))
    with pytest.raises(NotFittedError):
        getattr(scaled(), use)(*arguments)


def test_columns_in_another_order_are_refused(model):
    with pytest.raises(ValueError, match="feature names"):
        model.score(panel_frame()[["heat", "load"]])


@every_container
def test_transform_keeps_the_container(container):
    X = container()
    coefficients = scaled().fit(X).transform(X)
    assert type(coefficients) is type(X)
    assert values_of(coefficients).shape[-1] == small().n_components
    if isinstance(X, pd.DataFrame):
        assert coefficients.index.equals(X.index)
    require_alike(clone(scaled()).fit_transform(X), coefficients)


def test_names_and_channels_are_those_of_the_first_step(model):
    assert list(model.feature_names_in_) == ["load", "heat"]
    assert model.n_features_in_ == 2
    assert scaled().fit(panel()).n_features_in_ == 2


def test_slices_and_names_reach_the_steps(model):
    assert isinstance(model[:-1], GeneratorPipeline)
    assert model["standardscaler"] is model[0]
    scaled_frame = model[:-1].set_output(transform="pandas").transform(panel_frame())
    assert_allclose(scaled_frame.mean(), 0.0, atol=1e-12)


def test_clone_and_nested_parameters():
    pipeline = scaled().set_params(factorizedargenerator__codebook_size=6)
    copy = clone(pipeline).set_params(standardscaler=MinMaxScaler())
    assert copy.get_params()["factorizedargenerator__codebook_size"] == 6
    assert isinstance(copy.fit(panel())[0], MinMaxScaler)
    assert isinstance(pipeline[0], StandardScaler)


def test_a_pickle_draws_the_same(model):
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(again.sample(2), model.sample(2))


def test_memory_keeps_fitted_steps(tmp_path):
    X = panel_frame()
    plain = scaled().fit(X)
    for _ in range(2):  # computed, then read
        cached = make_generator_pipeline(StandardScaler(), small(), memory=str(tmp_path))
        require_alike(cached.fit(X).sample(2), plain.sample(2))
    assert list(tmp_path.rglob("output.pkl"))


def test_set_output_does_not_change_the_draw(model):
    pipeline = scaled().set_output(transform="pandas")
    require_alike(pipeline.fit(panel_frame()).sample(2), model.sample(2))
    with config_context(transform_output="pandas"):
        require_alike(scaled().fit(panel_frame()).sample(2), model.sample(2))


def test_html_shows_every_step(model):
    html = model._repr_html_()
    assert "StandardScaler" in html
    assert "FactorizedARGenerator" in html
    assert "GeneratorPipeline" in html


def test_metadata_reaches_a_step_with_routing():
    X, weights = panel_frame(), np.arange(80.0)
    with config_context(enable_metadata_routing=True):
        weigher = Weigher().set_fit_request(weights=True)
        pipeline = make_generator_pipeline(weigher, small()).fit(X, weights=weights)
        assert np.isfinite(pipeline.score(X))
        assert len(pipeline.sample(2, length=3)) == 6
    np.testing.assert_array_equal(pipeline[0].weights_, weights)


def test_metadata_reaches_a_step_without_routing():
    X, weights = panel_frame(), np.arange(80.0)
    pipeline = make_generator_pipeline(Weigher(), small()).fit(X, weigher__weights=weights)
    np.testing.assert_array_equal(pipeline[0].weights_, weights)
