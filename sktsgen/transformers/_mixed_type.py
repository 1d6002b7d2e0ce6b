"""Any table to float features and back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from sktsgen import persistence
from sktsgen._sklearn_compat import (
    Interval,
    RealNotInt,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
    _get_output_config,
)
from sktsgen.data import PanelSpec
from sktsgen.decoding import entropy_of
from sktsgen.persistence import register
from sktsgen.transformers._codecs import NumericCodec
from sktsgen.transformers._columns import DISCRETE, NUMERIC, read_numbers, refuse_infinity
from sktsgen.transformers._layout import CodecOptions, Part, fit_parts, table_kinds, unique_names
from sktsgen.transformers._moments import slices

_GIVEN = (*NUMERIC, *DISCRETE)


@register
class MixedTypeEncoder(TransformerMixin, BaseEstimator):
    """Turn any table into float32 features, column by column, and back."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "kinds": [Mapping, None],
        "min_frequency": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="left"),
        ],
        "max_categories": [Interval(Integral, 2, None, closed="left")],
        "rounding": [StrOptions({"nearest", "stochastic"})],
        "calendar": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        kinds: Mapping[Any, str] | None = None,
        min_frequency: float = 0.001,
        max_categories: int = 128,
        rounding: str = "nearest",
        calendar: bool = True,
        random_state: Any = None,
    ) -> None:
        self.kinds = kinds
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.rounding = rounding
        self.calendar = calendar
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the kind, the levels and the scale of every column.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Any columns; missing cells are NaN, None, NaT or NA.
        y : None
            Not used.

        Returns
        -------
        self : object
            The fitted encoder.
        """
        table = self._checked(X, reset=True)
        given = {} if self.kinds is None else dict(self.kinds)
        _refuse_other_kinds(given)
        self.spec_, self._is_matrix = _spec(X, table), isinstance(table, np.ndarray)
        self.kinds_ = tuple(table_kinds(table, given))
        options = CodecOptions(
            self.min_frequency, self.max_categories, self.rounding == "stochastic", self.calendar
        )
        singles = {int(label) for label in given} if isinstance(table, np.ndarray) else set()
        self._parts, self.blocks_ = fit_parts(table, self.kinds_, singles, options)
        self.n_features_out_ = self.blocks_[-1].stop
        self.n_uniforms_ = sum(part.codec.n_uniforms for part in self._parts)
        self.bounds_ = np.zeros((2, self.n_features_out_), np.float32)
        self.mean_, self.scale_ = np.zeros(self.n_features_out_), np.ones(self.n_features_out_)
        for part in self._parts:
            self.bounds_[:, part.features] = part.codec.bounds_
            self.mean_[part.features], self.scale_[part.features] = part.codec.units
        return self

    def transform(self, X: Any) -> Any:
        """Turn a table into features.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Columns as in `fit`.

        Returns
        -------
        features : ndarray or DataFrame of shape (n_rows, n_features), float32
            A frame, with the index of `X`, for a frame.
        """
        check_is_fitted(self)
        features = self.encode(self._checked(X, reset=False))
        is_default = _get_output_config("transform", self)["dense"] == "default"
        if not (isinstance(X, pd.DataFrame) and is_default):
            return features
        return pd.DataFrame(features, index=X.index, columns=self.get_feature_names_out())

    def inverse_transform(self, X: Any) -> Any:
        """Turn features back into a table.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            What `transform` gives, or what was generated.

        Returns
        -------
        table : ndarray or DataFrame of shape (n_rows, n_columns)
            In the container, types and levels of `fit`; a frame has the index of `X` if that is
            a frame.
        """
        check_is_fitted(self)
        features = self._checked_features(X)
        table = self.decode(features)
        if isinstance(table, pd.DataFrame) and isinstance(X, pd.DataFrame):
            table.index = X.index
        return table

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns; None means those of `fit`, or x0, x1, ... .

        Returns
        -------
        names : ndarray of shape (n_features,), object
            The column for a number, ``column=level`` for a level.
        """
        check_is_fitted(self)
        columns = _check_feature_names_in(self, input_features)
        names = [columns[self.blocks_[0].column]] * self.n_features_out_
        for part in self._parts:
            for position, name in zip(part.features, part.names(columns), strict=True):
                names[position] = name
        return np.array(unique_names(names), dtype=object)

    def encode(self, table: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Turn a table into features without looking at names, as the generators need it.

        Parameters
        ----------
        table : ndarray of shape (..., n_columns) or DataFrame of shape (n_rows, n_columns)
            Of the sort that `fit` saw.

        Returns
        -------
        features : ndarray of shape (..., n_features), float32
            Standardised numbers, 0 where missing, and one-hot levels; see `blocks_`.
        """
        if len(self._parts) == 1 and isinstance(self._parts[0].codec, NumericCodec):
            return self._parts[0].codec.transform(np.asarray(table))
        rows = table if isinstance(table, pd.DataFrame) else table.reshape(-1, table.shape[-1])
        features = np.zeros((len(rows), self.n_features_out_), np.float32)
        for part in self._parts:
            features[:, part.features] = part.encode(rows)
        return features.reshape(*table.shape[:-1], -1)

    def decode(
        self, features: np.ndarray, uniforms: np.ndarray | None = None
    ) -> np.ndarray | pd.DataFrame:
        """Turn features into a table, the inverse of `encode`.

        Parameters
        ----------
        features : ndarray of shape (..., n_features)
            Of a discrete block the greatest feature is the level.
        uniforms : ndarray of shape (..., n_uniforms_) or None, default=None
            Numbers from 0 to 1 that choose among rare levels and, with stochastic rounding,
            between neighbouring integers; None draws them by `random_state`.

        Returns
        -------
        table : ndarray of shape (..., n_columns) or DataFrame of shape (n_rows, n_columns)
            Types, levels and labels of `fit`; the leading axes of a frame are joined.
        """
        rows = features.reshape(-1, features.shape[-1])
        if uniforms is None:
            seed = entropy_of(self.random_state) % 2**64
            generator = np.random.Generator(np.random.Philox(key=seed))
            uniforms = generator.random((len(rows), self.n_uniforms_))
        uniforms = uniforms.reshape(len(rows), self.n_uniforms_)
        if self._is_matrix:
            return self._matrix(rows, uniforms).reshape(*features.shape[:-1], -1)
        return self._frame(rows, uniforms)

    def log_slopes(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of how fast each feature grows with its value.

        Added to the log density of features, it gives that of the values. It is ``-log(scale_)``
        for a feature that is a straight line of its value, and 0 for levels and the calendar.

        Parameters
        ----------
        features : ndarray of shape (..., n_features)
            What `encode` gives.

        Returns
        -------
        slopes : ndarray of shape (..., n_features)
            Natural logarithms, in features per unit of the data.
        """
        slopes = np.zeros(features.shape)
        for part in self._parts:
            slopes[..., part.features] = part.codec.log_slopes(features[..., part.features])
        return slopes

    @property
    def log_scale(self) -> float:
        """Sum of the logarithms of the scales of all numbers."""
        return float(np.log(self.scale_).sum())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the encoder to one file; `sktsgen.load` reads it and executes nothing.

        Parameters
        ----------
        path : path-like
            Name of the file. A file of that name is replaced once the new one is whole.
        """
        check_is_fitted(self)
        persistence.save_estimator(self, path)

    def _checked(self, X: Any, *, reset: bool) -> np.ndarray | pd.DataFrame:
        """Return `X` as an array of numbers, or as a frame."""
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            _refuse_empty(X)
            table: np.ndarray | pd.DataFrame = X
        else:
            array = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
            table = array if array.dtype.kind in "biuf" else pd.DataFrame(array)
        if not reset and self._is_matrix and isinstance(table, pd.DataFrame):
            table = _numbers(table)
        if not reset and isinstance(table, np.ndarray):
            _refuse_infinite(table)
        return table

    def _checked_features(self, X: Any) -> np.ndarray:
        features = check_array(X, dtype=[np.float32, np.float64], input_name="X")
        if features.shape[1] != self.n_features_out_:
            raise ValueError(
                f"X has {features.shape[1]} features, and the encoder makes "
                f"{self.n_features_out_}; pass what transform gives."
            )
        return features

    def _matrix(self, features: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        matrix = np.empty((len(features), self.n_features_in_), self.spec_.dtypes[0])
        for part, values in self._decoded(features, uniforms):
            matrix[:, part.columns] = values if values.ndim == 2 else values[:, None]
        return matrix

    def _frame(self, features: np.ndarray, uniforms: np.ndarray) -> np.ndarray | pd.DataFrame:
        decoded = self._decoded(features, uniforms)
        columns = {int(part.columns[0]): values for part, values in decoded}
        frame = pd.DataFrame(columns, copy=False)[list(range(self.n_features_in_))]
        if not self.spec_.has_frames:
            return frame.to_numpy(dtype=object).astype(self.spec_.dtypes[0])
        frame.columns = self.spec_.column_index()
        return frame

    def _decoded(self, features: np.ndarray, uniforms: np.ndarray) -> Iterator[tuple[Part, Any]]:
        first = 0
        for part in self._parts:
            last = first + part.codec.n_uniforms
            yield part, part.decode(features[:, part.features], uniforms[:, first:last])
            first = last

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _spec(X: Any, table: np.ndarray | pd.DataFrame) -> PanelSpec:
    """Container, types and labels to restore."""
    if not isinstance(X, pd.DataFrame):
        dtype = np.asarray(X).dtype if isinstance(table, pd.DataFrame) else table.dtype
        return PanelSpec("array_2d", (dtype,) * table.shape[1])
    dtypes = tuple(getattr(dtype, "subtype", dtype) for dtype in X.dtypes)
    return PanelSpec("frame", dtypes, tuple(X.columns), tuple(X.columns.names))


def _numbers(frame: pd.DataFrame) -> np.ndarray:
    columns = [read_numbers(frame.iloc[:, i]) for i in range(frame.shape[1])]
    return np.stack([v if m is None else np.where(m, np.nan, v) for v, m in columns], axis=1)


def _refuse_other_kinds(given: Mapping[Any, str]) -> None:
    for label, kind in given.items():
        if kind not in _GIVEN:
            raise ValueError(
                f"kinds[{label!r}]={kind!r} is no kind of column; choose among {_GIVEN}."
            )


def _refuse_empty(frame: pd.DataFrame) -> None:
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"column {twice!r} occurs more than once; rename or drop one.")
    for size, what in zip(frame.shape, ("sample", "feature"), strict=True):
        if not size:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is "
                "required by MixedTypeEncoder."
            )


def _refuse_infinite(table: np.ndarray) -> None:
    for part in slices(*table.shape):
        rows = table[part]
        if rows.dtype.kind == "f" and np.isinf(rows).any():
            column = int(np.isinf(table).any(axis=0).argmax())
            refuse_infinity(table[:, column], f"column {column}")
