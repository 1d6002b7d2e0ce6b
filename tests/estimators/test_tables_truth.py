"""Levels, gaps and static columns against processes whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from tests.estimators import models, multiscale_models
from tests.estimators.models import fitted

P = np.array([[0.85, 0.15, 0.0], [0.1, 0.7, 0.2], [0.3, 0.1, 0.6]])
SHIFT = 4.0
ENGINES = {
    "factorized": (models.honest, {"n_components": 4, "max_epochs": 5}),
    "multiscale": (multiscale_models.honest, {"window_length": 16, "max_epochs": 3}),
}


@pytest.fixture(
    scope="module",
    params=["factorized", pytest.param("multiscale", marks=pytest.mark.slow)],
)
def honest(request):
    """Give a generator of either engine that learns in a few seconds."""
    make, sizes = ENGINES[request.param]
    return lambda **params: make(**sizes | params)


def chain(n_series, n_timesteps, seed):
    """Give stationary draws of the Markov chain P, (n_series, n_timesteps)."""
    rng = np.random.default_rng(seed)
    states = np.empty((n_series, n_timesteps), dtype=np.int64)
    states[:, 0] = rng.choice(3, n_series, p=stationary())
    for step in range(1, n_timesteps):
        levels = rng.random((n_series, 1))
        states[:, step] = (levels > P.cumsum(1)[states[:, step - 1]]).sum(1)
    return states


def stationary():
    values, vectors = np.linalg.eig(P.T)
    vector = vectors[:, np.argmax(values.real)].real
    return vector / vector.sum()


def entropy_rate():
    return float(-(stationary() @ np.where(P > 0, P * np.log(np.where(P > 0, P, 1.0)), 0.0).sum(1)))


def table(states, **columns):
    """Give a panel frame of a state and of further columns of the same shape."""
    n_series, n_timesteps = states.shape
    index = pd.MultiIndex.from_product([range(n_series), range(n_timesteps)], names=["id", "t"])
    cells = {"state": pd.Categorical.from_codes(states.ravel(), ["low", "mid", "high"])}
    return pd.DataFrame(cells | {k: v.ravel() for k, v in columns.items()}, index=index)


@pytest.fixture(scope="module")
def joint():
    """A chain, a number that depends on it, gaps that do, and a static column that shifts it."""
    states = chain(120, 48, seed=1)
    rng = np.random.default_rng(2)
    is_shifted = np.repeat(np.arange(120) % 2, 48).reshape(states.shape)
    number = states + SHIFT * is_shifted + 0.3 * rng.standard_normal(states.shape)
    number[(states == 2) & (rng.random(states.shape) < 0.5)] = np.nan
    X = table(states, number=number)
    X["group"] = np.where(is_shifted.ravel(), "b", "a")
    return X


@pytest.fixture(scope="module")
def joint_model(honest, joint):
    return fitted(honest(codebook_size=16), joint)


@pytest.fixture(scope="module")
def joint_draw(joint_model):
    return joint_model.sample(400, length=24, random_state=3)


@pytest.mark.parametrize("codebook_size", [2, 8])
def test_score_of_a_chain_is_its_entropy_rate_whatever_the_codebook(codebook_size):
    model = fitted(
        models.honest(codebook_size=codebook_size, max_epochs=5), table(chain(200, 48, 0))
    )
    X = table(chain(100, 200, seed=9))
    assert abs(model.score(X) + entropy_rate()) < 0.05
    assert model.score(X) < -entropy_rate() + 0.02  # no better than possible


def test_levels_follow_each_other_as_in_the_chain(joint_draw):
    states = joint_draw["state"].cat.codes.to_numpy().reshape(400, 24)
    found = np.zeros((3, 3))
    np.add.at(found, (states[:, :-1], states[:, 1:]), 1.0)
    np.testing.assert_allclose(found / found.sum(1, keepdims=True), P, atol=0.08)


def test_a_number_depends_on_the_level_as_in_the_data(joint, joint_draw):
    for group in ("a", "b"):
        means = [
            X[X["group"] == group].groupby("state", observed=True)["number"].mean()
            for X in (joint, joint_draw)
        ]
        np.testing.assert_allclose(means[1], means[0], atol=0.25)


def test_gaps_depend_on_the_level_as_in_the_data(joint, joint_draw):
    share = joint_draw["number"].isna().groupby(joint_draw["state"], observed=True).mean()
    assert share["low"] < 0.03
    assert share["mid"] < 0.03
    assert abs(share["high"] - 0.5) < 0.1
    assert abs(joint_draw["number"].isna().mean() - joint["number"].isna().mean()) < 0.03


def test_static_column_is_drawn_as_often_and_conditions_the_rest(joint, joint_model, joint_draw):
    assert abs((joint_draw["group"] == "b").mean() - 0.5) < 0.1
    swapped = joint.assign(group=joint["group"].map({"a": "b", "b": "a"}))
    assert joint_model.score(swapped) < joint_model.score(joint) - 0.02


def test_completed_draws_fill_the_gaps_with_what_stands_elsewhere(honest, joint):
    """Half of the numbers are hidden at the high level, and only there."""
    model = fitted(honest(missing="complete", codebook_size=16), joint)
    drawn = model.sample(200, length=24, random_state=3)
    assert not drawn.isna().any(axis=None)
    high = drawn[drawn["state"] == "high"]
    real = joint[joint["state"] == "high"]
    for group in ("a", "b"):
        means = [X.loc[X["group"] == group, "number"].mean() for X in (high, real)]
        np.testing.assert_allclose(*means, atol=0.3)
    shares = [X["state"].value_counts(normalize=True) for X in (drawn, joint)]
    np.testing.assert_allclose(
        shares[0][["low", "mid", "high"]], shares[1][["low", "mid", "high"]], atol=0.08
    )


def test_zeros_are_drawn_as_often_and_amounts_as_large_as_in_the_data():
    """Wet spells of a chain of two states, with amounts that begin at nothing."""
    rng = np.random.default_rng(0)
    is_wet = np.empty((60, 24), dtype=bool)
    is_wet[:, 0] = rng.random(60) < 0.3
    for step in range(1, 24):
        is_wet[:, step] = rng.random(60) < np.where(is_wet[:, step - 1], 0.7, 0.13)
    rain = np.where(is_wet, rng.gamma(0.7, 2.0, is_wet.shape), 0.0)
    model = fitted(models.honest(n_components=4, codebook_size=8, max_epochs=2), rain[..., None])
    drawn = model.sample(400, length=24, random_state=3)
    assert (drawn >= 0).all()
    assert abs((drawn == 0).mean() - (rain == 0).mean()) < 0.1
    assert abs(drawn[drawn > 0].mean() - rain[rain > 0].mean()) < 0.2
