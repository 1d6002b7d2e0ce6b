"""Moving averages against the definition."""

import numpy as np
import pytest
import torch

from sktsgen.ops import moving_average


def series(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_definition(values, kernel):
    """Average of `kernel` steps of a 1-D series, those beyond an end being the last one."""
    ahead = (kernel - 1) // 2
    steps = np.arange(len(values))[:, None] + np.arange(-(kernel - 1 - ahead), ahead + 1)
    return values[np.clip(steps, 0, len(values) - 1)].mean(axis=1)


@pytest.mark.parametrize("n_timesteps", [1, 2, 5, 24])
@pytest.mark.parametrize("kernel", [1, 2, 5, 7, 24, 60])
def test_moving_average_is_that_of_the_definition(n_timesteps, kernel):
    x = series(2, n_timesteps, 3)
    average = moving_average(x, kernel)
    for i in range(2):
        for channel in range(3):
            expected = by_definition(x[i, :, channel].numpy(), kernel)
            np.testing.assert_allclose(average[i, :, channel], expected, rtol=0, atol=1e-14)


def test_an_even_kernel_reaches_one_step_further_back():
    impulse = torch.zeros(1, 7, 1)
    impulse[0, 3] = 4.0
    assert moving_average(impulse, 4).flatten().tolist() == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]


def test_moving_average_of_a_whole_period_removes_it_and_keeps_a_line():
    time = torch.arange(60, dtype=torch.float64)
    x = (2.0 + 0.5 * time + torch.sin(2 * torch.pi * time / 5))[None, :, None]
    inside = moving_average(x, 5)[0, 2:-2, 0]
    torch.testing.assert_close(inside, 2.0 + 0.5 * time[2:-2], rtol=0, atol=1e-12)


def test_gradient_of_the_sum_of_averages_reaches_every_step():
    x = series(1, 9, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: moving_average(values, 4), x)
