"""Tables through the autoregressive generators: what goes in comes out, column by column."""

import pickle

import numpy as np
import pandas as pd
import pytest

import sktsgen
from sktsgen.datasets import make_mixed_panel
from tests.estimators import models, multiscale_models
from tests.estimators.models import fitted

TIME_OF_CHANGE = pd.Timestamp("2024-03-31 03:00", tz="Europe/Berlin")


@pytest.fixture(scope="module")
def X():
    """Six places over the change of the clock; gaps also in a level and a nullable integer."""
    X = make_mixed_panel(6, 40, start="2024-03-30 12:00", random_state=0)
    rows = np.random.default_rng(0).random((2, len(X))) < 0.2
    X["note"] = pd.Series(np.where(rows[0], None, "dry"), index=X.index, dtype="str")
    X.loc[X["sky"] == "rain", "note"] = "wet"
    X["queue"] = X["visitors"].astype("Int32").mask(rows[1])
    return X


ENGINES = {"factorized": models.small, "multiscale": multiscale_models.small}


@pytest.fixture(scope="module", params=ENGINES)
def small(request):
    return ENGINES[request.param]


@pytest.fixture(scope="module", params=["reproduce", "complete"])
def model(request, small, X):
    return fitted(small(missing=request.param, codebook_size=8), X)


@pytest.fixture(scope="module")
def drawn(model):
    return model.sample(9, length=30)


def first_series(X, n, length=None):
    kept = X[X.index.codes[0] < n]
    return kept if length is None else kept.groupby(level=0, sort=False).head(length)


def test_types_levels_labels_and_index_survive(X, drawn):
    pd.testing.assert_series_equal(drawn.dtypes, X.dtypes)
    assert drawn.index.names == X.index.names
    assert drawn.index.dtypes.equals(X.index.dtypes)
    assert drawn.index.levels[0].tolist() == [str(i) for i in range(9)]


def test_stamps_go_on_hour_by_hour_over_the_change_of_the_clock(drawn):
    for _, series in drawn.groupby(level=0):
        time = series.index.get_level_values(1)
        assert (time[1:] - time[:-1] == pd.Timedelta("1h")).all()
        assert TIME_OF_CHANGE in time


def test_static_columns_are_static_and_new_entities_are_none_of_the_old(X, model, drawn):
    assert model.static_columns_ == (0, 1)
    by_series = drawn.groupby(level=0, sort=False)
    assert by_series[["kind", "area"]].nunique().max().max() == 1
    areas = by_series["area"].first()
    assert areas.nunique() == 9
    assert not areas.isin(X["area"]).any()
    assert areas.between(X["area"].min(), X["area"].max()).all()


def test_nothing_is_drawn_that_was_not_there(X, drawn):
    for column in ("kind", "sky", "note"):
        assert set(drawn[column].dropna()) <= set(X[column].dropna())
    assert drawn["visitors"].between(0, 1.1 * X["visitors"].max()).all()


def test_gaps_are_reproduced_or_completed(X, model, drawn):
    gaps = drawn.isna().any()
    if model.missing == "complete":
        assert not gaps.any()
    else:
        assert set(gaps[gaps].index) == {"temperature", "note", "queue"}
        assert not gaps[~X.isna().any()].any()


def test_fewer_series_and_fewer_steps_are_the_first_ones(model, drawn):
    pd.testing.assert_frame_equal(model.sample(9, length=11), first_series(drawn, 9, 11))
    kept = first_series(drawn, 4)
    few = model.sample(4, length=30)
    assert few.to_numpy().tolist() != []
    pd.testing.assert_frame_equal(few.reset_index(drop=True), kept.reset_index(drop=True))


def test_batches_are_the_draw(model, drawn):
    batches = pd.concat(model.sample_batches(9, batch_size=4, length=30))
    pd.testing.assert_frame_equal(batches, drawn, check_categorical=False)


def test_files_and_pickles_draw_and_score_alike(X, model, drawn, tmp_path):
    model.save(tmp_path / "model.sktsgen")
    for other in (sktsgen.load(tmp_path / "model.sktsgen"), pickle.loads(pickle.dumps(model))):
        pd.testing.assert_frame_equal(other.sample(9, length=30), drawn)
        assert other.score(X) == model.score(X)


def test_score_is_the_mean_over_rows_and_changes_with_every_column(X, model):
    score = model.score(X)
    np.testing.assert_allclose(model.score_samples(X).sum() / len(X), score)
    for column in ("pressure", "sky", "visitors", "is_open", "queue"):
        other = X.copy()
        other[column] = X[column].to_numpy()[::-1]
        assert abs(model.score(other) - score) > 1e-4, column


def test_levels_that_fit_did_not_meet_do_not_pay(X, model):
    assert model.score(X.assign(sky="green")) < model.score(X) - 1


def test_score_reads_the_static_columns(X, model):
    other = X.copy()
    other["kind"] = X["kind"].cat.rename_categories(["museum", "park", "cafe"])
    other["kind"] = other["kind"].astype(X["kind"].dtype)
    assert abs(model.score(other) - model.score(X)) > 1e-5


def test_forecast_keeps_the_static_columns_and_goes_on_in_time(X, model):
    futures = model.forecast(X, 3, n_samples=2)
    assert futures.index.names == ["place", "sample", "time"]
    pd.testing.assert_series_equal(futures.dtypes, X.dtypes)
    first = futures.groupby(level="place")[["kind", "area"]].first()
    pd.testing.assert_frame_equal(first, X.groupby(level="place")[["kind", "area"]].first())
    assert futures.groupby(level="place")[["kind", "area"]].nunique().max().max() == 1
    ends = X.index.get_level_values("time").max()
    assert futures.index.get_level_values("time").min() == ends + pd.Timedelta("1h")


def test_static_column_that_changes_is_named(X, model):
    other = X.copy()
    other.iloc[50, 1] += 1.0
    with pytest.raises(
        ValueError, match=r"column 'area' was constant .* in fit and changes within series 1"
    ):
        model.score(other)


def test_other_column_is_named_by_score(X, model):
    with pytest.raises(ValueError, match="area"):
        model.score(X.drop(columns="area"))


def test_lists_of_frames_give_lists_of_frames(small, X):
    frames = [series.droplevel(0) for _, series in X.groupby(level=0)]
    drawn = fitted(small(), frames).sample(2, length=5)
    assert len(drawn) == 2
    for frame in drawn:
        pd.testing.assert_series_equal(frame.dtypes, X.dtypes)
        assert frame.index.name == "time"
        assert frame["kind"].nunique() == 1


def test_static_rows_are_those_of_the_class(small):
    X = make_mixed_panel(9, 20, random_state=0)
    X["group"] = [f"g{i}" for i in X.index.codes[0]]
    y = np.arange(9) % 3
    model = fitted(small(), X, y)
    drawn = model.sample(12, length=4, y=np.repeat([0, 1, 2], 4))
    number = drawn.groupby(level=0, sort=False)["group"].first().str[1:].astype(int)
    assert (number.to_numpy() % 3).tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_whole_numbers_are_scored_by_their_probability(small):
    """Whatever the unit: probabilities are no densities."""
    X = np.random.default_rng(0).poisson(3.0, (4, 30, 2))
    model = fitted(small(), X)
    assert model.sample(3, length=9).dtype == X.dtype
    assert model.score(X) < 0
    seen = fitted(small(), 10 * X)
    np.testing.assert_allclose(seen.codec_.log_scale - model.codec_.log_scale, 2 * np.log(10))


def test_missing_numbers_of_arrays_are_drawn_too(small):
    X = np.random.default_rng(0).normal(size=(4, 30, 2))
    X[:, ::3, 1] = np.nan
    drawn = fitted(small(), X).sample(20, length=10)
    assert not np.isnan(drawn[..., 0]).any()
    assert 0.1 < np.isnan(drawn[..., 1]).mean() < 0.6
    assert not np.isnan(fitted(small(missing="complete"), X).sample(5)).any()
