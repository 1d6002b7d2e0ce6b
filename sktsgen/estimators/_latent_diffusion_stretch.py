"""How far draws should be from the answer of one pass, by windows that were held out."""

from __future__ import annotations

import torch
from torch import Tensor

from sktsgen.diffusion import ConditionalFlow, Sampler, draw_hidden
from sktsgen.estimators._latent_diffusion_latent import FlowData

_N_DRAWS = 10
_N_WINDOWS = 128
_FEWEST_CELLS = 1000


@torch.no_grad()
def learn_stretch(flow: ConditionalFlow, data: FlowData, sampler: Sampler, n_steps: int) -> None:
    """Compare draws of hidden cells of held-out windows with what was there.

    Parameters
    ----------
    flow : ConditionalFlow
        Trained, its cells flowing themselves; is changed where there are cells enough to judge by.
    data : FlowData
        Windows that it was not trained on, several times with other cells hidden if there are few.
    sampler, n_steps : Sampler, int
        How it draws.
    """
    if flow.n_latent or not len(data):
        return
    device = flow.columns.device
    generator = torch.Generator(device).manual_seed(0)
    chosen = torch.arange(_N_WINDOWS, device=device) * max(1, len(data) // _N_WINDOWS)
    drawn, true = [], []
    for indices in (chosen % len(data)).split(32):
        features, observed = data.batch(indices)
        hidden = draw_hidden(observed, flow.hiding.mixture, generator)
        if flow.hiding.rounds is not None:  # by the time that numbers flow all levels are there
            hidden &= ~flow.hiding.rounds.is_level
        visible = observed & ~hidden
        every = features[:, None].expand(-1, _N_DRAWS, -1, -1).contiguous()
        noise = torch.randn(
            (len(features), _N_DRAWS, flow.n_noise), generator=generator, device=device
        )
        cells = flow.draw(every, visible, noise, sampler=sampler, n_steps=n_steps)
        asked = flow.of_numbers(flow.by_block(observed & hidden, False))[..., ~flow.codes.is_code]
        drawn.append(deviations(flow, features, visible, cells).transpose(0, 1)[:, asked].flatten())
        true.append(deviations(flow, features, visible, features[:, None])[:, 0][asked])
    if sum(len(part) for part in true) >= _FEWEST_CELLS:
        flow.learn_stretch(torch.cat(drawn), torch.cat(true))


def deviations(flow: ConditionalFlow, features: Tensor, visible: Tensor, cells: Tensor) -> Tensor:
    """Say how far numbers are from the answer of one pass, in units of what that should be.

    Parameters
    ----------
    flow : ConditionalFlow
        Whose answer it is; its cells flow themselves.
    features : Tensor of shape (batch, time, feature)
        Windows; what is not visible is not read.
    visible : BoolTensor of shape (batch, time, column)
        Cells that are given.
    cells : Tensor of shape (batch, draws, time, feature)
        Windows whose numbers are compared.

    Returns
    -------
    deviations : Tensor of shape (batch, draws, time, number)
    """
    scale = flow.pose(features[:, None], visible).scale
    unit = (scale * flow.calibration.spread(scale))[..., ~flow.codes.is_code]
    answer = flow.point(features[:, None], visible)
    return (cells - answer)[..., ~flow.codes.is_level] / unit[:, None]
