"""LatentDiffusionGenerator and LatentDiffusionForecaster on tables."""

import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen import LatentDiffusionForecaster, LatentDiffusionGenerator, load
from sktsgen.datasets import make_class_panel, make_var1
from sktsgen.estimators._latent_diffusion_draws import Drawing
from sktsgen.estimators._latent_diffusion_metadata import add_up
from tests.estimators.diffusion_models import honest, mixed_frame, small


def led_series(n_rows=600, *, seed=0):
    """A driver, and what follows it: the load is twice the driver, plus noise."""
    rng = np.random.default_rng(seed)
    driver = np.convolve(rng.standard_normal(n_rows + 7), np.ones(8) / 2.0, mode="valid")
    load = 2.0 * driver + 0.2 * rng.standard_normal(n_rows)
    return pd.DataFrame({"driver": driver, "load": load})


@pytest.fixture(scope="module")
def led():
    return honest(
        LatentDiffusionGenerator, metadata_columns=["driver"], window_length=16, condition_noise=0.1
    ).fit(led_series())


@pytest.fixture(scope="module")
def mixed_model():
    return small(LatentDiffusionGenerator).fit(mixed_frame())


@pytest.fixture(scope="module")
def forecaster():
    return small(LatentDiffusionForecaster).fit(mixed_frame())


def test_given_columns_come_back_unchanged_and_others_follow_them(led):
    given = led_series(40, seed=3)[["driver"]]
    drawn = led.sample(8, metadata=given)
    for _, series in drawn.groupby(level=0):
        assert series["driver"].to_numpy().tobytes() == given["driver"].to_numpy().tobytes()
    load = drawn["load"].to_numpy().reshape(8, 40)
    assert np.abs(load - 2.0 * given["driver"].to_numpy()).mean() < 0.5


def test_other_metadata_and_the_same_seed_are_a_what_if(led):
    given = led_series(16, seed=3)[["driver"]]
    one, other = (
        led.sample(5, metadata=given + shift, random_state=1)["load"].to_numpy()
        for shift in (0.0, 1.0)
    )
    # The difference is that of the loads; what is random is the same.
    np.testing.assert_allclose((other - one).mean(), 2.0, atol=0.5)
    assert (other - one).std() < 0.5


def rain(n_series=60, n_steps=16, *, seed=0):
    """Amounts that are mostly 0, after a normal process that tells how wet it is."""
    wet = make_var1(n_series, n_steps, random_state=seed)[..., :1]
    wet = wet / wet.std()
    return np.exp(np.maximum(wet - 0.5, 0.0)) - 1.0


def test_the_law_of_numbers_far_from_normal_is_kept():
    real = rain()
    model = honest(LatentDiffusionGenerator, window_length=16, n_sampling_steps=10).fit(real)
    drawn = model.sample(300, length=16)
    for level in (0.0, *np.quantile(real, [0.8, 0.9, 0.98])):
        assert abs(np.mean(drawn <= level) - np.mean(real <= level)) < 0.05, level


def test_scores_of_numbers_far_from_normal_are_in_their_own_units():
    X = rain()
    model = small(LatentDiffusionGenerator).fit(X)
    assert list(model.table_.scores_) == [0]
    rows = model._rows(model._check_again(X))
    features = model.table_.standard(rows.features)[:, 0]
    np.testing.assert_allclose(features, model.table_.encoder_.encode(X).ravel(), atol=1e-5)
    loss = model.score(X)
    assert -1.0 < loss < 0.0


def visits(n_rows=200):
    rng = np.random.default_rng(0)
    adults = pd.Series(rng.poisson(20, n_rows), name="adults")
    children = pd.array(rng.poisson(5, n_rows), dtype="Int64")
    children[3] = pd.NA
    frame = pd.DataFrame({"adults": adults, "children": children})
    return frame.assign(total=frame["adults"] + frame["children"])


def test_totals_are_the_sums_of_their_parts(tmp_path):
    model = small(LatentDiffusionGenerator, metadata_columns=["total"]).fit(visits())
    assert model.summed_columns_ == ((2, 0, 1),)
    model.save(tmp_path / "model.sktsgen")
    for one in (model, load(tmp_path / "model.sktsgen")):
        drawn = one.sample(4, length=20)
        assert drawn.dtypes.equals(visits().dtypes)
        is_there = drawn.notna().all(axis=1)
        assert is_there.sum() > 60
        sums = drawn["adults"] + drawn["children"]
        assert (sums == drawn["total"])[is_there].all()


@pytest.mark.parametrize("is_frame", [True, False])
def test_a_total_may_be_larger_than_the_type_of_its_parts(is_frame):
    columns = {"a": np.int8([100, 3]), "b": np.int8([90, 4]), "c": np.int16([0, 0])}
    table = pd.DataFrame(columns)
    if not is_frame:
        table = table.to_numpy(dtype=np.int16)
    add_up(table, [(2, 0, 1)], [])
    assert np.asarray(table)[:, 2].tolist() == [190, 7]
    assert not is_frame or table["c"].dtype == np.int16


def test_a_total_that_is_given_stays_as_it_is():
    model = small(LatentDiffusionGenerator, metadata_columns=["total"]).fit(visits())
    given = visits()[["total"]].iloc[10:30].reset_index(drop=True)
    drawn = model.sample(2, metadata=given)
    for _, series in drawn.groupby(level=0):
        assert series["total"].tolist() == given["total"].tolist()


def test_without_metadata_the_driver_is_drawn(led):
    drawn = led.sample(60, length=16)
    assert drawn["driver"].std() == pytest.approx(led_series()["driver"].std(), rel=0.25)
    assert np.corrcoef(drawn["driver"], drawn["load"])[0, 1] > 0.9


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (pd.DataFrame({"load": [1.0] * 4}), r"column 'load', and metadata_columns=\['driver'\]"),
        (pd.DataFrame({"driver": [1.0] * 3}), "metadata has 3 rows and length=4"),
    ],
)
def test_wrong_metadata_is_refused(led, metadata, message):
    with pytest.raises(ValueError, match=message):
        led.sample(1, length=4, metadata=metadata)


def test_metadata_that_are_no_table_are_refused(led):
    with pytest.raises(TypeError, match="metadata is list"):
        led.sample(1, length=4, metadata=[1.0])


def test_unknown_metadata_columns_are_refused():
    with pytest.raises(ValueError, match="metadata_columns has the column 'heat'"):
        small(LatentDiffusionGenerator, metadata_columns=["heat"]).fit(led_series(30))


def test_metadata_of_arrays_are_positions():
    X = led_series(200).to_numpy()
    generator = small(LatentDiffusionGenerator, metadata_columns=[0]).fit(X)
    drawn = generator.sample(3, metadata=pd.DataFrame({0: X[:10, 0]}))
    assert drawn.shape == (3, 10, 2)
    np.testing.assert_array_equal(drawn[:, :, 0], np.tile(X[:10, 0], (3, 1)))


def test_types_and_levels_of_a_table_are_drawn(mixed_model):
    frame, drawn = mixed_frame(), mixed_model.sample(4, length=20)
    assert drawn.dtypes.equals(frame.dtypes)
    assert set(drawn["state"].dropna()) <= {"low", "mid", "high"}
    assert drawn["count"].dropna().between(0, 7).all()


def test_missing_cells_are_drawn_as_often_as_they_were():
    X = make_var1(60, 16, random_state=0)
    X[np.random.default_rng(0).random(X.shape) < 0.3] = np.nan
    drawn = honest(LatentDiffusionGenerator, window_length=16).fit(X).sample(60)
    assert abs(np.isnan(drawn).mean() - 0.3) < 0.1


def test_classes_are_drawn_apart():
    """Of slow, alternating and cyclic series, the neighbouring steps tell them apart."""
    X, y = make_class_panel(90, 16, 1, random_state=0)
    generator = honest(
        LatentDiffusionGenerator, window_length=16, max_epochs=3, learning_rate=5e-3
    ).fit(X, y)
    real, drawn = (
        [neighbours(part(label)) for label in np.unique(y)]
        for part in (lambda label: X[y == label], lambda label: generator.sample(40, y=label))
    )
    assert (np.argsort(real) == np.argsort(drawn)).all()
    assert np.ptp(drawn) > 0.3 * np.ptp(real)


def neighbours(series):
    return np.mean(series[:, 1:] * series[:, :-1]) / np.mean(np.square(series))


def test_a_history_is_continued(mixed_model):
    frame = mixed_frame()
    drawn = mixed_model.sample(2, length=5, prefix=frame)
    stamps = drawn.index.get_level_values(1)[:5]
    assert stamps[0] == frame.index[-1] + pd.Timedelta(1, "h")


def test_forecasts_follow_their_history(forecaster):
    frame = mixed_frame()
    one = forecaster.forecast(frame.iloc[:30], 6, n_samples=3)
    assert one.index.names == ["sample", "when"]
    assert one.index.get_level_values("when")[0] == frame.index[30]


def test_a_long_history_counts_by_its_last_window():
    X = make_var1(2, 40, random_state=0)
    model = small(LatentDiffusionForecaster, time_features=False).fit(X)
    other = X.copy()
    other[:, :30] += 1.0  # out of sight, but not out of the key of the noise
    one, two = (model.forecast(each, 5, n_samples=0) for each in (X, other))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(model.forecast(X[:, 30:], 5, n_samples=0), one, rtol=1e-5)


def test_equal_histories_have_futures_of_their_own():
    X = np.repeat(make_var1(1, 20, random_state=0), 3, axis=0)
    model = small(LatentDiffusionForecaster).fit(X)
    draws = model.forecast(X, 4, n_samples=5)
    assert not np.isclose(draws[0], draws[1]).any()
    assert not np.isclose(draws[1], draws[2]).any()
    np.testing.assert_allclose(model.forecast(X[:1], 4, n_samples=5)[0], draws[0], rtol=1e-4)


def test_a_forecast_does_not_depend_on_the_series_beside_it():
    X = make_var1(3, 20, random_state=0)
    model = small(LatentDiffusionForecaster).fit(X)
    together = model.forecast([X[0], X[1, :13], X[2, :5]], 7, n_samples=4)
    alone = model.forecast(X[1, :13], 7, n_samples=4)
    np.testing.assert_allclose(together[1], alone, rtol=1e-4, atol=1e-5)


def test_quantiles_stand_where_draws_would():
    X = make_var1(2, 20, random_state=0)
    model = small(LatentDiffusionForecaster).fit(X)
    found = model.forecast(X, 4, n_samples=50, quantiles=[0.1, 0.5, 0.9])
    assert found.shape == (2, 3, 4, 2)
    assert (np.diff(found, axis=1) > 0).all()
    draws = model.forecast(X, 4, n_samples=50)
    np.testing.assert_allclose(found[:, 1], np.median(draws, axis=1), rtol=1e-5)


@pytest.mark.parametrize("container", [np.asarray, list])
def test_the_mean_of_the_draws_stands_where_they_would(container):
    X = container(make_var1(2, 20, random_state=0))
    model = small(LatentDiffusionForecaster).fit(X)
    found = np.asarray(model.forecast(X, 4, n_samples=50, mean=True))
    assert found.shape == (2, 1, 4, 2)
    draws = np.asarray(model.forecast(X, 4, n_samples=50))
    np.testing.assert_allclose(found, draws.mean(1, keepdims=True), rtol=1e-5)


def test_the_mean_of_whole_numbers_is_no_whole_number():
    index = pd.date_range("2024-01-01", periods=30, freq="h", name="when")
    counts = np.random.default_rng(0).poisson(5, 30)
    frame = pd.DataFrame({"count": counts}, index=index)
    found = small(LatentDiffusionForecaster).fit(frame).forecast(frame, 3, mean=True)
    assert found.index.names == ["sample", "when"]
    assert len(found) == 3
    assert found["count"].dtype == np.float64
    assert (found["count"] % 1 != 0).any()


def test_known_columns_come_back_and_are_followed():
    frame = led_series()
    model = honest(LatentDiffusionForecaster, window_length=16).fit(frame)
    known = pd.DataFrame({"driver": [3.0, 3.0, 3.0]})
    futures = model.forecast(frame, 3, n_samples=10, known=known)
    assert (futures["driver"] == 3.0).all()
    free = model.forecast(frame, 3, n_samples=10)
    target = 6.0
    assert abs(futures["load"].mean() - target) < abs(free["load"].mean() - target)


def test_wrong_quantiles_and_known_rows_are_refused(forecaster):
    frame = mixed_frame()
    with pytest.raises(ValueError, match=r"quantiles=\[0.5, 1.0\] must be numbers above 0"):
        forecaster.forecast(frame, 2, quantiles=[0.5, 1.0])
    with pytest.raises(ValueError, match="n_samples=0 takes none"):
        forecaster.forecast(frame, 2, n_samples=0, quantiles=[0.5])
    with pytest.raises(ValueError, match="mean=True is of draws and n_samples=0 takes none"):
        forecaster.forecast(frame, 2, n_samples=0, mean=True)
    with pytest.raises(ValueError, match="quantiles and mean=True were both asked for"):
        forecaster.forecast(frame, 2, quantiles=[0.5], mean=True)
    with pytest.raises(
        ValueError, match="a mean was asked of column 'state', which holds no numbers"
    ):
        forecaster.forecast(frame, 2, mean=True)
    with pytest.raises(ValueError, match="n_samples=-1 must be a whole number of at least 0"):
        forecaster.forecast(frame, 2, n_samples=-1)
    with pytest.raises(ValueError, match="known has 3 rows; 1 series and horizon=2 need 2"):
        forecaster.forecast(frame, 2, known=pd.DataFrame({"load": [1.0, 2.0, 3.0]}))
    with pytest.raises(ValueError, match="known has the column 'heat'"):
        forecaster.forecast(frame, 1, known=pd.DataFrame({"heat": [1.0]}))
    with pytest.raises(
        ValueError, match="quantiles were asked of column 'state', which holds no numbers"
    ):
        forecaster.forecast(frame, 2, quantiles=[0.5])
    with pytest.raises(ValueError, match="horizon=0 must be a whole number"):
        forecaster.forecast(frame, 0)


def test_scores_are_floats_and_prefer_what_was_learnt(forecaster):
    frame = mixed_frame(holes=False)
    score = forecaster.score(frame)
    assert isinstance(score, float)
    shuffled = frame.sample(frac=1.0, random_state=0).set_axis(frame.index)
    assert score > forecaster.score(shuffled)


def test_series_that_do_not_fit_into_the_memory_are_drawn_in_halves(mixed_model, monkeypatch):
    expected, tried, original = mixed_model.sample(7, length=10), [], Drawing._together

    def draw(self, windows, visible, keys, tiles, draws):
        tried.append(len(draws))
        if len(draws) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return original(self, windows, visible, keys, tiles, draws)

    monkeypatch.setattr(Drawing, "_together", draw)
    pd.testing.assert_frame_equal(mixed_model.sample(7, length=10), expected, atol=1e-4)
    one_window = [7, 3, 1, 2, 4, 2, 2]
    assert tried == one_window * max(1, len(tried) // 7)
