"""What a sampler costs, and what its draws are worth: one network, several solvers."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sktsgen.diffusion import SAMPLERS, ConditionalFlow
from sktsgen.metrics import autocorrelation_difference, marginal_distance
from tests.benchmarks._data import Array
from tests.benchmarks._plan import Plan, stopwatch
from tests.benchmarks._rows import Row

N_WINDOWS = 1000
CHUNK = 250
# Solver and steps; the last is what the paper's system does.
SOLVERS = (
    ("midpoint", 3),
    ("midpoint", 5),
    ("midpoint", 10),
    ("midpoint", 20),
    ("euler", 10),
    ("euler", 20),
    ("dpm-solver++", 10),
    ("dpm-solver++", 20),
    ("ancestral", 100),
)


class AncestralSampler:
    """Fresh noise at every step, of the variance that makes the chain the forward one reversed."""

    calls = 1

    def __init__(self, fresh: Callable[[], Tensor]) -> None:
        self.fresh = fresh

    def __call__(
        self, denoiser: Callable[..., Tensor], schedule: Any, position: Any
    ) -> tuple[Tensor, Tensor]:
        """State at the next time, and the clean estimate at the current one."""
        x, t, s, _ = position
        clean = denoiser(x, t)
        here, there = schedule(t), schedule(s)
        noise = (x - here.alpha * clean) / here.sigma
        kept = there.sigma**2 * here.alpha / (here.sigma * there.alpha)
        variance = there.sigma**2 - kept**2
        return there.alpha * clean + kept * noise + variance.sqrt() * self.fresh(), clean


def sampling(plan: Plan) -> Iterator[Row]:
    """Train one generator for each seed and draw by every solver, on one thread."""
    data = plan.split()
    for seed in plan.seeds:
        model, _ = plan.fit(data.segments, seed=seed, window_length=plan.window)
        for solver, n_steps in SOLVERS:
            n = plan.size(N_WINDOWS, 50)
            with stopwatch() as took:
                windows = _drawn(model, solver, n_steps, n)
            calls = n_steps * (SAMPLERS[solver].calls if solver in SAMPLERS else 1)
            figures = {
                "calls": calls,
                "cpu_s": took["cpu_s"] * N_WINDOWS / n,
                "ks": marginal_distance(data.real, windows),
                "acf": autocorrelation_difference(data.real, windows),
                "std_ratio": float((windows.std((0, 1)) / data.real.std((0, 1))).mean()),
            }
            yield plan.row("sampling", f"{solver}, {n_steps} steps", seed=seed, **figures)


@torch.inference_mode()
def _drawn(model: Any, solver: str, n_steps: int, n: int) -> Array:
    """Windows drawn from nothing, in the units of the data."""
    network: ConditionalFlow = model.network_
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for first in range(0, n, CHUNK):
        size = min(CHUNK, n - first)
        features = torch.zeros(size, 1, network.n_timesteps, len(network.codes.matrix))
        visible = torch.zeros(size, network.n_timesteps, network.n_columns, dtype=torch.bool)
        noise = torch.randn(size, 1, network.n_noise, generator=generator)
        sampler: Any = SAMPLERS.get(solver)
        if sampler is None:
            problem = network.pose(features, visible)
            shape = noise.shape
            sampler = AncestralSampler(
                lambda problem=problem, shape=shape: network.start(
                    problem, torch.randn(shape, generator=generator)
                )
            )
        drawn.append(network.draw(features, visible, noise, sampler=sampler, n_steps=n_steps))
    flat = model._decode(torch.cat(drawn)[:, 0].numpy(), 0)
    return np.asarray(flat, dtype=np.float64).reshape(n, network.n_timesteps, -1)
