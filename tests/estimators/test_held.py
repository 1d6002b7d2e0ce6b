"""Series whose values stand still exactly, as instruments report them."""

import numpy as np
import pytest

from sktsgen import load
from tests.estimators import models, multiscale_models
from tests.estimators.models import PHI, fitted, honest

SHARE = 0.3


def standing_ar1(n_series, n_timesteps, *, share=SHARE, seed=0):
    """Give series that stay as they are at a share of the steps, else move as an AR(1)."""
    rng = np.random.default_rng(seed)
    X = np.empty((n_series, n_timesteps, 1))
    X[:, 0, 0] = rng.normal(size=n_series) / np.sqrt(1.0 - PHI**2)
    for t in range(1, n_timesteps):
        moved = PHI * X[:, t - 1, 0] + rng.normal(size=n_series)
        X[:, t, 0] = np.where(rng.random(n_series) < share, X[:, t - 1, 0], moved)
    return X


def log_density(X):
    """Give the exact log density per step: of a mass for what stays, else of the AR(1)."""
    now, before = X[:, 1:, 0], X[:, :-1, 0]
    moves = np.log(1.0 - SHARE) - 0.5 * ((now - PHI * before) ** 2 + np.log(2.0 * np.pi))
    rest = np.where(now == before, np.log(SHARE), moves).sum()
    variance = 1.0 / (1.0 - PHI**2)
    first = -0.5 * (X[:, 0, 0] ** 2 / variance + np.log(2.0 * np.pi * variance)).sum()
    return (first + rest) / X[..., 0].size


def share_standing(X):
    return float((np.diff(X, axis=1) == 0.0).mean())


@pytest.fixture(scope="module")
def model():
    return fitted(honest(), standing_ar1(200, 32))


def test_drawn_values_stand_still_as_often_as_those_of_the_data(model):
    drawn = model.sample(300, length=64, random_state=1)
    assert share_standing(drawn) == pytest.approx(SHARE, abs=0.03)
    moves = drawn[:, 1:] - PHI * drawn[:, :-1]
    moved = moves[np.diff(drawn, axis=1) != 0.0]
    assert moved.std() == pytest.approx(1.0, abs=0.06)


def test_score_is_the_log_of_a_mass_and_of_a_density(model):
    fresh = standing_ar1(300, 32, seed=1)
    assert log_density(fresh) - 0.1 < model.score(fresh) < log_density(fresh) + 0.02


def test_a_file_keeps_what_may_be_held(model, tmp_path):
    model.save(tmp_path / "held.st")
    again = load(tmp_path / "held.st", device="cpu")
    np.testing.assert_array_equal(again.sample(3), model.sample(3))


@pytest.mark.parametrize("small", [models.small, multiscale_models.small])
def test_only_channels_that_stand_still_in_training_do_so_in_draws(small):
    X = np.concatenate([standing_ar1(8, 30), standing_ar1(8, 30, share=0.0, seed=1)], axis=2)
    drawn = fitted(small(), X).sample(50, length=30)
    assert share_standing(drawn[..., :1]) > 0.1
    assert share_standing(drawn[..., 1:]) == 0.0


@pytest.mark.parametrize("small", [models.small, multiscale_models.small])
def test_going_on_with_other_data_keeps_what_may_be_held(small):
    generator = fitted(small(warm_start=True), standing_ar1(8, 30))
    fitted(generator, standing_ar1(8, 30, share=0.0, seed=1))
    assert share_standing(generator.sample(50, length=30)) > 0.0


@pytest.mark.parametrize("small", [models.small, multiscale_models.small])
def test_what_recurs_at_the_mean_is_held_like_any_other_value(small):
    """There a step is zeros alone, as what stands for none before a series."""
    rng = np.random.default_rng(0)
    level = rng.choice([0.0, 1.0, -1.0], p=[0.8, 0.1, 0.1], size=200) * rng.random(200)
    X = np.concatenate([level, -level]).repeat(3)[:, None]
    assert X.mean() == pytest.approx(0.0, abs=1e-12)
    scores = [fitted(small(), X + offset).score(X + offset) for offset in (0.3, 5.0)]
    assert scores[1] == pytest.approx(scores[0], abs=0.1)
