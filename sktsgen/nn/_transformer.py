"""LLaMA-style decoder-only transformer over continuous inputs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Complex, Float, Int
from torch import Tensor, nn

from sktsgen.nn._attention import CausalAttention, sliding_mask
from sktsgen.nn._cache import KVCache
from sktsgen.nn._layers import RMSNorm, SwiGLU
from sktsgen.ops import drop, rotary_factors


class Block(nn.Module):
    """Pre-norm attention and feed-forward, each added to the stream."""

    def __init__(
        self, d_model: int, n_heads: int, n_kv_heads: int, d_ff: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(d_model)
        self.attention = CausalAttention(d_model, n_heads, n_kv_heads, generator)
        self.feed_forward_norm = RMSNorm(d_model)
        self.feed_forward = SwiGLU(d_model, d_ff, generator)

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        factors: Complex[Tensor, "time half"],
        mask: Bool[Tensor, "#batch time time"],
        rate: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch time dim"]:
        """All steps at once; `generator` switches dropout of `rate` on."""
        attended = self.attention(self.attention_norm(x), factors, mask)
        x = x + drop(attended, rate, generator)
        return x + drop(self.feed_forward(self.feed_forward_norm(x)), rate, generator)


class CausalTransformer(nn.Module):
    """RMSNorm, rotary positions, SwiGLU, causal attention within a sliding window [1]_.

    Parameters
    ----------
    d_model : int
        Width of the stream.
    n_layers, n_heads, n_kv_heads : int
        Number of blocks, query heads and key-value heads.
    window : int
        How many time steps, the current one included, a step may attend to.
    dropout : float
        Rate after each half of a block, in training.
    generator : torch.Generator
        Source of the initial weights.
    d_ff : int or None, default=None
        Width of the feed-forward layers; None is 8/3 of `d_model`, up to the next 16.

    References
    ----------
    .. [1] H. Touvron et al., "LLaMA: Open and Efficient Foundation Language Models",
       Section 2.2, arXiv:2302.13971.
    """

    blocks: Sequence[Block]  # an nn.ModuleList, which has no type of its items

    def __init__(
        self,
        d_model: int,
        n_layers: int,
        n_heads: int,
        n_kv_heads: int,
        *,
        window: int,
        dropout: float,
        generator: torch.Generator,
        d_ff: int | None = None,
    ) -> None:
        super().__init__()
        self.d_model, self.window, self.dropout = d_model, window, dropout
        self.n_kv_heads, self.head_dim = n_kv_heads, d_model // n_heads
        self.d_ff = -(-8 * d_model // 48) * 16 if d_ff is None else d_ff
        self.blocks = nn.ModuleList(  # type: ignore[assignment]
            Block(d_model, n_heads, n_kv_heads, self.d_ff, generator) for _ in range(n_layers)
        )
        self.norm = RMSNorm(d_model)

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        generator: torch.Generator | None = None,
        startless: Bool[Tensor, " batch"] | None = None,
        last_seen: Int[Tensor, " time"] | None = None,
    ) -> Float[Tensor, "batch time dim"]:
        """States of all steps at once; `generator` switches dropout on.

        Later steps of a `startless` series do not see its first one. `last_seen` is the last
        position that each step may attend to, where that is not its own: steps of one block
        see all of it.
        """
        positions = torch.arange(x.shape[1], device=x.device)
        factors = rotary_factors(positions, self.head_dim)
        seen_from = positions if last_seen is None else last_seen
        mask = sliding_mask(seen_from, positions, self.window)[None]
        if startless is not None:
            hidden = (positions[:, None] > 0) & (positions[None, :] == 0)
            mask = mask & ~(startless[:, None, None] & hidden)
        for block in self.blocks:
            x = block(x, factors, mask, self.dropout, generator)
        states: Tensor = self.norm(x)
        return states

    @property
    def reach(self) -> int:
        """Number of past inputs that can have any effect: the spans of all layers in a row."""
        return len(self.blocks) * (self.window - 1) + 1

    def start(self, batch_size: int) -> KVCache:
        """Empty cache for `batch_size` series."""
        weight = self.norm.weight
        return KVCache(
            len(self.blocks),
            batch_size,
            self.window,
            self.n_kv_heads,
            self.head_dim,
            device=weight.device,
            dtype=weight.dtype,
        )

    def step(self, x: Float[Tensor, "batch 1 dim"], cache: KVCache) -> Float[Tensor, "batch 1 dim"]:
        """State of the next step; the cache moves on by one."""
        factors = cache.factors()
        for layer, block in enumerate(self.blocks):
            x = x + block.attention.step(block.attention_norm(x), factors, cache, layer)
            x = x + block.feed_forward(block.feed_forward_norm(x))
        cache.position += 1
        states: Tensor = self.norm(x)
        return states

    def extend(
        self, x: Float[Tensor, "batch time dim"], cache: KVCache, *, sees_block: bool = False
    ) -> Float[Tensor, "batch time dim"]:
        """States of the next steps, given at once; the cache moves on by their number.

        With `sees_block` each of them attends to all of them.
        """
        factors = self._factors(cache.position, x.shape[1])
        for layer, block in enumerate(self.blocks):
            normed = block.attention_norm(x)
            x = x + block.attention.extend(normed, factors, cache, layer, sees_block=sees_block)
            x = x + block.feed_forward(block.feed_forward_norm(x))
        cache.position += x.shape[1]
        states: Tensor = self.norm(x)
        return states

    def _factors(self, first: int, n_steps: int) -> Complex[Tensor, "time half"]:
        positions = torch.arange(first, first + n_steps, device=self.norm.weight.device)
        return rotary_factors(positions, self.head_dim)
