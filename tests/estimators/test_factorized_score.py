"""`score` is a log density per time step, in the units of the data."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_ar1, make_var1
from tests.estimators.models import (
    EMISSIONS,
    PHI,
    ar1_log_density,
    daily_panel_frame,
    fitted,
    panel,
    small,
)


@pytest.fixture(scope="module")
def held_out():
    """Give more series of the process that `ar1_model` was trained on."""
    return make_ar1(200, 32, phi=PHI, random_state=1)


def test_score_approaches_the_true_density_from_below(ar1_model, held_out):
    """The best constant guess, N(0, 2.78), is half a nat below it; 0.017 was measured."""
    truth = ar1_log_density(held_out)
    noise = 0.7 / np.sqrt(held_out.size)  # standard deviation of the truth of so many steps
    assert truth - 0.025 < ar1_model.score(held_out) < truth + noise


def test_held_out_score_is_near_the_training_score(ar1_model, held_out):
    training = make_ar1(300, 32, phi=PHI, random_state=0)
    gap = ar1_model.score(training) - ar1_log_density(training)
    assert gap == pytest.approx(ar1_model.score(held_out) - ar1_log_density(held_out), abs=0.03)


def test_density_of_one_step_adds_up_to_one(ar1_model):
    """With two codes none is left out of the sum."""
    grid = np.linspace(-9.0, 9.0, 1801)
    density = np.exp(ar1_model.score_samples(list(grid.reshape(-1, 1, 1))))
    mass = np.trapezoid(density, grid)
    assert mass == pytest.approx(1.0, abs=0.005)


def test_density_of_a_step_is_that_of_its_draws(ar1_model):
    """Share of the draws below zero and quantiles, against the integral of the density."""
    history = np.full((4, 1), 1.5)
    grid = np.linspace(-8.0, 8.0, 401)
    futures = np.concatenate([np.tile(history, (401, 1, 1)), grid.reshape(-1, 1, 1)], axis=1)
    joint = ar1_model.score_samples(list(futures))
    density = np.exp(joint - joint.max())
    cumulative = np.cumsum(density) / density.sum()
    drawn = ar1_model.sample(1000, length=1, prefix=history, random_state=3).ravel()
    empirical = np.searchsorted(np.sort(drawn), grid) / 1000
    assert (
        np.abs(empirical - cumulative).max() < 0.06
    )  # 1.36 / sqrt(1000), and the width of the grid


def test_density_of_a_row_depends_on_the_rows_before_it_alone(panel_model):
    X = make_var1(1, 40, random_state=3)[0]
    rows = panel_model.score_samples(X)
    np.testing.assert_allclose(panel_model.score_samples(X[:15]), rows[:15], rtol=1e-4, atol=1e-4)
    changed = X.copy()
    changed[20:] += 5.0
    np.testing.assert_allclose(panel_model.score_samples(changed)[:20], rows[:20], rtol=1e-5)
    assert not np.allclose(panel_model.score_samples(changed)[20:], rows[20:], atol=0.5)


@pytest.mark.parametrize("emission", EMISSIONS)
@pytest.mark.parametrize(("scale", "shift"), [(1000.0, -7.0), (1e-3, 2.0)])
def test_change_of_units_shifts_the_score_by_the_jacobian(emission, scale, shift):
    X, model = panel(), small(emission=emission)
    plain = fitted(model, X).score(X)
    changed = fitted(model, scale * X + shift).score(scale * X + shift)
    assert changed - plain == pytest.approx(-2 * np.log(scale), abs=1e-3)


def test_score_ranks_real_above_shuffled_time_above_noise(ar1_model, held_out):
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(held_out, axis=1)
    noise = held_out.std() * 3.0 * rng.standard_normal(held_out.shape)
    scores = [ar1_model.score(X) for X in (held_out, shuffled, noise)]
    assert scores[0] > scores[1] + 0.3
    assert scores[1] > scores[2] + 0.3


def test_wrong_dynamics_score_lower_at_equal_marginals(ar1_model):
    """AR(1) with the sign of phi turned round has the same variance."""
    right, wrong = (make_ar1(100, 32, phi=phi, random_state=2) for phi in (PHI, -PHI))
    assert ar1_model.score(right) > ar1_model.score(wrong) + 1.0


def test_score_of_a_longer_series_stays_as_good(ar1_model):
    """Beyond the window the model reads through its sliding cache."""
    X = make_ar1(20, 160, phi=PHI, random_state=4)
    gaps = [ar1_model.score(part) - ar1_log_density(part) for part in (X[:, :16], X[:, 96:])]
    assert gaps[1] > gaps[0] - 0.03
    whole = ar1_model.score(X) - ar1_log_density(X)
    assert whole > min(gaps) - 0.03


def test_score_samples_of_a_panel_sum_over_the_steps(panel_model):
    X = [panel()[0], panel()[1][:7], panel()[2][:1]]
    values = panel_model.score_samples(X)
    for value, series in zip(values, X, strict=True):
        np.testing.assert_allclose(value, panel_model.score_samples(series).sum(), rtol=1e-4)
    total = panel_model.score(X)
    assert isinstance(total, float)
    assert total == pytest.approx(values.sum() / 28)


def test_score_samples_of_a_panel_frame_has_one_value_per_series():
    X = daily_panel_frame()
    model = fitted(small(), X)
    values = model.score_samples(X)
    alone = [model.score_samples(X.loc[[name]])[0] for name in ("s0", "s1", "s2")]
    np.testing.assert_allclose(values, alone, rtol=1e-4)


def test_score_of_interleaved_rows_is_that_of_sorted_rows():
    X = daily_panel_frame()
    model = fitted(small(), X)
    mixed = X.sort_index(level=1, sort_remaining=False)
    assert model.score(mixed) == pytest.approx(model.score(X), rel=1e-6)


def test_score_of_a_frame_is_that_of_its_values(frame_model):
    X = pd.DataFrame(
        make_var1(1, 30, random_state=5)[0],
        columns=["load", "heat"],
        index=pd.date_range("2031-01-01", periods=30, freq="h", tz="Europe/Berlin"),
    )
    expected = frame_model.score_samples(X.reset_index(drop=True))
    np.testing.assert_allclose(frame_model.score_samples(X), expected)


def test_far_value_costs_but_stays_finite(panel_model):
    X = panel()[0].copy()
    X[10] = 1e6
    rows = panel_model.score_samples(X)
    assert np.isfinite(rows).all()
    assert rows[10] < rows[:10].min() - 5.0
