"""Imputation of a table with discrete columns: numbers and levels are never mixed in one figure."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.metrics import (
    balanced_error,
    crps,
    error_rate,
    interval_coverage,
    level_log_loss,
    mae,
    rmse,
)
from tests.benchmarks._data import SHARED
from tests.benchmarks._imputers import BASELINES, N_DRAWS, answers_of
from tests.benchmarks._masks import Mask, digest, hide
from tests.benchmarks._rows import Row

Array = NDArray[np.float64]
WINDOW = 48


class MixedTask(NamedTuple):
    """One pattern and seed: what to learn from, what to fill, and what was hidden."""

    train: pd.DataFrame
    holed: pd.DataFrame
    whole: pd.DataFrame
    hidden: Mask  # (row, column); cells that the data has
    scale: Array  # standard deviation of the observed training cells, 1 for levels


class OneHot:
    """Let an imputer of numbers fill a table: one column a level, the largest wins."""

    def __init__(self, imputer: Any) -> None:
        self.imputer = imputer

    def fit(self, X: pd.DataFrame) -> Self:
        """Learn columns, units and the imputer."""
        numbers = X[numbers_of(X)]
        self.levels_ = list(X.columns.difference(numbers.columns, sort=False))
        self.mean_, self.std_ = numbers.mean(), numbers.std().replace(0.0, 1.0)
        self.imputer.fit(self._features(X))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Fill what is missing."""
        return self._table(self.imputer.transform(self._features(X)), X)

    def sample_imputations(self, X: pd.DataFrame, n_samples: int) -> list[pd.DataFrame]:
        """Fill with draws, if the imputer has any; else once, with its answer."""
        if not hasattr(self.imputer, "sample_imputations"):
            return [self.transform(X)]
        draws = self.imputer.sample_imputations(self._features(X), n_samples)
        return [self._table(drawn, X) for drawn in draws]

    def _features(self, X: pd.DataFrame) -> Array:
        parts = [((X[self.mean_.index] - self.mean_) / self.std_).to_numpy(np.float64)]
        for column in self.levels_:
            codes = X[column].cat.codes.to_numpy()[:, None]
            hot = (codes == np.arange(len(X[column].cat.categories))).astype(np.float64)
            parts.append(np.where(codes < 0, np.nan, hot))
        return np.concatenate(parts, axis=1).reshape(-1, WINDOW, sum(p.shape[1] for p in parts))

    def _table(self, filled: Array, X: pd.DataFrame) -> pd.DataFrame:
        flat, numbers = filled.reshape(len(X), -1), self.mean_.index
        start = len(numbers)
        out = X.copy()
        out[numbers] = X[numbers].fillna(
            pd.DataFrame(flat[:, :start], X.index, numbers) * self.std_ + self.mean_
        )
        for column in self.levels_:
            categories = X[column].cat.categories
            best = flat[:, start : start + len(categories)].argmax(1)
            guessed = pd.Series(pd.Categorical.from_codes(best, dtype=X[column].dtype), X.index)
            out[column] = X[column].fillna(guessed)
            start += len(categories)
        return out


def numbers_of(X: pd.DataFrame) -> list[str]:
    """Name the columns of numbers."""
    return list(X.select_dtypes("number").columns)


def mixed_imputation(
    dataset: str,
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
            task = mixed_task(dataset, pattern, seed, n_windows=20 if is_smoke else None)
            for name, maker in (wrapped | make).items():
                for answer, figures in _measured(maker(seed), task, 2 if is_smoke else N_DRAWS):
                    yield pattern, seed, f"{name}{answer}", figures


def _one_hot(rule: Callable[[int], Any]) -> Callable[[int], OneHot]:
    return lambda seed: OneHot(rule(seed))


def mixed_task(dataset: str, pattern: str, seed: int, *, n_windows: int | None = None) -> MixedTask:
    """Hide cells of the first four and of the last fifth of the windows."""
    table = _in_windows(TABLES[dataset]())
    n = len(table) // WINDOW
    n_train = int(0.8 * n)
    parts = [(0, n_train), (n_train, n)]
    frames = [table[WINDOW * a : WINDOW * b][: n_windows and WINDOW * n_windows] for a, b in parts]
    masks = [_hidden(frame, pattern, 10 * seed + i) for i, frame in enumerate(frames)]
    train, holed = (frame.mask(mask) for frame, mask in zip(frames, masks, strict=True))
    deviations = train[numbers_of(train)].std().replace(0.0, 1.0)
    scale = deviations.reindex(train.columns, fill_value=1.0).to_numpy()
    return MixedTask(train, holed, frames[1], masks[1], scale)


def _hidden(frame: pd.DataFrame, pattern: str, seed: int) -> Mask:
    observed = frame.notna().to_numpy()
    windows = observed.reshape(-1, WINDOW, frame.shape[1])
    return hide(windows, pattern, seed).reshape(observed.shape)


def _in_windows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as a panel of windows that do not overlap."""
    n = len(table) // WINDOW
    index = pd.MultiIndex.from_product([range(n), range(WINDOW)], names=["window", "step"])
    return table[: n * WINDOW].set_axis(index, axis=0)


def _bikes() -> pd.DataFrame:
    """Hourly bike rentals with their weather."""
    frame = pd.read_csv(SHARED / "data" / "bike_sharing_hour.csv.gz")
    numbers = ["temp", "hum", "windspeed", "casual", "registered"]
    levels = ["season", "workingday", "weathersit"]
    return frame[numbers].astype(np.float64).join(frame[levels].astype("category"))


def _pm25() -> pd.DataFrame:
    """Hourly fine dust of Beijing with the weather; the dust has gaps of its own."""
    frame = pd.read_csv(SHARED / "data" / "beijing_pm25.csv.gz")
    numbers = ["pm2.5", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]
    return frame[numbers].astype(np.float64).join(frame[["cbwd"]].astype("category"))


TABLES = {"bikes": _bikes, "pm25": _pm25}


def _measured(imputer: Any, task: MixedTask, n_draws: int) -> Iterator[tuple[str, Row]]:
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
            draws = list(imputer.sample_imputations(task.holed, n_draws))
            figures |= _errors_of_draws(task, draws)
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


def _errors_of_draws(task: MixedTask, draws: list[pd.DataFrame]) -> Row:
    asked = {"targets": task.hidden}
    figures = {
        "crps": crps(task.whole, draws, scale=task.scale, **asked),
        "log_loss": level_log_loss(task.whole, draws, **asked),
        "n_draws": len(draws),
    }
    if len(draws) > 1:
        for percent in (50, 90):
            covered = interval_coverage(task.whole, draws, level=percent / 100, **asked)
            figures[f"coverage_{percent}"] = covered
    return figures
