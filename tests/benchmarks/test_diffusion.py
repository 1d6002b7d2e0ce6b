"""The tables of forecasts and of solvers measure what they say."""

import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen.diffusion import StraightSchedule, integrate
from tests.benchmarks._conditioning import corrupted
from tests.benchmarks._forecasting import Task, _measured, naive, ridge
from tests.benchmarks._latents import _autocorrelations, _coupling
from tests.benchmarks._sampling_cost import AncestralSampler
from tests.benchmarks._table_scores import _differences


def seasonal_task(n=2000, horizon=24):
    """A day and noise on it: the best forecast is the day."""
    rng = np.random.default_rng(0)
    rows = np.sin(2 * np.pi * np.arange(n) / 24)[:, None] + 0.1 * rng.standard_normal((n, 1))
    windows = rows[-10 * 2 * horizon :].reshape(10, 2 * horizon, 1)
    return Task(rows[: -10 * 2 * horizon], windows[:, :horizon], windows[:, horizon:])


@pytest.mark.parametrize(("rule", "error"), [(naive, 0.1128), (ridge, 0.0798)])
def test_rules_have_the_error_and_the_bands_they_must_have(rule, error):
    """Of two normal deviates of 0.1 the mean difference is 0.113, of one the mean size 0.080."""
    figures = _measured(rule, seasonal_task(), np.random.default_rng(0))
    assert figures["mae"] == pytest.approx(error, rel=0.15)
    assert figures["coverage_90"] == pytest.approx(0.9, abs=0.06)
    assert figures["crps"] < figures["mae"]


def test_ancestral_steps_end_at_the_law_of_the_data():
    """Normal data of standard deviation 0.5 has an exact denoiser."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(20_000, generator=generator)

    def denoiser(x, t):
        return x * 0.25 * (1 - t) / (0.25 * (1 - t) ** 2 + t**2)

    sampler = AncestralSampler(lambda: torch.randn(20_000, generator=generator))
    data = integrate(denoiser, noise, sampler=sampler, schedule=StraightSchedule(), n_steps=100)
    assert float(data.std()) == pytest.approx(0.5, rel=0.05)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "number": 5 * rng.standard_normal(4000),
            "count": rng.poisson(100, 4000),
            "level": pd.Categorical(rng.choice(list("abcd"), 4000)),
            "flag": pd.array(rng.random(4000) < 0.5, dtype="boolean"),
        }
    )


def test_corrupted_columns_are_off_by_what_they_should_and_keep_their_types(table):
    wrong = corrupted(table, table, 0.2, np.random.default_rng(1))
    pd.testing.assert_series_equal(wrong.dtypes, table.dtypes)
    assert (wrong["number"] - table["number"]).std() == pytest.approx(1.0, rel=0.05)
    assert (wrong["count"] - table["count"]).std() == pytest.approx(2.0, rel=0.1)
    # A wrong level is that of a random row, which may be the right one.
    assert (wrong["level"] != table["level"]).mean() == pytest.approx(0.2 * 3 / 4, abs=0.02)
    assert (wrong["flag"] != table["flag"]).mean() == pytest.approx(0.2 / 2, abs=0.02)


def test_nothing_is_corrupted_at_level_0(table):
    same = corrupted(table, table, 0.0, np.random.default_rng(1))
    pd.testing.assert_frame_equal(same, table)


def test_differences_are_of_numbers_alone(table):
    (change,) = _differences([table], 3)
    assert list(change) == ["number", "count"]
    np.testing.assert_array_equal(change["count"], (table["count"].diff(3))[3:])


def test_dynamics_of_an_autoregression_are_its_own():
    """Steps keep 0.8 of a value, and the second channel is the first, turned round."""
    rng = np.random.default_rng(0)
    x = np.empty((4000, 9))
    x[:, 0] = rng.standard_normal(4000)
    for t in range(1, 9):
        x[:, t] = 0.8 * x[:, t - 1] + 0.6 * rng.standard_normal(4000)
    windows = np.stack([x, -x], axis=-1)
    windows[::7, ::2] = np.nan
    assert _coupling(windows) == pytest.approx(1.0)
    np.testing.assert_allclose(_autocorrelations(windows), [0.8, 0.8**2, 0.8**4], atol=0.03)
