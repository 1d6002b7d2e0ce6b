"""FactorizedARGenerator inside scikit-learn's searches, pipelines and clones."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - has to be imported
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sktsgen import FactorizedARGenerator
from sktsgen.datasets import make_class_panel, make_var1
from sktsgen.training import Trainer
from tests.estimators.models import fitted, panel, small

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")

DEPTHS = {"n_codebooks": [1, 2]}


@pytest.mark.parametrize("kind", [np.asarray, list], ids=["array", "list"])
def test_grid_search_over_a_panel_needs_no_y(kind):
    X = kind(panel(6))
    search = GridSearchCV(small(), DEPTHS, cv=2).fit(X)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_params_["n_codebooks"] == DEPTHS["n_codebooks"][int(scores.argmax())]
    expected = [
        fitted(small(**search.best_params_), X[3:]).score(X[:3]),
        fitted(small(**search.best_params_), X[:3]).score(X[3:]),
    ]
    assert scores.max() == pytest.approx(np.mean(expected), abs=1e-6)
    drawn = search.best_estimator_.sample(2, length=4)
    assert np.shape(drawn) == (2, 4, 2)


def test_grid_search_over_one_series_with_time_series_split():
    X = panel(1, 60)[0]
    search = GridSearchCV(small(), DEPTHS, cv=TimeSeriesSplit(2)).fit(X)
    train, test = next(TimeSeriesSplit(2).split(X))
    row = search.cv_results_["params"].index({"n_codebooks": 2})
    expected = fitted(small(n_codebooks=2), X[train]).score(X[test])
    assert search.cv_results_["split0_test_score"][row] == pytest.approx(expected, abs=1e-6)


def test_grid_search_passes_labels_on():
    X, y = make_class_panel(12, 12, 1, n_classes=2, random_state=0)
    search = GridSearchCV(small(), DEPTHS, cv=2).fit(X, y)
    assert search.best_estimator_.classes_.tolist() == [0, 1]
    assert search.score(X, y) == search.best_estimator_.score(X, y)


def test_halving_search_spends_epochs():
    X = panel(8)
    search = HalvingGridSearchCV(
        small(early_stopping=False),
        {"n_codebooks": [1, 2, 3]},
        resource="max_epochs",
        min_resources=1,
        max_resources=3,
        cv=2,
        random_state=0,
    ).fit(X)
    assert search.n_resources_ == [1, 3]
    assert search.best_estimator_.max_epochs == 3
    assert search.best_estimator_.n_iter_ == 3


def test_search_reaches_the_parameters_of_the_trainer():
    grid = {"trainer__steps_per_epoch": [1, 2]}
    search = GridSearchCV(small(), grid, cv=2).fit(panel(4))
    assert search.best_estimator_.trainer.steps_per_epoch in (1, 2)
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0


def test_pipeline_scores_in_the_space_of_its_last_step():
    X = make_var1(1, 60, random_state=0)[0] * [1.0, 100.0]
    pipeline = Pipeline([("scale", StandardScaler()), ("generate", small())]).fit(X)
    scaled = StandardScaler().fit_transform(X)
    assert pipeline.score(X) == pytest.approx(fitted(small(), scaled).score(scaled), abs=1e-6)
    drawn = pipeline["scale"].inverse_transform(pipeline["generate"].sample(4, length=9)[0])
    assert 10.0 < drawn[:, 1].std() < 1000.0


def test_pipeline_hands_a_frame_on_with_its_names():
    X = pd.DataFrame(panel()[0], columns=["a", "b"])
    pipeline = Pipeline([("scale", StandardScaler()), ("generate", small())])
    pipeline.set_output(transform="pandas").fit(X)
    assert pipeline["generate"].feature_names_in_.tolist() == ["a", "b"]
    coefficients = pipeline.transform(X)
    assert list(coefficients.columns) == [f"factorizedargenerator{i}" for i in range(3)]


def test_generator_is_a_step_before_another_one():
    X = panel()[0]
    pipeline = Pipeline([("code", small()), ("scale", StandardScaler())]).fit(X)
    coefficients = pipeline["code"].transform(X)
    np.testing.assert_allclose(
        pipeline.transform(X), StandardScaler().fit_transform(coefficients), atol=1e-6
    )


def test_cross_validation_scores_whole_series():
    X = panel(6)
    scores = cross_val_score(small(), X, cv=3)
    assert scores[0] == pytest.approx(fitted(small(), X[2:]).score(X[:2]), abs=1e-6)


def test_parameters_survive_clone_and_set_params():
    model = small(n_codebooks=3, emission="point", trainer=Trainer(steps_per_epoch=7))
    params = model.get_params(deep=False)
    copy = clone(model)
    assert repr(copy) == repr(model)
    assert copy.trainer is not model.trainer
    assert repr(FactorizedARGenerator().set_params(**params)) == repr(model)
    assert model.get_params()["trainer__steps_per_epoch"] == 7


def test_clone_of_a_fitted_generator_is_unfitted(panel_model):
    copy = clone(panel_model)
    assert not [name for name in vars(copy) if name.endswith("_")]
    np.testing.assert_array_equal(fitted(copy, panel()).sample(2), panel_model.sample(2))


def test_parameters_default_to_plain_values():
    for name, value in FactorizedARGenerator().get_params().items():
        assert isinstance(value, (int, float, str, bool, type(None))), name
