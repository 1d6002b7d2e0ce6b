"""Imputation of a table with discrete columns: numbers and levels are never mixed in one figure."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.metrics import balanced_error, crps, error_rate, level_log_loss, mae, rmse
from tests.benchmarks._data import SHARED
from tests.benchmarks._imputers import BASELINES, N_DRAWS, answers_of
from tests.benchmarks._masks import Mask, digest, hide
from tests.benchmarks._rows import Row

Array = NDArray[np.float64]
LEVELS = ["season", "workingday", "weathersit"]
NUMBERS = ["temp", "hum", "windspeed", "casual", "registered"]
WINDOW = 48


class MixedTask(NamedTuple):
    """One pattern and seed: what to learn from, what to fill, and what was hidden."""

    train: pd.DataFrame
    holed: pd.DataFrame
    whole: pd.DataFrame
    hidden: Mask  # (row, column)
    scale: Array  # standard deviation of the observed training cells, 1 for levels


class OneHot:
    """Let an imputer of numbers fill a table: one column a level, the largest wins."""

    def __init__(self, imputer: Any) -> None:
        self.imputer = imputer

    def fit(self, X: pd.DataFrame) -> Self:
        """Learn units and the imputer."""
        numbers = X[NUMBERS]
        self.mean_, self.std_ = numbers.mean(), numbers.std()
        self.imputer.fit(self._features(X))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Fill what is missing."""
        return self._table(self.imputer.transform(self._features(X)), X)

    def _features(self, X: pd.DataFrame) -> Array:
        parts = [((X[NUMBERS] - self.mean_) / self.std_).to_numpy(np.float64)]
        for column in LEVELS:
            codes = X[column].cat.codes.to_numpy()[:, None]
            hot = (codes == np.arange(len(X[column].cat.categories))).astype(np.float64)
            parts.append(np.where(codes < 0, np.nan, hot))
        return np.concatenate(parts, axis=1).reshape(-1, WINDOW, sum(p.shape[1] for p in parts))

    def _table(self, filled: Array, X: pd.DataFrame) -> pd.DataFrame:
        flat = filled.reshape(len(X), -1)
        out = X.copy()
        out[NUMBERS] = X[NUMBERS].fillna(
            pd.DataFrame(flat[:, : len(NUMBERS)], X.index, NUMBERS) * self.std_ + self.mean_
        )
        start = len(NUMBERS)
        for column in LEVELS:
            categories = X[column].cat.categories
            best = flat[:, start : start + len(categories)].argmax(1)
            guessed = pd.Series(pd.Categorical.from_codes(best, dtype=X[column].dtype), X.index)
            out[column] = X[column].fillna(guessed)
            start += len(categories)
        return out


def mixed_imputation(
    patterns: tuple[str, ...],
    seeds: tuple[int, ...],
    make: dict[str, Callable[[int], Any]],
    *,
    has_baselines: bool = True,
    is_smoke: bool = False,
) -> Iterator[tuple[str, int, str, Row]]:
    """Yield pattern, seed, name and figures of every method."""
    wrapped = {name: _one_hot(rule) for name, rule in BASELINES.items()} if has_baselines else {}
    for pattern in patterns:
        for seed in seeds:
            task = mixed_task(pattern, seed, n_windows=20 if is_smoke else None)
            for name, maker in (wrapped | make).items():
                for answer, figures in _measured(maker(seed), task):
                    yield pattern, seed, f"{name}{answer}", figures


def _one_hot(rule: Callable[[int], Any]) -> Callable[[int], OneHot]:
    return lambda seed: OneHot(rule(seed))


def mixed_task(pattern: str, seed: int, *, n_windows: int | None = None) -> MixedTask:
    """Hide cells of the first four and of the last fifth of the windows."""
    table = load_bikes()
    n = len(table) // WINDOW
    n_train = int(0.8 * n)
    parts = [(0, n_train), (n_train, n)]
    frames = [table[WINDOW * a : WINDOW * b][: n_windows and WINDOW * n_windows] for a, b in parts]
    masks = [_hidden(frame, pattern, 10 * seed + i) for i, frame in enumerate(frames)]
    train, holed = (frame.mask(mask) for frame, mask in zip(frames, masks, strict=True))
    scale = np.append(train[NUMBERS].std().to_numpy(), np.ones(len(LEVELS)))
    return MixedTask(train, holed, frames[1], masks[1], scale)


def _hidden(frame: pd.DataFrame, pattern: str, seed: int) -> Mask:
    shape = (len(frame) // WINDOW, WINDOW, frame.shape[1])
    return hide(np.ones(shape, dtype=bool), pattern, seed).reshape(-1, frame.shape[1])


def load_bikes() -> pd.DataFrame:
    """Return hourly bike rentals with their weather, as a panel of windows of 48 rows."""
    frame = pd.read_csv(SHARED / "data" / "bike_sharing_hour.csv.gz")
    table = frame[NUMBERS].astype(np.float64).join(frame[LEVELS].astype("category"))
    n = len(table) // WINDOW
    index = pd.MultiIndex.from_product([range(n), range(WINDOW)], names=["window", "step"])
    return table[: n * WINDOW].set_axis(index, axis=0)


def _measured(imputer: Any, task: MixedTask) -> Iterator[tuple[str, Row]]:
    """Figures of the answer of an imputer, and of others that it can give."""
    started = time.process_time()
    imputer.fit(task.train)
    fit_s = time.process_time() - started
    for answer, n_samples in answers_of(imputer).items():
        if n_samples is not None:
            imputer.set_params(n_samples=n_samples)
        started = time.process_time()
        filled = imputer.transform(task.holed)
        took = {"fit_cpu_s": fit_s, "impute_cpu_s": time.process_time() - started}
        figures = _errors(task, filled) | took
        if not answer and hasattr(imputer, "sample_imputations"):
            draws = list(imputer.sample_imputations(task.holed, N_DRAWS))
            figures["crps"] = crps(task.whole, draws, scale=task.scale, targets=task.hidden)
            figures["log_loss"] = level_log_loss(task.whole, draws, targets=task.hidden)
        yield answer, figures


def _errors(task: MixedTask, filled: pd.DataFrame) -> Row:
    asked = {"targets": task.hidden}
    return {
        "mae": mae(task.whole, filled, scale=task.scale, **asked),
        "rmse": rmse(task.whole, filled, scale=task.scale, **asked),
        "error_rate": error_rate(task.whole, filled, **asked),
        "balanced_error": balanced_error(task.whole, filled, **asked),
        "mask": digest(task.hidden),
        "n_windows": len(task.whole) // WINDOW,
    }
