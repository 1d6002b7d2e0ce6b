"""Forecasts of the later months of ETTh1, beside simple rules with honest bands."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import RidgeCV

from sktsgen.metrics import crps, interval_coverage, mae
from tests.benchmarks._data import Array, cut_windows
from tests.benchmarks._imputation import load_parts
from tests.benchmarks._plan import stopwatch
from tests.benchmarks._rows import Row

N_DRAWS = 100
DAY = 24
PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10000.0)


class Task(NamedTuple):
    """What is to be forecast, in units of the training rows."""

    train: Array  # (row, channel): 19 months
    histories: Array  # (origin, horizon, channel), origins a horizon apart
    futures: Array  # (origin, horizon, channel)


def task_of(horizon: int) -> Task:
    """Cut origins of as much history as future from the rows after the first 19 months."""
    train, validation, test = (part.reshape(-1, part.shape[-1]) for part in load_parts("etth1"))
    known = np.concatenate((train, validation))
    mean, std = known.mean(0), known.std(0)
    windows = cut_windows([(test - mean) / std], 2 * horizon)[::horizon]
    return Task((known - mean) / std, windows[:, :horizon], windows[:, horizon:])


def forecasting(
    horizons: list[int], seeds: list[int], make: Callable[..., Any], *, is_smoke: bool = False
) -> Iterator[Row]:
    """Measure the rules once and the forecaster for every seed."""
    for horizon in horizons:
        task = task_of(horizon)
        if is_smoke:
            task = Task(task.train[-50 * horizon :], task.histories[:4], task.futures[:4])
        common = {"table": "forecasting", "dataset": "etth1", "window": horizon, "params": {}}
        for name, rule in {"seasonal naive": naive, "ridge on lags": ridge}.items():
            yield common | {"name": name} | _measured(rule, task, np.random.default_rng(0))
        for seed in seeds:
            for answer, figures in _of_forecaster(make, task, seed):
                name = f"LatentDiffusionForecaster{answer}"
                yield common | {"name": name, "seed": seed} | figures


def naive(train: Array, horizon: int) -> Callable[[Array], Array]:
    """Repeat the last day."""
    return lambda histories: histories[:, -DAY:][:, np.arange(horizon) % DAY]


def ridge(train: Array, horizon: int) -> Callable[[Array], Array]:
    """Regress all channels of all steps on those of the history."""
    windows = cut_windows([train], 2 * horizon)
    flat = windows.reshape(len(windows), 2, -1)
    model = RidgeCV(PENALTIES).fit(flat[:, 0], flat[:, 1])
    shape = (-1, horizon, train.shape[1])
    return lambda histories: model.predict(histories.reshape(len(histories), -1)).reshape(shape)


def _measured(
    rule: Callable[[Array, int], Callable[[Array], Array]], task: Task, rng: np.random.Generator
) -> Row:
    """Forecast by a rule; the bands are its errors on the last fifth of training, unseen."""
    horizon, cut = task.futures.shape[1], int(0.8 * len(task.train))
    windows = cut_windows([task.train[cut:]], 2 * horizon)
    early = rule(task.train[:cut], horizon)
    errors = windows[:, horizon:] - early(windows[:, :horizon])
    with stopwatch() as took:
        predict = rule(task.train, horizon)
    points = predict(task.histories)
    chosen = rng.integers(len(errors), size=(N_DRAWS, len(points)))
    return _errors(task, points, points + errors[chosen]) | {"fit_s": took["cpu_s"]}


def _of_forecaster(make: Callable[..., Any], task: Task, seed: int) -> Iterator[tuple[str, Row]]:
    """Figures of the draws, and of the answer of one pass."""
    horizon = task.futures.shape[1]
    with stopwatch() as fitting:
        model = make(window_length=2 * horizon, random_state=seed).fit(task.train)
    for answer, n_samples in {"": N_DRAWS, ", one pass": 0}.items():
        with stopwatch() as drawing:
            draws = model.forecast(task.histories, horizon, n_samples=n_samples).swapaxes(0, 1)
        took = {"fit_s": fitting["cpu_s"], "forecast_s": drawing["cpu_s"]}
        yield answer, _errors(task, np.median(draws, axis=0), draws) | took


def _errors(task: Task, points: Array, draws: Array) -> Row:
    figures: Row = {
        "mae": mae(task.futures, points),
        "crps": crps(task.futures, list(draws)),
        "n_origins": len(task.futures),
    }
    for percent in (50, 90) if len(draws) > 1 else ():
        level = percent / 100
        figures[f"coverage_{percent}"] = interval_coverage(task.futures, list(draws), level=level)
    return figures
