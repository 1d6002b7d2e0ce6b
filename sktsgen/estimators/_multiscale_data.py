"""Windows as the two stages of TimeMAR take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from sktsgen.data import Windows
from sktsgen.nn import (
    DualPathTokenizer,
    Plan,
    TokenBatch,
    WindowBatch,
    overlap_of,
    plan_of,
    read_tokens,
)

# Windows that are encoded together, as many as a cache holds, and how many at most are encoded
# before training.
CHUNK, _ENCODED_ONCE = 128, 100_000
# Numbers that the plans of all windows may have to be decoded before training, 512 MiB.
_DECODED_ONCE = 2**27
# Windows whose wrongly taken tokens are chosen independently.
_MISTAKES = 2**15


class WindowData:
    """Batches for the tokenizer: windows, and as much of what came before them.

    Parameters
    ----------
    windows : Windows
        Windows of features.
    labels : Tensor of shape (n_series,)
        Class of every series.
    static : Tensor of shape (n_series, n_static)
        Features of every series that do not change in time.
    """

    def __init__(self, windows: Windows, labels: Tensor, static: Tensor) -> None:
        self.windows, self.labels, self.static = windows, labels, static

    def __len__(self) -> int:
        return len(self.windows)

    def content(self) -> Iterator[Tensor]:
        """Everything that batches are made of."""
        yield from (self.labels, self.static)
        yield from self.windows.content()

    def batch(self, indices: Tensor) -> Any:
        """Windows of the numbers `indices`, as the network's loss takes them."""
        return self.windows_of(indices)

    def windows_of(self, indices: Tensor) -> WindowBatch:
        """Windows of the numbers `indices`."""
        (values,), observed = self.windows.gather(indices)
        (history,), known = self.windows.gather_before(indices, self.windows.window_length)
        series, device = self.windows.series_of(indices), self.labels.device
        # As windows that continue a series are drawn; training hides some of what came before.
        n_given = known.any(1) * overlap_of(self.windows.window_length)
        return WindowBatch(
            values.to(device),
            observed.to(device),
            history.to(device),
            known.to(device),
            self.labels[series],
            self.static[series],
            n_given.to(device),
        )


class TokenData(WindowData):
    """Batches for the prior, encoded by the frozen tokenizer.

    The windows of most data sets are encoded once, and what their tokens stand for is decoded once
    where it is little; what is more than training is likely to look at, or than should be kept, is
    encoded and decoded as it is asked for.

    Parameters
    ----------
    windows : Windows
        Windows of features.
    labels : Tensor of shape (n_series,)
        Class of every series.
    static : Tensor of shape (n_series, n_static)
        Features of every series that do not change in time.
    tokenizer : DualPathTokenizer
        The trained first stage.
    corruption : float, default=0.0
        Share of the tokens that are taken wrongly.
    generator : torch.Generator or None, default=None
        What decides which, needed with `corruption`; a window keeps its own, so that a resumed
        training sees the same.
    """

    def __init__(
        self,
        windows: Windows,
        labels: Tensor,
        static: Tensor,
        tokenizer: DualPathTokenizer,
        corruption: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(windows, labels, static)
        self.tokenizer, self.corruption = tokenizer, corruption
        shape = min(max(1, len(windows)), _MISTAKES), sum(tokenizer.quantizer.scales), 2
        self.uniforms = torch.ones(shape, device=labels.device)
        if corruption:
            self.uniforms = torch.rand(shape, generator=generator).to(labels.device)
        self.tokens: tuple[Tensor, Tensor] | None = None
        self.plan: Plan | None = None
        if 0 < len(windows) <= _ENCODED_ONCE:
            chunks = torch.arange(len(windows)).split(CHUNK)
            codes, taken = zip(*(self._encode(chunk) for chunk in chunks), strict=True)
            self.tokens = torch.cat(codes), torch.cat(taken)
            if len(windows) * tokenizer.plan_size <= _DECODED_ONCE:
                self.plan = self._all_plans(chunks, taken)

    def content(self) -> Iterator[Tensor]:
        """Everything that batches are made of."""
        yield self.uniforms
        yield from self.tokenizer.state_dict().values()
        yield from super().content()

    @torch.no_grad()
    def batch(self, indices: Tensor) -> TokenBatch:
        """Windows of the numbers `indices` with their tokens."""
        windows, chosen = self.windows_of(indices), indices.to(self.labels.device)
        if self.tokens is None:
            return read_tokens(self.tokenizer, windows, *self._encode(indices))
        codes, taken = (part[chosen] for part in self.tokens)
        plan = None if self.plan is None else Plan(*(part[chosen] for part in self.plan))
        return read_tokens(self.tokenizer, windows, codes, taken, plan)

    @torch.no_grad()
    def _encode(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens, and the ones taken."""
        batch = self.windows_of(indices)
        uniforms = self.uniforms[indices.to(self.labels.device) % len(self.uniforms)]
        return self.tokenizer.encode_loosely(
            batch.values, batch.observed, uniforms, self.corruption
        )

    def _all_plans(self, chunks: tuple[Tensor, ...], taken: tuple[Tensor, ...]) -> Plan:
        """Decode all windows to their place: of what is put together there would be two copies."""
        whole: Plan | None = None
        for chunk, codes in zip(chunks, taken, strict=True):
            plan = self._decode(chunk, codes)
            if whole is None:
                whole = Plan(*(part.new_empty(len(self), *part.shape[1:]) for part in plan))
            for place, part in zip(whole, plan, strict=True):
                place[chunk[0] : chunk[-1] + 1] = part
        assert whole is not None
        return whole

    @torch.no_grad()
    def _decode(self, indices: Tensor, taken: Tensor) -> Plan:
        return plan_of(self.tokenizer, taken, self.labels[self.windows.series_of(indices)])


@torch.no_grad()
def encode_windows(tokenizer: DualPathTokenizer, data: WindowData, indices: Tensor) -> Tensor:
    """Tokens of the windows of the numbers `indices`, (n_windows, n_tokens)."""
    batches = (data.windows_of(part) for part in indices.split(CHUNK))
    return torch.cat([tokenizer.encode(batch.values, batch.observed) for batch in batches])
