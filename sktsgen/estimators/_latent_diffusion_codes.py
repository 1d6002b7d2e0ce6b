"""How levels follow each other, and where the points that stand for them lie."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from sktsgen.diffusion import ConditionalFlow
from sktsgen.estimators._latent_diffusion_parents import choose_parents, steps_of_levels
from sktsgen.estimators._latent_diffusion_rows import Rows, window_rows
from sktsgen.nn import side_by_side

# Least distance of two levels, as a share of the least one of the codes that know no data.
_LEAST_SHARE = 0.5


def learn_levels(
    network: ConditionalFlow, rows: Rows, parents: list[list[int]] | None = None
) -> None:
    """Learn how levels follow each other, and place them so that they move along straight lines.

    Where a column has more levels than codes have room for, which levels are near is chosen: the
    slowest modes of its transitions, as in spectral embeddings [1]_. Hours of the day come to lie
    on circles, so that a linear first guess knows where they go.

    Parameters
    ----------
    network : ConditionalFlow
        Its codes and chains are changed.
    rows : Rows
        With gaps.
    parents : list of list of int or None, default=None
        Of the chains; None chooses them.

    References
    ----------
    .. [1] M. Belkin and P. Niyogi, "Laplacian Eigenmaps for Dimensionality Reduction and Data
       Representation", Neural Computation 15 (2003), 1373-1396.
    """
    codes, steps = network.codes, steps_of_levels(network, rows)
    chosen = choose_parents(steps) if parents is None else parents
    chains = network.begin_chains(chosen)
    blocks = [block for block, width in enumerate(codes.widths) if width > 1]
    for number, block in enumerate(blocks):
        before, after, seen = steps[number]
        beside = [steps[parent].after[seen] for parent in chosen[number]]
        before, after = before[seen], after[seen]
        chains.learn(number, before, after, side_by_side(beside) if beside else None)
        n_codes = codes.latent_widths[block]
        if n_codes >= codes.widths[block] - 1:
            continue
        points = _slowest_modes(after.double(), before.double(), n_codes)
        usual = codes.points(block)
        if _least_distance(points) >= _LEAST_SHARE * _least_distance(usual):
            codes.place(block, points.to(usual.dtype))


@torch.no_grad()
def complete_led(
    network: ConditionalFlow, rows: Rows, led: Mapping[int, int], generator: torch.Generator
) -> Rows:
    """Complete the levels whose gaps another column speaks of, as if they had been there.

    What is drawn in these gaps is thrown away, and so is seen by what is drawn after it: were it
    not in training, a level that is seen would say that there is no gap.

    Parameters
    ----------
    network : ConditionalFlow
        With chains that have learnt.
    rows : Rows
        With series of a window at least.
    led : mapping of int to int
        Columns to complete, and those that are observed where there is a row.
    generator : torch.Generator
        Source of the draws, on the device of the network.

    Returns
    -------
    rows : Rows
    """
    device = network.columns.device
    features = torch.from_numpy(rows.features.copy()).to(device)
    observed = torch.from_numpy(rows.observed.copy()).to(device)
    followers, leaders = list(led), list(led.values())
    wanted = torch.zeros_like(observed)
    wanted[:, followers] = observed[:, leaders] & ~observed[:, followers]
    for at in window_rows(rows.lengths, network.n_timesteps):
        at = at.to(device)
        at = at[wanted[at].flatten(1).any(1)]
        features[at] = network.complete_levels(features[at], observed[at], wanted[at], generator)
        observed[at] |= wanted[at]
        wanted[at] = False
    return Rows(np.asarray(features.cpu()), np.asarray(observed.cpu()), rows.lengths)


def _slowest_modes(after: Tensor, before: Tensor, n_codes: int) -> Tensor:
    """Points of length 1 for levels, (width, n_codes)."""
    pairs = before.T @ after
    pairs = pairs + pairs.T
    roots = pairs.sum(1).clamp(min=1.0).sqrt()
    _, vectors = torch.linalg.eigh(pairs / roots / roots[:, None])
    points = vectors[:, -1 - n_codes : -1] / roots[:, None]
    return points / points.norm(dim=1, keepdim=True).clamp(min=1e-12)


def _least_distance(points: Tensor) -> float:
    distances = torch.cdist(points.double(), points.double())
    distances.fill_diagonal_(torch.inf)
    return float(distances.min())
