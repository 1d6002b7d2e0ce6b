"""LatentDiffusionImputer: missing cells drawn given all that is observed."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktsgen._sklearn_compat import Interval, _fit_context
from sktsgen.data import Panel, restore_rows
from sktsgen.estimators._draw import check_count
from sktsgen.estimators._fitted import all_or_nothing
from sktsgen.estimators._latent_diffusion_base import LatentDiffusion
from sktsgen.estimators._latent_diffusion_cells import put_missing, spread_of
from sktsgen.estimators._latent_diffusion_rows import Rows
from sktsgen.persistence import register
from sktsgen.training import Trainer

# Draws behind what is told of the spread where the answer is not from draws.
_N_DRAWS = 20


@register
class LatentDiffusionImputer(OneToOneFeatureMixin, TransformerMixin, LatentDiffusion):
    """Fill missing cells with draws from their distribution given all observed ones.

    One model of windows is trained to draw whatever cells are hidden from it, in patterns drawn
    afresh for every batch, on observed cells only: data with gaps is what it learns from. The
    draws start at the posterior that jointly Gaussian windows would have and are carried by flow
    matching to the learnt one.

    Parameters
    ----------
    window_length : int or None, default=None
        Time steps that are looked at together; None is 96, or the longest series if that is
        shorter, or as many, at least 24, as hold no more than 2,048 numbers and codes of levels.
        Longer series are filled window by window, each seeing what was filled before.
    n_samples : int, default=0
        Draws that `transform` sums up by their median (numbers) or most frequent level; 0 takes
        the answer of one pass of the network, which is trained to be just that, errs less than
        the median of 20 draws and takes a twelfth to a fiftieth of the time.
    add_indicator : bool, default=False
        Whether to append a column 0 / 1 for every column that had missing cells in `fit`.
    latent : {"auto", "identity", "vae"}, default="auto"
        What flows from the first guess to a draw. ``"identity"``: the cells themselves, numbers as
        they are and levels as points of a small space. ``"vae"``: the latents of an autoencoder
        of windows that is trained before, the system of [1]_. ``"auto"``: the cells of up to 64
        numbers a time step; of more, the latents if `reconstruction_error_` is at most 0.1.
    latent_dim : int or None, default=None
        Latents per time step of the autoencoder, at least 1; None is half of what cells take.
    fill : {"gaussian", "linear"}, default="gaussian"
        First guess that the draws start from. Windows of more than 2,048 cells take straight
        lines between observed cells in any case.
    time_features : bool, default=True
        Whether hour, weekday and season are known to the model where there is a time index.
    d_model, n_layers, n_heads : int, default=64, 4, 4
        Width, blocks and attention heads of the network; `n_heads` divides `d_model / 2`.
    dropout : float, default=0.1
        Dropout rate, in [0, 1).
    column_attention : bool, default=False
        Whether the columns of each time step also attend to each other in the network.
    sampler : {"midpoint", "euler", "ddim", "dpm-solver++"}, default="midpoint"
        Solver. All but the first take one network call a step.
    n_sampling_steps : int, default=5
        Steps of the solver.
    max_epochs : int, default=15
        Epochs at most, of `Trainer.steps_per_epoch` (100) optimiser steps each.
    batch_size : int, default=32
        Windows per optimiser step.
    learning_rate : float, default=1e-3
        Peak learning rate of AdamW, after a warm-up and before a cosine.
    early_stopping : bool, default=True
        Whether to hold out a part and keep the weights that do best on it. Draws are then made as
        wide as they should be on that part.
    validation_fraction : float, default=0.1
        Share of the data held out for it: whole series, or contiguous blocks of long ones.
    n_iter_no_change : int, default=5
        Epochs without improvement before an early stop.
    tol : float, default=1e-4
        Improvement of the validation loss that counts.
    warm_start : bool, default=False
        Whether `fit` goes on from the networks of the fit before, where there was one; sizes and
        kinds of columns must be the same.
    device : str, default="auto"
        ``"auto"`` (cuda, else cpu) or the name of a torch device.
    random_state : int, RandomState or None, default=None
        Seed of `fit` and of the draws; those of one fitted imputer repeat themselves in any case.
    verbose : int, default=0
        1 shows a progress bar.
    trainer : Trainer or None, default=None
        How the machine runs the training: precision, compilation, checkpoints.

    Attributes
    ----------
    network_ : ConditionalFlow
        The trained network.
    window_length_ : int
        Time steps of a window.
    reconstruction_error_ : float
        Mean error of held-out hidden cells decoded from the latents of their windows, as a share
        of that of straight lines between visible cells (a wrong level counts as 1); of the
        training windows where nothing was held out, 0 where cells flow.
    loss_curve_, validation_loss_curve_ : list of float
        Losses per epoch.
    n_iter_, best_epoch_ : int
        Epochs trained, and the one whose weights were kept.
    indicator_columns_ : ndarray
        Columns that had missing cells in `fit`.
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
    >>> import numpy as np
    >>> from sktsgen import LatentDiffusionImputer
    >>> from sktsgen.datasets import make_ar1
    >>> X = make_ar1(n_series=8, n_timesteps=32, random_state=0)
    >>> X[:, 10:14] = np.nan
    >>> imputer = LatentDiffusionImputer(d_model=8, n_heads=2, max_epochs=1, random_state=0)
    >>> filled = imputer.fit_transform(X)
    >>> bool(np.isnan(filled).any())
    False
    """

    _mixture: ClassVar[dict[str, float]] = {
        "cells": 0.3,
        "runs": 0.2,
        "blocks": 0.2,
        "future": 0.1,
        "columns": 0.08,
        "elsewhere": 0.1,
        "everything": 0.02,
    }
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **LatentDiffusion._parameter_constraints,
        "n_samples": [Interval(Integral, 0, None, closed="left")],
        "add_indicator": ["boolean"],
    }

    def __init__(
        self,
        window_length: int | None = None,
        *,
        n_samples: int = 0,
        add_indicator: bool = False,
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
        self.n_samples = n_samples
        self.add_indicator = add_indicator
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
        """Learn the distribution of windows from what is observed of them.

        Parameters
        ----------
        X : array-like, list or DataFrame
            One series (2-D array, or frame with a plain index; rows are time steps), a panel of
            equal lengths (3-D array), or a ragged panel (list, or frame with a (series, time)
            index). Columns of any type; NaN, None, NaT or NA where nothing was observed.
        y : None
            Not used.

        Returns
        -------
        self : object
            The fitted imputer.

        Raises
        ------
        ValueError
            If a column has no observed cell, a cell is infinite, or parameters do not fit
            together.
        """
        with all_or_nothing(self):
            panel = self._fit_flow(X)
            gaps = ~panel.observed if panel.has_missing else np.zeros((1, panel.n_channels), bool)
            self.indicator_columns_ = np.flatnonzero(gaps.any(axis=0))
        return self

    def transform(self, X: Any, *, return_std: bool = False) -> Any:
        """Fill the missing cells of `X`.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Columns as in `fit`, in any container.
        return_std : bool, default=False
            Whether to return how sure the answer is as well, from `n_samples` draws; 20 if that
            is 0.

        Returns
        -------
        X_filled : ndarray, list or DataFrame
            Of the container, types and index of `X`; observed cells are what they were.
        std : ndarray, list or DataFrame
            Only with `return_std`: standard deviation of the draws of each missing number (of
            stamps and durations in seconds), share of the draws that disagree with the chosen
            level; 0 of observed cells.
        """
        check_is_fitted(self)
        panel = self._check_again(X)
        seed = self._repeated_seed()
        if not panel.has_missing:
            filled: Any = panel.values.copy()
            spread: Any = np.zeros(filled.shape)
        else:
            rows = self._rows(panel)
            features = self._fill_rows(rows, self.n_samples, seed)
            filled = put_missing(panel, self._decode(self._middle(features), seed))
            spread = self._spread(panel, filled, rows, features) if return_std else None
        result = self._hand_back(panel, filled)
        return (result, restore_rows(spread, panel)) if return_std else result

    def sample_imputations(
        self, X: Any, n_samples: int = 1, *, random_state: Any = None
    ) -> list[Any]:
        """Draw fillings of the missing cells, each with all cells of a series drawn jointly.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Columns as in `fit`, in any container.
        n_samples : int, default=1
            Number of fillings, at least 1.
        random_state : int, RandomState or None, default=None
            Seed of the draws; None is that of the fitted imputer.

        Returns
        -------
        fillings : list of length n_samples
            Each of the container, types and index of `X`.
        """
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        panel, seed = self._check_again(X), self._repeated_seed(random_state)
        if not panel.has_missing:
            return [restore_rows(panel.values.copy(), panel) for _ in range(n_samples)]
        features = self._fill_rows(self._rows(panel), n_samples, seed)
        return [
            restore_rows(put_missing(panel, self._decode(drawn, seed + number)), panel)
            for number, drawn in enumerate(features)
        ]

    def inverse_transform(self, X: Any) -> Any:
        """Return `X` itself: filling cells changes no others.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Filled data.

        Returns
        -------
        X : array-like, list or DataFrame
            The same, without the columns of `add_indicator`.
        """
        if not self.add_indicator:
            return X
        if isinstance(X, pd.DataFrame):
            return X.iloc[:, : self.spec_.n_channels]
        if isinstance(X, list):
            return [self.inverse_transform(series) for series in X]
        return np.asarray(X)[..., : self.spec_.n_channels]

    def _spread(self, panel: Panel, filled: Any, rows: Rows, features: np.ndarray) -> np.ndarray:
        """Tell how far draws are apart: those that the answer is from, if there are any."""
        seed = self._repeated_seed()
        if self.n_samples < 2:
            features = self._fill_rows(rows, self._n_scored_draws, seed)
        draws = (self._decode(drawn, seed + number) for number, drawn in enumerate(features))
        return spread_of(panel, draws, filled)

    @property
    def _n_scored_draws(self) -> int:
        return max(2, self.n_samples) if self.n_samples else _N_DRAWS

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of the output.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns; None means those of `fit`, or x0, x1, ... .

        Returns
        -------
        names : ndarray of str, object
        """
        names = super().get_feature_names_out(input_features)
        if not self.add_indicator:
            return names
        further = [f"missingindicator_{names[i]}" for i in self.indicator_columns_]
        return np.concatenate([names, np.array(further, dtype=object)])

    def _middle(self, features: np.ndarray) -> np.ndarray:
        """Sum draws up: medians of numbers, shares of levels."""
        if len(features) == 1:
            return features[0]
        middle = np.median(features, axis=0)
        is_level = self.network_.codes.is_level.numpy(force=True)
        middle[:, is_level] = features[:, :, is_level].mean(axis=0)
        return middle

    def _hand_back(self, panel: Panel, filled: Any) -> Any:
        if not self.add_indicator:
            # Fitted to an array, the columns of a frame are x0, x1, ...
            names = None if self.spec_.has_frames else self.get_feature_names_out()
            return restore_rows(filled, panel, columns=names)
        flags = (~panel.observed)[:, self.indicator_columns_]
        is_float = isinstance(filled, np.ndarray) and filled.dtype.kind == "f"
        flags = flags.astype(filled.dtype if is_float else np.float64)
        if not isinstance(filled, pd.DataFrame) and not panel.spec.has_frames:
            return restore_rows(np.concatenate([filled, flags], axis=1), panel)
        table = pd.DataFrame(filled)
        names = self.get_feature_names_out()
        wide = pd.concat([table, pd.DataFrame(flags, index=table.index)], axis=1)
        return restore_rows(wide.set_axis(names, axis=1), panel, columns=pd.Index(names))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
