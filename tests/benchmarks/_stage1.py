"""Stage 1: what quantising costs, against rank, decoder and training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import nn

from sktsgen.nn import FactorizedTokenizer
from sktsgen.training import Trainer
from tests.benchmarks._data import Split
from tests.benchmarks._plan import Plan
from tests.benchmarks._quality import reconstruct, reconstruction_error
from tests.benchmarks._rows import Row

RANKS = (4, 8, 16, 32, 64)
LOOK_EVERY = 50  # optimiser steps


def stage1(plan: Plan) -> Iterator[Row]:
    """Measure the reconstruction error of held-out windows for ranks, with and without decoder."""
    data = plan.split()
    for rank in RANKS[: plan.size(5, 1)]:
        for has_decoder in (True, False):
            for seed in plan.seeds:
                name = f"R={rank}, {'with' if has_decoder else 'without'} residual decoder"
                figures = _reconstruction(plan, data, seed, rank, has_decoder)
                yield plan.row("stage1", name, seed=seed, n_components=rank, **figures)


def _reconstruction(plan: Plan, data: Split, seed: int, rank: int, has_decoder: bool) -> Row:
    with first_stage(), decoder(has_decoder):
        estimator, _ = plan.fit(
            data.segments,
            seed=seed,
            window_length=plan.window,
            n_components=rank,
            emission="point",  # the paper's: the only one with a residual decoder
        )
    decoded = reconstruct(estimator, data.test)
    linear = estimator.mean_ + estimator.transform(data.test) @ estimator.components_
    error = reconstruction_error(data.test, decoded)
    of_linear = reconstruction_error(data.test, linear)
    return error | {"linear_part_error": of_linear["reconstruction_error"]}


def codebook(plan: Plan) -> Iterator[Row]:
    """Measure usage, perplexity and entropy of each codebook while stage 1 is trained."""
    data = plan.split()
    for seed in plan.seeds:
        looks: list[Row] = []
        with first_stage(looks.append):
            plan.fit(data.segments, seed=seed, window_length=plan.window)
        for figures in looks:
            yield plan.row("codebook", f"step {figures['step']}", seed=seed, **figures)


@contextmanager
def first_stage(observe: Callable[[Row], None] | None = None) -> Iterator[None]:
    """Cut the later stage to one epoch; tell `observe` of the codebooks during the first."""
    train = Trainer.fit

    def fit(self: Trainer, network: Any, data: Any, recipe: Any, **kwargs: Any) -> Any:
        if not isinstance(network, FactorizedTokenizer):
            return train(self, network, data, replace(recipe, max_epochs=1), **kwargs)
        if observe is None:
            return train(self, network, data, recipe, **kwargs)
        watched = _Watched(data, network, observe)
        history = train(self, network, watched, recipe, **kwargs)
        watched.look()
        return history

    with mock.patch.object(Trainer, "fit", fit):
        yield


@contextmanager
def decoder(has_decoder: bool) -> Iterator[None]:
    """Build tokenizers with or without their residual decoder."""
    build = FactorizedTokenizer.__init__

    def init(self: Any, **kwargs: Any) -> None:
        build(self, **kwargs | {"has_residual_decoder": has_decoder})

    with mock.patch.object(FactorizedTokenizer, "__init__", init):
        yield


class _Watched:
    """Training data that looks at the codebooks now and then, when a batch is asked for."""

    def __init__(self, data: Any, network: nn.Module, observe: Callable[[Row], None]) -> None:
        self.data, self.network, self.observe = data, network, observe
        self.step = 0
        size = min(len(data), 2000)
        self.shown = torch.linspace(0, len(data) - 1, size).long()

    def __len__(self) -> int:
        return len(self.data)

    def content(self) -> Iterator[torch.Tensor]:
        """What the data holds."""
        return self.data.content()

    def batch(self, indices: torch.Tensor) -> Any:
        """Pass the batch on."""
        if self.step % LOOK_EVERY == 0 and bool(self.network.is_quantising):
            self.look()
        self.step += 1
        return self.data.batch(indices)

    @torch.no_grad()
    def look(self) -> None:
        """Report the use of the codes by a fixed set of windows."""
        x, _, observed = self.data.batch(self.shown)
        codes = self.network.encode(x[observed])
        n_codes = self.network.config["codebook_size"]
        shares = [torch.bincount(level, minlength=n_codes) / len(level) for level in codes.T]
        entropy = [float(torch.special.entr(share).sum()) for share in shares]
        self.observe(
            {
                "step": self.step,
                "usage": [float((share > 0).double().mean()) for share in shares],
                "entropy_nats": entropy,
                "perplexity": np.exp(entropy).tolist(),
            }
        )
