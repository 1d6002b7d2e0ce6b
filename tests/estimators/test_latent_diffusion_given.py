"""Columns that are given to forecasts and draws: back as they were, or refused by name."""

import numpy as np
import pandas as pd
import pytest

from sktsgen import LatentDiffusionForecaster, LatentDiffusionGenerator
from tests.estimators.diffusion_models import mixed_frame, small

COLUMNS = ["count", "state", "open", "lamps"]


def table():
    return mixed_frame(holes=False).assign(lamps=np.arange(60, dtype="int16") % 4)


@pytest.fixture(scope="module")
def forecaster():
    return small(LatentDiffusionForecaster).fit(table())


@pytest.fixture(scope="module")
def generator():
    return small(LatentDiffusionGenerator, metadata_columns=COLUMNS).fit(table())


def draw_with(model, given):
    if isinstance(model, LatentDiffusionForecaster):
        return model.forecast(table(), len(given), n_samples=2, known=given)
    return model.sample(2, metadata=given)


@pytest.fixture(params=["forecaster", "generator"])
def model(request):
    return request.getfixturevalue(request.param)


def test_what_is_given_comes_back_and_gaps_are_drawn(model):
    given = pd.DataFrame(
        {
            "lamps": [3.0, np.nan, 1.0],
            "state": ["low", None, "high"],
            "open": [True, None, False],
            "count": [np.nan, 2, 6],
        }
    )
    drawn = draw_with(model, given)
    pd.testing.assert_series_equal(drawn.dtypes, table().dtypes)
    for _, series in drawn.groupby(level=0):
        assert list(series["lamps"].iloc[[0, 2]]) == [3, 1]
        assert list(series["state"].iloc[[0, 2]]) == ["low", "high"]
        assert list(series["open"].iloc[[0, 2]]) == [True, False]
        assert list(series["count"].iloc[1:]) == [2, 6]
        assert not series.isna().to_numpy().any()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"state": ["low", "new"]}, ValueError, r"has 'new' in column state.*\['high', 'low'"),
        ({"lamps": [1.0, 2.5]}, ValueError, r"has 2\.5 in column lamps, which fit saw with values"),
        ({"lamps": ["a", 1]}, ValueError, "cannot be read as int16, the type of column lamps"),
        ({"lamps": [1, 40_000]}, ValueError, "lamps"),
        ({"open": [2, 0]}, ValueError, "open"),
        (np.ones((2, 1)), TypeError, "is ndarray; give a DataFrame"),
        ("twice", ValueError, "has the column 'lamps' more than once; give each once"),
    ],
)
def test_what_has_no_place_is_refused_by_name(model, given, error, message):
    if isinstance(given, dict):
        given = pd.DataFrame(given)
    elif isinstance(given, str):
        given = pd.DataFrame([[1, 2], [1, 2]], columns=["lamps", "lamps"])
    with pytest.raises(error, match=message):
        draw_with(model, given)


def test_arrays_of_whole_numbers_are_given_whole_numbers():
    X = (np.arange(60) % 5).reshape(1, 30, 2)
    model = small(LatentDiffusionForecaster).fit(X)
    drawn = model.forecast(X, 2, n_samples=3, known=pd.DataFrame({1: [4, np.nan]}))
    assert (drawn[0, :, 0, 1] == 4).all()
    with pytest.raises(ValueError, match=r"has 1\.5 in column 1"):
        model.forecast(X, 2, known=pd.DataFrame({1: [1.5, 2.0]}))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": pd.array([1, 2, 3, 4] * 8, dtype="Int64"), "b": np.arange(32.0)}),
        pd.DataFrame({"a": pd.array([1.5, 2.5] * 16, dtype="Float64")}),
        pd.DataFrame({"a": [True, False] * 16, "b": np.arange(32.0)}),
    ],
)
def test_quantiles_and_means_are_of_numbers_of_all_types(frame):
    model = small(LatentDiffusionForecaster).fit(frame)
    middle = model.forecast(frame, 3, n_samples=9, quantiles=[0.5])
    draws = model.forecast(frame, 3, n_samples=9).astype(float)
    np.testing.assert_allclose(middle, draws.groupby(level=1).median(), rtol=1e-6)
    mean = model.forecast(frame, 3, n_samples=9, mean=True)
    np.testing.assert_allclose(mean, draws.groupby(level=1).mean(), rtol=1e-6)


def test_series_may_be_called_samples():
    frame = pd.concat({i: table()[["load"]] for i in range(2)}, names=["sample"])
    model = small(LatentDiffusionForecaster).fit(frame)
    found = model.forecast(frame, 3, n_samples=5, quantiles=[0.1, 0.9])
    assert found.index.names == ["sample", "quantile", "when"]
    assert list(found.index.unique(1)) == [0.1, 0.9]
