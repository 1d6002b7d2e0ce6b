"""A decoding step captured as a CUDA graph, with the signature of the eager one."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import torch
from torch import Tensor

from sktsgen.nn import StaticKVCache

# Fewer steps than this do not make up for the warm-up and the capture.
SHORTEST_CAPTURE = 8
_WARM_UP_STEPS = 2
# Threads that draw from one model at a time may all record, but one after the other.
_recording = threading.Lock()


class StaticStep:
    """A step whose inputs, uniforms and cache stand at fixed addresses.

    Parameters
    ----------
    model : BlockModel
        What to draw from.
    inputs : Tensor of shape (batch, 1, d_model)
        What the first step is drawn from.
    cache : KVCache
        Past steps; its buffers are taken over.
    width : int
        Uniforms that a step takes.
    """

    def __init__(self, model: Any, inputs: Tensor, cache: Any, width: int) -> None:
        self.model, self.cache = model, StaticKVCache(cache)
        self.inputs = inputs.clone()
        self.uniforms = inputs.new_full((len(inputs), 1, width), 0.5)

    def __call__(self, inputs: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Draw one step."""
        self.inputs.copy_(inputs)
        self.uniforms.copy_(uniforms)
        self.cache.settle()
        position = self.cache.position
        parts, following = self._run()
        self.cache.position = position + 1
        return tuple(part.clone() for part in parts), following

    def _run(self) -> tuple[tuple[Tensor, ...], Tensor]:
        states = self.model.step(self.inputs, self.cache)
        parts, following = self.model.advance(states, self.uniforms)
        return parts, following


class CapturedStep(StaticStep):
    """A static step recorded once and replayed as one launch."""

    def __init__(self, model: Any, inputs: Tensor, cache: Any, width: int) -> None:
        super().__init__(model, inputs, cache, width)
        position = self.cache.position
        before = [tensor.clone() for tensor in model.state()]
        self.cache.settle()
        # Streams and graphs are of the current device, which need not be that of the model.
        with _recording, torch.cuda.device(inputs.device):
            stream = _stream_of(inputs.device)
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(_WARM_UP_STEPS):
                    super()._run()
            torch.cuda.current_stream().wait_stream(stream)
            self.graph = torch.cuda.CUDAGraph()
            # What other threads do meanwhile, such as to ask for memory, is none of its business.
            with torch.cuda.graph(self.graph, stream=stream, capture_error_mode="thread_local"):
                self.outputs = super()._run()
        # The warm-up wrote to the slot of the next step only, which the next step writes again.
        self.cache.position = position
        for tensor, value in zip(model.state(), before, strict=True):
            tensor.copy_(value)

    def _run(self) -> tuple[tuple[Tensor, ...], Tensor]:
        with torch.cuda.device(self.inputs.device):
            self.graph.replay()
        return self.outputs


@cache
def _stream_of(device: torch.device) -> torch.cuda.Stream:
    """Return the one stream of a device that warms up and records.

    New ones come round again after some, and would then be that on which another thread records.
    """
    return torch.cuda.Stream(device)
