"""Which discrete columns say when others change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sktsgen.diffusion import ConditionalFlow
from sktsgen.estimators._latent_diffusion_rows import Rows, rows_with_past
from sktsgen.nn import SMOOTHING, count_steps, side_by_side

# Share of the surprise at transitions that a parent has to take away, entries of tables at most,
# and steps to choose by.
_LEAST_GAIN, _LARGEST_TABLE = 0.1, 20000
_MOST_STEPS = 100_000
_LEAST_PROBABILITY = 1e-6


class Steps(NamedTuple):
    """Levels of a discrete column in rows and the next ones.

    Attributes
    ----------
    before, after : Tensor of shape (n_steps, n_levels)
        One-hot; zeros in `after` where there is no level.
    seen : BoolTensor of shape (n_steps,)
        Whether both are there.
    """

    before: Tensor
    after: Tensor
    seen: Tensor


def steps_of_levels(network: ConditionalFlow, rows: Rows) -> list[Steps]:
    """Pair the rows of series with the next ones, for every discrete column of a network.

    Parameters
    ----------
    network : ConditionalFlow
        Of these rows.
    rows : Rows
        With gaps.

    Returns
    -------
    steps : list of Steps
    """
    device = network.columns.device
    features = torch.from_numpy(rows.features).to(device)[:, network.codes.is_level]
    observed = network.by_block(torch.from_numpy(rows.observed).to(device), True)
    observed = observed[:, network.is_discrete]
    last = rows_with_past(rows.lengths, 1).to(device)
    parts = features.split(network.codes.level_widths, dim=1)
    return [
        Steps(part[last - 1], part[last] * there[last, None], there[last] & there[last - 1])
        for part, there in zip(parts, observed.unbind(1), strict=True)
    ]


def choose_parents(steps: Sequence[Steps]) -> list[list[int]]:
    """Choose for every column those whose levels tell most of its transitions, two at most.

    Columns are put in order, those first whose transitions are told most surely by the ones before
    them, so there are no cycles [1]_. How sure is counted with each transition left out of the
    counts that tell it.

    Parameters
    ----------
    steps : sequence of Steps
        Of every discrete column.

    Returns
    -------
    parents : list of list of int
        Of every column.

    References
    ----------
    .. [1] G. F. Cooper and E. Herskovits, "A Bayesian Method for the Induction of Probabilistic
       Networks from Data", Machine Learning 9 (1992), 309-347.
    """
    steps = [_thinned(column) for column in steps]
    parents: list[list[int]] = [[] for _ in steps]
    left = [_surprise(column, []) for column in steps]
    waiting = set(range(len(steps)))
    while waiting:
        first = min(waiting, key=lambda number: (left[number], number))
        waiting.remove(first)
        for number in waiting:
            former = parents[number]
            for chosen in ([first], *([parent, first] for parent in former)):
                found = _surprise(steps[number], [steps[parent] for parent in chosen])
                # Two have to be better than one.
                least = _LEAST_GAIN * left[number] if len(chosen) > len(parents[number]) else 0.0
                if left[number] - found > least:
                    parents[number], left[number] = chosen, found
    return parents


def _thinned(column: Steps) -> Steps:
    """Keep no more steps than are needed to choose by, the same of every column."""
    if len(column.seen) <= _MOST_STEPS:
        return column
    # At random: every second hour may never be midnight.
    order = torch.randperm(len(column.seen), generator=torch.Generator().manual_seed(0))
    kept = order[:_MOST_STEPS].to(column.seen.device)
    return Steps(*(part[kept] for part in column))


def _surprise(column: Steps, parents: Sequence[Steps]) -> float:
    """Mean negative log-probability of transitions, each told by all others."""
    width = column.before.shape[1]
    if width**2 * math.prod(parent.after.shape[1] for parent in parents) > _LARGEST_TABLE:
        return math.inf
    one = column.before.new_ones(len(column.before), 1)
    beside = side_by_side([one, *(parent.after for parent in parents)])[column.seen]
    counts = count_steps(column.before[column.seen], column.after[column.seen], beside)
    pairs = counts.sum(0)
    shares = pairs.sum(1) / pairs.sum().clamp(min=1.0)
    told = _of_others(counts, _of_others(pairs, shares))
    surprise = -(counts * told.clamp(min=_LEAST_PROBABILITY).log()).sum()
    return float(surprise / counts.sum().clamp(min=1.0))


def _of_others(counts: Tensor, otherwise: Tensor) -> Tensor:
    """Probability of a transition by all others, which lean on `otherwise` where they are few."""
    totals = counts.sum(-1, keepdim=True)
    left = (counts - 1.0).clamp(min=0.0)
    return (left + SMOOTHING * otherwise) / ((totals - 1.0).clamp(min=0.0) + SMOOTHING)
