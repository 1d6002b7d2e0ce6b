"""Where straight lines are nearer to hidden cells than the Gaussian first guess."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sktsgen.diffusion import ConditionalFlow, draw_hidden
from sktsgen.estimators._latent_diffusion_latent import FlowData
from sktsgen.estimators._latent_diffusion_table import LatentTable
from sktsgen.nn import GaussianFill
from sktsgen.ops import N_SPANS, kinds_of_spans

_N_WINDOWS = 1024
_CHUNK = 64
_FEWEST_CELLS = 20
# Standard errors that what is gained is above 0, for it to be believed.
_SURE = 3.0


@torch.no_grad()
def learn_lines(flow: ConditionalFlow, data: FlowData, table: LatentTable) -> None:
    """Move the first guess of a flow towards straight lines, where that is nearer to the data.

    Cells are hidden as in training. A share of the line, for each number and kind of span, is the
    one that leaves the least absolute error of values in half of the windows. Those of both halves
    are believed, and their mean taken, if they gain in the half that they were not found in; else
    the first guess stays as it is.

    Parameters
    ----------
    flow : ConditionalFlow
        With a first guess that has been learnt; that is changed.
    data : FlowData
        Windows to learn from.
    table : LatentTable
        Says how far apart the values of features are.
    """
    fill = flow.fill
    if not isinstance(fill, GaussianFill) or fill.line_shares is None or len(data) < 2:
        return  # of one window there are no halves
    away, left, kinds, asked = _deviations(flow, fill, data, table)
    for channel in torch.nonzero(asked.any(0).any(0)).flatten().tolist():
        for kind in range(N_SPANS):
            chosen = asked[..., channel] & (kinds[..., channel] == kind)
            halves = [
                (away[part, :, channel][chosen[part]], left[part, :, channel][chosen[part]])
                for part in (slice(None, _N_WINDOWS // 2), slice(_N_WINDOWS // 2, None))
            ]
            fill.line_shares[kind, channel] = _believed_share(halves)


def _deviations(
    flow: ConditionalFlow, fill: GaussianFill, data: FlowData, table: LatentTable
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Lines and truth less the first guess, kinds of spans, and which cells are asked for."""
    device = flow.columns.device
    generator = torch.Generator(device).manual_seed(0)
    spread = torch.linspace(0, len(data) - 1, _N_WINDOWS, device=device).long()
    parts = []
    for indices in spread.clamp(max=len(data) - 1).split(_CHUNK):
        features, observed = data.batch(indices)
        hidden = draw_hidden(observed, flow.hiding.mixture, generator)
        problem = flow.pose(features[:, None], observed & ~hidden)
        cells = F.pad(flow.codes.embed(features), (flow.n_latent, 0))
        lines = fill.lines(cells[:, None], problem.visible)[:, 0]
        numbers = flow.of_numbers(flow.by_block(observed & hidden, False))
        asked = F.pad(numbers, (flow.n_latent, 0))
        slopes = _slopes(flow, features, table)
        away, left = (slopes * (x - problem.mean) for x in (lines, cells))
        parts.append((away, left, kinds_of_spans(problem.visible), asked))
    away, left, kinds, asked = (torch.cat(part) for part in zip(*parts, strict=True))
    return away, left, kinds, asked


def _believed_share(halves: list[tuple[Tensor, Tensor]]) -> float:
    """Share of the way to the line, 0 if it gains nothing that is told from chance."""
    if min(len(left) for _, left in halves) < _FEWEST_CELLS:
        return 0.0
    found = [_share(away, left) for away, left in halves]
    gains = torch.cat(
        [
            left.abs() - (left - share * away).abs()
            for share, (away, left) in zip(found[::-1], halves, strict=True)
        ]
    ).double()
    error = gains.std() / len(gains) ** 0.5
    return sum(found) / len(found) if float(gains.mean()) > _SURE * float(error) else 0.0


def _share(away: Tensor, left: Tensor) -> float:
    """Share of `away` that leaves least of `left`: a median of their ratios, by their weight."""
    moves = away != 0
    away, left = away[moves], left[moves]
    if not len(away):
        return 0.0
    ratio, order = (left / away).sort()
    weight = away.abs().double()[order].cumsum(0)
    middle = torch.searchsorted(weight, weight[-1:] / 2).clamp(max=len(ratio) - 1)
    return float(ratio[middle].clamp(0.0, 1.0))


def _slopes(flow: ConditionalFlow, features: Tensor, table: LatentTable) -> Tensor:
    """How fast values grow with the channels of the numbers of a table, 1 for others."""
    n_features = len(table.kept_)
    of_table = table.value_slopes(features[..., :n_features].numpy(force=True))
    is_number = ~flow.codes.is_level[:n_features]
    numbers = (~flow.codes.is_code).nonzero().flatten()[: int(is_number.sum())]
    slopes = features.new_ones(*features.shape[:-1], flow.n_latent + flow.codes.n_latent)
    slopes[..., flow.n_latent + numbers] = torch.from_numpy(of_table).to(slopes)[..., is_number]
    return slopes
