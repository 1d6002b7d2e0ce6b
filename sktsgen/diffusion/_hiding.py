"""What a flow is not shown in training, and what it is shown slightly wrong."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sktsgen.diffusion._masks import draw_hidden
from sktsgen.diffusion._metadata import blurred, shown
from sktsgen.diffusion._rounds import LevelRounds


class Hiding(nn.Module):
    """Patterns of hidden cells, and how far metadata are from what they should be.

    Parameters
    ----------
    mixture : mapping of str to float
        Share of every pattern of hidden cells.
    is_metadata : BoolTensor of shape (column,)
        Columns that are shown in most windows, whatever else is hidden.
    condition_noise : float
        Largest standard deviation of the noise on them, twice the largest share of wrong levels.
    rounds : LevelRounds or None
        The order in which levels are drawn; None where they flow with the numbers.
    """

    is_metadata: Tensor

    def __init__(
        self,
        mixture: Mapping[str, float],
        is_metadata: Tensor,
        condition_noise: float,
        rounds: LevelRounds | None,
    ) -> None:
        super().__init__()
        self.mixture, self.condition_noise = dict(mixture), condition_noise
        self.rounds = rounds
        self.has_metadata = bool(is_metadata.any())
        self.register_buffer("is_metadata", is_metadata, persistent=False)

    def forward(
        self, observed: Tensor, generator: torch.Generator, elsewhere: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Draw what is hidden, and which of it is asked for.

        Parameters
        ----------
        observed : BoolTensor of shape (batch, time, column)
            True where there is a value.
        generator : torch.Generator
            Source of the draws.
        elsewhere : BoolTensor of shape (whole, time, column) or None, default=None
            As in `draw_hidden`.

        Returns
        -------
        hidden, asked : BoolTensor of shape (batch, time, column)
            Of metadata nothing, in most windows; levels that are drawn later are not asked for.
        """
        hidden = draw_hidden(observed, self.mixture, generator, elsewhere)
        if self.has_metadata:
            hidden = shown(hidden, self.is_metadata, generator)
        if self.rounds is None:
            return hidden, hidden
        return self.rounds.reveal(hidden, generator)

    def disturbed(
        self, features: Tensor, is_level: Tensor, whole: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Blur features, so that slightly wrong metadata are not followed blindly."""
        if not (self.condition_noise and self.has_metadata):
            return features
        return blurred(features, whole, is_level, self.condition_noise, generator)
