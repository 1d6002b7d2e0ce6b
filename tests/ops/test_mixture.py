"""Densities and masses of mixtures against scipy, in the middle and far out."""

import numpy as np
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
