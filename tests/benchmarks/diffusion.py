"""Benchmark of the diffusion family besides imputation, one table a call.

``python -m tests.benchmarks.diffusion --table forecasting --horizons 24 --seeds 0``
``python -m tests.benchmarks.diffusion --table sampling --seeds 0``
``python -m tests.benchmarks.diffusion --table conditioning --dataset bike_sharing --seeds 0``
``python -m tests.benchmarks.diffusion --table latents --dataset energy --seeds 0``
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from sktsgen import LatentDiffusionForecaster, LatentDiffusionGenerator
from tests.benchmarks._conditioning import TARGETS, conditioning
from tests.benchmarks._data import LOADERS, has_shared_data
from tests.benchmarks._forecasting import forecasting
from tests.benchmarks._latents import latents
from tests.benchmarks._plan import SMOKE_PARAMS, Plan, setting
from tests.benchmarks._rows import Row, append_row, results_folder
from tests.benchmarks._sampling_cost import sampling

TABLES: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "sampling": sampling,
    "conditioning": conditioning,
    "latents": latents,
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.diffusion", description=__doc__)
    parser.add_argument("--table", choices=["forecasting", *TABLES], required=True)
    parser.add_argument("--dataset", choices=sorted({*LOADERS, *TARGETS}), default="etth1")
    parser.add_argument("--horizons", type=int, nargs="+", default=[24, 96])
    parser.add_argument("--window", type=int, default=24)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--judge-seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--budget", choices=["full", "smoke"], default="full")
    parser.add_argument("--results", type=Path, help="folder of the rows")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of the estimator"
    )
    return parser.parse_args(arguments)


def rows_of(options: argparse.Namespace) -> Iterator[Row]:
    """Measure the table that is asked for."""
    is_smoke = options.budget == "smoke"
    params = (SMOKE_PARAMS if is_smoke else {}) | dict(setting(text) for text in options.set)
    seeds = options.seeds[: 1 if is_smoke else None]
    if options.table == "forecasting":
        yield from forecasting(
            options.horizons[: 1 if is_smoke else None],
            seeds,
            lambda **given: LatentDiffusionForecaster(**given, **params),
            is_smoke=is_smoke,
        )
        return
    yield from TABLES[options.table](
        Plan(
            make=LatentDiffusionGenerator,
            engine="LatentDiffusionGenerator",
            dataset=options.dataset,
            window=options.window,
            seeds=seeds,
            judge_seeds=options.judge_seeds,
            params=params,
            budget=options.budget,
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    options = parse(arguments)
    if not has_shared_data():
        sys.exit("No real series beside the checkout (../shared/data); nothing to measure.")
    torch.set_num_threads(1)
    folder = results_folder(options.budget, options.results)
    for row in rows_of(options):
        append_row(row | {"budget": options.budget}, folder)
        figures = {k: round(v, 4) for k, v in row.items() if isinstance(v, float)}
        sys.stderr.write(f"{row['table']} {row['name']} {figures}\n")


if __name__ == "__main__":
    main()
