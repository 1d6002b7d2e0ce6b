"""The tables of forecasts and of solvers measure what they say."""

import numpy as np
import pytest
import torch

from sktsgen.diffusion import StraightSchedule, integrate
from tests.benchmarks._forecasting import Task, _measured, naive, ridge
from tests.benchmarks._sampling_cost import AncestralSampler


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
