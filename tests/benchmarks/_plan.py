"""What one run of a benchmark is asked to do, and how long things took."""

import ast
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sktsgen.training import Trainer
from tests.benchmarks._data import Array, Split, split
from tests.benchmarks._rows import RESULTS, Row

# Of every estimator in a smoke run.
SMOKE_PARAMS: dict[str, Any] = {"max_epochs": 1, "trainer": Trainer(steps_per_epoch=20)}


@dataclass(frozen=True)
class Plan:
    """One benchmark run.

    Attributes
    ----------
    make : callable
        Build an estimator from keyword parameters.
    engine : str
        What its rows are called.
    params : dict
        Parameters other than the defaults, for every fit.
    lengths : sequence of int
        Time steps that samples of "speed" have; none is those of the table.
    budget : {"full", "smoke"}
        "smoke" cuts data, draws and judges down until all tables end within three minutes.
    has_references : bool
        Whether the real and the joined windows that stand beside a generator in "quality" and
        "literature" are judged; where they have been, they need not be again.
    fit_threads : int
        Threads while fitting; everything else runs on one.
    n_jobs : int
        Processes that train judges side by side.
    """

    make: Callable[..., Any]
    engine: str = "FactorizedARGenerator"
    dataset: str = "etth1"
    window: int = 24
    seeds: Sequence[int] = (0, 1, 2)
    judge_seeds: Sequence[int] = (0, 1, 2)
    params: dict[str, Any] = field(default_factory=dict)
    lengths: Sequence[int] = ()
    budget: str = "full"
    has_references: bool = True
    fit_threads: int = 1
    n_jobs: int = 1
    results: Path = RESULTS

    @property
    def is_smoke(self) -> bool:
        """Tell whether sizes are cut down."""
        return self.budget == "smoke"

    @property
    def judges(self) -> tuple[str, ...]:
        """Kinds of judge to train."""
        return () if self.is_smoke else ("gru-small", "gru-strong")

    def size(self, full: int, smoke: int) -> int:
        """Choose a size by the budget."""
        return smoke if self.is_smoke else full

    def split(self, window: int | None = None, dataset: str | None = None) -> Split:
        """Cut the data set; a smoke run sees its first rows only, two held-out blocks at least."""
        window = window or self.window
        return split(
            dataset or self.dataset,
            window,
            max_rows=self.size(10**9, max(3000, 20 * window)),
            max_series=self.size(10**9, 500 if (dataset or self.dataset) == "sines" else 10),
        )

    def fit(self, X: Any, *, seed: int, **params: Any) -> tuple[Any, Row]:
        """Fit an estimator; return it with its wall and CPU seconds."""
        given = self.params | params
        torch.set_num_threads(self.fit_threads)
        try:
            with stopwatch() as took:
                estimator = self.make(random_state=seed, **given).fit(X)
        finally:
            torch.set_num_threads(1)
        return estimator, {
            "fit_wall_s": took["wall_s"],
            "fit_cpu_s": took["cpu_s"],
            "fit_threads": self.fit_threads,
        }

    def row(self, table: str, name: str, **figures: Any) -> Row:
        """Name what was measured; figures of the call win."""
        params = {key: str(value) for key, value in self.params.items()}
        return {
            "table": table,
            "name": name,
            "dataset": self.dataset,
            "window": self.window,
            "budget": self.budget,
            "params": params,
        } | figures


@contextmanager
def stopwatch() -> Any:
    """Time the block in wall and CPU seconds."""
    took: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield took
    took |= {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def drawn(estimator: Any, n: int, length: int, seed: int) -> Array:
    """Draw series as one array of shape (n, length, n_channels), whatever `fit` was given."""
    return np.asarray(estimator.sample(n, length=length, random_state=seed), dtype=np.float64)


def estimator_class(name: str) -> Any:
    """Return an estimator of the library by name."""
    from sktsgen import estimators

    if name not in estimators.__all__:
        raise ValueError(f"{name!r} is no estimator; choose from {estimators.__all__}.")
    return getattr(estimators, name)


def setting(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE; a value that is no Python literal is text."""
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
