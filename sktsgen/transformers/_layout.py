"""Codecs of a table and where the features of each stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.persistence import register
from sktsgen.transformers._blocks import ColumnCodec, FeatureBlock
from sktsgen.transformers._codecs import NumericCodec
from sktsgen.transformers._columns import DISCRETE, NUMERIC, TIMES, infer_kind, plain_column
from sktsgen.transformers._constant import ConstantCodec
from sktsgen.transformers._discrete import DiscreteCodec
from sktsgen.transformers._matrix import matrix_kinds
from sktsgen.transformers._number import NumberCodec
from sktsgen.transformers._times import TimeCodec


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
            return DiscreteCodec(self.min_frequency, self.max_categories)
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

    def encode(self, table: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Turn the columns of a table into features of shape (n_rows, n_features), float32."""
        if isinstance(self.codec, NumericCodec):
            return self.codec.transform(np.asarray(table))
        return self.codec.encode(column_of(table, int(self.columns[0])))

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


def column_of(table: np.ndarray | pd.DataFrame, column: int) -> pd.Series:
    """Return a column as a series whose name is its label, or its position in an array."""
    if isinstance(table, pd.DataFrame):
        return table.iloc[:, column]
    return pd.Series(table[:, column], name=column, copy=False)


def table_kinds(table: np.ndarray | pd.DataFrame, given: Mapping[Any, str]) -> list[str]:
    """Return the kind of every column: inferred, or as it is given by label or position."""
    labels = list(table.columns) if isinstance(table, pd.DataFrame) else range(table.shape[1])
    for label in given:
        if label not in labels:
            raise ValueError(f"kinds names the column {label!r}; the table has {list(labels)}.")
    if isinstance(table, np.ndarray):
        kinds = matrix_kinds(table)
    else:
        kinds = [infer_kind(plain_column(table.iloc[:, i])) for i in range(table.shape[1])]
    fixed = ("missing", "constant")
    return [
        kind if kind in fixed else given.get(label, kind)
        for label, kind in zip(labels, kinds, strict=True)
    ]


def fit_parts(
    table: np.ndarray | pd.DataFrame,
    kinds: Sequence[str],
    singles: set[int],
    options: CodecOptions,
) -> tuple[list[Part], tuple[FeatureBlock, ...]]:
    """Fit the codecs of a table and lay their features out in the order of the columns.

    Parameters
    ----------
    table : ndarray or DataFrame of shape (n_rows, n_columns)
        Plain numbers, or anything.
    kinds : sequence of str
        Kind of each column.
    singles : set of int
        Columns of an array that are not to share a codec.
    options : CodecOptions
        What the codecs are told.

    Returns
    -------
    parts : list of Part
        Fitted.
    blocks : tuple of FeatureBlock
        What stands where; one empty continuous feature where no column needs any.
    """
    fitted: list[tuple[range, NumericCodec | ColumnCodec]] = []
    alone = set(range(len(kinds)))
    if isinstance(table, np.ndarray):
        alone = {i for i in alone if i in singles or kinds[i] not in NUMERIC}
    if len(alone) < len(kinds):
        codec = NumericCodec(is_robust=True, is_stochastic=options.is_stochastic)
        together = ["alone" if i in alone else kind for i, kind in enumerate(kinds)]
        fitted.append((range(len(kinds)), codec.fit(np.asarray(table), together)))
    for i in sorted(alone):
        fitted.append((range(i, i + 1), options.codec(kinds[i]).fit(column_of(table, i))))
    return _laid_out(fitted)


def _laid_out(
    fitted: list[tuple[range, NumericCodec | ColumnCodec]],
) -> tuple[list[Part], tuple[FeatureBlock, ...]]:
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
        blocks.append(FeatureBlock(column, block.kind, start, start + block.width, block.step))
        start += block.width
    parts = [
        Part(np.array(columns), codec, position)
        for (columns, codec), position in zip(fitted, positions, strict=True)
    ]
    return parts, tuple(blocks) or (FeatureBlock(0, "continuous", 0, 1),)


def unique_names(names: Iterator[str] | Sequence[str]) -> list[str]:
    """Return names with a number appended to those that stood before."""
    seen: set[str] = set()
    unique = []
    for name in names:
        chosen, number = name, 1
        while chosen in seen:
            number += 1
            chosen = f"{name}_{number}"
        seen.add(chosen)
        unique.append(chosen)
    return unique
