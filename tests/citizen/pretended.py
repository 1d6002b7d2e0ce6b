"""A GPU that is pretended: all is computed on the processor, and refused where a GPU would.

Tensors are told apart by where they would lie. What mixes them, hands out the memory of one that
lies on the GPU, or draws there by a generator of the processor, is an error as it would be there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.weak import WeakTensorKeyDictionary

from sktsgen.decoding._cuda_graph import StaticStep

GPU = torch.device("cuda:0")
# What may read tensors of two devices: it copies, or asks for their types alone.
_COPIES = {"copy_", "data.__set__", "__setitem__", "_has_compatible_shallow_copy_type"}
_DRAWS = {"rand", "randn", "randint", "randperm", "multinomial", "bernoulli", "dropout"} | {
    "uniform_", "normal_", "bernoulli_", "exponential_",
}  # fmt: skip
_FROM_GPU = {"numpy", "__array__"}


class PretendedGenerator(torch.Generator):
    """A generator that says where it was asked to be."""

    device = torch.device("cpu")  # type: ignore[assignment]

    def __new__(cls, device: Any = "cpu") -> PretendedGenerator:
        """Make one of the processor."""
        generator = super().__new__(cls)
        generator.device = GPU if torch.device(device).type == "cuda" else torch.device("cpu")
        return generator


class PretendedGPU(TorchFunctionMode):
    """Keep account of which tensors would lie on the GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.on_gpu = WeakTensorKeyDictionary()

    def lies_there(self, tensor: Tensor) -> bool:
        """Tell whether a tensor would lie on the GPU."""
        return tensor in self.on_gpu

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = (resolve_name(func) or getattr(func, "__name__", "")).rpartition("Tensor.")[2]
        name = name.rpartition("torch.")[2]
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        there = [self.lies_there(tensor) for tensor in tensors]
        if name in ("device.__get__", "is_cuda.__get__") and there[0]:
            return GPU if name == "device.__get__" else True
        if name in _FROM_GPU and there[0] and not kwargs.get("force"):
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        target, args, kwargs = self._target(name, args, kwargs, there)
        if target is None and name not in _COPIES:
            self._check(name, tensors, there)
        result = func(*args, **kwargs)
        if name == "data.__set__":
            self._place(args[0], there[-1])
            return result
        lies = any(there) if target is None else target
        moves = target is not None and bool(there) and there[0] != target
        self._check_generator(kwargs.get("generator"), name, bool(lies))
        if lies and name in _DRAWS and kwargs.get("generator") is None:
            raise RuntimeError(f"{name} draws from the global generator of the GPU.")

        def place(tensor: Tensor) -> Tensor:
            if moves and any(tensor is given for given in tensors):
                tensor = tensor.clone()  # a move is a new tensor, though not on the processor
            self._place(tensor, bool(lies))
            return tensor

        return tree_map_only(Tensor, place, result)

    def _target(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], there: list[bool]
    ) -> tuple[bool | None, tuple[Any, ...], dict[str, Any]]:
        """Find where the result is asked to be, if it is; ask for the processor in its place."""
        if name == "cpu":
            return False, args, kwargs
        target = None
        if kwargs.get("device") is not None:
            target = torch.device(kwargs["device"]).type == "cuda"
            kwargs = {**kwargs, "device": "cpu"}
        elif name == "to":
            found = list(args)
            for place, argument in enumerate(args[1:], start=1):
                if isinstance(argument, Tensor):
                    target = there[1]
                elif isinstance(argument, (str, torch.device)):
                    target = torch.device(argument).type == "cuda"
                    found[place] = torch.device("cpu")
            args = tuple(found)
        return target, args, kwargs

    def _check(self, name: str, tensors: list[Tensor], there: list[bool]) -> None:
        if not any(there) or (name == "__getitem__" and there[0]):
            return  # indices may lie on the processor
        for tensor, lies in zip(tensors, there, strict=True):
            if not lies and tensor.dim():
                raise RuntimeError(
                    f"Expected all tensors to be on the same device, but found one of shape "
                    f"{tuple(tensor.shape)} on the processor and others on cuda:0, in {name}."
                )

    def _check_generator(self, generator: Any, name: str, lies: bool) -> None:
        if generator is not None and (generator.device == GPU) != lies:
            raise RuntimeError(f"Expected a generator of the device of what {name} draws.")

    def _place(self, tensor: Tensor, lies: bool) -> None:
        if lies:
            self.on_gpu[tensor] = True
        else:
            self.on_gpu.pop(tensor, None)


@contextlib.contextmanager
def pretended_gpu(monkeypatch: Any) -> Iterator[PretendedGPU]:
    """Let this process have a GPU, with as little of it as sktsgen asks for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "Generator", PretendedGenerator)
    monkeypatch.setattr("sktsgen.decoding._decode.CapturedStep", StaticStep)
    with PretendedGPU() as gpu:
        yield gpu
