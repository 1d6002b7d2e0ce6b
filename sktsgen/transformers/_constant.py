"""Columns with one value, or none, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.persistence import register
from sktsgen.transformers._blocks import ColumnCodec, FeatureBlock
from sktsgen.transformers._columns import refuse_other_cells


@register
class ConstantCodec(ColumnCodec):
    """No feature for the value; two levels, present and missing, where both sorts of cells occur.

    Attributes
    ----------
    cells_ : list
        The value, which is a missing one in a column without values, and after it what stands
        in missing cells where there are both.
    """

    def fit(self, column: pd.Series) -> ConstantCodec:
        """Learn the value and whether it is everywhere."""
        missing = column.isna().to_numpy()
        cells = column.iloc[[int(missing.argmin()), int(missing.argmax())]]
        has_both = bool(missing.any() and not missing.all())
        self.dtype_ = column.dtype
        self.cells_ = list(cells.to_numpy(dtype=object)[: 1 + has_both])
        return self

    @property
    def blocks(self) -> tuple[FeatureBlock, ...]:
        """The block that tells what is missing, if there is one."""
        has_both = len(self.cells_) == 2
        return (FeatureBlock(0, "discrete", 0, 2, has_missing=True),) if has_both else ()

    def names(self, column: str) -> list[str]:
        """Name the features of a column of this name."""
        return [f"{column}=<present>", f"{column}=<missing>"][: self.n_features]

    def encode(self, column: pd.Series) -> np.ndarray:
        """Turn a column into features of shape (n_rows, n_features), float32.

        Raises TypeError if its cells are of another kind than the value of `fit`.
        """
        if not pd.isna(self.cells_[0]):
            refuse_other_cells(column, pd.Series(self.cells_, dtype=self.dtype_))
        missing = column.isna().to_numpy()
        return np.stack([~missing, missing], axis=1).astype(np.float32)[:, : self.n_features]

    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Turn features of shape (n_rows, n_features) into the column of the type of `fit`."""
        cells = pd.Series(self.cells_, dtype=self.dtype_).array
        if not self.n_features:
            return cells.take(np.zeros(len(features), dtype=np.int64))
        return cells.take((features[:, 1] > features[:, 0]).astype(np.int64))
