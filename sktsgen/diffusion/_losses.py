"""What an error of a velocity counts."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from sktsgen.nn import Loss, mean_where


def velocity_loss(
    error: Float[Tensor, "batch time channel"],
    counts: Bool[Tensor, "batch time channel"],
    scale: Float[Tensor, "batch time channel"],
    step_scale: Float[Tensor, " channel"],
) -> Loss:
    """Mean squares of errors of velocities, and of how these change from step to step.

    The best velocity is the same under either. But what moves slowly has steps far smaller than
    itself, of whose law the first hardly says anything.

    Parameters
    ----------
    error : Tensor of shape (batch, time, channel)
        In units of `scale`.
    counts : BoolTensor of shape (batch, time, channel)
        Where it counts; a step does if both its ends do.
    scale : Tensor of shape (batch, time, channel)
        Standard deviations of the first guess.
    step_scale : Tensor of shape (channel,)
        How far each channel moves from one step to the next.

    Returns
    -------
    loss : Loss
    """
    steps = (error * scale).diff(dim=1) / step_scale
    of_steps = mean_where(steps.square(), counts[:, 1:] & counts[:, :-1])
    return mean_where(error.square(), counts) + of_steps
