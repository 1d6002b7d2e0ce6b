"""Windows as the two stages of TimeMAR take them."""

from __future__ import annotations

import torch
from torch import Tensor

from sktsgen.data import Windows
from sktsgen.nn import DualPathTokenizer, TokenBatch, WindowBatch, read_tokens


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

    def batch(self, indices: Tensor) -> WindowBatch:
        """Windows of the numbers `indices`."""
        (values,), observed = self.windows.gather(indices)
        (history,), known = self.windows.gather_before(indices, self.windows.window_length)
        labels = self.labels[self.windows.series_of(indices)]
        device = labels.device
        return WindowBatch(
            values.to(device), observed.to(device), history.to(device), known.to(device), labels
        )


class TokenData(WindowData):
    """Batches for the prior, encoded by the frozen tokenizer as they are asked for.

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

    @torch.no_grad()
    def batch(self, indices: Tensor) -> TokenBatch:  # type: ignore[override]
        """Tokens of the windows of the numbers `indices`."""
        return read_tokens(self.tokenizer, super().batch(indices))
