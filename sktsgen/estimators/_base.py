"""What every generator does alike: lengths, classes, seeds, streams of batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted

from sktsgen.data import Panel, PanelSpec
from sktsgen.decoding import class_draws, entropy_of
from sktsgen.estimators._draw import check_count, class_indices, labels_of
from sktsgen.estimators._fitted import FittedNetworks


class BaseGenerator(FittedNetworks, DensityMixin, BaseEstimator):
    """Base of all generators; subclasses add `fit`, `sample`, `score` and `_sample`."""

    classes_: np.ndarray | None
    class_prior_: np.ndarray
    spec_: PanelSpec
    window_length_: int

    @abstractmethod
    def _sample(
        self,
        n_samples: int,
        *,
        first: int = 0,
        length: int | None,
        random_state: Any = None,
        **options: Any,
    ) -> Any:
        """Draw series number `first` and after, in the container of `fit`."""

    def _learn_default_length(self, panel: Panel) -> None:
        longest = int(panel.lengths.max())
        is_equal = panel.n_series > 1 and (panel.lengths == longest).all()
        self.default_length_ = longest if is_equal else self.window_length_

    def _learn_classes(self, panel: Panel, y: Any) -> np.ndarray:
        none = np.zeros(panel.n_series, dtype=np.int64)
        self.classes_, self.class_prior_ = None, np.ones(1)
        if y is None or panel.spec.is_single:
            return none
        y = labels_of(panel, y)
        if pd.isna(y).any():
            first = int(np.flatnonzero(pd.isna(y))[0])
            raise ValueError(
                f"y has the missing label {y[first]!r} for series {first}; give every series a "
                f"label, or no y."
            )
        try:
            found = np.unique(y, return_inverse=True, return_counts=True)
        except TypeError as error:
            kinds = sorted({type(label).__name__ for label in y.tolist()})
            raise TypeError(
                f"y has labels of the types {kinds}, which cannot be sorted; give labels of one "
                f"type, for example y.astype(str)."
            ) from error
        self.classes_, labels, counts = found
        self.class_prior_ = counts / counts.sum()
        return labels

    def _labels_to_draw(
        self, y: Any, numbers: np.ndarray, seed: int, probabilities: np.ndarray | None = None
    ) -> np.ndarray:
        """Index of the class of each series, as `y` says.

        Without `y` classes are drawn, from `probabilities` of shape (n_series, n_classes) or as
        often as in training.
        """
        if self.classes_ is None:
            if y is not None:
                raise ValueError(
                    f"y={y!r} was given, but fit saw no labels; fit with y, or leave it out."
                )
            return np.zeros(len(numbers), dtype=np.int64)
        if y is None:
            if probabilities is None:
                probabilities = np.tile(self.class_prior_, (len(numbers), 1))
            return class_draws(probabilities, seed, numbers)
        y = np.asarray(y)
        if y.ndim > 1 or (y.ndim and len(y) != len(numbers)):
            raise ValueError(
                f"y has shape {y.shape} and {len(numbers)} series are drawn; give one label for "
                f"each, or a single one for all."
            )
        return np.broadcast_to(class_indices(y, self.classes_), numbers.shape)

    def sample_batches(
        self,
        n_samples: int,
        *,
        batch_size: int,
        length: int | None = None,
        random_state: Any = None,
    ) -> Iterator[Any]:
        """Draw series batch by batch, in bounded memory.

        Classes, histories, starts and columns that are given are for `sample`.

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

    def _seed(self, random_state: Any) -> int:
        return entropy_of(self.random_state if random_state is None else random_state)

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
