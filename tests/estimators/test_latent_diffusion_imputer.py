"""LatentDiffusionImputer: containers, agreement, messages."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from sktsgen import FactorizedARGenerator, LatentDiffusionImputer, load
from sktsgen.datasets import make_var1
from sktsgen.training import Trainer
from tests.estimators.diffusion_models import honest, mixed_frame, small


def panel(n_series=3):
    X = make_var1(n_series, 30, random_state=0) + np.array([1.0, 5.0])
    X[0, 3:9, 0] = np.nan
    X[1, :, 1] = np.nan
    X[2, 12:20] = np.nan
    return X


@pytest.fixture(scope="module")
def model():
    return small(LatentDiffusionImputer, n_samples=4).fit(panel())


@pytest.fixture(scope="module")
def mixed_model():
    return small(LatentDiffusionImputer, n_samples=4).fit(mixed_frame())


def test_observed_cells_are_bit_by_bit_what_they_were(model):
    X = panel()
    filled = model.transform(X)
    seen = ~np.isnan(X)
    assert filled[seen].tobytes() == X[seen].tobytes()
    assert not np.isnan(filled).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(model, dtype):
    assert model.transform(panel().astype(dtype)).dtype == dtype


def test_order_subset_and_neighbours_of_a_series_do_not_matter(model):
    X = panel()
    filled = model.transform(X)
    np.testing.assert_allclose(model.transform(X[[2, 0]]), filled[[2, 0]], rtol=1e-5)
    np.testing.assert_allclose(model.transform([X[1]])[0], filled[1], rtol=1e-5)


def test_containers_are_one_panel(model):
    X = panel()
    filled = model.transform(X)
    index = pd.MultiIndex.from_product([["b", "a", "c"], range(30)], names=["id", "t"])
    frame = pd.DataFrame(X.reshape(-1, 2), index=index, columns=["x0", "x1"])
    shuffled = frame.swaplevel().sort_index().swaplevel()  # rows of the series interleaved
    found = small(LatentDiffusionImputer, n_samples=4).fit(frame).transform(shuffled)
    assert found.index.equals(shuffled.index)
    np.testing.assert_allclose(
        found.loc[frame.index].to_numpy().reshape(X.shape), filled, rtol=1e-4, atol=1e-5
    )


def test_few_draws_are_the_first_of_many(model):
    many = model.sample_imputations(panel(), 5)
    few = model.sample_imputations(panel(), 2)
    np.testing.assert_allclose(few, many[:2], rtol=1e-5, atol=1e-5)
    assert not np.allclose(many[0], many[1])
    other = model.sample_imputations(panel(), 2, random_state=9)
    assert not np.allclose(few, other)


def test_the_answer_is_the_median_of_the_draws(model):
    draws = model.sample_imputations(panel(), 4)
    np.testing.assert_allclose(model.transform(panel()), np.median(draws, axis=0), rtol=1e-5)


def test_spread_is_that_of_the_draws_and_zero_where_observed(model):
    X = panel()
    filled, std = model.transform(X, return_std=True)
    draws = np.std(model.sample_imputations(X, 4), axis=0)
    np.testing.assert_allclose(std, draws, rtol=1e-4, atol=1e-6)
    assert (std[~np.isnan(X)] == 0).all()
    assert filled.shape == std.shape


def test_one_pass_answers_without_draws_and_draws_say_how_sure_it_is():
    X = panel()
    imputer = small(LatentDiffusionImputer).fit(X)
    one_pass, std = imputer.transform(X, return_std=True)
    assert not np.isnan(one_pass).any()
    np.testing.assert_array_equal(one_pass, imputer.transform(X))
    np.testing.assert_allclose(
        std, np.std(imputer.sample_imputations(X, 20), axis=0), rtol=1e-4, atol=1e-6
    )
    assert not np.allclose(one_pass, imputer.set_params(n_samples=4).transform(X))


def test_nothing_missing_comes_back_as_a_copy(model):
    X = make_var1(2, 12, random_state=1)
    filled = model.transform(X)
    np.testing.assert_array_equal(filled, X)
    assert not np.shares_memory(filled, X)
    np.testing.assert_array_equal(model.transform(X, return_std=True)[1], 0.0)


def test_a_series_without_any_cell_is_drawn_whole(model):
    X = np.full((1, 20, 2), np.nan)
    filled = model.transform(X)
    assert np.isfinite(filled).all()
    assert abs(filled[..., 1].mean() - 5.0) < 2.0


def test_types_levels_and_index_of_a_table_survive(mixed_model):
    frame = mixed_frame()
    filled = mixed_model.transform(frame)
    assert filled.dtypes.equals(frame.dtypes)
    assert filled.index.equals(frame.index)
    assert not filled.isna().any(axis=None)
    for name in frame:
        seen = frame[name].notna()
        pd.testing.assert_series_equal(filled[name][seen], frame[name][seen])
    assert set(filled["state"]) <= {"low", "mid", "high"}


def test_levels_follow_their_cycle(mixed_model):
    """The cycles are linear relations in time: the first guess knows them."""
    whole, filled = mixed_frame(holes=False), mixed_model.transform(mixed_frame())
    for name in ("state", "open"):
        assert (filled[name] == whole[name]).mean() > 0.9


def test_spread_of_levels_is_the_share_that_disagrees(mixed_model):
    _, std = mixed_model.transform(mixed_frame(), return_std=True)
    assert std["state"].isin([0.0, 0.25, 0.5, 0.75]).all()


def test_indicators_tell_what_was_missing():
    frame = mixed_frame()[["load", "state"]]
    frame["whole"] = 1.5 + np.arange(len(frame))
    imputer = small(LatentDiffusionImputer, n_samples=2, add_indicator=True).fit(frame)
    out = imputer.transform(frame)
    names = ["load", "state", "whole", "missingindicator_load", "missingindicator_state"]
    assert list(out.columns) == list(imputer.get_feature_names_out()) == names
    assert out["missingindicator_load"].to_numpy().sum() == frame["load"].isna().sum()


def test_a_file_fills_alike(mixed_model, tmp_path):
    mixed_model.save(tmp_path / "imputer.sktsgen")
    loaded = load(tmp_path / "imputer.sktsgen")
    frame = mixed_frame()
    pd.testing.assert_frame_equal(loaded.transform(frame), mixed_model.transform(frame))
    assert loaded.score(frame) == pytest.approx(mixed_model.score(frame))


def test_stands_before_a_regressor_and_before_a_generator():
    X = panel()[0]
    imputer = small(LatentDiffusionImputer, n_samples=2)
    regressor = make_pipeline(imputer, HistGradientBoostingRegressor(max_iter=2))
    assert regressor.fit(X, np.arange(30.0)).predict(X).shape == (30,)
    generator = FactorizedARGenerator(
        n_components=2, codebook_size=4, d_model=8, n_layers=1, n_heads=2, max_epochs=1,
        window_length=8, emission="point", trainer=Trainer(steps_per_epoch=2), random_state=0,
    )  # fmt: skip
    drawn = generator.fit(imputer.fit_transform(panel())).sample(2, length=5)
    assert drawn.shape == (2, 5, 2)


def test_a_long_gap_of_a_cycle_is_filled_better_than_by_a_line():
    steps = np.arange(400)
    whole = np.stack([np.sin(2 * np.pi * steps / 12), np.cos(2 * np.pi * steps / 12)], axis=1)
    X = whole.copy()
    for first in range(30, 380, 50):
        X[first : first + 9] = np.nan
    imputer = honest(LatentDiffusionImputer, window_length=32, n_samples=5)
    error = np.abs(imputer.fit(X).transform(X) - whole)[np.isnan(X)].mean()
    line = pd.DataFrame(X).interpolate().to_numpy()
    assert error < 0.15 * np.abs(line - whole)[np.isnan(X)].mean()


def test_score_is_higher_for_what_was_learnt(model):
    X = panel()
    rng = np.random.default_rng(0)
    assert model.score(X) > model.score(X + 5.0 * rng.standard_normal(X.shape))
    assert isinstance(model.score(X), float)
    with pytest.raises(ValueError, match=r"score hides observed cells of X .* with 0 observed"):
        model.score(np.full((1, 8, 2), np.nan))


def test_inverse_transform_changes_nothing(model):
    X = panel()
    assert model.inverse_transform(X) is X


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_indicators_have_the_type_of_the_numbers_and_go_again(dtype):
    X = panel().astype(dtype)
    imputer = small(LatentDiffusionImputer, add_indicator=True).fit(X)
    filled = imputer.transform(X)
    assert (filled.dtype, filled.shape) == (dtype, (3, 30, 4))
    np.testing.assert_array_equal(filled[..., 2:], np.isnan(X))
    np.testing.assert_array_equal(imputer.inverse_transform(filled), filled[..., :2])
    assert imputer.inverse_transform(list(filled))[0].shape == (30, 2)
    frame = pd.DataFrame(X[0], columns=["a", "b"])
    imputer.fit(frame)
    assert list(imputer.inverse_transform(imputer.transform(frame))) == ["a", "b"]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": np.full(30, 7.0)}),
        pd.DataFrame({"a": np.full(30, 7.0), "b": np.full(30, -1.0)}),
        pd.DataFrame({"a": pd.Categorical(["x"] * 30)}),
    ],
)
def test_gaps_of_what_never_changes_are_filled(frame):
    gappy = frame.copy()
    gappy.iloc[[3, 17]] = None
    imputer = small(LatentDiffusionImputer).fit(gappy)
    pd.testing.assert_frame_equal(imputer.transform(gappy), frame)
    pd.testing.assert_frame_equal(imputer.sample_imputations(gappy)[0], frame)


def test_spread_of_stamps_is_in_seconds():
    frame = mixed_frame().assign(seen=lambda X: X.index + pd.to_timedelta(X["load"], unit="h"))
    frame.loc[frame.index[10:20], "seen"] = pd.NaT
    imputer = small(LatentDiffusionImputer).fit(frame)
    _, std = imputer.transform(frame, return_std=True)
    draws = [table["seen"].astype("int64") / 1e9 for table in imputer.sample_imputations(frame, 20)]
    expected = np.std(draws, axis=0)
    np.testing.assert_allclose(std["seen"], expected, rtol=1e-6, atol=1e-3)
    assert expected[10:20].min() > 1.0


def test_learnt_hours_are_not_made_up_where_there_are_no_stamps(mixed_model):
    bare = mixed_frame().reset_index(drop=True)
    with pytest.raises(
        ValueError, match=r"X has no time stamps.*\['day', 'week'\]; give the time index"
    ):
        mixed_model.transform(bare)
    small(LatentDiffusionImputer, time_features=False).fit(mixed_frame()).transform(bare)


def test_an_empty_column_is_refused_by_name():
    frame = mixed_frame()
    frame["never"] = np.nan
    with pytest.raises(ValueError, match="never"):
        small(LatentDiffusionImputer).fit(frame)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match=r"n_heads=3 does not divide d_model=8"):
        small(LatentDiffusionImputer, n_heads=3).fit(panel())


@pytest.mark.parametrize("n_samples", [0, 1.5])
def test_wrong_numbers_of_draws_are_refused(model, n_samples):
    with pytest.raises(ValueError, match=f"n_samples={n_samples}"):
        model.sample_imputations(panel(), n_samples)
