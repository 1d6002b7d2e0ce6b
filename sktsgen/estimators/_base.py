"""What every generator does alike: sampling, scoring, files."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sktsgen import persistence
from sktsgen.data import Panel, Windows, check_panel, split_windows
from sktsgen.decoding import class_draws, entropy_of
from sktsgen.estimators._calibration import (
    calibrate_innovations,
    data_variance,
    n_calibrating,
)
from sktsgen.estimators._draw import Draw, check_count, with_sample_level
from sktsgen.estimators._scoring import ScoringMixin
from sktsgen.exceptions import OutOfMemoryError
from sktsgen.nn import MixtureEmission, Network
from sktsgen.training import resolve_device

# Series drawn together: large enough for efficient products, small enough for the caches.
_CHUNK = 1000
# Time steps of a batch of "auto" size.
_STEPS_PER_BATCH = 1536


class BaseGenerator(ScoringMixin, DensityMixin, BaseEstimator):
    """Base of all generators; subclasses add `fit`, `_draw_features` and `_log_density`."""

    @abstractmethod
    def _draw_features(self, draw: Draw) -> Tensor:
        """Features of the series of `draw`, (n_series, length, n_features)."""

    def _check_training_data(self, X: Any, y: Any) -> tuple[Panel, np.ndarray]:
        """Panel, and class of every series; sets what is learnt from the input alone."""
        leave = self._takes_tables
        panel = check_panel(X, estimator=self, reset=True, mixed=leave, missing=leave)
        labels = self._learn_classes(panel, y)
        device = resolve_device(self.device)
        longest = int(panel.lengths.max())
        asked = 96 if self.window_length is None else self.window_length
        self.window_length_ = min(asked, longest)
        equal = panel.n_series > 1 and (panel.lengths == longest).all()
        self.default_length_ = longest if equal else self.window_length_
        self.device_ = str(device)
        return self._learn_table(panel, labels), labels

    def _windows(self, panel: Panel) -> tuple[Windows, Windows]:
        """Training and validation windows over the same feature rows."""
        rows = (self._feature_rows(panel, self._torch_device()),)
        fraction = self.validation_fraction if self.early_stopping else 0.0
        starts = split_windows(panel.lengths, self.window_length_, fraction)
        train, held_out = (
            Windows(rows, panel.lengths, self.window_length_, starts=part) for part in starts
        )
        return train, held_out

    def _batch_size(self) -> int:
        if self.batch_size == "auto":
            return max(8, _STEPS_PER_BATCH // self.window_length_)
        return int(self.batch_size)

    def _calibrate(self, emission: MixtureEmission | None, windows: Windows, seed: int) -> None:
        """Bring the size of steps in free draws to that in `windows`."""
        length = self.window_length_
        if emission is None or not emission.numbers or length < 2:
            return
        plan = self._plan(n_calibrating(windows), 0, length, None, None, seed, {})
        calibrate_innovations(emission, lambda: self._run(plan, None), data_variance(windows))

    def _learn_classes(self, panel: Panel, y: Any) -> np.ndarray:
        none = np.zeros(panel.n_series, dtype=np.int64)
        self.classes_, self.class_prior_ = None, np.ones(1)
        if y is None or panel.spec.container in ("array_2d", "frame"):
            return none
        y = np.asarray(y)
        if y.shape != (panel.n_series,):
            raise ValueError(
                f"y has shape {y.shape} and X has {panel.n_series} series; give one class label "
                f"per series, or no y."
            )
        if pd.isna(y).any():
            first = int(np.flatnonzero(pd.isna(y))[0])
            raise ValueError(
                f"y has the missing label {y[first]!r} for series {first}; give every series a "
                f"label, or no y."
            )
        self.classes_, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
        self.class_prior_ = counts / counts.sum()
        return labels

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
        **options: Any,
    ) -> Any:
        """Draw series number `first` and after, in the container of `fit`."""
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        histories = None if prefix is None else self._read(prefix)
        draw = self._plan(n_samples, first, length, y, histories, random_state, options)
        after = self._last_stamps(histories, n_samples, start)
        features = self._run(draw, n_jobs)
        return self._hand_out(features, draw, first=first, start=start, after=after)

    def _hand_out(
        self, features: np.ndarray, draw: Draw, *, first: int, start: Any, after: Any
    ) -> Any:
        """Features of drawn series, from number `first` on, in the container of `fit`."""
        ids = self._series_ids(first, len(features))
        return self._restore_drawn(features, draw, start=start, after=after, series_ids=ids)

    def sample_batches(
        self,
        n_samples: int,
        *,
        batch_size: int,
        length: int | None = None,
        random_state: Any = None,
    ) -> Iterator[Any]:
        """Draw series batch by batch, in bounded memory.

        Parameters
        ----------
        n_samples : int
            Number of series in all, at least 1.
        batch_size : int
            Series per batch, at least 1; the last batch may have fewer.
        length : int or None, default=None
            Time steps of each series, as in `sample`.
        random_state : int, RandomState or None, default=None
            As in `sample`.

        Yields
        ------
        X : ndarray, list or DataFrame
            The next series; all together are what ``sample(n_samples)`` gives.
        """
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        check_count("batch_size", batch_size)
        seed = self._seed(random_state)
        return (
            self._sample(
                min(batch_size, n_samples - first), first=first, length=length, random_state=seed
            )
            for first in range(0, n_samples, batch_size)
        )

    def _forecast(
        self, X: Any, horizon: int, n_samples: int, *, y: Any = None, **options: Any
    ) -> Any:
        """Futures of `X`: an array with an axis of samples, or a frame with a level of them."""
        check_count("horizon", horizon)
        panel = self._read(X)
        if y is not None and np.ndim(y):
            y = np.repeat(y, n_samples)
        futures = self._sample(n_samples, length=horizon, y=y, prefix=panel, **options)
        is_single = panel.n_series == 1 and panel.spec.container in ("array_2d", "frame")
        if isinstance(futures, pd.DataFrame):
            return with_sample_level(futures, panel, n_samples, horizon, is_single)
        if isinstance(futures, np.ndarray):
            shape = (panel.n_series, n_samples, *futures.shape[1:])
            return futures if is_single else futures.reshape(shape)
        firsts = range(0, len(futures), n_samples)
        return [futures[first : first + n_samples] for first in firsts]

    def _plan(
        self,
        n_samples: int,
        first: int,
        length: int | None,
        y: Any,
        histories: Panel | None,
        random_state: Any,
        options: dict[str, Any],
    ) -> Draw:
        length = self.default_length_ if length is None else length
        check_count("length", length)
        n_histories = 1 if histories is None else histories.n_series
        history_of = np.repeat(np.arange(n_histories), n_samples)
        # Each history has its own numbers, so that more samples of one leave the others alone.
        numbers = history_of * 2**32 + np.tile(np.arange(first, first + n_samples), n_histories)
        seed = self._seed(random_state)
        labels = self._labels_to_draw(y, numbers, seed, histories)
        past: tuple[np.ndarray, ...] = ()
        known = None
        if histories is not None:
            given, known = self._given(histories), self._split(histories)[1]
            past = tuple(given.series(i).numpy() for i in range(n_histories))
        static = self._static_of(seed, numbers, labels, known, history_of)
        return Draw(seed, numbers, length, labels, past, history_of, options, *static)

    def _run(self, draw: Draw, n_jobs: int | None) -> np.ndarray:
        n_workers = 1 if n_jobs is None else effective_n_jobs(n_jobs)
        # Every worker gets a part, also where one would draw all series together.
        parts = draw.parts(min(_CHUNK, -(-len(draw.numbers) // n_workers)))
        if n_workers == 1 or len(parts) == 1:
            drawn = [self._draw_part(part) for part in parts]
        else:
            drawn = Parallel(n_jobs=n_jobs)(delayed(self._draw_part)(part) for part in parts)
        return np.concatenate(drawn)

    def _draw_part(self, draw: Draw) -> np.ndarray:
        try:
            with torch.inference_mode():
                return self._draw_features(draw).numpy(force=True)
        except torch.OutOfMemoryError as error:
            if len(draw.numbers) == 1:
                raise OutOfMemoryError(
                    f"One series of length={draw.length} does not fit into the memory of "
                    f"{self.device_}; lower length, or move the generator with to_device('cpu')."
                ) from error
        # Beyond the handler, which would keep what filled the memory alive.
        halves = draw.parts(-(-len(draw.numbers) // 2))
        return np.concatenate([self._draw_part(half) for half in halves])

    def _seed(self, random_state: Any) -> int:
        return entropy_of(self.random_state if random_state is None else random_state)

    def _labels_to_draw(
        self, y: Any, numbers: np.ndarray, seed: int, histories: Panel | None
    ) -> np.ndarray:
        if self.classes_ is None:
            if y is not None:
                raise ValueError(
                    f"y={y!r} was given, but fit saw no labels; fit with y, or leave it out."
                )
            return np.zeros(len(numbers), dtype=np.int64)
        if y is None:
            prior = np.tile(self.class_prior_, (len(numbers), 1))
            if histories is not None:
                posterior = self._class_posterior(histories)
                prior = posterior.repeat(len(numbers) // histories.n_series, axis=0)
            return class_draws(prior, seed, numbers)
        y = np.asarray(y)
        if y.ndim and len(y) != len(numbers):
            raise ValueError(
                f"y has {len(y)} labels for {len(numbers)} series; give one label for each, or a "
                f"single one for all."
            )
        return np.broadcast_to(self._indices_of(y), numbers.shape)

    def _last_stamps(self, histories: Panel | None, n_samples: int, start: Any) -> Any:
        if histories is None or histories.last_stamps is None or start is not None:
            return None
        has_stamps = self.spec_.has_frames and self.spec_.time.kind != "none"
        return histories.last_stamps.repeat(n_samples) if has_stamps else None

    def _series_ids(self, first: int, n_series: int) -> Any:
        if not first or self.spec_.container not in ("frame", "panel_frame"):
            return None
        numbers = range(first, first + n_series)
        dtype = self.spec_.series_dtype
        if dtype is None or pd.api.types.is_integer_dtype(dtype):
            return numbers
        return [str(number) for number in numbers]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted generator to one file; `sktsgen.load` reads it and executes nothing.

        Parameters
        ----------
        path : path-like
            Name of the file. A file of that name is replaced once the new one is whole.
        """
        check_is_fitted(self)
        persistence.save_estimator(self, path)

    def to_device(self, device: str) -> Self:
        """Move the fitted networks.

        Parameters
        ----------
        device : str
            As the parameter `device`.

        Returns
        -------
        self : object
            The generator itself.
        """
        check_is_fitted(self)
        self.device_ = str(resolve_device(device))
        for value in vars(self).values():
            if isinstance(value, Network):
                value.to(self.device_)
        return self

    def _torch_device(self) -> torch.device:
        return torch.device(self.device_)

    def __getstate__(self) -> dict[str, Any]:
        # Numpy and builtins only: a pickle made on a GPU opens on a machine without one.
        return {
            name: value.to_plain() if isinstance(value, Network) else value
            for name, value in vars(self).items()
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            is_network = isinstance(value, dict) and "__module__" in value
            setattr(self, name, Network.from_plain(value).frozen() if is_network else value)
        if "device_" in state:
            self.to_device(_device_here(state["device_"]))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self._takes_tables
        return tags


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Put an estimator back as it was if the block fails: no half-fitted one is left."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _device_here(device: str) -> str:
    """Return the device a model was on, or the processor where that is missing."""
    try:
        resolve_device(device)
    except ValueError:
        return "cpu"
    return device
