"""Matrix products through the fastest exact float32 route of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

# Below this many multiply-adds the cost of building a oneDNN call outweighs its faster kernel.
_SMALLEST_PRODUCT = 2**17


@contextmanager
def fast_fp32() -> Iterator[None]:
    """Send float32 products to oneDNN inside the block; the former setting comes back after it.

    On processors with AVX-512 and without AMX the setting picks oneDNN's own float32 kernel,
    about twice as fast as the default one. `has_fast_fp32` tells whether that holds here.
    """
    _setting.enter()
    try:
        yield
    finally:
        _setting.leave()


class _Setting:
    """The precision of the process; blocks of several threads may overlap."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.n_inside = 0
        self.former = "none"

    def enter(self) -> None:
        with self.lock:
            if not self.n_inside:
                self.former = _backend().fp32_precision
                _backend().fp32_precision = "bf16"
            self.n_inside += 1

    def leave(self) -> None:
        with self.lock:
            self.n_inside -= 1
            if not self.n_inside:
                _backend().fp32_precision = self.former


_setting = _Setting()


def _backend() -> Any:
    """Return the settings of oneDNN's products; None in a torch that has none."""
    return getattr(torch.backends.mkldnn, "matmul", None)


@cache
def has_fast_fp32() -> bool:
    """Tell whether `fast_fp32` still computes in float32 here, by comparing with float64.

    Where the processor multiplies in bfloat16 (AMX), the error is a thousand times larger.
    """
    if not (torch.backends.mkldnn.is_available() and hasattr(_backend(), "fp32_precision")):
        return False
    grid = torch.linspace(-1.0, 1.0, 64 * 64).reshape(64, 64)
    left, right = torch.sin(37.0 * grid), torch.cos(23.0 * grid)
    with fast_fp32():
        product = left @ right
    exact = left.double() @ right.double()
    return bool((product - exact).abs().max() < 1e-4)


def linear(
    x: Float[Tensor, "*batch d_in"],
    weight: Float[Tensor, "d_out d_in"],
    bias: Float[Tensor, " d_out"] | None = None,
) -> Float[Tensor, "*batch d_out"]:
    """Multiply `x` by `weight` transposed and add `bias`, forward and backward fast on a CPU.

    The product and the sum are one call: a second large tensor can cost more than the product.
    """
    if not _pays_off(x, weight):
        return F.linear(x, weight, bias)
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        product: Tensor = _FastLinear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return product
    with fast_fp32():
        return F.linear(x, weight, bias)


def has_fast_route(x: Tensor) -> bool:
    """Tell whether products of `x` may go through `fast_fp32`."""
    if x.device.type != "cpu" or x.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
        return False
    # A setting of the process cannot be traced.
    return not torch.compiler.is_compiling() and has_fast_fp32()


def _pays_off(x: Tensor, weight: Tensor) -> bool:
    return x.numel() * weight.shape[0] >= _SMALLEST_PRODUCT and has_fast_route(x)


class _FastLinear(torch.autograd.Function):
    """The three products of a linear layer, each inside `fast_fp32`.

    The setting must not stay on for the whole backward pass: small batched products get slower.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        with fast_fp32():
            return F.linear(x, weight, bias)

    @staticmethod
    def backward(
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        rows = grad_outputs[0].reshape(-1, weight.shape[0])
        grad_x = grad_weight = None
        with fast_fp32():
            if ctx.needs_input_grad[0]:
                grad_x = (rows @ weight).reshape(x.shape)
            if ctx.needs_input_grad[1]:
                grad_weight = rows.T @ x.reshape(-1, weight.shape[1])
        grad_bias = rows.sum(0) if ctx.needs_input_grad[2] else None
        return grad_x, grad_weight, grad_bias
