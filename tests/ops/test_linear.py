"""The fast route of matrix products: the same numbers, and no trace in torch's settings."""

import pytest
import torch
import torch.nn.functional as F

from sktsgen.ops import fast_fp32, has_fast_fp32, linear

# Below and above the size from which the fast route is taken.
SHAPES = pytest.mark.parametrize("shape", [(3, 4, 8), (7, 5, 96), (40, 96, 64)])


def operands(shape, *, d_out=48):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, requires_grad=True)
    weight = torch.randn(d_out, shape[-1], generator=generator, requires_grad=True)
    return x, weight


def precision():
    return torch.backends.mkldnn.matmul.fp32_precision


def gradients(product, x, weight):
    out = product(x, weight)
    pull = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    return torch.autograd.grad(out, (x, weight), pull.to(out.dtype))


@SHAPES
def test_product_equals_float64(shape):
    x, weight = operands(shape)
    exact = F.linear(x.double(), weight.double())
    for out in (linear(x, weight), linear(x.detach(), weight.detach())):
        torch.testing.assert_close(out.double(), exact, rtol=0, atol=1e-4)


@SHAPES
def test_gradients_equal_float64(shape):
    x, weight = operands(shape)
    found = gradients(linear, x, weight)
    exact = gradients(F.linear, x.double(), weight.double())
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-3)


def test_only_the_gradients_asked_for_are_computed():
    x, weight = operands((40, 96, 64))
    linear(x.detach(), weight).sum().backward()
    assert x.grad is None
    torch.testing.assert_close(weight.grad[0], x.detach().sum((0, 1)), rtol=1e-4, atol=1e-3)


@SHAPES
def test_setting_comes_back_after_forward_and_backward(shape):
    before = precision()
    linear(*operands(shape)).sum().backward()
    assert precision() == before


def test_setting_comes_back_after_an_error():
    before = precision()
    with pytest.raises(RuntimeError, match="on purpose"), fast_fp32():
        raise RuntimeError("on purpose")
    assert precision() == before


def test_setting_comes_back_when_blocks_of_two_threads_overlap():
    before = precision()
    first, second = fast_fp32(), fast_fp32()
    with first:
        second.__enter__()
    second.__exit__(None, None, None)
    assert precision() == before


def test_a_setting_of_the_user_comes_back():
    backend = torch.backends.mkldnn.matmul
    former = backend.fp32_precision
    backend.fp32_precision = "ieee"
    try:
        linear(*operands((40, 96, 64)))
        assert precision() == "ieee"
    finally:
        backend.fp32_precision = former


def test_fast_route_is_not_taken_where_it_is_missing(monkeypatch):
    """An older torch has no such setting."""
    monkeypatch.setattr(torch.backends.mkldnn, "matmul", object())
    has_fast_fp32.cache_clear()
    try:
        assert not has_fast_fp32()
        x, weight = operands((40, 96, 64))
        torch.testing.assert_close(linear(x, weight), F.linear(x, weight))
    finally:
        monkeypatch.undo()
        has_fast_fp32.cache_clear()


def test_float64_stays_float64():
    x, weight = (operand.double() for operand in operands((40, 96, 64)))
    torch.testing.assert_close(linear(x, weight), F.linear(x, weight), rtol=0, atol=1e-12)
