"""The fast route of matrix products: the same numbers, and no trace in torch's settings."""

import pytest
import torch
import torch.nn.functional as F

from sktsgen.ops import fast_fp32, has_fast_fp32, linear

# Below and above the size from which the fast route is taken.
SHAPES = pytest.mark.parametrize("shape", [(3, 4, 8), (7, 5, 96), (40, 96, 64)])


def operands(shape, *, d_out=48):
    generator = torch.Generator().manual_seed(0)
    sizes = shape, (d_out, shape[-1]), (d_out,)
    return tuple(torch.randn(size, generator=generator, requires_grad=True) for size in sizes)


def precision():
    return torch.backends.mkldnn.matmul.fp32_precision


def gradients(product, *given):
    out = product(*given)
    pull = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    return torch.autograd.grad(out, given, pull.to(out.dtype))


@SHAPES
def test_product_equals_float64(shape):
    x, weight, bias = operands(shape)
    exact = F.linear(x.double(), weight.double(), bias.double())
    frozen = linear(x.detach(), weight.detach(), bias.detach())
    for out in (linear(x, weight, bias), linear(x, weight) + bias, frozen):
        torch.testing.assert_close(out.double(), exact, rtol=0, atol=1e-4)


@SHAPES
def test_gradients_equal_float64(shape):
    given = operands(shape)
    found = gradients(linear, *given)
    exact = gradients(F.linear, *(one.double() for one in given))
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-3)


def test_only_the_gradients_asked_for_are_computed():
    x, weight, _ = operands((40, 96, 64))
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
        x, weight, _ = operands((40, 96, 64))
        torch.testing.assert_close(linear(x, weight), F.linear(x, weight))
    finally:
        monkeypatch.undo()
        has_fast_fp32.cache_clear()


def test_float64_stays_float64():
    x, weight, _ = (operand.double() for operand in operands((40, 96, 64)))
    torch.testing.assert_close(linear(x, weight), F.linear(x, weight), rtol=0, atol=1e-12)
