"""One function for generators, pipelines and searches."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import sktsgen
from sktsgen import PanelKFold, SeasonalTrendDecomposer, make_generator_pipeline
from tests.compose.steps import panel, panel_frame, series_frame
from tests.estimators.models import small

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")


def test_a_generator_draws_as_by_itself():
    generator = small().fit(panel())
    drawn = sktsgen.sample(generator, 3, length=5, random_state=1)
    np.testing.assert_array_equal(drawn, generator.sample(3, length=5, random_state=1))


def test_a_plain_pipeline_draws_what_a_generator_pipeline_draws():
    X = series_frame()
    plain, ours = (
        make(StandardScaler(), small()) for make in (make_pipeline, make_generator_pipeline)
    )
    plain.set_output(transform="pandas")
    drawn = sktsgen.sample(plain.fit(X), 3, length=5)
    pd.testing.assert_frame_equal(drawn, ours.fit(X).sample(3, length=5), check_freq=False)


def test_a_plain_pipeline_of_arrays_draws_arrays():
    X = panel()[0]
    pipeline = make_pipeline(StandardScaler(), "passthrough", small()).fit(X)
    drawn = sktsgen.sample(pipeline, 200, length=20)
    assert drawn.shape == (200, 20, 2)
    by_hand = pipeline[:-1].inverse_transform(pipeline[-1].sample(200, length=20).reshape(-1, 2))
    assert_allclose(drawn.reshape(-1, 2), by_hand, rtol=1e-12)


def test_lists_of_a_plain_pipeline_stay_lists():
    X = [panel_frame().loc[site] for site in "db"]
    drawn = sktsgen.sample(make_pipeline(SeasonalTrendDecomposer(period=5), small()).fit(X), 2)
    assert [list(series) for series in drawn] == [["load", "heat"]] * 2


def test_rows_of_a_list_go_back_together():
    """A generator fitted to a list behind a step that was fitted to rows."""
    X = list(panel())
    scaler = StandardScaler().fit(np.concatenate(X))
    generator = small().fit([scaler.transform(series) for series in X])
    drawn = sktsgen.sample(Pipeline([("scale", scaler), ("generate", generator)]), 3)
    expected = [scaler.inverse_transform(series) for series in generator.sample(3)]
    for one, other in zip(drawn, expected, strict=True):
        assert_allclose(one, other, rtol=1e-12)


def test_a_search_draws_from_its_best_estimator():
    grid = {"factorizedargenerator__codebook_size": [3, 4]}
    pipeline = make_generator_pipeline(StandardScaler(), small())
    search = GridSearchCV(pipeline, grid, cv=PanelKFold(2)).fit(panel_frame())
    drawn = sktsgen.sample(search, 2, length=5, random_state=0)
    expected = search.best_estimator_.sample(2, length=5, random_state=0)
    pd.testing.assert_frame_equal(drawn, expected)


@pytest.mark.parametrize("make", [make_pipeline, make_generator_pipeline])
def test_a_search_may_be_the_last_step(make):
    search = GridSearchCV(small(), {"codebook_size": [3, 4]}, cv=PanelKFold(2))
    pipeline = make(SeasonalTrendDecomposer(period=5), search).fit(panel_frame())
    drawn = sktsgen.sample(pipeline, 2, length=5)
    assert list(drawn) == ["load", "heat"]
    assert len(drawn) == 10


def test_what_holds_no_generator_is_named():
    with pytest.raises(TypeError, match="StandardScaler has no `sample`"):
        sktsgen.sample(StandardScaler().fit(panel()[0]), 2)


@pytest.mark.parametrize("make", [make_pipeline, make_generator_pipeline])
def test_a_step_without_inverse_is_named(make):
    columns = ColumnTransformer([("scale", StandardScaler(), ["load"])])
    columns.set_output(transform="pandas")
    pipeline = make(columns, small()).fit(series_frame())
    with pytest.raises(ValueError, match=r"'columntransformer' \(ColumnTransformer\) has no inv"):
        sktsgen.sample(pipeline, 2)


def test_a_search_that_kept_no_estimator_is_refused():
    search = GridSearchCV(small(), {"codebook_size": [4]}, cv=2, refit=False).fit(panel())
    with pytest.raises(ValueError, match="GridSearchCV has refit=False"):
        sktsgen.sample(search, 2)


@pytest.mark.parametrize(
    "estimator",
    [
        small(),
        make_pipeline(StandardScaler(), small()),
        make_generator_pipeline(StandardScaler(), small()),
        GridSearchCV(small(), {"codebook_size": [4]}),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_nothing_is_drawn_before_fit(estimator):
    with pytest.raises(NotFittedError):
        sktsgen.sample(estimator, 2)
