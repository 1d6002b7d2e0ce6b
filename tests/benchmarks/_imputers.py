"""Imputers to compare with: simple rules, and scikit-learn's regression."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
N_DRAWS = 20


class ColumnMean:
    """The mean of each channel in training."""

    def fit(self, X: Array) -> Self:
        """Learn the means; X is (window, time, channel) with NaN where missing."""
        self.mean_ = np.nanmean(X, axis=(0, 1))
        return self

    def transform(self, X: Array) -> Array:
        """Fill what is missing."""
        return np.where(np.isnan(X), self.mean_, X)


class LastValue(ColumnMean):
    """The last value before the gap; the next one after it where there is none before."""

    def transform(self, X: Array) -> Array:
        """Fill what is missing."""
        forward = _carried(X)
        backward = _carried(forward[:, ::-1])[:, ::-1]
        return super().transform(backward)


def _carried(X: Array) -> Array:
    """Carry values over the gaps after them."""
    last = np.where(np.isnan(X), -1, np.arange(X.shape[1])[:, None])
    last = np.maximum.accumulate(last, axis=1)
    return np.where(last < 0, np.nan, np.take_along_axis(X, last.clip(0), axis=1))


class LinearInterpolation(ColumnMean):
    """A line across the gap; the nearest value beyond the ends."""

    def transform(self, X: Array) -> Array:
        """Fill what is missing."""
        filled = X.copy()
        steps = np.arange(X.shape[1])
        for i, c in np.argwhere(np.isnan(X).any(1) & ~np.isnan(X).all(1)):
            gap = np.isnan(X[i, :, c])
            filled[i, gap, c] = np.interp(steps[gap], steps[~gap], X[i, ~gap, c])
        return super().transform(filled)


class Regression:
    """scikit-learn's IterativeImputer on single rows: each channel from the others."""

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: Array) -> Self:
        """Learn the regressions."""
        self.imputer_ = self._imputer(sample_posterior=False).fit(_rows(X))
        self.sampler_ = self._imputer(sample_posterior=True).fit(_rows(X))
        return self

    def transform(self, X: Array) -> Array:
        """Fill what is missing."""
        return self.imputer_.transform(_rows(X)).reshape(X.shape)

    def sample_imputations(self, X: Array, n_samples: int) -> Array:
        """Fill with draws from the regressions' posterior: (draw, window, time, channel)."""
        return np.stack(
            [self.sampler_.transform(_rows(X)).reshape(X.shape) for _ in range(n_samples)]
        )

    def _imputer(self, *, sample_posterior: bool) -> Any:
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer

        return IterativeImputer(
            sample_posterior=sample_posterior,
            keep_empty_features=True,
            max_iter=20,
            tol=1e-2,
            random_state=self.random_state,
        )


def _rows(X: Array) -> Array:
    return X.reshape(-1, X.shape[-1])


BASELINES = {
    "linear interpolation": lambda seed: LinearInterpolation(),
    "last value": lambda seed: LastValue(),
    "column mean": lambda seed: ColumnMean(),
    "IterativeImputer": Regression,
}


def answers_of(imputer: Any) -> dict[str, int | None]:
    """Numbers of draws behind the answers to measure, the default first."""
    default = getattr(imputer, "n_samples", None)
    others = {", one pass": 0, ", one draw": 1, f", median of {N_DRAWS} draws": N_DRAWS}
    found = {name: n for name, n in others.items() if default is not None and n != default}
    return {"": default, **found}
