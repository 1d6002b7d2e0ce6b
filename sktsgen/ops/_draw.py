"""Draws by inverse CDF from uniforms that are handed in."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

_BLOCK = 16
# The largest float32 below 1.
_BELOW_ONE = 1.0 - 2.0**-24


def draw_index(
    logits: Float[Tensor, "batch k"], uniform: Float[Tensor, " batch"]
) -> Int[Tensor, " batch"]:
    """Draw one index per row from the softmax of `logits` by inverting its CDF at `uniform`.

    From 256 entries on the CDF is searched in two levels, blocks of 16 first, which avoids a
    cumulative sum over the whole row. Far cheaper on a CPU than a multinomial draw, and
    the same uniform gives the same index whatever else is in the batch. An entry of probability
    zero is never drawn.

    Parameters
    ----------
    logits : Tensor of shape (batch, k)
        Unnormalised log-probabilities; minus infinity for what may not be drawn.
    uniform : Tensor of shape (batch,)
        Where the CDF is inverted, in [0, 1).

    Returns
    -------
    index : Tensor of shape (batch,), int64
        From 0 to k - 1, growing with `uniform`.
    """
    logits = logits.float()
    weights = torch.exp(logits - logits.amax(-1, keepdim=True))
    n_codes = weights.shape[-1]
    if n_codes < 256 or n_codes % _BLOCK:
        return _invert(weights.cumsum(-1), uniform * weights.sum(-1))
    blocks = weights.unflatten(-1, (-1, _BLOCK))
    sums = blocks.sum(-1)
    cumulative, level = sums.cumsum(-1), uniform * sums.sum(-1)
    block = _invert(cumulative, level)[:, None]
    before = (cumulative.gather(1, block) - sums.gather(1, block)).squeeze(1)
    rest = _below_end(cumulative, level) - before
    chosen = blocks.gather(1, block[..., None].expand(-1, 1, _BLOCK)).squeeze(1)
    return block.squeeze(1) * _BLOCK + _invert(chosen.cumsum(-1), rest)


def _invert(cumulative: Tensor, level: Tensor) -> Tensor:
    """First index whose cumulative weight exceeds `level`."""
    return (cumulative <= _below_end(cumulative, level)[:, None]).sum(-1)


def _below_end(cumulative: Tensor, level: Tensor) -> Tensor:
    # Two ways of adding up the weights may differ by a rounding: a level must stay below the end
    # of this one, or an entry without weight could be the last one left.
    return torch.minimum(level, cumulative[:, -1] * _BELOW_ONE)


def draw_normal(uniform: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Turn uniforms in (0, 1) into standard normal values by the inverse CDF."""
    return math.sqrt(2.0) * torch.erfinv(2.0 * uniform - 1.0)


def nucleus(
    logits: Float[Tensor, "batch k"], temperature: float = 1.0, top_p: float | None = None
) -> Float[Tensor, "batch k"]:
    """Sharpen `logits` by `temperature` and keep the likeliest entries that reach `top_p` together.

    Parameters
    ----------
    logits : Tensor of shape (batch, k)
        Unnormalised log-probabilities.
    temperature : float, default=1.0
        Divisor of the logits, above 0; 1 leaves the distribution as learnt.
    top_p : float or None, default=None
        Probability mass to keep, in (0, 1]; None or 1 keeps everything.

    Returns
    -------
    logits : Tensor of shape (batch, k)
        Minus infinity where an entry was cut.
    """
    if temperature != 1.0:
        # From the largest logit down, so that a temperature near 0 cannot overflow.
        logits = (logits - logits.amax(-1, keepdim=True)) / temperature
    if top_p is None or top_p >= 1.0:
        return logits
    ordered, order = logits.sort(-1, descending=True)
    probability = ordered.softmax(-1)
    # The likeliest entry always stays: what is cut is the mass *before* an entry.
    cut = probability.cumsum(-1) - probability >= top_p
    return torch.full_like(logits, -math.inf).scatter(
        -1, order, ordered.masked_fill(cut, -math.inf)
    )
