"""Any table to float features and back."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktsgen._sklearn_compat import (
    Interval,
    RealNotInt,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
    _get_output_config,
)
from sktsgen.data import panel_to_frame, restore_rows
from sktsgen.decoding import entropy_of
from sktsgen.persistence import Saving, register
from sktsgen.transformers._columns import DISCRETE, NUMERIC
from sktsgen.transformers._feature_order import in_order
from sktsgen.transformers._table_codec import CodecOptions, Table, TableCodec
from sktsgen.transformers._table_input import (
    as_numbers,
    read_features,
    read_table,
    split_container,
    table_spec,
)

_GIVEN = (*NUMERIC, *DISCRETE)


@register
class MixedTypeEncoder(Saving, TransformerMixin, BaseEstimator):
    """Turn any table into float32 features, column by column, and back.

    Every column has a kind, and every kind a pair of maps that undo each other. Numbers are
    standardised, levels become one-hot groups, stamps a count of steps and the calendar;
    `blocks_` says what stands where. Rows are encoded one by one, so their order means nothing.

    ============  ==========================================  ====================================
    kind          inferred for                                features
    ============  ==========================================  ====================================
    continuous    floats                                      one
    integer       integers                                    one; whole on the way back
    count         integers, none of them negative             one; whole and never negative
    binary        booleans; integers with two values, each    two levels
                  of them met twice at least
    categorical   text, categories                            a level each, rare ones together
    ordinal       ordered categories                          the same
    datetime      stamps, with time zone or without           one, and sines and cosines
    timedelta     durations                                   one
    period        periods                                     one, and sines and cosines
    constant      a single value                              none
    missing       no value at all                             none
    ============  ==========================================  ====================================

    Where cells of a column are missing, that is a level: one more of a discrete column, and for
    the others two levels, present and missing, after their features.

    Parameters
    ----------
    kinds : dict of label to kind or None, default=None
        Kinds that are not to be inferred, by column label, or by position in an array:
        ``"continuous"``, ``"integer"``, ``"count"``, ``"binary"``, ``"categorical"`` or
        ``"ordinal"``. Numbers may become levels, floats without fractions integers.
    min_frequency : int or float, default=0.001
        Levels with fewer cells than this, or with a lower share of the column's present cells if
        a float, are rare: they share one feature, and come back with the frequencies they had
        among each other. A single rare level keeps a feature of its own.
    max_categories : int, default=128
        Most features for the levels of a column, at least 2, that of the rare ones included. It
        bounds the width, and with it the memory, of columns with very many levels.
    rounding : {"nearest", "stochastic"}, default="nearest"
        How features between two integers become one: the nearer, or either by chance, so that
        the mean is kept.
    calendar : bool, default=True
        Whether stamps and periods get sine and cosine of those cycles (minute, hour, day, week,
        month, year) that are longer than twice the shortest distance of two stamps and shorter
        than four times the span. They follow from the stamp; `inverse_transform` does not read
        them.
    random_state : int, RandomState or None, default=None
        Chooses among rare levels, and between integers, in `inverse_transform`.

    Attributes
    ----------
    kinds_ : tuple of str
        Kind of each column.
    blocks_ : tuple of FeatureBlock
        Neighbouring features that say one thing about one column, in the order of the columns.
    n_features_out_ : int
        Number of features.
    bounds_ : ndarray of shape (2, n_features), float32
        Smallest and largest value of each feature in `fit`, moved outwards by a twentieth of
        their distance where they are no limit that many cells share.
    mean_, scale_ : ndarray of shape (n_features,)
        Value at feature 0, and how much the value grows per feature there, in the units of the
        data; 0 and 1 for levels and the calendar.
    n_uniforms_ : int
        Uniforms that `decode` takes for a row.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_columns,)
        Column labels, if they are all text.

    Notes
    -----
    A feature is a float32, so a number comes back to within 1e-6 of the range of its column, and
    integers and stamps exactly as long as their range is below four million steps; where the
    numbers themselves lie, beyond 2**53 or at any date, does not matter. The step of stamps is
    the greatest common divisor of their distances in `fit`.

    A column of which a few cells make most of the variance (kurtosis above 20) goes through the
    inverse hyperbolic sine of ``(x - median) / width`` before it is standardised, where width is
    that of the quartiles, or of quantiles further out if these are equal, and none of its features
    lies further than 10 from 0: one wild cell takes nothing from the others, and no network is
    upset. Integers within a range of 100 stay straight; others are exact up to a range of
    400,000.

    Of a hundred cells and more, a float that a tenth share, as the 0 of rainfall, has half a
    standard deviation to itself on either side; at most a hundred floats, each met twenty times on
    the average, are all there are; and floats of at most six decimals come back with as many.

    In `transform`, a level that `fit` did not meet counts as rare, and as no level at all where
    none is rare; a missing cell in a column that was complete in `fit` becomes 0. What was not
    met in `fit` never comes out of `inverse_transform`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktsgen.transformers import MixedTypeEncoder
    >>> table = pd.DataFrame({"load": [1.0, 4.0, 7.0], "day": ["Mon", "Tue", "Mon"]})
    >>> encoder = MixedTypeEncoder().fit(table)
    >>> encoder.kinds_
    ('continuous', 'categorical')
    >>> encoder.transform(table).round(2)
       load  day=Mon  day=Tue
    0 -1.22      1.0      0.0
    1  0.00      0.0      1.0
    2  1.22      1.0      0.0
    >>> encoder.inverse_transform(encoder.transform(table)).round(5)
       load  day
    0   1.0  Mon
    1   4.0  Tue
    2   7.0  Mon
    """

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
        """Learn the kinds, the levels and the scales of the columns.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns), or a panel
            Any columns; missing cells are NaN, None, NaT or NA. The rows of 3-D arrays, of lists
            and of panel frames are taken together.
        y : None, default=None
            Not used.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        TypeError
            If the cells of a column are of several kinds, or of one that cannot be encoded.
        ValueError
            If cells are infinite or complex, `kinds` does not fit the columns, or there is
            nothing to learn from.
        """
        rows, _ = split_container(X)
        table = read_table(rows, self, reset=True)
        given = {} if self.kinds is None else dict(self.kinds)
        for label, kind in given.items():
            if kind not in _GIVEN:
                raise ValueError(
                    f"kinds[{label!r}]={kind!r} is no kind of column; choose among {_GIVEN}."
                )
        options = CodecOptions(
            self.min_frequency, self.max_categories, self.rounding == "stochastic", self.calendar
        )
        self.codec_ = TableCodec().fit(table, table_spec(rows, table), given, options)
        self.kinds_, self.blocks_ = self.codec_.kinds_, self.codec_.blocks_
        self.bounds_, self.n_uniforms_ = self.codec_.bounds_, self.codec_.n_uniforms_
        self.mean_, self.scale_ = self.codec_.mean_, self.codec_.scale_
        self.n_features_out_ = len(self.mean_)
        return self

    def transform(self, X: Any) -> Any:
        """Turn a table into features.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns), or a panel
            Columns as in `fit`.

        Returns
        -------
        features : ndarray or DataFrame of shape (n_rows, n_features), float32
            A frame with the index of `X` for a frame, an array for an array; a 3-D array or a
            list for these.

        Raises
        ------
        TypeError
            If a column holds something else than in `fit`.
        ValueError
            If columns are others than in `fit`, or cells are infinite.
        """
        check_is_fitted(self)
        rows, panel = split_container(X)
        table = read_table(rows, self, reset=False)
        if isinstance(table, np.ndarray) or self.codec_.takes_numbers:
            table = as_numbers(table)
        features = self.codec_.encode(table)
        names = self.get_feature_names_out()
        is_default = _get_output_config("transform", self)["dense"] == "default"
        if panel is not None and is_default:
            return restore_rows(features, panel, columns=names)
        if panel is not None:
            return panel_to_frame(panel, features, columns=names)
        if isinstance(X, pd.DataFrame) and is_default:
            return pd.DataFrame(features, index=X.index, columns=names)
        return features

    def inverse_transform(self, X: Any) -> Any:
        """Turn features back into a table.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or a panel
            What `transform` gives, or what was generated: of the levels of a column the greatest
            counts. Columns of a frame are taken by their names, if they have those that
            `transform` gives.

        Returns
        -------
        table : ndarray or DataFrame of shape (n_rows, n_columns), or a panel
            Types, levels and labels of `fit`, in an array if an array was fitted, else in a frame
            with the index of `X` if that has one; a 3-D array or a list for these.

        Raises
        ------
        ValueError
            If the number of features is another, they are called otherwise in a frame, or one is
            missing or infinite.
        """
        check_is_fitted(self)
        rows, panel = split_container(X)
        table = self.decode(read_features(in_order(rows, self), self.n_features_out_))
        if isinstance(table, np.ndarray):
            return table if panel is None else restore_rows(table, panel)
        if panel is None:
            return table.set_axis(X.index) if isinstance(X, pd.DataFrame) else table
        if panel.spec.has_frames:
            return restore_rows(table, panel, columns=table.columns)
        return panel_to_frame(panel, table, columns=table.columns)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns; None means those of `fit`, or x0, x1, ... .

        Returns
        -------
        names : ndarray of shape (n_features,), object
            The column for a number, ``column=level`` for a level; ``column=<rare>``,
            ``column=<missing>`` and ``column=<present>`` for what is no level of its own.
        """
        check_is_fitted(self)
        columns = _check_feature_names_in(self, input_features)
        return np.array(self.codec_.names(columns), dtype=object)

    def encode(self, table: Table) -> np.ndarray:
        """Turn a table into features without looking at names: the way in of the generators.

        Parameters
        ----------
        table : ndarray of shape (..., n_columns) or DataFrame of shape (n_rows, n_columns)
            ``panel.values`` of what `fit` saw, or some rows of it.

        Returns
        -------
        features : ndarray of shape (..., n_features), float32
            Standardised numbers, 0 where missing, and one-hot levels.
        """
        return self.codec_.encode(table)

    def decode(self, features: np.ndarray, uniforms: np.ndarray | None = None) -> Table:
        """Turn features into a table, the inverse of `encode`.

        Parameters
        ----------
        features : ndarray of shape (..., n_features)
            Finite numbers; of a discrete block the greatest feature is the level.
        uniforms : ndarray of shape (..., n_uniforms) or None, default=None
            Numbers from 0 to 1 that choose among rare levels and, with stochastic rounding,
            between neighbouring integers; None draws them by `random_state`.

        Returns
        -------
        table : ndarray of shape (..., n_columns) or DataFrame of shape (n_rows, n_columns)
            Types, levels and labels of `fit`; the leading axes of a frame are joined.
        """
        if uniforms is None:
            key = np.uint64(entropy_of(self.random_state) % 2**64)
            generator = np.random.Generator(np.random.Philox(key=key))
            uniforms = generator.random((*features.shape[:-1], self.n_uniforms_))
        return self.codec_.decode(features, uniforms)

    def numbers(self, features: np.ndarray) -> np.ndarray:
        """Turn features into numbers that are brought to no digits of `fit`.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_features)
            Finite numbers.

        Returns
        -------
        numbers : ndarray of shape (n_rows, n_columns), float64
            In the units of the data, neither rounded nor missing; NaN in columns of no numbers.
        """
        return self.codec_.numbers(features)

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
        return self.codec_.log_slopes(features)

    @property
    def log_scale(self) -> float:
        """Sum of the logarithms of the scales of all features."""
        return float(np.log(self.scale_).sum())

    def __sklearn_is_fitted__(self) -> bool:
        # A fit that was refused late has already counted the columns.
        return hasattr(self, "codec_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags
