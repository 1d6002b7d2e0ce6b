"""A generator that joins stretches of its training data: a stand-in with the same methods."""

from typing import Any, Self

import numpy as np

from tests.benchmarks._data import Array, block_bootstrap


class JoiningGenerator:
    """Block bootstrap with the methods that the tables call.

    Parameters
    ----------
    window_length : int
        Four times the steps of a block.
    random_state : int
        Seed of `sample`.
    step : float
        Values are rounded to multiples of it by `tokenize`.
    """

    def __init__(self, *, window_length: int = 24, random_state: int = 0, step: float = 0.5):
        self.window_length, self.random_state, self.step = window_length, random_state, step

    def fit(self, X: list[Array]) -> Self:
        """Keep the stretches."""
        self.segments_ = X
        return self

    def sample(self, n_samples: int, *, length: int, random_state: int) -> list[Array]:
        """Join blocks drawn from anywhere."""
        block = max(2, self.window_length // 4)
        return list(block_bootstrap(self.segments_, n_samples, length, block, random_state))

    def score(self, X: list[Array]) -> float:
        """Return the mean log-density per step of independent normal cells."""
        rows = np.concatenate(X)
        spread = np.concatenate(self.segments_).std(0)
        return float(-0.5 * np.square(rows / spread).sum(1).mean())

    def tokenize(self, X: Array) -> Any:
        """Round to whole steps."""
        return np.rint(X / self.step).astype(np.int64)

    def detokenize(self, tokens: Any) -> Array:
        """Undo `tokenize` up to rounding."""
        return tokens * self.step
