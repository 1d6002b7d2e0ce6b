"""What stands where among the features, and what every codec of a column can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from sktsgen.persistence import from_tree, register, to_tree


@register
@dataclass(frozen=True)
class FeatureBlock:
    """Neighbouring features that say one thing about one column.

    Parameters
    ----------
    column : int
        Position of the column in the table.
    kind : {"continuous", "integer", "discrete"}
        One standardised number, one standardised number of whole steps, or a one-hot group.
    start, stop : int
        The features are those from `start` to ``stop - 1``.
    step : float, default=0.0
        Distance of the features of neighbouring integers; 0 for the other kinds.
    has_missing : bool, default=False
        Whether the last level of a discrete block says that the cell is missing.
    """

    column: int
    kind: str
    start: int
    stop: int
    step: float = 0.0
    has_missing: bool = False

    @property
    def width(self) -> int:
        """Number of features, which is the number of levels of a discrete block."""
        return self.stop - self.start


class ColumnCodec(ABC):
    """One column to features of shape (n_rows, n_features) and back."""

    n_uniforms: int = 0
    """Uniforms that `decode` takes for a row."""

    def __getstate__(self) -> dict[str, Any]:
        # Plain values and arrays: skops cannot build pandas' own types.
        tree, tensors = to_tree(dict(vars(self)))
        return {"tree": tree, "tensors": tensors}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(from_tree(state["tree"], state["tensors"]))

    @abstractmethod
    def fit(self, column: pd.Series) -> Self:
        """Learn from a column."""

    @property
    @abstractmethod
    def blocks(self) -> tuple[FeatureBlock, ...]:
        """What stands where, features counted from 0."""

    @abstractmethod
    def names(self, column: str) -> list[str]:
        """Name the features of a column of this name."""

    @abstractmethod
    def encode(self, column: pd.Series) -> np.ndarray:
        """Turn a column into features, float32."""

    @abstractmethod
    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Turn features and uniforms, row by row, into an array of the type that `fit` saw."""

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.blocks[-1].stop if self.blocks else 0

    @property
    def bounds_(self) -> np.ndarray:
        """Smallest and largest value of each feature, shape (2, n_features); 0 and 1 of levels."""
        return np.tile(np.array([[0], [1]], np.float32), (1, self.n_features))

    @property
    def units(self) -> np.ndarray:
        """Value at feature 0 and slope there, shape (2, n_features); 0 and 1 of levels."""
        return np.tile([[0.0], [1.0]], (1, self.n_features))

    def numbers(self, features: np.ndarray) -> np.ndarray:
        """Numbers of rows of features, neither rounded nor missing; NaN where there are none."""
        return np.full(len(features), np.nan)

    def log_slopes(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of how fast each feature grows with its value; 0 of levels."""
        return np.zeros(features.shape)
