"""Levels between the visible ones of their column, as in a Markov chain."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sktsgen.nn._derived import Derived

# Steps that every level is taken to have been left by, shared out as often as each level comes.
_SMOOTHING = 0.05
# Least logarithm of a probability.
_LEAST = -14.0


class LevelChains(Derived):
    """How probable levels are if every discrete column is a Markov chain of its own.

    What lasts or goes round, as the months and hours of rows do, is told by the nearest visible
    levels of its column before and after it.

    Parameters
    ----------
    widths : list of int
        Number of levels of every discrete column.
    n_timesteps : int
        Steps of a window.
    """

    def __init__(self, widths: list[int], n_timesteps: int) -> None:
        super().__init__()
        self.widths, self.n_timesteps = list(widths), n_timesteps
        for number, width in enumerate(self.widths):
            even = torch.full((width, width), 1.0 / width)
            self.register_buffer(f"step_{number}", even)
            self.register_buffer(f"share_{number}", even[0].clone())

    @torch.no_grad()
    def learn(self, number: int, before: Tensor, after: Tensor) -> None:
        """Count the steps of a column.

        Parameters
        ----------
        number : int
            Which discrete column.
        before, after : Tensor of shape (n_steps, n_levels)
            One-hot levels of consecutive rows.
        """
        counts = before.sum(0).double()
        share = (counts + 1e-6) / (counts + 1e-6).sum()
        pairs = before.double().T @ after.double() + _SMOOTHING * share
        self.get_buffer(f"step_{number}").copy_(pairs / pairs.sum(1, keepdim=True))
        self.get_buffer(f"share_{number}").copy_(share)
        self.derived = {}

    def forward(
        self,
        levels: Float[Tensor, "batch draws time level"],
        visible: Bool[Tensor, "batch time column"],
    ) -> Float[Tensor, "batch draws time level"]:
        """Log-probabilities of levels, one-hot where they are visible."""
        steps = torch.arange(self.n_timesteps, device=visible.device)[:, None]
        last = torch.where(visible, steps, -1).cummax(1).values
        ahead = torch.where(visible, steps, self.n_timesteps).flip(1).cummin(1).values.flip(1)
        parts = []
        for number, part in enumerate(levels.split(self.widths, dim=-1)):
            found, before, after = part.argmax(-1), last[..., number], ahead[..., number]
            logs = self._powers(number)
            past = _of(logs, found, before, steps[:, 0] - before)
            future = _of(logs.transpose(1, 2), found, after, after - steps[:, 0])
            share = self.get_buffer(f"share_{number}").clamp(min=1e-6).log()
            past = torch.where((before >= 0)[:, None, :, None], past, share)
            future = torch.where((after < self.n_timesteps)[:, None, :, None], future, 0.0)
            parts.append((past + future).log_softmax(-1))
        return torch.cat(parts, dim=-1).clamp(min=_LEAST)

    def _powers(self, number: int) -> Tensor:
        """Logarithms of the probabilities of 0, 1, 2 ... steps of a column."""
        if number not in self.derived:
            self.derived[number] = self._logs_of(number)
        found: Tensor = self.derived[number]
        return found

    def _logs_of(self, number: int) -> Tensor:
        step = self.get_buffer(f"step_{number}").double()
        powers = [torch.eye(len(step), dtype=step.dtype, device=step.device)]
        for _ in range(1, self.n_timesteps):
            powers.append(powers[-1] @ step)
        return torch.stack(powers).log().clamp(min=2 * _LEAST).float()


def _of(
    logs: Float[Tensor, "lag level level"],
    levels: Int[Tensor, "batch draws time"],
    at: Int[Tensor, "batch time"],
    lags: Int[Tensor, "batch time"],
) -> Float[Tensor, "batch draws time level"]:
    """Rows of the powers: of the levels at some steps, so many steps away."""
    n_timesteps = levels.shape[2]
    at = at.clamp(0, n_timesteps - 1)[:, None].expand(levels.shape)
    lags = lags.clamp(0, n_timesteps - 1)[:, None].expand(levels.shape)
    return logs[lags, levels.gather(2, at)]
