"""Orders of convergence on Gaussian data, whose denoiser is known."""

import numpy as np
import pytest
import torch

from sktsgen.diffusion import (
    SAMPLERS,
    CosineSchedule,
    DDIMSampler,
    DPMSolverSampler,
    EulerSampler,
    MidpointSampler,
    StraightSchedule,
    integrate,
)

SPREAD = torch.tensor([0.3, 1.0, 2.0], dtype=torch.float64)


def exact_denoiser(schedule):
    """Mean of N(0, SPREAD^2) data given x_t."""

    def denoise(x, t):
        level = schedule(t.double())
        signal = level.alpha * SPREAD**2
        return x * signal / (level.alpha**2 * SPREAD**2 + level.sigma**2)

    return denoise


def error(sampler, schedule, n_steps):
    """Distance from the exact flow, which stretches the noise by the spread of the data."""
    noise = torch.ones(3, dtype=torch.float64)
    found = integrate(
        exact_denoiser(schedule), noise, sampler=sampler, schedule=schedule, n_steps=n_steps
    )
    return float((found - SPREAD).abs().max())


@pytest.mark.parametrize("schedule", [StraightSchedule(), CosineSchedule()])
@pytest.mark.parametrize(
    ("sampler", "order"),
    [(EulerSampler(), 1), (DDIMSampler(), 1), (MidpointSampler(), 2), (DPMSolverSampler(), 2)],
)
def test_sampler_converges_at_its_order(sampler, order, schedule):
    errors = [error(sampler, schedule, n_steps) for n_steps in (128, 256, 512)]
    slopes = np.log2(np.divide(errors[:-1], errors[1:]))
    # On straight lines the second-order error of the midpoint cancels for Gaussian data.
    expected = 3 if (sampler.calls, type(schedule)) == (2, StraightSchedule) else order
    np.testing.assert_allclose(slopes, expected, atol=0.25)


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_step_lands_on_the_estimate_of_the_mean(name):
    noise = torch.full((3,), 2.0, dtype=torch.float64)
    calls = []

    def denoise(x, t):
        calls.append(float(t))
        return torch.full_like(x, 5.0)

    found = integrate(
        denoise, noise, sampler=SAMPLERS[name], schedule=StraightSchedule(), n_steps=1
    )
    np.testing.assert_allclose(found, 5.0)
    assert len(calls) == SAMPLERS[name].calls


@pytest.mark.parametrize("schedule", [StraightSchedule(), CosineSchedule()])
def test_slopes_are_the_derivatives(schedule):
    t = torch.linspace(0.1, 0.9, 5, dtype=torch.float64, requires_grad=True)
    level = schedule(t)
    for value, slope in ((level.alpha, level.alpha_slope), (level.sigma, level.sigma_slope)):
        (derivative,) = torch.autograd.grad(value.sum(), t, retain_graph=True)
        torch.testing.assert_close(slope, derivative)
