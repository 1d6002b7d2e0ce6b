"""Windows as the two stages of FAR-TS take them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sktsgen.data import Windows
from sktsgen.nn import FactorizedTokenizer, PriorBatch, read_rows


class TokenizerData:
    """Batches for the tokenizer: features, class of each window, what is observed.

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

    def content(self) -> Iterator[Tensor]:
        """Everything that batches are made of."""
        yield self.labels
        yield from self.windows.content()

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (batch, time, feature), labels (batch,), observed (batch, time)."""
        (features,), observed = self.windows.gather(indices)
        labels = self.labels[self.windows.series_of(indices)]
        return features.to(self.labels.device), labels, observed.to(self.labels.device)


class PriorData(TokenizerData):
    """Batches for the prior, encoded by the frozen tokenizer as they are asked for.

    Parameters
    ----------
    windows : Windows
        Windows of features.
    labels : Tensor of shape (n_series,)
        Class of every series.
    tokenizer : FactorizedTokenizer
        The trained first stage.
    static : Tensor of shape (n_series, n_static)
        Features of every series that do not change in time.
    reads_values : bool
        Whether the prior reads values (mixture emission) or quantised coefficients.
    """

    def __init__(
        self,
        windows: Windows,
        labels: Tensor,
        static: Tensor,
        tokenizer: FactorizedTokenizer,
        *,
        reads_values: bool,
    ) -> None:
        super().__init__(windows, labels)
        self.static, self.tokenizer, self.reads_values = static, tokenizer, reads_values

    def content(self) -> Iterator[Tensor]:
        """Everything that batches are made of."""
        yield self.static
        yield from self.tokenizer.state_dict().values()
        yield from super().content()

    @torch.no_grad()
    def batch(self, indices: Tensor) -> PriorBatch:  # type: ignore[override]
        """Rows of the windows, and what is known of their series."""
        features, labels, observed = super().batch(indices)
        rows = read_rows(self.tokenizer, features, labels, reads_values=self.reads_values)
        return PriorBatch(rows, labels, observed, self.static[self.windows.series_of(indices)])
