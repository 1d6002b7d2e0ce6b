"""Windows with hidden cells, to learn from and to fill."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from sktsgen.nn import Fill


class FlowBatch(NamedTuple):
    """Windows to learn from.

    Attributes
    ----------
    features : Tensor of shape (batch, time, feature)
        Numbers and one-hot levels, plausible ones where nothing was observed.
    observed : BoolTensor of shape (batch, time, column)
        True where a cell was observed.
    """

    features: Tensor
    observed: Tensor


class Problem(NamedTuple):
    """Windows with hidden cells, as the network reads them.

    Attributes
    ----------
    fill : Fill
        First guess of the latents.
    scale : Tensor of shape (batch, time, latent)
        Unit in which their deviations are counted.
    visible : BoolTensor of shape (batch, time, latent)
        True where a latent is given.
    levels : Tensor of shape (batch * draws, time, level)
        Logits of levels by the first guess alone.
    hints : Tensor of shape (batch * draws, time, hint)
        What is said of levels as probabilities; nothing where levels flow.
    """

    fill: Fill
    scale: Tensor
    visible: Tensor
    levels: Tensor
    hints: Tensor

    @property
    def mean(self) -> Tensor:
        """First guess with all draws one below the other, (batch * draws, time, latent)."""
        return self.fill.mean.flatten(0, 1)

    def per_draw(self, x: Tensor) -> Tensor:
        """Repeat something of every window for each of its draws."""
        return x.repeat_interleave(self.fill.mean.shape[1], dim=0)
