"""LatentDiffusionGenerator: series drawn whole, or given some of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sktsgen._sklearn_compat import Interval, _fit_context
from sktsgen.data import Panel, repeated_columns, restore_panel, static_columns, summed_columns
from sktsgen.estimators._base import BaseGenerator
from sktsgen.estimators._draw import check_count, labels_to_score
from sktsgen.estimators._fitted import all_or_nothing
from sktsgen.estimators._latent_diffusion_base import LatentDiffusion
from sktsgen.estimators._latent_diffusion_future import Continuation
from sktsgen.estimators._latent_diffusion_metadata import (
    add_up,
    check_metadata,
    hold,
    on_grid,
    put_given,
    repeat,
)
from sktsgen.estimators._scoring import totals
from sktsgen.persistence import register
from sktsgen.training import Trainer


@register
class LatentDiffusionGenerator(Continuation, BaseGenerator):
    """Draw series by flow matching, all cells of a window jointly.

    Missing cells, levels and numbers are drawn together. Columns may be given for all time
    steps, and the others follow them: change what is given, keep the seed, and see what would
    have been.

    Parameters
    ----------
    window_length : int or None, default=None
        Time steps drawn together; None is 96, or the longest series if that is shorter, or as
        many, at least 24, as hold no more than 4,096 numbers and levels. Longer series go on half
        a window at a time, given the half before.
    metadata_columns : sequence of label or None, default=None
        Columns that `sample` may be given; of arrays their positions.
    condition_noise : float, default=0.2
        Largest standard deviation of the noise on these columns in training, in those of the
        column, and twice the largest share of wrong levels, at least 0.
    latent, latent_dim : {"auto", "identity", "vae"}, int or None, default="auto", None
        What flows from the first guess to a draw, as in `LatentDiffusionImputer`.
    fill : {"gaussian", "linear"}, default="gaussian"
        First guess that the draws start from, as in `LatentDiffusionImputer`.
    time_features : bool, default=False
        Whether hour, weekday and season are known to the model where there is a time index. Then
        a draw belongs to its time stamps; without, to any time.
    d_model, n_layers, n_heads : int, default=64, 4, 4
        Width, blocks and attention heads of the network; `n_heads` divides `d_model / 2`.
    dropout, column_attention : float, bool, default=0.0, False
        As in `LatentDiffusionImputer`.
    sampler : {"midpoint", "euler", "ddim", "dpm-solver++"}, default="dpm-solver++"
        Solver. A midpoint step calls the network twice, each of the others once.
    n_sampling_steps : int, default=10
        Steps of the solver. With 4 of DPM-Solver++ draws vary too little.
    max_epochs, batch_size, learning_rate : int, int, float, default=20, 32, 1e-3
        As in `LatentDiffusionImputer`.
    early_stopping, validation_fraction, n_iter_no_change, tol, warm_start : object
        As in `LatentDiffusionImputer`; False, 0.1, 5, 1e-4 and False by default.
    device : str, default="auto"
        ``"auto"`` (cuda, else cpu) or the name of a torch device.
    random_state : int, RandomState or None, default=None
        Seed of `fit` and of `sample`; an int repeats both.
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
    static_columns_ : tuple of int
        Positions of the columns that are constant in every training series, and so in draws.
    repeated_columns_ : tuple of (int, int)
        Positions of numbers that repeat another column, and so in draws; each with the other.
    summed_columns_ : tuple of (int, int, int)
        Positions of numbers that are the sum of two other columns, and so in draws; each with both.
        A total that `metadata` give is theirs.
    classes_ : ndarray of shape (n_classes,) or None
        Class labels seen in `fit`.
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

    References
    ----------
    .. [1] N. Suh et al., "TimeAutoDiff: A Unified Framework for Generation, Imputation,
       Forecasting, and Time-Varying Metadata Conditioning of Heterogeneous Time Series Tabular
       Data", arXiv:2406.16028.

    Examples
    --------
    >>> from sktsgen import LatentDiffusionGenerator
    >>> from sktsgen.datasets import make_ar1
    >>> X = make_ar1(n_series=8, n_timesteps=32, random_state=0)
    >>> generator = LatentDiffusionGenerator(d_model=8, n_heads=2, max_epochs=1, random_state=0)
    >>> generator.fit(X).sample(5, length=50).shape
    (5, 50, 1)
    """

    _mixture: ClassVar[dict[str, float]] = {
        "everything": 0.5,
        "future": 0.35,
        "columns": 0.05,
        "cells": 0.05,
        "runs": 0.05,
    }
    _scored: ClassVar[dict[str, float]] = {"future": 0.5, "cells": 0.5}
    _keeps_missing: ClassVar[bool] = True
    _has_scores: ClassVar[bool] = True
    _has_rounds: ClassVar[bool] = True
    _most_cells: ClassVar[int] = 4096
    _margin: ClassVar[float] = 0.0
    # Files that were written before they were kept do not hold them.
    repeated_columns_: tuple[tuple[int, int], ...] = ()
    summed_columns_: tuple[tuple[int, int, int], ...] = ()
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **LatentDiffusion._parameter_constraints,
        "metadata_columns": ["array-like", None],
        "condition_noise": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        window_length: int | None = None,
        *,
        metadata_columns: Sequence[Any] | None = None,
        condition_noise: float = 0.2,
        latent: str = "auto",
        latent_dim: int | None = None,
        fill: str = "gaussian",
        time_features: bool = False,
        d_model: int = 64,
        n_layers: int = 4,
        n_heads: int = 4,
        dropout: float = 0.0,
        column_attention: bool = False,
        sampler: str = "dpm-solver++",
        n_sampling_steps: int = 10,
        max_epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        early_stopping: bool = False,
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
        self.metadata_columns = metadata_columns
        self.condition_noise = condition_noise
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
            Series in any container, columns of any type. Missing cells are drawn as well.
        y : array-like of shape (n_series,) or None, default=None
            One class label per series; None for no classes. Ignored for a single series.

        Returns
        -------
        self : object
            The fitted generator.
        """
        with all_or_nothing(self):
            self._learn_default_length(panel := self._fit_flow(X, y))
            self.static_columns_ = static_columns(panel)
            self.repeated_columns_ = repeated_columns(panel)
            self.summed_columns_ = summed_columns(panel)
        return self

    def sample(
        self,
        n_samples: int = 1,
        *,
        length: int | None = None,
        y: Any = None,
        prefix: Any = None,
        metadata: pd.DataFrame | None = None,
        start: Any = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> Any:
        """Draw series in the container and types seen in `fit`.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series, at least 1; with `prefix`, of each of its series.
        length : int or None, default=None
            Time steps of each series, at least 1, any number. None is the length of `metadata`,
            else that of the training series if they all have one, else `window_length_`.
        y : label or array-like of shape (n_series,) or None, default=None
            Classes to draw from; None draws them as often as in training.
        prefix : array-like, list, DataFrame or None, default=None
            Histories to continue; what is returned comes after them. The first `n_samples` series
            continue the first history, and so on.
        metadata : DataFrame or None, default=None
            Some of `metadata_columns` for every time step; not with `prefix`. They come back
            unchanged in every series, and the other columns follow them. With the same seed and
            other metadata the noise stays the same. Rows go by their time stamps if they have
            some, and stand in order if they are numbered from 0.
        start : time stamp or None, default=None
            First stamp of every series; None is that of `metadata`, the first training stamp, or
            what follows the history.
        random_state : int, RandomState or None, default=None
            Seed of this draw; None is that of the constructor. An int repeats the draw.
        n_jobs : int or None, default=None
            Joblib workers; the draw does not depend on it.

        Returns
        -------
        X : ndarray of shape (n_series, length, n_channels), list or DataFrame
            The first k series of a draw are the draw of k, up to float rounding.
        """
        return self._sample(
            n_samples,
            length=length,
            y=y,
            prefix=prefix,
            metadata=metadata,
            start=start,
            random_state=random_state,
            n_jobs=n_jobs,
        )

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """Negative continuous ranked probability score by rows, or by the series of a panel.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Columns as in `fit`.
        y : array-like of shape (n_series,) or None, default=None
            Class labels; None lets draws be of classes as often as training had them.

        Returns
        -------
        scores : ndarray of shape (n_timesteps,) or (n_series,)
            For one series what the hidden cells of each row add to `score`, times the number of
            rows; for a panel the sum over each series. The mean for a time step is `score`.
        """
        check_is_fitted(self)
        panel = self._check_again(X)
        return totals(panel, panel.n_rows * self._crps_rows(panel, y))

    def _learn_labels(self, panel: Panel, y: Any) -> np.ndarray:
        return self._learn_classes(panel, y)

    def _classes_to_score(self, panel: Panel, y: Any) -> list[tuple[np.ndarray, int]]:
        if self.classes_ is None or (y is not None and not panel.spec.is_single):
            labels = labels_to_score(y, self.classes_, panel)
            return [(labels, self._n_scored_draws)]
        middles = (np.arange(self._n_scored_draws) + 0.5) / self._n_scored_draws
        classes = np.searchsorted(self.class_prior_.cumsum(), middles)
        found = zip(*np.unique(classes, return_counts=True), strict=True)
        return [(np.full(panel.n_series, label), int(n_draws)) for label, n_draws in found]

    @property
    def _n_label_features(self) -> int:
        n_classes = 0 if self.classes_ is None else len(self.classes_)
        return n_classes if n_classes > 1 else 0

    def _metadata_positions(self) -> list[int]:
        if self.metadata_columns is None:
            return []
        return self._positions(list(self.metadata_columns), "metadata_columns")

    def _sample(
        self,
        n_samples: int,
        *,
        first: int = 0,
        length: int | None,
        y: Any = None,
        prefix: Any = None,
        start: Any = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        metadata: pd.DataFrame | None = None,
        **options: Any,
    ) -> Any:
        """Draw series number `first` and after, in the container of `fit`."""
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        if length is None:
            length = self.default_length_ if metadata is None else len(metadata)
        check_count("length", length)
        histories = None if prefix is None else self._check_again(prefix)
        check_metadata(metadata, self.metadata_columns, histories is not None, length)
        if metadata is not None:
            metadata, start = on_grid(metadata, self.spec_.time, length, start)
        n_histories = 1 if histories is None else histories.n_series
        seed = self._seed(random_state)
        numbers = np.tile(np.arange(first, first + n_samples), n_histories)
        labels = self._labels_to_draw(y, numbers, seed)
        drawn = np.empty((len(numbers), length, self.network_.codes.matrix.shape[0]), np.float32)
        for label in np.unique(labels):
            rows, past = self._conditions(histories, length, start, int(label), metadata)
            for history in range(n_histories):
                chosen = np.flatnonzero(labels[history * n_samples :][:n_samples] == label)
                draws = (chosen + first).tolist()
                one = rows.series(history)
                found = self._draw_numbers(
                    one, past[history : history + 1], length, draws, history, seed, n_jobs
                )
                drawn[history * n_samples + chosen] = found
        return self._hand_over(drawn, first, start, histories, n_samples, metadata, seed)

    def _hand_over(
        self,
        drawn: np.ndarray,
        first: int,
        start: Any,
        histories: Panel | None,
        n_samples: int,
        metadata: pd.DataFrame | None,
        seed: int,
    ) -> Any:
        """Features of drawn series in the container of `fit`."""
        tables = [self._decode(series, seed + first + i) for i, series in enumerate(drawn)]
        given = pd.DataFrame()
        if metadata is not None:
            _, given = self._encode_given(metadata, "metadata")
        named: list[Any] = list(given.columns)
        steps = np.arange(drawn.shape[1])
        for i, table in enumerate(tables):
            # A static number is drawn at every step like all else; its first stands for all.
            source = table if histories is None else histories.series(i // n_samples)
            hold(table, self.static_columns_, source)
            put_given(table, given, steps)
            repeat(table, self.repeated_columns_, named)
            add_up(table, self.summed_columns_, named)
        is_frame = isinstance(tables[0], pd.DataFrame)
        table = pd.concat(tables, ignore_index=True) if is_frame else np.concatenate(tables)
        return restore_panel(
            table,
            self.spec_,
            lengths=[drawn.shape[1]] * len(drawn),
            start=start,
            after=self._last_stamps(histories, n_samples, start),
            series_ids=self._series_ids(first, len(drawn)),
        )
