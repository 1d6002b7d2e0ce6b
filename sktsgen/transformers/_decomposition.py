"""SeasonalTrendDecomposer: a channel as the sum of trend, season and rest."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktsgen._sklearn_compat import Interval, StrOptions, _fit_context, _get_output_config
from sktsgen.data import Panel, check_panel, panel_to_frame, restore_rows
from sktsgen.persistence import Saving, register
from sktsgen.transformers._feature_order import feature_order
from sktsgen.transformers._periods import Array, find_periods
from sktsgen.transformers._seasonal_parts import Parts, by_moving_average, by_mstl, by_stl

_PARTS = ("trend", "seasonal", "resid")
# Lengths of the moving averages where no season tells one.
_WINDOWS = (7, 13, 25)


@register
class SeasonalTrendDecomposer(Saving, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Split every channel into trend, seasonal part and residual, whose sum it is.

    Each series is taken apart by itself; `fit` learns nothing but the periods. The way back is
    the sum of the three parts, so it also holds for parts that a generator has drawn.

    Parameters
    ----------
    method : {"moving_average", "stl", "mstl"}, default="moving_average"
        How a series is taken apart.

        - ``"moving_average"``: the trend is the mean of centred moving averages, a season the
          mean of each of its phases; one pattern for the whole series.
        - ``"stl"``: local regression, with one season that may change slowly [1]_.
        - ``"mstl"``: the same with several seasons [2]_; `seasonal` is their sum.

        The last two need statsmodels: ``pip install -c constraints.txt -e '.[stl]'`` in the clone.
    period : int, sequence of int or None, default=None
        Lengths of the seasons, in time steps, each at least 2; ``"stl"`` takes one, and an empty
        sequence means no season. None finds them in the spectrum of the training series.
    window_lengths : int, sequence of int or None, default=None
        Lengths of the moving averages, in time steps, each at least 1. None is the longest period
        of a series, and 7, 13 and 25 for a series without one. The other methods use them only
        for such series.
    robust : bool, default=False
        Whether outliers are kept out of trend and season by giving them less weight; not with
        ``"moving_average"``.

    Attributes
    ----------
    periods_ : tuple of int
        Periods in use, in ascending order: those of `period`, or those found; empty if none were.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of str
        Columns seen in `fit`, where all have names.

    Notes
    -----
    A season is taken out of a series that has two of it at least (with ``"mstl"``: more than
    two). In a shorter one it stays in trend and residual, and the seasonal part is 0 if no other
    season is left.

    Beyond the ends of a series moving averages take its first and last value, so that the trend
    flattens within half a window of them.

    References
    ----------
    .. [1] R. B. Cleveland, W. S. Cleveland, J. E. McRae and I. Terpenning, "STL: A
       Seasonal-Trend Decomposition Procedure Based on Loess", Journal of Official Statistics 6,
       1990.
    .. [2] K. Bandara, R. J. Hyndman and C. Bergmeir, "MSTL: A Seasonal-Trend Decomposition
       Algorithm for Time Series with Multiple Seasonal Patterns", arXiv:2107.13462, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsgen import SeasonalTrendDecomposer
    >>> time = np.arange(120)
    >>> X = (0.1 * time + np.sin(2 * np.pi * time / 12))[:, None]
    >>> decomposer = SeasonalTrendDecomposer().fit(X)
    >>> decomposer.periods_
    (12,)
    >>> decomposer.get_feature_names_out()
    array(['trend_x0', 'seasonal_x0', 'resid_x0'], dtype=object)
    >>> parts = decomposer.transform(X)
    >>> np.allclose(decomposer.inverse_transform(parts), X)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "method": [StrOptions({"moving_average", "stl", "mstl"})],
        "period": [Interval(Integral, 2, None, closed="left"), list, tuple, None],
        "window_lengths": [Interval(Integral, 1, None, closed="left"), list, tuple, None],
        "robust": ["boolean"],
    }

    def __init__(
        self,
        method: str = "moving_average",
        *,
        period: int | Sequence[int] | None = None,
        window_lengths: int | Sequence[int] | None = None,
        robust: bool = False,
    ) -> None:
        self.method = method
        self.period = period
        self.window_lengths = window_lengths
        self.robust = robust

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the periods, if they are not given.

        Parameters
        ----------
        X : array-like, list or DataFrame
            One series (2-D array, or frame with a plain index; rows are time steps), a panel of
            equal lengths (3-D array), or a ragged panel (list, or frame with a (series, time)
            index). Numbers, none missing.
        y : None, default=None
            Not used.

        Returns
        -------
        self : object
            The fitted decomposer.

        Raises
        ------
        ImportError
            If `method` needs statsmodels and it is not installed.
        ValueError
            If a period or a window is too short, ``"stl"`` is given several periods, or `X` has
            missing or infinite cells.
        """
        _check_extra(self.method)
        given = _lengths("period", self.period, 2)
        _lengths("window_lengths", self.window_lengths, 1)
        if self.method == "stl" and len(given) > 1:
            raise ValueError(
                f"period={self.period!r} gives {len(given)} periods, and method='stl' takes one; "
                "give one, or use method='mstl'."
            )
        panel = check_panel(X, estimator=self, reset=True)
        self.spec_ = panel.spec
        found = given if self.period is not None else find_periods(_floats(panel))
        self.periods_ = tuple(sorted(found[:1] if self.method == "stl" else found))
        return self

    def transform(self, X: Any) -> Any:
        """Take series apart, each by itself.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes.

        Returns
        -------
        parts : ndarray of shape (n_timesteps, 3 * n_channels), list or DataFrame
            As `X`: the trend of every channel, then the seasonal parts, then the residuals, in
            the units of `X`; float32 for float32, else float64.
        """
        check_is_fitted(self)
        panel = check_panel(X, estimator=self)
        is_single = panel.values.dtype == np.float32
        parts = np.empty((panel.n_rows, 3 * panel.n_channels), np.float32 if is_single else float)
        for length in np.unique(panel.lengths):
            # Series of one length stand side by side, as if they were channels.
            rows = _rows_of(panel, length)
            columns = panel.values[rows].astype(float).reshape(length, -1)
            apart = np.stack(self._take_apart(columns), axis=1)
            parts[rows] = (
                apart.reshape(length, 3, -1, panel.n_channels)
                .swapaxes(1, 2)
                .reshape(length, -1, 3 * panel.n_channels)
            )
        return self._restore(parts, panel)

    def inverse_transform(self, X: Any) -> Any:
        """Add up trend, seasonal part and residual.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Parts, with the columns that `transform` gives; of the training series, or drawn.
            Columns of a frame are taken by their names, if they have those that `transform` gives.

        Returns
        -------
        series : ndarray of shape (n_timesteps, n_channels), list or DataFrame
            As `X`, with the channels of `fit` in their types.

        Raises
        ------
        ValueError
            If the number of columns is another, or they are called otherwise in a frame.
        """
        check_is_fitted(self)
        panel = check_panel(X)
        if panel.n_channels != 3 * self.n_features_in_:
            raise ValueError(
                f"X has {panel.n_channels} columns; inverse_transform takes the "
                f"{3 * self.n_features_in_} that transform gives, three for each channel of fit."
            )
        order = feature_order(panel.spec.columns, self)
        parts = panel.values[:, order].astype(float).reshape(panel.n_rows, 3, self.n_features_in_)
        columns = self.spec_.column_index() if self.spec_.has_frames else None
        return restore_rows(parts.sum(axis=1), panel, columns=columns, dtypes=self.spec_.dtypes)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the parts: ``trend_x``, ``seasonal_x`` and ``resid_x`` for each channel ``x``.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the channels; None means those seen in `fit`, or ``x0``, ``x1``, ....

        Returns
        -------
        names : ndarray of shape (3 * n_channels,)
            All trends first, then the seasonal parts, then the residuals.
        """
        channels = super().get_feature_names_out(input_features)
        names = [f"{part}_{channel}" for part in _PARTS for channel in channels]
        return np.array(names, dtype=object)

    def _take_apart(self, series: Array) -> Parts:
        seasons = self._seasons_in(len(series))
        if not seasons or self.method == "moving_average":
            windows = _lengths("window_lengths", self.window_lengths, 1)
            return by_moving_average(series, seasons, windows or seasons[-1:] or _WINDOWS)
        if self.method == "stl":
            return by_stl(series, seasons[0], robust=self.robust)
        return by_mstl(series, seasons, robust=self.robust)

    def _seasons_in(self, n_timesteps: int) -> tuple[int, ...]:
        """Periods that a series of so many steps shows often enough."""
        longest = (n_timesteps - (self.method == "mstl")) // 2
        return tuple(period for period in self.periods_ if period <= longest)

    def _restore(self, parts: np.ndarray, panel: Panel) -> Any:
        names = self.get_feature_names_out()
        wants_frame = _get_output_config("transform", self)["dense"] == "pandas"
        if wants_frame and panel.spec.container not in ("array_2d", "frame", "panel_frame"):
            return panel_to_frame(panel, parts, columns=names)
        return restore_rows(parts, panel, columns=names)

    def __sklearn_is_fitted__(self) -> bool:
        # A fit that was refused late has already counted the columns.
        return hasattr(self, "periods_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _check_extra(method: str) -> None:
    if method != "moving_average" and importlib.util.find_spec("statsmodels") is None:
        raise ImportError(
            f"method={method!r} needs statsmodels, which is not installed; run "
            "pip install 'sktsgen[stl]', or use method='moving_average'."
        )


def _lengths(name: str, given: Any, fewest: int) -> tuple[int, ...]:
    """Lengths in steps as a tuple of different ones, none for None."""
    if given is None:
        return ()
    lengths = tuple(given) if isinstance(given, list | tuple) else (given,)
    for length in lengths:
        if not isinstance(length, Integral) or length < fewest:
            raise ValueError(
                f"{name}={given!r} has the length {length!r}; give whole numbers of time steps, "
                f"each at least {fewest}."
            )
    return tuple(sorted({int(length) for length in lengths}))


def _floats(panel: Panel) -> list[Array]:
    values = panel.values.astype(np.float64)
    return np.split(values, panel.offsets[1:-1])


def _rows_of(panel: Panel, length: int) -> np.ndarray:
    """Numbers of the rows of all series of one length, (length, n_series)."""
    firsts = panel.offsets[:-1][panel.lengths == length]
    return np.asarray(np.arange(length)[:, None] + firsts)
