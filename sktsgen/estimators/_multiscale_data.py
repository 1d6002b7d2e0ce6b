"""Windows as the two stages of TimeMAR take them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sktsgen.data import Windows
from sktsgen.nn import DualPathTokenizer, TokenBatch, WindowBatch, read_tokens

# Windows that are encoded together, and how many at most are encoded before training.
CHUNK, _ENCODED_ONCE = 512, 100_000


class WindowData:
    """Batches for the tokenizer: windows, and as much of what came before them.

    Parameters
    ----------
    windows : Windows
        Windows of features.
    labels : Tensor of shape (n_series,)
        Class of every series.
    """

    def __init__(self, windows: Windows, labels: Tensor) -> None:
        self.windows, self.labels = windows, labels

    def __len__(self) -> int:
        return len(self.windows)

    def batch(self, indices: Tensor) -> Any:
        """Windows of the numbers `indices`, as the network's loss takes them."""
        return self.windows_of(indices)

    def windows_of(self, indices: Tensor) -> WindowBatch:
        """Windows of the numbers `indices`."""
        (values,), observed = self.windows.gather(indices)
        (history,), known = self.windows.gather_before(indices, self.windows.window_length)
        labels = self.labels[self.windows.series_of(indices)]
        device = labels.device
        return WindowBatch(
            values.to(device), observed.to(device), history.to(device), known.to(device), labels
        )


class TokenData(WindowData):
    """Batches for the prior, encoded by the frozen tokenizer.

    The windows of most data sets are encoded once; more of them than training is likely to look at
    are encoded as they are asked for.

    Parameters
    ----------
    windows : Windows
        Windows of features.
    labels : Tensor of shape (n_series,)
        Class of every series.
    tokenizer : DualPathTokenizer
        The trained first stage.
    """

    def __init__(self, windows: Windows, labels: Tensor, tokenizer: DualPathTokenizer) -> None:
        super().__init__(windows, labels)
        self.tokenizer = tokenizer
        is_small = 0 < len(windows) <= _ENCODED_ONCE
        everything = torch.arange(len(windows))
        self.codes = encode_windows(tokenizer, self, everything) if is_small else None

    @torch.no_grad()
    def batch(self, indices: Tensor) -> TokenBatch:
        """Windows of the numbers `indices` with their tokens."""
        codes = None if self.codes is None else self.codes[indices.to(self.codes.device)]
        return read_tokens(self.tokenizer, self.windows_of(indices), codes)


@torch.no_grad()
def encode_windows(tokenizer: DualPathTokenizer, data: WindowData, indices: Tensor) -> Tensor:
    """Tokens of the windows of the numbers `indices`, (n_windows, n_tokens)."""
    batches = (data.windows_of(part) for part in indices.split(CHUNK))
    return torch.cat([tokenizer.encode(batch.values, batch.observed) for batch in batches])
