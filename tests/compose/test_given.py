"""Columns that are given to a pipeline go through its steps, and come back in the user's units."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sktsgen
from sktsgen import (
    LatentDiffusionForecaster,
    LatentDiffusionGenerator,
    make_generator_pipeline,
)
from tests.compose.steps import panel, panel_frame, series_frame
from tests.estimators.diffusion_models import mixed_frame, small
from tests.estimators.multiscale_models import small as small_multiscale

HEAT = np.array([-48.0, -50.0, np.nan, -53.0])


def forecaster(*steps):
    return make_generator_pipeline(*steps, small(LatentDiffusionForecaster))


def generator(*steps, columns=("heat",)):
    return make_generator_pipeline(
        *steps, small(LatentDiffusionGenerator, metadata_columns=columns)
    )


def test_known_columns_are_in_the_units_of_the_data():
    model = forecaster(StandardScaler()).fit(series_frame())
    futures = model.forecast(series_frame(), 4, n_samples=3, known=pd.DataFrame({"heat": HEAT}))
    found = futures["heat"].to_numpy().reshape(3, 4)
    assert_allclose(found[:, [0, 1, 3]], [HEAT[[0, 1, 3]]] * 3)
    assert len(np.unique(found[:, 2])) == 3


def test_known_columns_are_followed_as_without_a_scaler():
    """What the generator is shown is what it would have been shown of scaled tables."""
    X = series_frame()
    model = forecaster(StandardScaler()).fit(X)
    scaler, alone = (step for _, step in model.steps)
    known = pd.DataFrame({"heat": HEAT})
    scaled = (known - scaler.mean_[1]) / scaler.scale_[1]
    features = scaler.set_output(transform="pandas").transform(X)
    expected = alone.forecast(features, 4, n_samples=3, known=scaled)
    found = model.forecast(X, 4, n_samples=3, known=known)
    assert_allclose(found, scaler.inverse_transform(expected), rtol=1e-6)


def test_known_rows_of_a_panel_go_to_their_series():
    X = panel_frame()
    model = forecaster(StandardScaler()).fit(X)
    rows = model.forecast(X, 2, n_samples=1).droplevel("sample")
    known = rows[["heat"]].assign(heat=-50.0 - np.arange(len(rows)))
    futures = model.forecast(X, 2, n_samples=1, known=known.iloc[::-1])
    assert_allclose(futures["heat"], known["heat"])


def test_metadata_are_in_the_units_of_the_data():
    model = generator(StandardScaler()).fit(series_frame())
    metadata = series_frame()[["heat"]].iloc[5:9]
    drawn = model.sample(2, metadata=metadata)
    for _, series in drawn.groupby(level=0):
        assert_allclose(series["heat"], metadata["heat"])
        assert series.index.get_level_values(1).equals(metadata.index)


def test_columns_of_arrays_are_given_by_their_numbers():
    model = forecaster(StandardScaler()).fit(panel())
    known = pd.DataFrame({1: np.tile(HEAT[:2], 4)})
    futures = model.forecast(panel(), 2, n_samples=3, known=known)
    assert_allclose(futures[..., 1], np.broadcast_to(HEAT[:2], (4, 3, 2)))
    sampler = generator(StandardScaler(), columns=["x1"]).fit(panel())
    drawn = sampler.sample(2, metadata=pd.DataFrame({1: HEAT[:2]}))
    assert_allclose(drawn[..., 1], [HEAT[:2]] * 2)


def test_steps_that_mix_columns_are_named():
    known = pd.DataFrame({"heat": HEAT})
    model = forecaster(PCA()).fit(series_frame())
    with pytest.raises(ValueError, match=r"\['load', 'heat'\].*into \['pca0', 'pca1'\].*scalers"):
        model.forecast(series_frame(), 4, known=known)


@pytest.mark.parametrize(
    ("known", "error", "message"),
    [
        (HEAT, TypeError, "known is ndarray"),
        (pd.DataFrame({"cold": HEAT}), ValueError, "known has the column 'cold'"),
        (pd.DataFrame(np.ones((4, 2)), columns=["heat", "heat"]), ValueError, "more than once"),
        (pd.DataFrame({"heat": HEAT[:3]}), ValueError, "known has 3 rows"),
    ],
)
def test_what_is_no_such_table_is_refused_as_by_the_generator(known, error, message):
    model = forecaster(StandardScaler()).fit(series_frame())
    with pytest.raises(error, match=message):
        model.forecast(series_frame(), 4, known=known)


def test_components_are_not_those_of_the_data():
    fitted = make_generator_pipeline(StandardScaler(), small_multiscale()).fit(panel())
    with pytest.raises(ValueError, match="return_components=True asks for the parts"):
        fitted.sample(2, return_components=True)
    plain = make_pipeline(*(step for _, step in fitted.steps))
    with pytest.raises(ValueError, match="return_components=True"):
        sktsgen.sample(plain, 2, return_components=True)


@pytest.mark.parametrize("name", ["prefix", "metadata"])
def test_plain_pipelines_refuse_what_would_pass_by_their_steps(name):
    model = generator(StandardScaler()).fit(series_frame())
    plain = make_pipeline(*(step for _, step in model.steps))
    given = {"prefix": series_frame(), "metadata": series_frame()[["heat"]]}[name]
    with pytest.raises(ValueError, match=f"{name} would reach the generator without the steps"):
        sktsgen.sample(plain, 1, **{name: given})
    bare = make_pipeline("passthrough", model[-1])
    assert len(sktsgen.sample(bare, 1, **{name: given}))


@pytest.mark.parametrize("steps", [(), ("passthrough",)])
def test_levels_are_given_where_no_step_is(steps):
    X = mixed_frame(holes=False)
    known = pd.DataFrame(
        {"state": pd.Categorical(["low", None, "high"]), "open": [True, False, None]}
    )
    model = forecaster(*steps).fit(X)
    futures = model.forecast(X, 3, n_samples=2, known=known)
    pd.testing.assert_series_equal(futures.dtypes, X.dtypes)
    assert futures["state"].iloc[[0, 2]].tolist() == ["low", "high"]
    assert futures["open"].iloc[:2].tolist() == [True, False]
    alone = small(LatentDiffusionForecaster).fit(X).forecast(X, 3, n_samples=2, known=known)
    pd.testing.assert_frame_equal(futures, alone)
