"""Levels that are drawn before the numbers: what follows, and what goes together."""

import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen import LatentDiffusionGenerator
from sktsgen.diffusion import ConditionalFlow
from tests.estimators.diffusion_models import honest, small

N_HOURS, N_MONTHS = 6, 12


def calendar(n_rows=3000, *, seed=0):
    """Hours that follow each other, months that last, their season, and a load after both."""
    rng = np.random.default_rng(seed)
    hour = np.arange(n_rows) % N_HOURS
    month = np.arange(n_rows) // 40 % N_MONTHS
    load = np.sin(2 * np.pi * hour / N_HOURS) + 0.3 * month + 0.1 * rng.standard_normal(n_rows)
    names = np.array([f"m{i:02d}" for i in range(N_MONTHS)])
    return pd.DataFrame(
        {
            "hour": hour,
            "month": pd.Categorical(names[month]),
            "season": pd.Categorical(np.array(list("abcd"))[month // 3]),
            "load": load,
        }
    )


@pytest.fixture(scope="module")
def drawn():
    model = honest(
        LatentDiffusionGenerator, window_length=16, n_sampling_steps=10, max_epochs=4
    ).fit(calendar())
    frame = model.sample(100, length=24, random_state=0)
    return [series for _, series in frame.groupby(level=0)]


def test_what_follows_for_sure_follows_in_draws_longer_than_a_window(drawn):
    steps = np.concatenate([np.diff(series["hour"]) % N_HOURS for series in drawn])
    assert (steps == 1).mean() > 0.99
    first = pd.Series([series["hour"].iloc[0] for series in drawn])
    assert first.value_counts(normalize=True).between(0.05, 0.35).all()
    assert first.nunique() == 6


def test_what_lasts_lasts(drawn):
    stays = [(series["month"] == series["month"].shift()).iloc[1:].mean() for series in drawn]
    assert 0.95 < np.mean(stays) < 0.99  # 39 of 40 steps in the data


def test_levels_that_go_together_do(drawn):
    real, every = calendar(), pd.concat(drawn)
    pairs = set(zip(real["month"], real["season"], strict=True))
    found = [pair in pairs for pair in zip(every["month"], every["season"], strict=True)]
    assert np.mean(found) > 0.9


def test_numbers_follow_their_levels(drawn):
    every = pd.concat(drawn)
    expected = np.sin(2 * np.pi * every["hour"] / N_HOURS) + 0.3 * every["month"].cat.codes
    assert np.abs(every["load"] - expected).mean() < 0.3 * every["load"].std()


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float32", "float64"])
def test_whole_numbers_of_few_values_come_back_as_such(dtype):
    X = pd.DataFrame({"lamps": calendar()["hour"].astype(dtype), "load": calendar()["load"]})
    model = small(LatentDiffusionGenerator).fit(X)
    assert model.table_.widths_ == [N_HOURS, 1]
    drawn = model.sample(20)["lamps"]
    assert drawn.dtype == X["lamps"].dtype
    assert set(drawn) <= set(range(N_HOURS))


def test_so_do_those_of_arrays_and_those_with_gaps():
    X = calendar()[["hour", "load"]].to_numpy()
    X[::7, 0] = np.nan
    model = small(LatentDiffusionGenerator).fit(X)
    found = model.sample(20)[..., 0]
    assert np.isnan(found).any()
    assert set(found[~np.isnan(found)]) <= set(range(N_HOURS))


@pytest.mark.parametrize(
    "numbers", [np.arange(3000) % 50, np.arange(3000) % 6 + 0.5, np.arange(60) % 6]
)
def test_many_values_fractions_and_rare_values_stay_numbers(numbers):
    model = small(LatentDiffusionGenerator).fit(pd.DataFrame({"x": numbers}))
    assert model.table_.widths_ == [1]


def test_metadata_stay_numbers_so_that_any_can_be_given():
    model = small(LatentDiffusionGenerator, metadata_columns=["hour"]).fit(calendar())
    given = pd.DataFrame({"hour": np.arange(8) + 100})
    assert model.table_.widths_[0] == 1
    assert model.sample(2, metadata=given)["hour"].tolist() == 2 * given["hour"].tolist()


@pytest.mark.parametrize(
    ("asked", "n_channels", "expected"), [(None, 4, 32), (None, 16, 24), (None, 1, 96), (40, 4, 40)]
)
def test_a_window_is_as_long_as_its_first_guess_can_be(monkeypatch, asked, n_channels, expected):
    monkeypatch.setattr(LatentDiffusionGenerator, "_most_cells", 128)
    X = np.random.default_rng(0).standard_normal((200, n_channels))
    model = small(LatentDiffusionGenerator, window_length=asked).fit(X)
    assert model.window_length_ == expected


def test_large_windows_are_learnt_from_patterns_that_are_forgotten_afterwards():
    X = np.random.default_rng(0).standard_normal((300, 16))
    model = small(LatentDiffusionGenerator, window_length=40).fit(X)
    assert model.network_.config["n_patterns"] > 0
    assert model.network_._pool is None
    assert np.isfinite(model.loss_curve_).all()
    assert (
        small(LatentDiffusionGenerator, window_length=24).fit(X).network_.config["n_patterns"] == 0
    )


def test_going_on_from_a_network_whose_levels_flow_is_refused_by_name():
    X = pd.DataFrame({"hour": np.arange(2000) % 24, "load": np.arange(2000) % 7 / 3.0})
    model = small(LatentDiffusionGenerator, warm_start=True).fit(X)
    config = model.network_.config | {"has_rounds": False}
    model.network_ = ConditionalFlow(**config, generator=torch.Generator())
    with pytest.raises(ValueError, match="has_rounds was False and is True"):
        model.fit(X)


def test_going_on_from_a_fit_keeps_where_levels_lie():
    X = pd.DataFrame({"hour": np.arange(2000) % 24, "load": np.arange(2000) % 7 / 3.0})
    model = small(LatentDiffusionGenerator, warm_start=True).fit(X)
    before = model.network_.codes.points(0).clone()
    model.fit(X.iloc[::-1].reset_index(drop=True))
    np.testing.assert_array_equal(model.network_.codes.points(0), before)
