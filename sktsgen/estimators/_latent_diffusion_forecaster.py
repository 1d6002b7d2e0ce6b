"""LatentDiffusionForecaster: futures drawn given histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sktsgen._sklearn_compat import _fit_context
from sktsgen.data import Panel, PanelSpec, restore_panel
from sktsgen.estimators._draw import check_count, with_sample_level
from sktsgen.estimators._fitted import all_or_nothing
from sktsgen.estimators._latent_diffusion_base import series_keys
from sktsgen.estimators._latent_diffusion_clock import index_after
from sktsgen.estimators._latent_diffusion_future import Continuation
from sktsgen.estimators._latent_diffusion_metadata import check_given, in_order, put_given
from sktsgen.estimators._latent_diffusion_rows import Rows
from sktsgen.persistence import register
from sktsgen.training import Trainer


@register
class LatentDiffusionForecaster(Continuation):
    """Draw futures from their distribution given the past.

    A forecast is an imputation whose last steps are hidden: the model is that of
    `LatentDiffusionImputer`, trained mostly on windows whose end is hidden. Histories may have
    gaps. A horizon beyond half a window is drawn half a window at a time, each seeing the one
    before.

    Parameters
    ----------
    window_length : int or None, default=None
        Time steps that are looked at together, history and future; None is 96, or the longest
        series if that is shorter, or as many, at least 24, as hold no more than 2,048 numbers and
        codes of levels.
    latent, latent_dim : {"auto", "identity", "vae"}, int or None, default="auto", None
        What flows from the first guess to a draw, as in `LatentDiffusionImputer`.
    fill : {"gaussian", "linear"}, default="gaussian"
        First guess that the draws start from, as in `LatentDiffusionImputer`.
    time_features : bool, default=True
        Whether hour, weekday and season are known to the model where there is a time index.
    d_model, n_layers, n_heads : int, default=64, 4, 4
        Width, blocks and attention heads of the network; `n_heads` divides `d_model / 2`.
    dropout, column_attention : float, bool, default=0.1, False
        As in `LatentDiffusionImputer`.
    sampler : {"midpoint", "euler", "ddim", "dpm-solver++"}, default="midpoint"
        Solver.
    n_sampling_steps : int, default=5
        Steps of the solver.
    max_epochs, batch_size, learning_rate : int, int, float, default=15, 32, 1e-3
        As in `LatentDiffusionImputer`.
    early_stopping, validation_fraction, n_iter_no_change, tol, warm_start : object
        As in `LatentDiffusionImputer`; True, 0.1, 5, 1e-4 and False by default.
    device : str, default="auto"
        ``"auto"`` (cuda, else cpu) or the name of a torch device.
    random_state : int, RandomState or None, default=None
        Seed of `fit` and of the draws; those of one fitted forecaster repeat themselves.
    verbose : int, default=0
        1 shows a progress bar.
    trainer : Trainer or None, default=None
        How the machine runs the training.

    Attributes
    ----------
    network_ : ConditionalFlow
        The trained network.
    window_length_ : int
        Time steps of a window.
    reconstruction_error_ : float
        As of `LatentDiffusionImputer`; 0 where cells flow.
    loss_curve_, validation_loss_curve_ : list of float
        Losses per epoch.
    n_iter_, best_epoch_ : int
        Epochs trained, and the one whose weights were kept.
    device_ : str
        Device in use.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (n_channels,)
        Column names, if `X` had any.

    Examples
    --------
    >>> from sktsgen import LatentDiffusionForecaster
    >>> from sktsgen.datasets import make_ar1
    >>> X = make_ar1(n_series=8, n_timesteps=32, random_state=0)
    >>> forecaster = LatentDiffusionForecaster(d_model=8, n_heads=2, max_epochs=1, random_state=0)
    >>> forecaster.fit(X).forecast(X, 5, n_samples=10).shape
    (8, 10, 5, 1)
    """

    _mixture: ClassVar[dict[str, float]] = {
        "future": 0.7,
        "cells": 0.1,
        "runs": 0.1,
        "elsewhere": 0.05,
        "everything": 0.05,
    }
    _scored: ClassVar[dict[str, float]] = {"future": 1.0}

    def __init__(
        self,
        window_length: int | None = None,
        *,
        latent: str = "auto",
        latent_dim: int | None = None,
        fill: str = "gaussian",
        time_features: bool = True,
        d_model: int = 64,
        n_layers: int = 4,
        n_heads: int = 4,
        dropout: float = 0.1,
        column_attention: bool = False,
        sampler: str = "midpoint",
        n_sampling_steps: int = 5,
        max_epochs: int = 15,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
        trainer: Trainer | None = None,
    ) -> None:
        self.window_length = window_length
        self.latent = latent
        self.latent_dim = latent_dim
        self.fill = fill
        self.time_features = time_features
        self.d_model = d_model
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.dropout = dropout
        self.column_attention = column_attention
        self.sampler = sampler
        self.n_sampling_steps = n_sampling_steps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.trainer = trainer

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the distribution of windows.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series in any container, columns of any type, gaps allowed.
        y : None
            Not used.

        Returns
        -------
        self : object
            The fitted forecaster.
        """
        with all_or_nothing(self):
            self._fit_flow(X)
        return self

    def forecast(
        self,
        X: Any,
        horizon: int,
        *,
        n_samples: int = 100,
        quantiles: Sequence[float] | None = None,
        mean: bool = False,
        known: Any = None,
        random_state: Any = None,
    ) -> Any:
        """Draw futures of given series.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Histories, in any container; they may differ in length.
        horizon : int
            Steps ahead, at least 1.
        n_samples : int, default=100
            Futures per series. 0 gives one, the answer of one pass of the network: the median of
            every number and the most probable levels, which errs least and is no draw.
        quantiles : sequence of float or None, default=None
            Levels, above 0 and below 1; None returns the draws. Of columns that are no numbers
            there are no quantiles.
        mean : bool, default=False
            Whether to give the mean of the draws in their place, one future for each series. Of
            columns that are no numbers there is none; `n_samples=0` has their likeliest levels.
        known : DataFrame or None, default=None
            Columns whose future is known, with `horizon` rows for each series of `X`. They come
            back as given, and the others follow them; missing cells are drawn. Rows go by their
            series and time stamps if they have some, and stand series after series if they are
            numbered from 0.
        random_state : int, RandomState or None, default=None
            Seed of the draws; None is that of the fitted forecaster.

        Returns
        -------
        futures : ndarray, DataFrame or list
            Shape (n_samples, horizon, n_channels) for one series and (n_series, n_samples,
            horizon, n_channels) for a panel; a frame has index levels (sample, time) or (series,
            sample, time), the stamps following those of `X`; a list has for each series the list
            of its futures. With `quantiles` or `mean`, these stand where the draws would, as
            floats.

        Raises
        ------
        TypeError
            If `known` is no frame.
        ValueError
            If `known` has other columns or rows, or cells that its columns cannot have; if
            quantiles or means are asked of columns that are no numbers; if `X` has no time stamps
            and the forecaster learnt their cycles.
        """
        check_is_fitted(self)
        check_count("horizon", horizon)
        check_count("n_samples", n_samples, least=0)
        panel = self._check_again(X)
        levels = None if quantiles is None else _checked_levels(quantiles, n_samples)
        if mean:
            _check_mean(levels, n_samples)
        past, seed = self._rows(panel), self._repeated_seed(random_state)
        rows = self._extend(past, panel, horizon)
        given = None if known is None else self._show(rows, panel, known, horizon)
        drawn = self._draw_after(
            rows,
            panel.lengths,
            horizon,
            keys=series_keys(past),
            draws=range(n_samples),
            seed=seed,
        )
        n_futures, table = drawn.shape[1], self._decode(drawn, seed)
        if given is not None:
            steps = np.arange(panel.n_series * horizon).reshape(-1, 1, horizon)
            put_given(table, given, steps.repeat(n_futures, axis=1).ravel())
        if mean:
            middle = self._by_draw(table, panel.n_series, horizon, "a mean was").mean(1)
            return self._arranged(_rows_of(middle), panel, 1, horizon, _as_floats(self.spec_))
        if levels is None:
            return self._arranged(table, panel, n_futures, horizon, self.spec_)
        draws = self._by_draw(table, panel.n_series, horizon, "quantiles were")
        # Weibull's cover what they promise, also with few draws.
        found = np.quantile(draws, levels, axis=1, method="weibull").swapaxes(0, 1)
        table, spec = _rows_of(found), _as_floats(self.spec_)
        futures = self._arranged(table, panel, len(levels), horizon, spec)
        return _with_levels(futures, levels) if isinstance(futures, pd.DataFrame) else futures

    def _show(self, rows: Rows, panel: Panel, known: Any, horizon: int) -> pd.DataFrame:
        """Put known columns of the future into rows; return them in the types of `fit`."""
        check_given(known, "known")
        past = panel.lengths
        if len(known) != len(past) * horizon:
            raise ValueError(
                f"known has {len(known)} rows; {len(past)} series and horizon={horizon} need "
                f"{len(past) * horizon}."
            )
        known = in_order(known, index_after(self.spec_.time, panel, horizon), "known")
        shown, given = self._encode_given(known, "known")
        at = ((rows.offsets + past)[:, None] + np.arange(horizon)).ravel()
        rows.features[at, : shown.features.shape[1]] = shown.features
        rows.observed[at] = shown.observed
        return given

    def _by_draw(self, table: Any, n_series: int, horizon: int, asked: str) -> np.ndarray:
        """Numbers of draws, (n_series, n_samples, horizon, n_channels)."""
        frame = pd.DataFrame(table)
        for label, dtype in zip(self.spec_.column_index(), frame.dtypes, strict=True):
            if not pd.api.types.is_numeric_dtype(dtype):
                raise ValueError(
                    f"{asked} asked of column {label!r}, which holds no numbers; take the draws "
                    f"instead, or the likeliest levels with n_samples=0."
                )
        values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
        return values.reshape(n_series, -1, horizon, values.shape[1])

    def _arranged(
        self,
        table: Any,
        panel: Panel,
        n_futures: int,
        horizon: int,
        spec: PanelSpec,
    ) -> Any:
        """Rows of (series, future, step) in the container of `panel`."""
        is_single = panel.spec.is_single
        n_all = panel.n_series * n_futures
        last = panel.last_stamps if self.spec_.time.kind != "none" else None
        after = None if last is None else last.repeat(n_futures)
        futures = restore_panel(table, spec, lengths=[horizon] * n_all, after=after)
        if isinstance(futures, pd.DataFrame):
            return with_sample_level(futures, panel, n_futures, horizon, is_single)
        if isinstance(futures, np.ndarray):
            shape = (panel.n_series, n_futures, *futures.shape[1:])
            return futures if is_single else futures.reshape(shape)
        return [futures[first : first + n_futures] for first in range(0, n_all, n_futures)]


def _checked_levels(quantiles: Sequence[float], n_samples: int) -> np.ndarray:
    if not n_samples:
        raise ValueError(f"quantiles={list(quantiles)} are of draws and n_samples=0 takes none.")
    levels = np.asarray(quantiles, dtype=np.float64)
    if levels.ndim != 1 or not len(levels) or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(f"quantiles={quantiles!r} must be numbers above 0 and below 1.")
    return levels


def _check_mean(levels: np.ndarray | None, n_samples: int) -> None:
    if levels is not None:
        raise ValueError("quantiles and mean=True were both asked for; ask for one at a time.")
    if not n_samples:
        raise ValueError("mean=True is of draws and n_samples=0 takes none; take 100, say.")


def _rows_of(futures: np.ndarray) -> np.ndarray:
    return futures.reshape(-1, futures.shape[-1])


def _as_floats(spec: PanelSpec) -> PanelSpec:
    return replace(spec, dtypes=(np.dtype(np.float64),) * spec.n_channels)


def _with_levels(futures: pd.DataFrame, levels: np.ndarray) -> pd.DataFrame:
    """Index level of quantiles in place of the one of samples."""
    index = futures.index
    place = index.nlevels - 2  # before the time, where with_sample_level puts it
    parts = [index.get_level_values(i) for i in range(index.nlevels)]
    parts[place] = pd.Index(levels[parts[place]], name="quantile")
    return futures.set_axis(pd.MultiIndex.from_arrays(parts))
