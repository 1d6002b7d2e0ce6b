"""All columns of a table to one array of features and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import PanelSpec
from sktsgen.persistence import register
from sktsgen.transformers._blocks import ColumnCodec, FeatureBlock
from sktsgen.transformers._codecs import NumericCodec
from sktsgen.transformers._columns import DISCRETE, NUMERIC, TIMES, infer_kind, plain_column
from sktsgen.transformers._constant import ConstantCodec
from sktsgen.transformers._discrete import DiscreteCodec
from sktsgen.transformers._matrix import matrix_kinds
from sktsgen.transformers._number import NumberCodec
from sktsgen.transformers._times import TimeCodec

Table = np.ndarray | pd.DataFrame
"""Numbers of one type, or columns of any."""

_SETTLED = ("missing", "constant")  # kinds that no parameter changes


@dataclass(frozen=True)
class CodecOptions:
    """What the codecs of a table are told.

    Parameters
    ----------
    min_frequency : int or float
        Levels with fewer cells, or a lower share of them, are rare.
    max_categories : int
        Most features for the levels of a column.
    is_stochastic : bool
        Whether whole numbers are drawn from both neighbours of a feature.
    has_calendar : bool
        Whether stamps get the features of the calendar.
    """

    min_frequency: float
    max_categories: int
    is_stochastic: bool
    has_calendar: bool

    def codec(self, kind: str) -> ColumnCodec:
        """Return the codec for one column of a kind."""
        if kind in NUMERIC:
            return NumberCodec(kind, self.is_stochastic)
        if kind in DISCRETE:
            return DiscreteCodec(kind, self.min_frequency, self.max_categories)
        if kind in TIMES:
            return TimeCodec(self.has_calendar, self.is_stochastic)
        return ConstantCodec()


@register
@dataclass(frozen=True)
class Part:
    """Columns that share a codec.

    Parameters
    ----------
    columns : ndarray of shape (n_columns,)
        Their positions in the table.
    codec : NumericCodec or ColumnCodec
        A `NumericCodec` takes a whole array and leaves out what is not numeric, a `ColumnCodec`
        takes one column.
    features : ndarray of shape (n_features,)
        Positions of its features among those of the table.
    """

    columns: np.ndarray
    codec: NumericCodec | ColumnCodec
    features: np.ndarray

    def encode(self, table: Table) -> np.ndarray:
        """Turn the columns of a table into features of shape (n_rows, n_features), float32."""
        if isinstance(self.codec, NumericCodec):
            return self.codec.encode(np.asarray(table))
        return self.codec.encode(_column(table, int(self.columns[0])))

    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Turn features into an array of one column, or one of several."""
        if not isinstance(self.codec, NumericCodec):
            return self.codec.decode(features, uniforms)
        values, missing = self.codec.decode(features, uniforms)
        return values if missing is None else np.where(missing, np.nan, values)

    def names(self, columns: Sequence[str]) -> list[str]:
        """Name the features; `columns` are the names of all columns of the table."""
        if isinstance(self.codec, NumericCodec):
            return self.codec.names(columns)
        return self.codec.names(columns[int(self.columns[0])])


@register
class TableCodec:
    """A codec for every column, and the place of each among the features.

    Attributes
    ----------
    kinds_ : tuple of str
        Kind of each column.
    blocks_ : tuple of FeatureBlock
        What stands where, in the order of the columns; one empty continuous feature where no
        column needs any.
    bounds_ : ndarray of shape (2, n_features), float32
        Smallest and largest value of each feature.
    mean_, scale_ : ndarray of shape (n_features,)
        Value at feature 0 and slope there; 0 and 1 of levels.
    n_uniforms_ : int
        Uniforms that `decode` takes for a row.
    """

    def fit(
        self, table: Table, spec: PanelSpec, given: Mapping[Any, str], options: CodecOptions
    ) -> TableCodec:
        """Learn from a table.

        Parameters
        ----------
        table : ndarray or DataFrame of shape (n_rows, n_columns)
            Plain numbers, or anything.
        spec : PanelSpec
            Container, types and labels to restore.
        given : mapping of label to kind
            Kinds that are not to be inferred; labels of an array are positions.
        options : CodecOptions
            What the codecs are told.
        """
        table = as_matrix(table)
        self._spec, self._is_matrix = spec, isinstance(table, np.ndarray)
        labels = list(range(spec.n_channels)) if spec.columns is None else list(spec.columns)
        chosen = _by_position(given, labels)
        self.kinds_ = tuple(_kinds(table, labels, chosen))
        alone = set(chosen) if self._is_matrix else set(range(len(labels)))
        self._parts, self.blocks_ = _laid_out(_fitted(table, labels, self.kinds_, alone, options))
        n_features = self.blocks_[-1].stop
        self.n_uniforms_ = sum(part.codec.n_uniforms for part in self._parts)
        self.bounds_ = np.zeros((2, n_features), np.float32)
        self.mean_, self.scale_ = np.zeros(n_features), np.ones(n_features)
        for part in self._parts:
            self.bounds_[:, part.features] = part.codec.bounds_
            self.mean_[part.features], self.scale_[part.features] = part.codec.units
        return self

    @property
    def takes_numbers(self) -> bool:
        """Whether the table was numbers of one type."""
        return self._is_matrix

    def names(self, columns: Sequence[str]) -> list[str]:
        """Name the features of columns of these names, none twice."""
        names = [columns[self.blocks_[0].column]] * self.blocks_[-1].stop
        for part in self._parts:
            for position, name in zip(part.features, part.names(columns), strict=True):
                names[position] = name
        return _unique(names)

    def encode(self, table: Table) -> np.ndarray:
        """Turn a table of shape (..., n_columns) into features (..., n_features), float32."""
        if self._is_matrix:
            table = np.asarray(table)
        if len(self._parts) == 1 and isinstance(self._parts[0].codec, NumericCodec):
            return self._parts[0].encode(table)
        rows = table if isinstance(table, pd.DataFrame) else table.reshape(-1, table.shape[-1])
        features = np.zeros((len(rows), self.blocks_[-1].stop), np.float32)
        for part in self._parts:
            features[:, part.features] = part.encode(rows)
        return features.reshape(*table.shape[:-1], -1)

    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Table:
        """Turn features of shape (..., n_features) into a table; the rows of a frame are flat."""
        rows = features.reshape(-1, features.shape[-1])
        uniforms = uniforms.reshape(len(rows), self.n_uniforms_)
        if not self._is_matrix:
            return self._frame(rows, uniforms)
        matrix = self._matrix(rows, uniforms)
        if self._spec.has_frames:
            return pd.DataFrame(matrix, columns=self._spec.column_index())
        return matrix.reshape(*features.shape[:-1], -1)

    def numbers(self, features: np.ndarray) -> np.ndarray:
        """Numbers of rows of features, (n_rows, n_columns), not rounded; NaN in other columns."""
        found = np.full((len(features), len(self.kinds_)), np.nan)
        for part in self._parts:
            is_number = [self.kinds_[column] in NUMERIC for column in part.columns]
            values = part.codec.numbers(features[:, part.features]).reshape(len(features), -1)
            found[:, part.columns[is_number]] = values[:, is_number]
        return found

    def log_slopes(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of how fast each feature grows with its value, (..., n_features)."""
        slopes = np.zeros(features.shape)
        for part in self._parts:
            slopes[..., part.features] = part.codec.log_slopes(features[..., part.features])
        return slopes

    def _matrix(self, features: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        matrix = np.empty((len(features), len(self.kinds_)), self._spec.dtypes[0])
        for part, values in self._decoded(features, uniforms):
            matrix[:, part.columns] = values if values.ndim == 2 else np.asarray(values)[:, None]
        return matrix

    def _frame(self, features: np.ndarray, uniforms: np.ndarray) -> Table:
        decoded = self._decoded(features, uniforms)
        columns = {
            int(part.columns[0]): pd.Series(values, dtype=values.dtype, copy=False)
            for part, values in decoded
        }
        frame = pd.DataFrame(columns, copy=False)
        if not self._spec.has_frames:
            return frame.to_numpy(dtype=object).astype(self._spec.dtypes[0])
        frame.columns = self._spec.column_index()
        return frame

    def _decoded(self, features: np.ndarray, uniforms: np.ndarray) -> Iterator[tuple[Part, Any]]:
        first = 0
        for part in self._parts:
            last = first + part.codec.n_uniforms
            yield part, part.decode(features[:, part.features], uniforms[:, first:last])
            first = last


def as_matrix(table: Table) -> Table:
    """Return the numbers of a frame as an array, if its columns are all of one numpy type."""
    if isinstance(table, np.ndarray):
        return table
    dtypes = set(table.dtypes)
    is_one = len(dtypes) == 1 and all(isinstance(dtype, np.dtype) for dtype in dtypes)
    return table.to_numpy() if is_one and dtypes.pop().kind in "biuf" else table


def _column(table: Table, column: int) -> pd.Series:
    """Return a column as a dense series, named by its label or its position in an array."""
    if isinstance(table, np.ndarray):
        return pd.Series(table[:, column], name=column, copy=False)
    cells: Any = table.iloc[:, column]
    return cells.sparse.to_dense() if isinstance(cells.dtype, pd.SparseDtype) else cells


def _by_position(given: Mapping[Any, str], labels: list[Any]) -> dict[int, str]:
    for label in given:
        if label not in labels:
            raise ValueError(f"kinds names the column {label!r}; the table has {labels}.")
    return {labels.index(label): kind for label, kind in given.items()}


def _kinds(table: Table, labels: list[Any], given: Mapping[int, str]) -> list[str]:
    """Kind of every column: inferred, or as it is given by position."""
    if isinstance(table, np.ndarray):
        kinds = matrix_kinds(table, labels)
        return [kind if kind in _SETTLED else given.get(i, kind) for i, kind in enumerate(kinds)]
    columns = [plain_column(_column(table, i)) for i in range(table.shape[1])]
    return [infer_kind(column, given.get(i)) for i, column in enumerate(columns)]


def _fitted(
    table: Table, labels: list[Any], kinds: Sequence[str], alone: set[int], options: CodecOptions
) -> list[tuple[range, NumericCodec | ColumnCodec]]:
    """Fit one codec for the numbers of an array together, and one for each other column."""
    fitted: list[tuple[range, NumericCodec | ColumnCodec]] = []
    alone = alone | {i for i, kind in enumerate(kinds) if kind not in NUMERIC}
    if len(alone) < len(kinds):
        codec = NumericCodec(is_robust=True, is_stochastic=options.is_stochastic)
        together = ["alone" if i in alone else kind for i, kind in enumerate(kinds)]
        fitted.append((range(len(kinds)), codec.fit(np.asarray(table), together)))
    for i in sorted(alone):
        column = _column(table, i).rename(labels[i])
        fitted.append((range(i, i + 1), options.codec(kinds[i]).fit(column)))
    return fitted


def _laid_out(
    fitted: list[tuple[range, NumericCodec | ColumnCodec]],
) -> tuple[list[Part], tuple[FeatureBlock, ...]]:
    """Lay features out in the order of the columns."""
    found = [
        (columns[block.column], number, block)
        for number, (columns, codec) in enumerate(fitted)
        for block in codec.blocks
    ]
    found.sort(key=lambda entry: (entry[0], entry[2].start))
    positions = [np.empty(codec.n_features, dtype=np.int64) for _, codec in fitted]
    blocks, start = [], 0
    for column, number, block in found:
        positions[number][block.start : block.stop] = np.arange(start, start + block.width)
        blocks.append(replace(block, column=column, start=start, stop=start + block.width))
        start += block.width
    parts = [
        Part(np.array(columns), codec, position)
        for (columns, codec), position in zip(fitted, positions, strict=True)
    ]
    return parts, tuple(blocks) or (FeatureBlock(0, "continuous", 0, 1),)


def _unique(names: Sequence[str]) -> list[str]:
    """Append a number to names that stood before."""
    taken: dict[str, None] = {}
    for name in names:
        chosen, number = name, 1
        while chosen in taken:
            number += 1
            chosen = f"{name}_{number}"
        taken[chosen] = None
    return list(taken)
