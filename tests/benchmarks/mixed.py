"""Mixed tables against held-out rows: ``python -m tests.benchmarks.mixed``.

``python -m tests.benchmarks.mixed --engine LatentDiffusionGenerator --max-epochs 20 --judges``

Every table gets a row for real training windows against held-out ones (the floor), for the
generator, for series that are shuffled column by column, which keeps every marginal, and for the
rivals whose environments are given: ``--rivals PAR=sdv/bin/python TabularARGN=argn/bin/python``.
"""

import argparse
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import TimeAxis
from sktsgen.metrics import (
    copying,
    correlation_ratio_difference,
    cramers_v_difference,
    marginal_distance,
    total_variation_distance,
)
from tests.benchmarks._mixed_tables import (
    MIXED,
    TABLES,
    Frame,
    MixedSplit,
    anywhere,
    series_of,
    some,
    split,
)
from tests.benchmarks._panel_rivals import NAMES, drawn_by_rival
from tests.benchmarks._plan import SMOKE_PARAMS, estimator_class, setting
from tests.benchmarks._rows import Row, append_row, results_folder
from tests.benchmarks._table_scores import judged

N_WINDOWS = 400
N_JUDGED = 1500
MEASURES: dict[str, Callable[[list[Frame], list[Frame]], float]] = {
    "total_variation": total_variation_distance,
    "transitions": lambda real, drawn: total_variation_distance(real, drawn, transitions=True),
    "pairs": lambda real, drawn: total_variation_distance(real, drawn, pairs=True),
    "cramers_v": cramers_v_difference,
    "correlation_ratio": correlation_ratio_difference,
    "marginal": marginal_distance,
}


def shuffled(windows: list[Frame], seed: int) -> list[Frame]:
    """Put each column in an order of its own over all rows."""
    rng, rows = np.random.default_rng(seed), pd.concat(windows)
    columns = {name: rows[name].array.take(rng.permutation(len(rows))) for name in rows.columns}
    table, length = pd.DataFrame(columns, index=rows.index), len(windows[0])
    return [table.iloc[first : first + length] for first in range(0, len(rows), length)]


def compare(held_out: list[Frame], drawn: list[Frame]) -> Row:
    """Distances to held-out windows; what a table has no columns for is left out."""
    n = min(len(held_out), len(drawn))
    row: Row = {"n_windows": n, "missing_share": _missing_difference(held_out, drawn)}
    for name, measure in MEASURES.items():
        try:
            row[name] = measure(held_out[:n], drawn[:n])
        except ValueError as error:
            if "column" not in str(error):
                raise
    return row


def structure(X: Frame, drawn: Frame, generator: Any) -> Row:
    """Check what has to hold exactly; each is 1, or the row says what broke."""
    static = drawn.columns[list(generator.static_columns_)]
    by_series = drawn.groupby(level=0)
    stamps = [series.index.get_level_values(1) for _, series in by_series]
    whole = [name for name in X if pd.api.types.is_integer_dtype(X[name].dtype)]
    return {
        "n_static": len(static),
        "types_equal": int(drawn.dtypes.equals(X.dtypes)),
        "static_constant": int((by_series[list(static)].nunique(dropna=False) == 1).all(axis=None)),
        "within_range": int(all(drawn[name].max() <= 1.1 * X[name].max() + 1 for name in whole)),
        "stamps_increase": int(all(_is_on_grid(found, generator.spec_.time) for found in stamps)),
    }


def _is_on_grid(stamps: pd.Index, time: TimeAxis) -> bool:
    """Whether stamps follow each other at the training frequency, or counted ones one by one."""
    if isinstance(stamps, pd.DatetimeIndex):
        grid = pd.date_range(stamps[0], periods=len(stamps), freq=time.freq)
        return bool((stamps == grid).all())
    return bool((np.diff(stamps) == 1).all())


def measure(dataset: str, options: argparse.Namespace) -> list[Row]:
    """Fit one table and return its rows."""
    data, seed = split(dataset), options.seed
    n = options.windows
    held_out = some(data.held_out, n, seed)
    common = {"table": "mixed", "dataset": dataset, "window": TABLES[dataset][1], "seed": seed}
    real = some(data.train_windows, n, seed)
    judge = Judge(dataset, N_JUDGED if n == N_WINDOWS else n, seed) if options.judges else None
    rows = [
        {"name": "floor: training windows", **compare(held_out, real), **_judged(judge, None)},
        {"name": "columns shuffled", **compare(held_out, shuffled(real, seed))},
        _generated(data, held_out, common, options, judge),
        *(_of_rival(name, options.rivals.get(name), data, held_out, seed) for name in NAMES),
    ]
    return [common | row for row in rows]


class Judge:
    """Windows from anywhere in a table, half of them to stand in for a generator's.

    Judges need more windows than are held out, and no window has to be new to them: copying is
    looked at apart.
    """

    def __init__(self, dataset: str, n: int, seed: int) -> None:
        real = anywhere(dataset, 2 * n, seed)
        self.seed, self.n = seed, len(real) // 2
        self.real, self.others = real[: self.n], real[self.n :]

    def __call__(self, drawn: list[Frame] | None) -> Row:
        """Scores of drawn windows; of other real ones where there are none."""
        return judged(self.real, self.others if drawn is None else drawn[: self.n], self.seed)


def _judged(judge: Judge | None, drawn: list[Frame] | None) -> Row:
    return {} if judge is None else judge(drawn) | {"n_judged": judge.n}


def _generated(
    data: MixedSplit,
    held_out: list[Frame],
    common: Row,
    options: argparse.Namespace,
    judge: Judge | None,
) -> Row:
    window, seed = common["window"], common["seed"]
    params = {"max_epochs": options.max_epochs} | options.set
    generator = estimator_class(options.engine)(
        window_length=window, random_state=seed, device="cpu", **params
    )
    begin = time.process_time()
    generator.fit(data.train)
    fitted = time.process_time()
    drawn = generator.sample(options.windows, length=window)
    done = time.process_time()
    windows = series_of(drawn)
    copies = copying(data.train_windows, held_out, windows)
    more = [] if judge is None else series_of(generator.sample(judge.n, length=window))
    return {
        "name": options.engine,
        "params": {name: str(value) for name, value in params.items()},
        "n_rows": len(data.train),
        "n_series": data.train.index.levels[0].size,
        "fit_cpu_s": fitted - begin,
        "sample_cpu_s": done - fitted,
        "score_train": generator.score(_panel(some(data.train_windows, 100, seed))),
        "score_held_out": generator.score(_panel(held_out[:100])),
        "copying_share": copies.share,
        "copying_median_ratio": copies.median_ratio,
        **structure(data.train, drawn, generator),
        **compare(held_out, windows),
        **_judged(judge, more),
    }


def _of_rival(
    name: str, python: str | None, data: MixedSplit, held_out: list[Frame], seed: int
) -> Row:
    """Measure a rival as the generator is; what a rival cannot do is said in its row."""
    n = len(held_out)
    row: Row = {"name": NAMES[name], "n_windows": n}
    if python is None:
        return row | {"absent": "no environment with it was given"}
    try:
        drawn, took = drawn_by_rival(name, python, data.apart, data.static, n, seed)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return row | {"absent": str(error).strip().splitlines()[-1]}
    return compare(held_out, drawn) | took | row


def _panel(windows: list[Frame]) -> Frame:
    return pd.concat(dict(enumerate(windows)), names=["series", "time"])


def _missing_difference(real: list[Frame], drawn: list[Frame]) -> float:
    """Largest difference of the share of missing cells over the columns."""
    shares = [pd.concat(windows).isna().mean() for windows in (real, drawn)]
    return float((shares[0] - shares[1]).abs().max())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the tables that are named, and store their rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="FactorizedARGenerator", help="estimator by name")
    parser.add_argument("--dataset", nargs="*", choices=sorted(TABLES), default=list(MIXED))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-epochs", type=int, default=8)
    parser.add_argument("--windows", type=int, default=N_WINDOWS, help="fewer for a trial")
    parser.add_argument("--judges", action="store_true", help="train judges and forecasters too")
    parser.add_argument("--rivals", nargs="*", type=setting, default=[], metavar="NAME=PYTHON")
    parser.add_argument("--budget", choices=["full", "smoke"], default="full")
    parser.add_argument("--results", "--folder", type=Path, help="folder of the rows")
    parser.add_argument("--set", nargs="*", type=setting, default=[], metavar="NAME=VALUE")
    options = parser.parse_args(arguments)
    if options.budget == "smoke":
        options.dataset, options.windows, options.max_epochs = options.dataset[:1], 30, 1
        options.set = [*SMOKE_PARAMS.items(), *options.set]
    folder = results_folder(options.budget, options.results)
    options.rivals, options.set = dict(options.rivals), dict(options.set)
    for dataset in options.dataset:
        for row in measure(dataset, options):
            append_row(row, folder)


if __name__ == "__main__":
    main()
