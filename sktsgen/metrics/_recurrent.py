"""A recurrent network whose first weights come from a generator passed in."""

import math

import torch
from torch import Tensor, nn


class RecurrentReader(nn.Module):
    """A gated recurrent network with one number read off each of its states.

    Parameters
    ----------
    n_channels, hidden_size, n_layers : int
        Width of a step, of a state, and the depth.
    generator : torch.Generator
        Draws the first weights.
    """

    def __init__(
        self, n_channels: int, hidden_size: int, n_layers: int, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        # Built without memory, so that the constructors' own draws never happen.
        self.recurrence = nn.GRU(n_channels, hidden_size, n_layers, batch_first=True, device="meta")
        self.readout = nn.Linear(hidden_size, 1, device="meta")
        self.to_empty(device="cpu")
        bound = 1 / math.sqrt(hidden_size)
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound, generator=generator)

    def forward(self, windows: Tensor) -> Tensor:
        """Read every state: (batch, time, channel) to (batch, time)."""
        states, _ = self.recurrence(windows)
        return self.readout(states).squeeze(-1)

    def last(self, windows: Tensor) -> Tensor:
        """Read the last state only: (batch, time, channel) to (batch,)."""
        states, _ = self.recurrence(windows)
        return self.readout(states[:, -1]).squeeze(-1)
