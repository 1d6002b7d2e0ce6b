"""One numeric column of a frame to features and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.persistence import register
from sktsgen.transformers._blocks import ColumnCodec, FeatureBlock
from sktsgen.transformers._codecs import NumericCodec
from sktsgen.transformers._columns import missing_cell, read_numbers, write_numbers


@register
class NumberCodec(ColumnCodec):
    """A `NumericCodec` of one column that keeps the type of a pandas column.

    Parameters
    ----------
    kind : {"continuous", "integer", "count"}
        Kind of the column.
    is_stochastic : bool
        Whether whole numbers are drawn from both neighbours of a feature.
    """

    def __init__(self, kind: str, is_stochastic: bool) -> None:
        self.kind = kind
        self.is_stochastic = is_stochastic

    def fit(self, column: pd.Series) -> NumberCodec:
        """Learn a column that has two values at least."""
        values, missing = read_numbers(column)
        if self.kind != "continuous":
            _refuse_fractions(values, column.name)
        present = values if missing is None else values[~missing]
        codec = NumericCodec(is_robust=True, is_stochastic=self.is_stochastic)
        self.codec_ = codec.fit(
            present[:, None], [self.kind], has_missing=len(present) < len(values)
        )
        self.dtype_, self._missing_cell = column.dtype, missing_cell(column)
        return self

    @property
    def n_uniforms(self) -> int:  # type: ignore[override]
        """Number of uniforms that `decode` takes for a row."""
        return self.codec_.n_uniforms

    @property
    def blocks(self) -> tuple[FeatureBlock, ...]:
        """The number and, with missing cells, the two levels present and missing."""
        return self.codec_.blocks

    @property
    def bounds_(self) -> np.ndarray:
        """Smallest and largest feature."""
        return self.codec_.bounds_

    @property
    def units(self) -> np.ndarray:
        """Value at feature 0 and slope there."""
        return self.codec_.units

    def numbers(self, features: np.ndarray) -> np.ndarray:
        """Numbers of rows of features, neither rounded nor missing."""
        return self.codec_.numbers(features)[:, 0]

    def log_slopes(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of how fast each feature grows with its value."""
        return self.codec_.log_slopes(features)

    def names(self, column: str) -> list[str]:
        """Name the features of a column of this name."""
        return self.codec_.names([column])

    def encode(self, column: pd.Series) -> np.ndarray:
        """Turn a column into features of shape (n_rows, n_features), float32."""
        values, missing = read_numbers(column)
        return self.codec_.encode(values[:, None], None if missing is None else missing[:, None])

    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Turn features of shape (n_rows, n_features) into the column of the type of `fit`."""
        values, missing = self.codec_.decode(features, uniforms)
        gaps = None if missing is None else missing[:, 0]
        return write_numbers(values[:, 0], gaps, self.dtype_, self._missing_cell)


def _refuse_fractions(values: np.ndarray, name: Any) -> None:
    if values.dtype.kind != "f":
        return
    is_broken = ~np.isnan(values) & (values != np.rint(values))
    if is_broken.any():
        row = int(is_broken.argmax())
        raise ValueError(
            f"column {name!r} holds {float(values[row])!r} in row {row}, which is no whole number; "
            "round the column or let its kind be 'continuous'."
        )
