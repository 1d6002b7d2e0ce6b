"""An honest little generator: independent normal cells, a mean for each class and channel."""

from numbers import Integral

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted

from sktsgen.data import check_panel, restore_panel
from sktsgen.persistence import register, save_estimator


def check_count(name, value):
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name}={value!r} must be a whole number of at least 1.")


@register
class ToyGenerator(DensityMixin, BaseEstimator):
    _prefix_stable_in_time = True

    def __init__(self, window_length=8, *, random_state=None):
        self.window_length = window_length
        self.random_state = random_state

    def fit(self, X, y=None):
        panel = check_panel(X, estimator=self, reset=True)
        single = panel.spec.container in ("array_2d", "frame")
        labels = np.zeros(panel.n_series, dtype=int) if y is None or single else np.asarray(y)
        if labels.shape != (panel.n_series,):
            raise ValueError(f"y has shape {labels.shape} and X has {panel.n_series} series.")
        self.has_labels_ = not single and y is not None
        self.classes_, of_series = np.unique(labels, return_inverse=True)
        of_rows = np.repeat(of_series, panel.lengths)
        self.means_ = np.stack([panel.values[of_rows == i].mean(0) for i in set(of_series)])
        self.scale_ = panel.values.std(axis=0) + 1e-3
        self.spec_ = panel.spec
        equal = panel.n_series > 1 and np.ptp(panel.lengths) == 0
        self.length_ = int(panel.lengths[0]) if equal else self.window_length
        return self

    def sample(
        self,
        n_samples=1,
        *,
        length=None,
        y=None,
        prefix=None,
        start=None,
        temperature=1.0,
        random_state=None,
        n_jobs=None,
    ):
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        if temperature <= 0:
            raise ValueError(f"temperature={temperature!r} must be above 0.")
        if prefix is not None:
            return self._continue(prefix, n_samples, length, random_state, start)
        values = self._draw(range(n_samples), length, y, random_state, n_jobs, temperature)
        return restore_panel(values, self.spec_, start=start)

    def forecast(self, X, horizon, *, n_samples=100, random_state=None):
        check_is_fitted(self)
        check_count("horizon", horizon)
        panel = check_panel(X, estimator=self)
        futures = self._continue(panel, n_samples, horizon, random_state)
        if isinstance(futures, np.ndarray):
            single = panel.spec.container == "array_2d"
            return futures if single else futures.reshape(panel.n_series, n_samples, horizon, -1)
        if isinstance(futures, list):
            firsts = range(0, len(futures), n_samples)
            return [futures[first : first + n_samples] for first in firsts]
        return self._with_samples(futures, panel, n_samples, horizon)

    def _with_samples(self, futures, panel, n_samples, horizon):
        ids = panel.series_ids.repeat(n_samples * horizon)
        sample = np.tile(np.repeat(np.arange(n_samples), horizon), panel.n_series)
        levels = [ids, sample, futures.index.get_level_values(1)]
        names = [futures.index.names[0], "sample", futures.index.names[1]]
        return futures.set_axis(pd.MultiIndex.from_arrays(levels, names=names))

    def _continue(self, prefix, n_samples, length, random_state, start=None):
        panel = check_panel(prefix, estimator=self)
        numbers = [2**32 * i + k for i in range(panel.n_series) for k in range(n_samples)]
        values = self._draw(numbers, length, None, random_state)
        last = np.repeat(panel.values[panel.offsets[1:] - 1], n_samples, axis=0)
        values = values + 0.5 * (last - self.means_.mean(0))[:, None]
        after = None if panel.last_stamps is None else panel.last_stamps.repeat(n_samples)
        return restore_panel(values, self.spec_, start=start, after=after)

    def sample_batches(self, n_samples, *, batch_size, length=None, random_state=None):
        check_is_fitted(self)
        check_count("batch_size", batch_size)
        starts = range(0, n_samples, batch_size)
        numbers = [range(first, min(first + batch_size, n_samples)) for first in starts]
        draws = (self._draw(part, length, None, random_state) for part in numbers)
        return (restore_panel(values, self.spec_) for values in draws)

    def score_samples(self, X, y=None):
        panel, rows = self._row_densities(X)
        if panel.spec.container in ("array_2d", "frame"):
            return rows
        return np.add.reduceat(rows, panel.offsets[:-1])

    def score(self, X, y=None):
        return float(self._row_densities(X)[1].mean())

    def save(self, path):
        save_estimator(self, path)

    def _row_densities(self, X):
        check_is_fitted(self)
        panel = check_panel(X, estimator=self)
        z = (panel.values - self.means_.mean(0)) / self.scale_
        return panel, -0.5 * (z**2 + np.log(2 * np.pi * self.scale_**2)).sum(axis=1)

    def _draw(self, numbers, length, y, random_state, n_jobs=None, temperature=1.0):
        length = self.length_ if length is None else length
        check_count("length", length)
        seed = self._seed(random_state)
        labels = self._labels(y, len(numbers))
        noise = Parallel(n_jobs=n_jobs)(
            delayed(self._noise)(seed, number, length) for number in numbers
        )
        return self.means_[labels][:, None] + temperature * self.scale_ * np.stack(noise)

    def _seed(self, random_state):
        seed = self.random_state if random_state is None else random_state
        return np.random.SeedSequence().entropy % 2**64 if seed is None else seed

    def _noise(self, seed, number, length):
        rng = np.random.Generator(np.random.Philox(key=[seed, number]))
        return rng.standard_normal((length, self.spec_.n_channels))

    def _labels(self, y, n_series):
        if y is None:
            return np.zeros(n_series, dtype=int)
        unknown = [label for label in y if label not in self.classes_]
        if unknown:
            raise ValueError(f"y has the label {unknown[0]}; fit saw {self.classes_}.")
        if len(y) != n_series:
            raise ValueError(f"y has {len(y)} labels for {n_series} series.")
        return np.searchsorted(self.classes_, y)
