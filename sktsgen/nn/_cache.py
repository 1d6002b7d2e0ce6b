"""Keys and values of past time steps, as data that is passed in."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from sktsgen.ops import rotary_factors


class KVCache:
    """Ring buffers of keys and values, one pair a layer, of a fixed number of time steps.

    Slot ``position % window`` holds the step at `position`, so the buffer always has the last
    `window` steps and a step costs the same at any length.

    Parameters
    ----------
    n_layers, batch_size, window, n_kv_heads, head_dim : int
        Sizes of the buffers, each of shape ``(batch_size, n_kv_heads, window, head_dim)``.
    device, dtype : torch.device, torch.dtype
        Where and as what they are kept.

    Attributes
    ----------
    position : int
        Number of steps written so far.
    """

    def __init__(
        self,
        n_layers: int,
        batch_size: int,
        window: int,
        n_kv_heads: int,
        head_dim: int,
        *,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        shape = (batch_size, n_kv_heads, window, head_dim)
        self.window = window
        self.position = 0
        self.keys = [torch.zeros(shape, device=device, dtype=dtype) for _ in range(n_layers)]
        self.values = [torch.zeros(shape, device=device, dtype=dtype) for _ in range(n_layers)]

    def append(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write one step of shape (batch, n_kv_heads, 1, head_dim); return all that may be seen."""
        slot = self.position % self.window
        self.keys[layer][:, :, slot] = key[:, :, 0]
        self.values[layer][:, :, slot] = value[:, :, 0]
        filled = min(self.position + 1, self.window)
        return self.keys[layer][:, :, :filled], self.values[layer][:, :, :filled]

    @property
    def visible(self) -> Tensor | None:
        """Mask over what `append` returns, or None: here all of it may be seen."""
        return None

    def factors(self) -> Tensor:
        """Rotary factors of the step at `position`, (1, head_dim // 2)."""
        positions = torch.arange(self.position, self.position + 1, device=self.keys[0].device)
        return rotary_factors(positions, self.keys[0].shape[-1])

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Write a block of steps; return past and block in time order, and their positions.

        The block may be longer than the window: what falls out of it is seen by the block's own
        queries and not kept.
        """
        past = self._past_positions()
        slots = past % self.window
        keys = torch.cat([self.keys[layer][:, :, slots], key], dim=2)
        values = torch.cat([self.values[layer][:, :, slots], value], dim=2)
        positions = torch.cat([past, torch.arange(key.shape[2], device=key.device) + self.position])
        kept = positions[-self.window :] % self.window
        self.keys[layer][:, :, kept] = keys[:, :, -self.window :]
        self.values[layer][:, :, kept] = values[:, :, -self.window :]
        return keys, values, positions

    def take(self, rows: Tensor) -> KVCache:
        """Return the cache of some of the series, which may come more than once."""
        taken = copy.copy(self)
        taken.keys = [key[rows] for key in self.keys]
        taken.values = [value[rows] for value in self.values]
        return taken

    def _past_positions(self) -> Tensor:
        first = max(0, self.position - self.window)
        return torch.arange(first, self.position, device=self.keys[0].device)


class StaticKVCache(KVCache):
    """The same buffers for a step of fixed shapes and addresses, as a CUDA graph captures it.

    A step sees the whole buffer under a mask; where it stands is data, which `settle` brings up
    to date before the step.

    Parameters
    ----------
    cache : KVCache
        Past steps; its buffers are taken over.
    """

    def __init__(self, cache: KVCache) -> None:
        self.window, self.position = cache.window, cache.position
        self.keys, self.values = cache.keys, cache.values
        self._turn = cache.factors()
        self._slot = torch.zeros(1, dtype=torch.long, device=self._turn.device)
        self._visible = torch.zeros(1, 1, self.window, dtype=torch.bool, device=self._turn.device)

    def settle(self) -> None:
        """Bring slot, mask and rotation to the present position, in place."""
        self._slot.fill_(self.position % self.window)
        self._visible[..., : self.position + 1] = True
        self._turn.copy_(super().factors())

    def append(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write one step; return the whole buffers."""
        self.keys[layer].index_copy_(2, self._slot, key)
        self.values[layer].index_copy_(2, self._slot, value)
        return self.keys[layer], self.values[layer]

    @property
    def visible(self) -> Tensor:
        """Mask of the slots that hold a step, (1, 1, window)."""
        return self._visible

    def factors(self) -> Tensor:
        """Rotary factors at the address that a captured step reads."""
        return self._turn
