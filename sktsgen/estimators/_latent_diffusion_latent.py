"""What flows: the cells of a window, or the latents of an autoencoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from sktsgen.data import Windows
from sktsgen.diffusion import Autoencoder, ConditionalFlow, FlowBatch, LatentFlow
from sktsgen.estimators._latent_diffusion_rows import Rows, learn_from, window_rows
from sktsgen.ops import interpolate

# Cells of a time step up to which "auto" lets them flow themselves.
WIDE = 64
# Error of an autoencoder that is small enough, as a share of that of interpolation.
GOOD_ENOUGH = 0.1
_CHUNK = 256


class FlowData:
    """Batches of windows for `ConditionalFlow` and `Autoencoder`."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def content(self) -> Iterator[Tensor]:
        """Everything that batches are made of."""
        yield from self.windows.content()

    def batch(self, indices: Tensor) -> FlowBatch:
        """Features (batch, time, feature) and what is observed (batch, time, column)."""
        (features, observed), _ = self.windows.gather(indices)
        return FlowBatch(features, observed)


def flow_of(
    autoencoder: Autoencoder,
    sizes: dict[str, Any],
    cells: ConditionalFlow,
    features: Tensor,
    rows: Rows,
    generator: torch.Generator,
) -> LatentFlow:
    """Make the flow of the latents of an autoencoder.

    Parameters
    ----------
    autoencoder : Autoencoder
        Trained.
    sizes : dict
        Of the `ConditionalFlow` of the same windows, with the rank of latents and cells together.
    cells : ConditionalFlow
        That flow, whose levels it has.
    features : Tensor of shape (n_rows, n_features)
        Complete rows, from which the first guess and the units of the latents are learnt.
    rows : Rows
        Says which series they are of.
    generator : torch.Generator
        Source of the initial weights.

    Returns
    -------
    flow : LatentFlow
        On the device of the autoencoder, to be trained.
    """
    flow = LatentFlow(**sizes, autoencoder=autoencoder.config, generator=generator)
    flow.autoencoder.load_state_dict(autoencoder.state_dict())
    flow.codes.load_state_dict(cells.codes.state_dict())
    if flow.chains is not None and cells.chains is not None:
        flow.chains.load_state_dict(cells.chains.state_dict())
    flow.to(features.device)
    latents = _latents_of_rows(flow, features, rows)
    flow.autoencoder.standardise(latents)
    latents = (latents - flow.autoencoder.center) / flow.autoencoder.scale
    channels = torch.cat([latents, flow.codes.embed(features)], dim=-1)
    learn_from(flow.fill, channels, None, rows.lengths)
    return flow


@torch.no_grad()
def _latents_of_rows(flow: LatentFlow, features: Tensor, rows: Rows) -> Tensor:
    latents = features.new_zeros(len(features), flow.n_latent)
    for part in window_rows(rows.lengths, flow.n_timesteps):
        at = part.to(features.device)
        latents[at] = flow.autoencoder.latents(features[at])
    return latents


@torch.no_grad()
def judge(autoencoder: Autoencoder, data: FlowData, mean: Tensor) -> float:
    """Measure the spread of cells round what their latents decode to, and how good that is.

    Parameters
    ----------
    autoencoder : Autoencoder
        Trained; its `spread` is changed.
    data : FlowData
        Windows that it has not seen. Half of their cells are hidden from decoder and lines.
    mean : Tensor of shape (n_codes,)
        What lines without a visible cell are filled with.

    Returns
    -------
    error : float
        Of hidden cells as decoded from their latents, as a share of that of straight lines:
        ratio of the sums of absolute errors of numbers, and of 1 for each wrong level.
    """
    device = autoencoder.columns.device
    generator = torch.Generator(device).manual_seed(0)
    ours, lines = torch.zeros(2, device=device).unbind()
    squares, counts = torch.zeros(2, len(mean), device=device).unbind()
    for indices in torch.arange(len(data), device=device).split(_CHUNK):
        features, observed = data.batch(indices)
        shown = torch.rand(observed.shape, generator=generator, device=device) < 0.5
        visible, hidden = observed & shown, autoencoder.by_block(observed & ~shown, False)
        cells, seen = autoencoder.codes.embed(features), autoencoder.seen(visible)
        decoded = autoencoder.decoded(autoencoder.latents(features), features, visible)
        ours += _error(autoencoder, decoded.numbers, decoded.logits, features, hidden)
        numbers = autoencoder.of_numbers(hidden)
        squares += ((decoded.numbers - cells).square() * numbers).sum((0, 1))
        counts += numbers.sum((0, 1))
        filled = interpolate(cells, seen, mean)
        levels = autoencoder.codes.nearest(filled)[..., autoencoder.codes.is_level]
        lines += _error(autoencoder, filled, levels, features, hidden)
    autoencoder.spread.copy_((squares / counts.clamp(min=1)).sqrt())
    return float(ours / lines.clamp(min=1e-12))


def _error(
    network: Autoencoder,
    numbers: Tensor,
    levels: Tensor,
    features: Tensor,
    hidden: Tensor,
) -> Tensor:
    """Sum of absolute errors of hidden numbers and of the count of wrong hidden levels."""
    codes = network.codes
    errors = (numbers - codes.embed(features)).abs() * network.of_numbers(hidden)
    total: Tensor = errors.sum()
    if not codes.level_widths:
        return total
    truths = features[..., codes.is_level].split(codes.level_widths, dim=-1)
    asked = hidden[..., [width > 1 for width in codes.widths]].unbind(-1)
    for level, truth, one in zip(levels.split(codes.level_widths, -1), truths, asked, strict=True):
        total = total + ((level.argmax(-1) != truth.argmax(-1)) & one).sum()
    return total
