"""How far the truth is from the first guess and from the answer of one pass."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Shares of the deviations that are smaller than the knots of the map.
_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
_LEAST_STEP = 1e-4
# Largest logarithm of the spread of the data in units of the first guess, either way.
_MOST_SPREAD = 2.0


class Calibration(nn.Module):
    """What draws need to be as wide as they should.

    The first guess is too unsure of some columns and too sure of others, and not alike where it is
    sure and where it is not: for each channel the data has a power of its scale, which is trained
    with the network. What is left is the form of the law, by `Stretch`.

    Parameters
    ----------
    n_channels : int
        Channels that flow.
    is_recalibrated : bool
        Whether the power is trained; without, the first guess is believed.
    is_stretched : bool
        Whether there is a `Stretch`.
    """

    level_and_power: Tensor

    def __init__(self, n_channels: int, is_recalibrated: bool, is_stretched: bool) -> None:
        super().__init__()
        level_and_power = torch.zeros(2, n_channels)
        if is_recalibrated:
            self.level_and_power = nn.Parameter(level_and_power)
        else:
            self.register_buffer("level_and_power", level_and_power, persistent=False)
        self.stretch = Stretch() if is_stretched else None

    def spread(self, scale: Tensor) -> Tensor:
        """Say how far the data is from a first guess, in units of its `scale`."""
        level, power = self.level_and_power
        logarithm = level + power * scale.log()
        return logarithm.clamp(-_MOST_SPREAD, _MOST_SPREAD).exp()

    def learn_stretch(self, drawn: Tensor, true: Tensor) -> None:
        """Learn from deviations of draws and of the truth, in units of what they should be."""
        self.stretch = Stretch().to(drawn.device)
        self.stretch.learn(drawn, true)


class Stretch(nn.Module):
    """Map of deviations from the answer of one pass, odd and increasing.

    What a network draws of a cell is near a normal law. The truth is oftener very near the answer,
    and oftener far from it; how often is the same for deviations in units of what they should be.
    The map keeps which draw is larger than which, and so what several cells do together.
    """

    drawn: Tensor
    true: Tensor

    def __init__(self) -> None:
        super().__init__()
        even = torch.tensor(_LEVELS)
        self.register_buffer("drawn", even)
        self.register_buffer("true", even.clone())

    def learn(self, drawn: Tensor, true: Tensor) -> None:
        """Take over the quantiles of deviations that were drawn, and of those that were true.

        Parameters
        ----------
        drawn, true : Tensor of shape (n_drawn,) and (n_true,)
            In the same units.
        """
        for own, deviations in ((self.drawn, drawn), (self.true, true)):
            levels = torch.tensor(_LEVELS, dtype=deviations.dtype, device=deviations.device)
            steps = torch.arange(1, len(levels) + 1, device=deviations.device)
            own.copy_(deviations.abs().quantile(levels) + _LEAST_STEP * steps)

    def forward(self, deviations: Tensor) -> Tensor:
        """Map drawn deviations, of any shape, to such as the truth has."""
        size = deviations.abs()
        right = torch.searchsorted(self.drawn, size.contiguous()).clamp(max=len(_LEVELS) - 1)
        low, high = F.pad(self.drawn, (1, 0))[right], self.drawn[right]
        least, most = F.pad(self.true, (1, 0))[right], self.true[right]
        inside = torch.lerp(least, most, (size - low) / (high - low))
        beyond = size * (self.true[-1] / self.drawn[-1])
        return deviations.sign() * torch.where(size > self.drawn[-1], beyond, inside)
