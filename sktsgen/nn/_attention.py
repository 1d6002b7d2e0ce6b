"""Causal attention within a sliding window; few key-value heads, rotary positions."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Complex, Float, Int
from torch import Tensor, nn

from sktsgen.nn._cache import KVCache
from sktsgen.nn._layers import Linear
from sktsgen.ops import rotate

# Up to here two batched products beat the fused kernel on a CPU, forward and backward.
_LONGEST_PLAIN = 128
# Rows that are shorter than a register of a CPU are not softened by its softmax at full speed.
_SHORTEST_KERNEL = 16


class CausalAttention(nn.Module):
    """Multi-head attention whose query heads share `n_kv_heads` key-value heads.

    One key-value head (the default of the generators) makes decoding cheap: the cache is
    `n_heads` times smaller and all heads of a series are rows of one product [1]_.

    References
    ----------
    .. [1] N. Shazeer, "Fast Transformer Decoding: One Write-Head is All You Need",
       arXiv:1911.02150.
    """

    def __init__(
        self, d_model: int, n_heads: int, n_kv_heads: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.head_dim = d_model // n_heads
        width = (n_heads + 2 * n_kv_heads) * self.head_dim
        self.queries_keys_values = Linear(d_model, width, generator)
        self.out = Linear(d_model, d_model, generator, gain=0.5)

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        factors: Complex[Tensor, "time half"],
        mask: Bool[Tensor, "#batch time time"] | None,
    ) -> Float[Tensor, "batch time dim"]:
        query, key, value = self._project(x, factors)
        return self._merge(attend(query, key, value, mask))

    def step(
        self,
        x: Float[Tensor, "batch 1 dim"],
        factors: Complex[Tensor, "1 half"],
        cache: KVCache,
        layer: int,
    ) -> Float[Tensor, "batch 1 dim"]:
        query, key, value = self._project(x, factors)
        key, value = cache.append(layer, key, value)
        return self._merge(attend(query, key, value, cache.visible))

    def extend(
        self,
        x: Float[Tensor, "batch time dim"],
        factors: Complex[Tensor, "time half"],
        cache: KVCache,
        layer: int,
        *,
        sees_block: bool = False,
    ) -> Float[Tensor, "batch time dim"]:
        query, key, value = self._project(x, factors)
        key, value, positions = cache.extend(layer, key, value)
        own = positions[-x.shape[1] :]
        seen_from = own[-1:].expand_as(own) if sees_block else own
        mask = sliding_mask(seen_from, positions, cache.window)[None]
        return self._merge(attend(query, key, value, mask))

    def _project(self, x: Tensor, factors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        heads = self.queries_keys_values(x).unflatten(-1, (-1, self.head_dim))
        turned = rotate(heads[:, :, : self.n_heads + self.n_kv_heads], factors)
        query, key = turned.split([self.n_heads, self.n_kv_heads], dim=2)
        value = heads[:, :, self.n_heads + self.n_kv_heads :]
        return query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)

    def _merge(self, heads: Tensor) -> Tensor:
        merged: Tensor = self.out(heads.transpose(1, 2).flatten(2))
        return merged


def attend(
    query: Float[Tensor, "batch heads time head_dim"],
    key: Float[Tensor, "batch kv_heads source head_dim"],
    value: Float[Tensor, "batch kv_heads source head_dim"],
    mask: Bool[Tensor, "#batch time source"] | None,
) -> Float[Tensor, "batch heads time head_dim"]:
    """Softmax attention; the query heads of one key-value head are rows of one product."""
    # One query on all that a cache holds is quicker by plain products, however long it is.
    pays_off = key.shape[2] > _LONGEST_PLAIN and (mask is not None or query.shape[2] > 1)
    if query.device.type != "cpu" or pays_off:
        shared = None if mask is None else mask[:, None]
        return F.scaled_dot_product_attention(query, key, value, shared, enable_gqa=True)
    batch, n_heads, time, head_dim = query.shape
    n_kv_heads, source = key.shape[1], key.shape[2]
    rows = query.reshape(batch * n_kv_heads, -1, head_dim) * (1.0 / math.sqrt(head_dim))
    key, value = key.flatten(0, 1), value.flatten(0, 1)
    scores = torch.bmm(rows, key.transpose(1, 2))
    if mask is not None:
        bias = torch.zeros(mask.shape, dtype=scores.dtype).masked_fill_(~mask, -math.inf)
        per_head = scores.view(batch, n_heads, time, source)
        scores = (per_head + bias[:, None]).view_as(scores)
    out = torch.bmm(_softmax(scores), value)
    return out.view(batch, n_heads, time, head_dim)


def _softmax(scores: Tensor) -> Tensor:
    """Softmax of the rows; short ones by hand, as on a CPU the kernel is several times slower."""
    if scores.shape[-1] >= _SHORTEST_KERNEL:
        return scores.softmax(-1)
    weights = (scores - scores.amax(-1, keepdim=True)).exp()
    return weights / weights.sum(-1, keepdim=True)


def sliding_mask(
    queries: Int[Tensor, " time"], keys: Int[Tensor, " source"], window: int
) -> Bool[Tensor, "time source"]:
    """Mark the keys that are neither in the future nor `window` or more steps back."""
    distance = queries[:, None] - keys[None, :]
    return (distance >= 0) & (distance < window)
