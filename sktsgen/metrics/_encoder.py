"""A contrastive encoder of windows, for distances between sets of them."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

HIDDEN_SIZE = 64
DEPTH = 10
ENCODING_SIZE = 320
BATCH_SIZE = 8


class _DilatedConvolution(nn.Module):
    """Three taps, `dilation` steps apart, zeros beyond the ends; as one product."""

    def __init__(
        self, n_inputs: int, n_outputs: int, dilation: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.dilation = dilation
        bound = 1 / math.sqrt(3 * n_inputs)
        self.weight = uniform((3 * n_inputs, n_outputs), bound, generator)
        self.bias = uniform((n_outputs,), bound, generator)

    def forward(self, x: Tensor) -> Tensor:  # (batch, time, n_inputs)
        if self.dilation >= x.shape[1]:  # the outer taps see zeros alone
            return x @ self.weight.chunk(3)[1] + self.bias
        padded = F.pad(x, (0, 0, self.dilation, self.dilation))
        n_timesteps = x.shape[1]
        taps = [padded.narrow(1, k * self.dilation, n_timesteps) for k in range(3)]
        return torch.cat(taps, dim=-1) @ self.weight + self.bias


class Block(nn.Module):
    def __init__(
        self, n_inputs: int, n_outputs: int, dilation: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.first = _DilatedConvolution(n_inputs, n_outputs, dilation, generator)
        self.second = _DilatedConvolution(n_outputs, n_outputs, dilation, generator)
        self.skip = None
        if n_inputs != n_outputs:
            self.skip = uniform((n_inputs, n_outputs), 1 / math.sqrt(n_inputs), generator)

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.skip is None else x @ self.skip
        return residual + self.second(F.gelu(self.first(F.gelu(x))))


def uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))


class WindowEncoder(nn.Module):
    """Dilated convolutions over randomly hidden steps, [1]_.

    References
    ----------
    .. [1] Yue et al., "TS2Vec: towards universal representation of time series", AAAI 2022.
    """

    def __init__(self, n_channels: int, *, generator: torch.Generator) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_channels)
        self.weight = uniform((n_channels, HIDDEN_SIZE), bound, generator)
        self.bias = uniform((HIDDEN_SIZE,), bound, generator)
        widths = [HIDDEN_SIZE] * (DEPTH + 1) + [ENCODING_SIZE]
        self.blocks = nn.Sequential(
            *(Block(a, b, 2**i, generator) for i, (a, b) in enumerate(pairwise(widths)))
        )

    def forward(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Encode every step; with a `generator`, hide half the steps and drop a tenth of it all."""
        x = windows @ self.weight + self.bias
        if generator is None:
            return self.blocks(x)
        shown = torch.rand(x.shape[:2], generator=generator) < 0.5
        encoded = self.blocks(x * shown[..., None])
        kept = torch.rand(encoded.shape, generator=generator) >= 0.1
        return encoded * kept / 0.9


def train_encoder(
    windows: Tensor, *, n_iterations: int, generator: torch.Generator
) -> AveragedModel:
    """Train an encoder to recognise the same steps in two crops; return the average of its path."""
    network = WindowEncoder(windows.shape[-1], generator=generator)
    average = AveragedModel(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    for _ in range(n_iterations):
        batch = windows[torch.randperm(len(windows), generator=generator)[:BATCH_SIZE]]
        loss = hierarchical_loss(*_two_crops(network, batch, generator))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.update_parameters(network)
    return average


def _two_crops(
    network: WindowEncoder, batch: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Encode two random overlapping crops and return what both say of the overlap."""
    n_timesteps = batch.shape[1]
    overlap = _integer(min(2, n_timesteps), n_timesteps, generator)
    left = _integer(0, n_timesteps - overlap, generator)
    right = left + overlap
    first_start = _integer(0, left, generator)
    second_end = _integer(right, n_timesteps, generator)
    first = network(batch[:, first_start:right], generator)[:, -overlap:]
    second = network(batch[:, left:second_end], generator)[:, :overlap]
    return first, second


def _integer(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, high + 1, (), generator=generator))


def hierarchical_loss(first: Tensor, second: Tensor) -> Tensor:
    """Contrast over series and over steps, at every halving of the time axis.

    Parameters
    ----------
    first, second : Tensor of shape (batch, time, channel)
        Two encodings of the same steps.

    Returns
    -------
    loss : Tensor of shape ()
        Mean over the levels.
    """
    levels = []
    while first.shape[1] > 1:
        over_series = _contrast(first.transpose(0, 1), second.transpose(0, 1))
        levels.append((over_series + _contrast(first, second)) / 2)
        first, second = (
            F.max_pool1d(side.transpose(1, 2), 2).transpose(1, 2) for side in (first, second)
        )
    levels.append(_contrast(first.transpose(0, 1), second.transpose(0, 1)) / 2)
    return torch.stack(levels).mean()


def _contrast(first: Tensor, second: Tensor) -> Tensor:
    """Find, within each group (axis 0), the partner of each item (axis 1) among all others."""
    n_items = first.shape[1]
    if n_items == 1:
        return first.new_zeros(())
    both = torch.cat((first, second), dim=1)
    similarity = both @ both.transpose(1, 2)
    itself = torch.eye(2 * n_items, dtype=torch.bool)
    partner = torch.arange(2 * n_items).roll(n_items).expand(len(both), -1)
    return F.cross_entropy(similarity.masked_fill(itself, -torch.inf).mT, partner)


@torch.inference_mode()
def encode(network: nn.Module, windows: Tensor, *, batch_size: int = 250) -> Tensor:
    """Return one vector a window, the largest of each channel over time: (window, channel)."""
    return torch.cat([network(batch).amax(1) for batch in windows.split(batch_size)])
