"""What the matrix products of a computation cost at the best speed this machine shows."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sktsgen.ops import fast_fp32, has_fast_fp32

aten = torch.ops.aten
# Where the two factors stand among the arguments of each product.
FACTORS = {aten.mm: (0, 1), aten.bmm: (0, 1), aten.addmm: (1, 2), aten.baddbmm: (1, 2)}

Shapes = tuple[tuple[int, ...], tuple[int, ...]]


class Products(NamedTuple):
    """Matrix products counted, and what they would cost alone."""

    flops: float  # floating point operations, two a multiply-add
    same_shapes_s: float  # every product by itself, best time seen for its shape
    at_peak_s: float  # all operations at the best rate any of the shapes reached


class _Recorder(TorchDispatchMode):
    """Count the shapes of the products that pass; every composite is taken apart first."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: Counter[Shapes] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.overloadpacket in FACTORS:
            left, right = (tuple(args[i].shape) for i in FACTORS[func.overloadpacket])
            self.shapes[left, right] += 1
        elif func._can_decompose() and func.overloadpacket in (aten.linear, aten.matmul):
            with self:
                return func.decompose(*args, **kwargs)
        return func(*args, **kwargs)


def measure_products(call: Callable[[], Any], *, n_repeats: int = 5) -> Products:
    """Run `call` once, then time each shape of product it made by itself.

    The factors are laid out row after row; the faster of the two float32 routes counts, the
    best of `n_repeats` rounds, as that is what the machine can do.
    """
    recorder = _Recorder()
    with recorder:
        call()
    if not recorder.shapes:
        raise ValueError("The call made no matrix product; there is nothing to compare it with.")
    flops, seconds, best_rate = 0.0, 0.0, 0.0
    for shapes, count in recorder.shapes.items():
        cost, least = _flops(shapes), _least_seconds(shapes, n_repeats)
        flops += count * cost
        seconds += count * least
        best_rate = max(best_rate, cost / least)
    return Products(flops, seconds, flops / best_rate)


def _flops(shapes: Shapes) -> float:
    left, right = shapes
    return 2.0 * torch.Size(left).numel() * right[-1]


def _least_seconds(shapes: Shapes, n_repeats: int) -> float:
    left, right = (torch.full(shape, 0.5) for shape in shapes)
    times = [_seconds(left, right) for _ in range(n_repeats)]
    if has_fast_fp32():
        with fast_fp32():
            times += [_seconds(left, right) for _ in range(n_repeats)]
    return min(times)


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    started = time.perf_counter()
    torch.matmul(left, right)
    return time.perf_counter() - started
