"""Density of data under a fitted generator, series by series."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sktsgen.data import Panel
from sktsgen.estimators._draw import labels_to_score
from sktsgen.estimators._tables import Given, TableMixin

# Time steps, padding included, that are worked on together.
_STEPS = 2**14


class ScoringMixin(TableMixin):
    """`score` and `score_samples` for generators that know a density."""

    classes_: np.ndarray | None
    class_prior_: np.ndarray
    device_: str

    @abstractmethod
    def _log_density(
        self, features: Tensor, labels: Tensor, observed: Tensor, static: Tensor | None = None
    ) -> Tensor:
        """Log density of every time step of a padded batch, (n_series, n_timesteps)."""

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log density per time step, in the units of the data; higher is better.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series to score, in any container that `fit` takes.
        y : array-like of shape (n_series,) or None, default=None
            Class labels; None averages over the classes.

        Returns
        -------
        score : float
            Natural logarithm of the density, summed over channels, averaged over all time steps
            of all series. Levels, integers and gaps count by their probability, floats and stamps
            by their density; where floats that often stay as they were do so, by the probability of
            it. A level that `fit` did not meet counts as one cell among all that it saw. Constant
            and static columns take no part.
        """
        panel, rows = self._score_rows(X, y)
        return float(rows.sum() / panel.n_rows)

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """Log density of every row of one series, or of every series of a panel.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series to score, in any container that `fit` takes.
        y : array-like of shape (n_series,) or None, default=None
            Class labels; None averages over the classes.

        Returns
        -------
        log_density : ndarray of shape (n_timesteps,) or (n_series,)
            For one series (2-D array or frame) log p(x_t | x_<t) of each row; for a panel the
            sum over the time steps of each series. Tokens of `MultiScaleARGenerator` stand for
            windows: its rows share out what a window is worth, and know the rows after them in it.
        """
        return totals(*self._score_rows(X, y))

    def _score_rows(self, X: Any, y: Any) -> tuple[Panel, np.ndarray]:
        check_is_fitted(self)
        panel = self._read(X)
        given = self._given(panel)
        slopes = self._slope_rows(given)
        if self.classes_ is None or (y is not None and not panel.spec.is_single):
            return panel, self._density_rows(
                given, labels_to_score(y, self.classes_, panel)
            ) + slopes
        per_class = [
            self._density_rows(given, np.full(panel.n_series, label))
            for label in range(len(self.class_prior_))
        ]
        return panel, self._average_classes(np.stack(per_class), panel) + slopes

    def _average_classes(self, per_class: np.ndarray, panel: Panel) -> np.ndarray:
        """Density of each row given the rows before it, with the class unknown at the start."""
        rows = np.empty(per_class.shape[1])
        log_prior = np.log(self.class_prior_)[:, None]
        for first, last in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
            joint = np.cumsum(per_class[:, first:last], axis=1)
            total = np.logaddexp.reduce(joint + log_prior, axis=0)
            rows[first:last] = np.diff(total, prepend=0.0)
        return rows

    def _class_posterior(self, histories: Panel) -> np.ndarray:
        """Probability of every class given each history, (n_series, n_classes)."""
        given = self._given(histories)
        joint = np.stack(
            [
                np.add.reduceat(
                    self._density_rows(given, np.full(histories.n_series, label)),
                    histories.offsets[:-1],
                )
                for label in range(len(self.class_prior_))
            ],
            axis=1,
        ) + np.log(self.class_prior_)
        return np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))

    def _density_rows(self, given: Given, labels: np.ndarray) -> np.ndarray:
        """Log density of the features of every row."""
        offsets = given.offsets
        rows = np.empty(offsets[-1])
        for chosen in series_batches(given.lengths):
            lengths = given.lengths[chosen]
            series = [given.series(i) for i in chosen]
            features = torch.nn.utils.rnn.pad_sequence(series, batch_first=True)
            observed = np.arange(lengths.max()) < lengths[:, None]
            batch = [torch.tensor(part, device=self.device_) for part in (labels[chosen], observed)]
            if given.static.shape[1]:
                batch.append(torch.tensor(given.static[chosen], device=self.device_))
            with torch.inference_mode():
                density = self._log_density(features.to(self.device_), *batch).numpy(force=True)
            for i, number in enumerate(chosen):
                rows[offsets[number] : offsets[number + 1]] = density[i, : lengths[i]]
        return rows


def totals(panel: Panel, rows: np.ndarray) -> np.ndarray:
    """Values of every row of one series as they are, and of a panel their sum over each series."""
    if panel.spec.is_single:
        return rows
    return np.asarray(np.add.reduceat(rows, panel.offsets[:-1]))


def series_batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Numbers of series that are worked on together: of like length, so that little is padded.

    Parameters
    ----------
    lengths : ndarray of shape (n_series,)
        Time steps of each series.

    Yields
    ------
    chosen : ndarray of shape (n_chosen,)
        Every series comes once.
    """
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order]
    first = 0
    while first < len(order):
        within = np.searchsorted(ordered, 2 * ordered[first], side="right")
        fitting = first + max(1, _STEPS // int(ordered[first] * 2))
        last = min(within, fitting)
        yield order[first:last]
        first = last
