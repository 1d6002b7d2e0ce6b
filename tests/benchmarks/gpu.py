"""Benchmark of a GPU against the processors beside it: ``python -m tests.benchmarks.gpu``.

Every engine with its defaults is fitted to ETTh1 and asked for what it is for, on the GPU and, by
the same model, on one thread and on all of the same machine.
"""

import argparse
import copy
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sktsgen.testing import TEST_PARAMS
from sktsgen.training import Trainer
from tests.benchmarks._data import split
from tests.benchmarks._plan import estimator_class, stopwatch
from tests.benchmarks._rows import Row, append_row, results_folder

N_SERIES, LENGTH, WINDOW = 1000, 96, 24


def holed(X: np.ndarray) -> np.ndarray:
    """Take half of the cells away."""
    hidden = np.random.default_rng(0).random(X.shape) < 0.5
    return np.where(hidden, np.nan, X)


def work_of(model: Any, X: np.ndarray) -> tuple[str, Callable[[], Any]]:
    """Name what an engine is for, and give it to do."""
    if hasattr(model, "sample"):
        name = f"{N_SERIES:,} series of {LENGTH} steps"
        return name, lambda: model.sample(N_SERIES, length=LENGTH, random_state=0)
    if hasattr(model, "forecast"):
        pasts = X[: 100 * WINDOW].reshape(100, WINDOW, -1)
        name = f"100 forecasts of {WINDOW} steps, 100 draws each"
        return name, lambda: model.forecast(pasts, WINDOW, n_samples=100, random_state=0)
    gappy = holed(X[:2400])
    name = "20 fillings of 2,400 rows, half of the cells missing"
    return name, lambda: model.sample_imputations(gappy, 20, random_state=0)


def seconds(work: Callable[[], Any], n_times: int = 1) -> float:
    """Give the wall seconds of some work, the least of several times."""
    took = []
    for _ in range(n_times):
        with stopwatch() as watch:
            work()
        took.append(watch["wall_s"])
    return min(took)


def fit_of(engine: str, segments: list[np.ndarray], **params: Any) -> Any:
    """Fit an engine of default sizes."""
    make = estimator_class(engine)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(random_state=0, window_length=WINDOW, **params).fit(segments)


def compare(engine: str, segments: list[np.ndarray], X: np.ndarray, n_epochs: int) -> Iterator[Row]:
    """Time the fit and the work of an engine."""
    short = {"max_epochs": 1, "trainer": Trainer(steps_per_epoch=3)}
    fit_of(engine, segments, device="cuda", **short)  # kernels are loaded
    fitted: dict[str, Any] = {}

    def fit(device: str, **more: Any) -> Callable[[], None]:
        def run() -> None:
            fitted[device] = fit_of(engine, segments, device=device, max_epochs=n_epochs, **more)

        return run

    row: Row = {"table": "gpu", "name": engine, "dataset": "etth1", "window": WINDOW, "seed": 0}
    row |= {"gpu": torch.cuda.get_device_name(), "n_threads": os.cpu_count()}
    half = fit("cuda", trainer=Trainer(precision="bf16"))
    figures = {"bf16_s": seconds(half), "gpu_s": seconds(fit("cuda"))}  # the last one is kept
    yield row | {"setting": f"fit, {n_epochs} epochs"} | figures | timed_on_cpu(fit("cpu"))
    model = fitted["cuda"]
    what, work = work_of(model, X)
    work()
    figures = {"gpu_s": seconds(work, 3)}
    _, same = work_of(copy.deepcopy(model).to_device("cpu"), X)
    yield row | {"setting": what} | figures | timed_on_cpu(same)


def timed_on_cpu(work: Callable[[], Any]) -> Row:
    """Time some work on one thread, and on as many as there are processors."""
    figures = {}
    for name, n_threads in {"one_thread_s": 1, "all_threads_s": os.cpu_count() or 1}.items():
        torch.set_num_threads(n_threads)
        figures[name] = seconds(work)
    torch.set_num_threads(1)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("--engine", choices=[*TEST_PARAMS], action="append")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--results", type=Path, help="folder of the rows")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = split("etth1", WINDOW)
    X = np.concatenate(data.held_out)
    for engine in options.engine or TEST_PARAMS:
        for row in compare(engine, data.segments, X, options.epochs):
            append_row(row | {"budget": "full"}, results_folder("full", options.results))
            sys.stderr.write(f"{row}\n")


if __name__ == "__main__":
    main()
