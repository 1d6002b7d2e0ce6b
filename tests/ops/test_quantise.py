"""Nearest codes and the gradient through them."""

import torch

from sktsgen.ops import nearest_code, straight_through


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_nearest_code_has_the_smallest_distance():
    z, codebook = normal(4, 50, 6), normal(33, 6, seed=1)
    distances = torch.cdist(z.double(), codebook.double()[None])
    assert nearest_code(z, codebook).equal(distances.argmin(-1))


def test_a_code_is_its_own_nearest_code():
    codebook = normal(40, 5)
    assert nearest_code(codebook, codebook).tolist() == list(range(40))


def test_straight_through_has_the_value_of_the_code_and_the_gradient_of_the_vector():
    z = normal(3, 4).requires_grad_()
    quantised = normal(3, 4, seed=1).requires_grad_()
    out = straight_through(z, quantised)
    torch.testing.assert_close(out, quantised)
    pull = normal(3, 4, seed=2)
    (out * pull).sum().backward()
    assert z.grad.equal(pull)
    assert quantised.grad is None
