"""Work that half precision would spoil, inside a training in half precision."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

Given = ParamSpec("Given")
Result = TypeVar("Result")


def full_precision(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Leave ``torch.autocast`` for the time of a call; half-precision arguments are float32 in it.

    For systems of equations: eight bits of a number are not enough to solve them.
    """

    @wraps(function)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        device = next(a.device.type for a in args if isinstance(a, Tensor))
        if not torch.is_autocast_enabled(device):
            return function(*args, **kwargs)
        wide: Any = [_widened(argument) for argument in args]
        with torch.autocast(device, enabled=False):
            return function(*wide, **kwargs)

    return run


def _widened(argument: Any) -> Any:
    is_half = isinstance(argument, Tensor) and argument.dtype in (torch.bfloat16, torch.float16)
    return argument.float() if is_half else argument
