"""From noise to data: one loop, and a step for every solver."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from sktsgen.diffusion._schedule import Schedule

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""Clean estimate of x_t at a time t, a tensor without axes."""


class Position(NamedTuple):
    """Where a sampler stands, and where it goes.

    Attributes
    ----------
    x : Tensor of shape (batch, ...)
        Noisy state.
    t, s : Tensor without axes
        Its time, and the next one.
    memory : tuple of (Tensor, Tensor) or None
        Clean estimate of the former step and the time it was made at.
    """

    x: Tensor
    t: Tensor
    s: Tensor
    memory: tuple[Tensor, Tensor] | None = None


class Sampler(Protocol):
    """One step of a solver.

    ``calls`` is the number of network calls that a step takes.
    """

    calls: int

    def __call__(
        self, denoiser: Denoiser, schedule: Schedule, position: Position
    ) -> tuple[Tensor, Tensor]:
        """State at the next time, and the clean estimate at the current one."""


class EulerSampler:
    """First order: the velocity of the beginning for the whole step."""

    calls = 1

    def __call__(
        self, denoiser: Denoiser, schedule: Schedule, position: Position
    ) -> tuple[Tensor, Tensor]:
        """State at the next time, and the clean estimate at the current one."""
        x, t, s, _ = position
        clean = denoiser(x, t)
        return x + (s - t) * velocity(x, clean, schedule, t), clean


class MidpointSampler:
    """Second order: the velocity of the middle of a step for the whole step."""

    calls = 2

    def __call__(
        self, denoiser: Denoiser, schedule: Schedule, position: Position
    ) -> tuple[Tensor, Tensor]:
        """State at the next time, and the clean estimate at the current one."""
        x, t, s, _ = position
        clean = denoiser(x, t)
        middle = (t + s) / 2
        halfway = x + (middle - t) * velocity(x, clean, schedule, t)
        slope = velocity(halfway, denoiser(halfway, middle), schedule, middle)
        return x + (s - t) * slope, clean


class DDIMSampler:
    """Deterministic jump along the current estimate of data and noise [1]_; first order.

    On the straight lines of `StraightSchedule` this is Euler's step.

    References
    ----------
    .. [1] J. Song, C. Meng and S. Ermon, "Denoising Diffusion Implicit Models", Equation 12,
       arXiv:2010.02502.
    """

    calls = 1

    def __call__(
        self, denoiser: Denoiser, schedule: Schedule, position: Position
    ) -> tuple[Tensor, Tensor]:
        """State at the next time, and the clean estimate at the current one."""
        x, t, s, _ = position
        clean = denoiser(x, t)
        here, there = schedule(t), schedule(s)
        noise = (x - here.alpha * clean) / here.sigma
        return there.alpha * clean + there.sigma * noise, clean


class DPMSolverSampler:
    """DPM-Solver++ (2M) [1]_: second order from the estimates of two steps.

    The first and the last step are of first order, as their log signal-to-noise ratio is not
    finite.

    References
    ----------
    .. [1] C. Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion
       Probabilistic Models", Algorithm 2, arXiv:2211.01095.
    """

    calls = 1

    def __call__(
        self, denoiser: Denoiser, schedule: Schedule, position: Position
    ) -> tuple[Tensor, Tensor]:
        """State at the next time, and the clean estimate at the current one."""
        x, t, s, memory = position
        clean = denoiser(x, t)
        here, there = schedule(t), schedule(s)
        direction = clean
        if memory is not None:
            former, r = memory[0], _log_ratio(schedule, memory[1], t, s)
            direction = clean + (clean - former) * r / 2
        # alpha' (1 - e^-h) without its infinite parts.
        shrink = there.sigma / here.sigma
        return shrink * x + (there.alpha - here.alpha * shrink) * direction, clean


def velocity(x: Tensor, clean: Tensor, schedule: Schedule, t: Tensor) -> Tensor:
    """Change of x_t per unit of t if `clean` is the data behind it."""
    level = schedule(t)
    noise = (x - level.alpha * clean) / level.sigma
    return level.alpha_slope * clean + level.sigma_slope * noise


def integrate(
    denoiser: Denoiser,
    noise: Tensor,
    *,
    sampler: Sampler,
    schedule: Schedule,
    n_steps: int,
) -> Tensor:
    """Carry noise at t = 1 to data at t = 0.

    Parameters
    ----------
    denoiser : callable
        Takes x_t and t, returns the estimate of the data.
    noise : Tensor of shape (batch, ...)
        State at t = 1, of the law the denoiser was trained with.
    sampler : Sampler
        The step.
    schedule : Schedule
        What the denoiser was trained with.
    n_steps : int
        Steps of equal size, at least 1.

    Returns
    -------
    data : Tensor of shape (batch, ...)
        State at t = 0.
    """
    times = torch.linspace(1.0, 0.0, n_steps + 1, device=noise.device)
    x, memory = noise, None
    for t, s in pairwise(times):
        x, clean = sampler(denoiser, schedule, Position(x, t, s, memory))
        memory = clean, t
    return x


def _log_ratio(schedule: Schedule, former: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """Step in log(alpha / sigma) to s over the one to t; 0 where either is infinite."""
    levels = [schedule(time) for time in (former, t, s)]
    before, here, there = ((level.alpha / level.sigma).log() for level in levels)
    ratio = (there - here) / (here - before)
    return torch.where(torch.isfinite(ratio), ratio, 0.0)


SAMPLERS: dict[str, Sampler] = {
    "midpoint": MidpointSampler(),
    "euler": EulerSampler(),
    "ddim": DDIMSampler(),
    "dpm-solver++": DPMSolverSampler(),
}
"""Samplers by the name that estimators know."""
