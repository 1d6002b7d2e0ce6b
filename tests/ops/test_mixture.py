"""Densities and masses of mixtures against scipy, in the middle and far out."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from sktsgen.ops import mixture_log_density, mixture_log_mass

LOGITS = torch.tensor([0.3, -0.5, 1.0])
MEANS = torch.tensor([-1.0, 0.5, 2.0])
SCALES = torch.tensor([0.3, 1.0, 0.05])
WEIGHTS = LOGITS.softmax(-1).double().numpy()


def mixture(n):
    return (part.expand(n, -1) for part in (LOGITS, MEANS, SCALES))


def test_log_density_is_that_of_the_sum():
    x = torch.linspace(-4.0, 4.0, 41)
    expected = (WEIGHTS * norm.pdf(x[:, None], MEANS, SCALES)).sum(1)
    found = mixture_log_density(x, *mixture(41))
    np.testing.assert_allclose(found, np.log(expected), rtol=1e-5, atol=1e-5)


def test_log_mass_is_that_of_the_range():
    lower = torch.linspace(-4.0, 4.0, 41)
    upper = lower + 0.2
    of_normals = norm.cdf(upper[:, None], MEANS, SCALES) - norm.cdf(lower[:, None], MEANS, SCALES)
    found = mixture_log_mass(lower, upper, *mixture(41))
    np.testing.assert_allclose(found, np.log((WEIGHTS * of_normals).sum(1)), rtol=1e-4, atol=1e-4)


def test_masses_of_ranges_side_by_side_add_up_to_one():
    edges = torch.cat([torch.tensor([-1e3]), torch.linspace(-9.0, 9.0, 100), torch.tensor([1e3])])
    found = mixture_log_mass(edges[:-1], edges[1:], *mixture(101))
    torch.testing.assert_close(found.exp().sum(), torch.tensor(1.0), rtol=0, atol=1e-5)


def test_mass_far_out_is_finite_and_right_on_either_side():
    one = (torch.zeros(2, 1), torch.zeros(2, 1), torch.full((2, 1), 0.02))
    lower, upper = torch.tensor([-1.0, 0.9]), torch.tensor([-0.9, 1.0])
    found = mixture_log_mass(lower, upper, *one)
    expected = norm.logcdf(-0.9 / 0.02)  # the other end weighs nothing beside it
    np.testing.assert_allclose(found, [expected, expected], rtol=1e-5)


def test_gradient_stays_finite_where_a_range_has_no_end():
    means = torch.zeros(2, 1, requires_grad=True)
    scales = torch.full((2, 1), 0.02, requires_grad=True)
    lower, upper = torch.tensor([-1e3, 0.5]), torch.tensor([-0.5, 1e3])
    mixture_log_mass(lower, upper, torch.zeros(2, 1), means, scales).sum().backward()
    assert torch.isfinite(scales.grad).all()
    # Each pulls the mean to its side with the same force.
    torch.testing.assert_close(means.grad[0], -means.grad[1])
    assert means.grad[0] < -100


@pytest.mark.parametrize("z", [-9.99, -10.01, -40.0, -1e3, -2e4, -5e4])
def test_gradient_far_out_is_that_of_the_nearer_end(z):
    """The mean is pulled by z / scale, at any distance and however far the other end is."""
    for lower in (-1e3, (z - 1.0) * 0.02):
        mean = torch.zeros(1, 1, requires_grad=True)
        one = (torch.zeros(1, 1), mean, torch.full((1, 1), 0.02))
        mass = mixture_log_mass(torch.tensor([lower]), torch.tensor([z * 0.02]), *one)
        mass.sum().backward()
        expected = -np.exp(norm.logpdf(z) - norm.logcdf(z)) / 0.02
        np.testing.assert_allclose(mass.detach(), norm.logcdf(z), rtol=1e-5)
        np.testing.assert_allclose(mean.grad[0], expected, rtol=1e-3)


def test_gradients_are_finite_whatever_the_distance():
    generator = torch.Generator().manual_seed(0)
    middle = 100.0 * torch.randn(5000, generator=generator)
    has_end = torch.rand(2, 5000, generator=generator) < 0.8
    lower = torch.where(has_end[0], middle - 0.05, -1e3)
    upper = torch.where(has_end[1], middle + 0.05, 1e3)
    parts = [torch.randn(5000, 3, generator=generator).requires_grad_() for _ in range(2)]
    scales = (torch.rand(5000, 3, generator=generator) + 0.02).requires_grad_()
    mixture_log_mass(lower, upper, *parts, scales).sum().backward()
    assert all(torch.isfinite(part.grad).all() for part in (*parts, scales))
