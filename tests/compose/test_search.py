"""Searches of scikit-learn over generators and pipelines, without labels."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.compose import ColumnTransformer
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sktsgen
from sktsgen import (
    MixedTypeEncoder,
    PanelKFold,
    SeasonalTrendDecomposer,
    make_generator_pipeline,
)
from sktsgen.datasets import make_ar1
from sktsgen.testing import test_instances
from tests.compose.steps import Weigher, panel, panel_frame, series_frame
from tests.estimators.models import honest, small

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")

GRID = {"codebook_size": [3, 4]}
PIPELINE_GRID = {f"factorizedargenerator__{name}": values for name, values in GRID.items()}


def scaled():
    return make_generator_pipeline(StandardScaler(), small())


def refit_score(search, X):
    """Score of the best parameters, computed without the search."""
    scores = []
    for train, test in search.cv.split(X):
        parts = [X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows] for rows in (train, test)]
        model = search.best_estimator_.__class__(**search.best_estimator_.get_params(deep=False))
        scores.append(model.fit(parts[0]).score(parts[1]))
    return np.mean(scores)


@pytest.mark.parametrize("X", [panel(), panel_frame()], ids=["3-D array", "panel frame"])
def test_grid_search_scores_whole_series(X):
    search = GridSearchCV(small(), GRID, cv=PanelKFold(2)).fit(X)
    assert search.n_features_in_ == 2
    assert search.best_score_ == pytest.approx(refit_score(search, X), rel=1e-5)
    assert sktsgen.sample(search, 2, length=5, random_state=0) is not None


def test_containers_of_one_panel_get_the_same_scores():
    scores = [
        GridSearchCV(scaled(), PIPELINE_GRID, cv=PanelKFold(2)).fit(X).cv_results_
        for X in (panel(), list(panel()), panel_frame())
    ]
    for other in scores[1:]:
        np.testing.assert_allclose(
            other["mean_test_score"], scores[0]["mean_test_score"], rtol=1e-5
        )


def test_grid_search_finds_the_window_that_sees_the_past():
    """An AR(1) cannot be told from noise by a model that looks at one step at a time."""
    X = make_ar1(100, 16, phi=0.95, random_state=0)
    generator = honest(max_epochs=1)
    search = GridSearchCV(generator, {"window_length": [1, 8]}, cv=PanelKFold(2), refit=False)
    search.fit(X)
    assert search.best_params_ == {"window_length": 8}


def test_grid_search_over_steps_and_their_parameters():
    grid = {
        "seasonaltrenddecomposer__period": [4, 5],
        "factorizedargenerator__n_components": [2, 3],
    }
    pipeline = make_generator_pipeline(SeasonalTrendDecomposer(), small())
    search = GridSearchCV(pipeline, grid, cv=PanelKFold(2)).fit(panel())
    assert len(search.cv_results_["params"]) == 4
    assert sktsgen.sample(search, 2).shape == (2, 20, 2)


def test_randomized_search():
    search = RandomizedSearchCV(
        scaled(),
        {"factorizedargenerator__codebook_size": range(2, 6)},
        n_iter=2,
        cv=PanelKFold(2),
        random_state=0,
    ).fit(panel_frame())
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert list(sktsgen.sample(search, 1)) == ["load", "heat"]


@pytest.mark.parametrize(
    "resource", [{"resource": "max_epochs", "max_resources": 2}, {"min_resources": 4}]
)
def test_halving_search(resource):
    search = HalvingGridSearchCV(
        small(), GRID, factor=2, cv=PanelKFold(2), random_state=0, **resource
    ).fit(np.tile(panel(), (2, 1, 1)))
    assert search.n_iterations_ == 2
    assert search.best_params_["codebook_size"] in GRID["codebook_size"]


@pytest.mark.parametrize("X", [panel()[0], series_frame()], ids=["array", "frame"])
def test_time_series_split_of_one_series(X):
    search = GridSearchCV(scaled(), PIPELINE_GRID, cv=TimeSeriesSplit(2, gap=1)).fit(X)
    assert search.best_score_ == pytest.approx(refit_score(search, X), rel=1e-5)


def test_group_kfold_needs_groups_and_routing_may_be_on_or_off():
    X = panel_frame()
    groups = X.index.get_level_values(0)
    for routing in (False, True):
        with config_context(enable_metadata_routing=routing):
            search = GridSearchCV(scaled(), PIPELINE_GRID, cv=GroupKFold(2))
            search.fit(X, groups=groups)
            assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_metadata_goes_through_a_search_to_a_step():
    X, weights = panel_frame(), np.arange(80.0)
    with config_context(enable_metadata_routing=True):
        pipeline = make_generator_pipeline(Weigher().set_fit_request(weights=True), small())
        search = GridSearchCV(pipeline, PIPELINE_GRID, cv=PanelKFold(2)).fit(X, weights=weights)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert len(sktsgen.sample(search, 2, length=3)) == 6
    np.testing.assert_array_equal(search.best_estimator_[0].weights_, weights)


def test_a_scorer_that_draws_serves_any_preprocessing():
    """Spread of the draws against that of the data, in the units of the data."""

    def spread_error(estimator, X, y=None):
        drawn = sktsgen.sample(estimator, 50, length=X.shape[1], random_state=0)
        return -float(np.abs(drawn.std(axis=(0, 1)) - X.std(axis=(0, 1))).sum())

    grid = {"standardscaler": [StandardScaler(), "passthrough"]}
    search = GridSearchCV(scaled(), grid, cv=PanelKFold(2), scoring=spread_error).fit(panel())
    scores = search.cv_results_["mean_test_score"]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-3)  # generators scale by themselves


def test_a_generator_is_a_feature_of_a_regression():
    """Coefficients of some columns beside scaled others, in a ColumnTransformer."""
    X = series_frame().assign(wind=np.arange(20.0))
    columns = ColumnTransformer(
        [("codes", small(), ["load", "heat"]), ("scale", StandardScaler(), ["wind"])]
    )
    regression = make_pipeline(columns, Ridge()).fit(X, X["load"])
    assert columns.fit_transform(X).shape == (20, 4)
    assert np.isfinite(regression.predict(X)).all()


SEARCHED = [
    *((estimator, {"max_epochs": [1, 2]}) for estimator in test_instances()),
    (scaled(), PIPELINE_GRID),
    (
        make_generator_pipeline(MixedTypeEncoder(), small()),
        {"mixedtypeencoder__max_categories": [2, 9], **PIPELINE_GRID},
    ),
    (
        make_generator_pipeline(SeasonalTrendDecomposer(), small()),
        {"seasonaltrenddecomposer__period": [3, 5]},
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "grid"), SEARCHED, ids=lambda v: "-".join(v) if isinstance(v, dict) else None
)
def test_grid_search_on_two_workers_of_loky_is_that_of_one(estimator, grid):
    here, there = (
        GridSearchCV(estimator, grid, cv=PanelKFold(2), n_jobs=n_jobs).fit(panel_frame())
        for n_jobs in (None, 2)
    )
    scores = "mean_test_score"
    np.testing.assert_allclose(there.cv_results_[scores], here.cv_results_[scores], rtol=1e-5)
    assert there.best_params_ == here.best_params_
    assert there.score(panel_frame()) == pytest.approx(here.score(panel_frame()), rel=1e-5)


@pytest.mark.slow
def test_workers_of_loky_score_alike():
    """Fits in other processes are those of this one."""
    arguments = {"cv": PanelKFold(2), "return_estimator": True}
    here, there = (
        cross_validate(scaled(), panel_frame(), n_jobs=n_jobs, **arguments) for n_jobs in (None, 2)
    )
    np.testing.assert_allclose(there["test_score"], here["test_score"], rtol=1e-5)
    drawn = [result["estimator"][0].sample(2, random_state=0) for result in (here, there)]
    pd.testing.assert_frame_equal(drawn[1], drawn[0], rtol=1e-4)
