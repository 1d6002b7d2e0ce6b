"""Benchmark of a generator, one table a call.

``python -m tests.benchmarks.factorized --table quality --dataset etth1 --window 24 --seeds 0 1 2``
``python -m tests.benchmarks.factorized --engine MultiScaleARGenerator --table quality``

Of the other engines only "quality", "literature", "length" and "speed" ask nothing but `fit`,
`sample` and `score`; the other tables look inside the first one.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks._data import LOADERS, has_shared_data
from tests.benchmarks._length import length
from tests.benchmarks._literature import literature
from tests.benchmarks._plan import SMOKE_PARAMS, Plan, estimator_class, setting
from tests.benchmarks._quality import quality
from tests.benchmarks._rows import Row, append_row, results_folder
from tests.benchmarks._speed import speed
from tests.benchmarks._stage1 import codebook, stage1
from tests.benchmarks._truth import truth

TABLES: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "quality": quality,
    "literature": literature,
    "speed": speed,
    "length": length,
    "stage1": stage1,
    "codebook": codebook,
    "truth": truth,
}


def run(table: str, plan: Plan) -> int:
    """Write every row of a table as soon as it is measured; return their number."""
    n_rows = 0
    for row in TABLES[table](plan):
        append_row(row, plan.results)
        figures = {k: round(v, 4) for k, v in row.items() if isinstance(v, float)}
        sys.stderr.write(f"{row['table']} {row['name']} {figures}\n")
        n_rows += 1
    return n_rows


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.factorized", description=__doc__)
    parser.add_argument("--table", choices=[*TABLES, "all"], default="all")
    parser.add_argument("--engine", default="FactorizedARGenerator", help="estimator by name")
    parser.add_argument("--dataset", choices=sorted(LOADERS), default="etth1")
    parser.add_argument("--window", type=int, default=24)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--judge-seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--budget", choices=["full", "smoke"], default="full")
    parser.add_argument("--fit-threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes that train judges")
    parser.add_argument("--lengths", type=int, nargs="+", default=[], help="of the table speed")
    parser.add_argument(
        "--no-references", action="store_true", help="leave out floor, bootstrap, peer and ceiling"
    )
    parser.add_argument("--results", type=Path, help="folder of the rows")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of the estimator"
    )
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace, make: Callable[..., Any]) -> Plan:
    """Turn the command line into a plan; smoke rows go to a folder of their own."""
    is_smoke = options.budget == "smoke"
    return Plan(
        make=make,
        engine=options.engine,
        dataset=options.dataset,
        window=options.window,
        seeds=options.seeds[: 1 if is_smoke else None],
        judge_seeds=options.judge_seeds,
        params=(SMOKE_PARAMS if is_smoke else {}) | dict(setting(text) for text in options.set),
        budget=options.budget,
        lengths=options.lengths,
        has_references=not options.no_references,
        fit_threads=options.fit_threads,
        n_jobs=options.jobs,
        results=results_folder(options.budget, options.results),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    options = parse(arguments)
    if not has_shared_data() and options.dataset != "sines":
        sys.exit("No real series beside the checkout (../shared/data); nothing to measure.")
    torch.set_num_threads(1)
    plan = plan_of(options, estimator_class(options.engine))
    for table in TABLES if options.table == "all" else [options.table]:
        run(table, plan)


if __name__ == "__main__":
    main()
