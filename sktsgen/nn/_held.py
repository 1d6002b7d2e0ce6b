"""Numbers that stay exactly as they were at the step before."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


class HeldNumbers(nn.Module):
    """Probability that a number keeps the value of the step before.

    Instruments report on a grid, or less often than they are read, and then a value stands still
    exactly. No density of normals can say so: this is the mass beside it. Values stand still for
    a while and together, as where a logger fails: what was held one step before, and what is held
    of the numbers before this one, reach each logit directly.

    Parameters
    ----------
    n_numbers : int
        How many numbers may be held.
    d_hidden : int
        Width of the hidden state of each.
    """

    def __init__(self, n_numbers: int, d_hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_numbers, d_hidden))
        self.bias = nn.Parameter(torch.zeros(n_numbers))
        self.from_before = nn.Parameter(torch.zeros(n_numbers, n_numbers))
        self.from_earlier = nn.Parameter(torch.zeros(n_numbers, n_numbers))

    @torch.no_grad()
    def start(self, after_move: Float[Tensor, " held"], after_stay: Float[Tensor, " held"]) -> None:
        """Begin with how often each number is held, after it has moved and after it has not."""
        self.bias.copy_(after_move.logit())
        self.from_before.copy_(torch.diag(after_stay.logit() - after_move.logit()))

    def log_density(
        self,
        density: Float[Tensor, "n held"],
        is_held: Bool[Tensor, "n held"],
        was_held: Bool[Tensor, "n held"],
        states: Float[Tensor, "n held hidden"],
    ) -> Float[Tensor, "n held"]:
        """Log-probability of what is held, log density of what is not, given that of the latter."""
        logits = (states * self.weight).sum(-1).float() + self.begin(was_held)
        logits = logits + is_held.to(logits) @ self.from_earlier.tril(-1).T
        return torch.where(is_held, F.logsigmoid(logits), F.logsigmoid(-logits) + density)

    def begin(self, was_held: Bool[Tensor, "n held"]) -> Float[Tensor, "n held"]:
        """Logits by what was held one step before, before any number of this step is known."""
        return torch.addmm(self.bias, was_held.to(self.bias), self.from_before.T)

    def draw(
        self,
        number: int,
        state: Float[Tensor, "n hidden"],
        logits: Float[Tensor, "n held"],
        uniform: Float[Tensor, " n"],
    ) -> tuple[Bool[Tensor, " n"], Float[Tensor, " n"]]:
        """Draw whether one number is held; the second return is a new uniform, where it is not."""
        share = torch.sigmoid((state @ self.weight[number]).float() + logits[:, number])
        return uniform < share, (uniform - share) / (1.0 - share)

    def follow(
        self, number: int, held: Bool[Tensor, " n"], logits: Float[Tensor, "n held"]
    ) -> Float[Tensor, "n held"]:
        """Logits of the numbers after one of which it is known whether it is held."""
        return torch.addcmul(logits, held[:, None].to(logits), self.from_earlier[:, number])
