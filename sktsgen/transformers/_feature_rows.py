"""Features of all rows, made once or as they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sktsgen.data import LazyRows, MappedRows
from sktsgen.transformers._mixed_type import MixedTypeEncoder
from sktsgen.transformers._moments import slices

# Features up to this many bytes are made once; larger data are read batch by batch.
_PRELOADED = 2**31


class TableRows:
    """Features of the rows of a frame, made batch by batch.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Rows of all series.
    encode : callable
        Turns some rows into features of shape (n_rows, n_features).
    """

    def __init__(self, table: pd.DataFrame, encode: Callable[[pd.DataFrame], np.ndarray]) -> None:
        self.table = table
        self.encode = encode

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the table."""
        return self.table.shape

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return the features of the rows of the numbers `rows`."""
        features = self.encode(self.table.take(rows.cpu().numpy().ravel()))
        return torch.from_numpy(features).reshape(*rows.shape, -1)


def feature_rows(
    values: np.ndarray | pd.DataFrame,
    codec: MixedTypeEncoder,
    device: torch.device,
) -> Tensor | LazyRows:
    """Make the features of all rows, or read them on demand where that is too large.

    Parameters
    ----------
    values : ndarray or DataFrame of shape (n_rows, n_columns)
        Rows of all series; may be a `numpy.memmap`.
    codec : MixedTypeEncoder
        What makes features of them.
    device : torch.device
        Where a preloaded tensor is put.

    Returns
    -------
    rows : Tensor of shape (n_rows, n_features) or LazyRows
        The same features either way.
    """
    encode: Any = codec.encode
    n_features = codec.bounds_.shape[1]
    if 4 * len(values) * n_features > _PRELOADED:
        if isinstance(values, pd.DataFrame):
            return TableRows(values, encode)
        return MappedRows(values, encode)
    features = torch.empty(len(values), n_features)
    for part in slices(len(values), values.shape[1]):
        rows = values.iloc[part] if isinstance(values, pd.DataFrame) else values[part]
        features[part] = torch.from_numpy(encode(rows))
    return features.to(device)
