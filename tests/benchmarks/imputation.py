"""Benchmark of imputers, the baselines beside them.

``python -m tests.benchmarks.imputation --imputer LatentDiffusionImputer --dataset etth1``
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from tests.benchmarks._data import has_shared_data
from tests.benchmarks._imputation import LOADERS, PEERS, ImputationPlan, imputation, save_masks
from tests.benchmarks._masks import PATTERNS
from tests.benchmarks._mixed_imputation import TABLES
from tests.benchmarks._plan import SMOKE_PARAMS, estimator_class, setting
from tests.benchmarks._rows import append_row, results_folder


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.imputation", description=__doc__)
    parser.add_argument("--imputer", nargs="*", default=[], help="estimators of sktsgen by name")
    parser.add_argument("--dataset", choices=sorted([*LOADERS, *TABLES]), default="etth1")
    parser.add_argument("--patterns", choices=PATTERNS, nargs="+", default=list(PATTERNS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--no-baselines", action="store_true", help="leave simple methods out")
    parser.add_argument("--pypots", help="Python of an environment with PyPOTS")
    parser.add_argument("--peers", choices=PEERS, nargs="+", default=list(PEERS))
    parser.add_argument("--save-masks", type=Path, help="folder to write the masks to, and stop")
    parser.add_argument("--budget", choices=["full", "smoke"], default="full")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, help="folder of the rows")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of the imputers"
    )
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace) -> ImputationPlan:
    """Turn the command line into a plan."""
    is_smoke = options.budget == "smoke"
    params = (SMOKE_PARAMS if is_smoke else {}) | dict(setting(text) for text in options.set)
    return ImputationPlan(
        make={name: partial(_make, name, params) for name in options.imputer},
        dataset=options.dataset,
        patterns=tuple(options.patterns[: 2 if is_smoke else None]),
        seeds=tuple(options.seeds[: 1 if is_smoke else None]),
        params=params,
        pypots=options.pypots,
        peers=tuple(options.peers),
        baselines=not options.no_baselines,
        budget=options.budget,
    )


def _make(name: str, params: dict[str, object], seed: int) -> object:
    return estimator_class(name)(random_state=seed, **params)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    options = parse(arguments)
    if not has_shared_data():
        sys.exit("No real series beside the checkout (../shared/data); nothing to measure.")
    torch.set_num_threads(options.threads)
    plan = plan_of(options)
    if options.save_masks and plan.dataset in LOADERS:
        for name, content in save_masks(plan, options.save_masks).items():
            sys.stderr.write(f"{name} {content}\n")
        return
    folder = results_folder(options.budget, options.results)
    for row in imputation(plan):
        append_row(row, folder)
        figures = {k: round(v, 4) for k, v in row.items() if isinstance(v, float)}
        sys.stderr.write(f"{row['pattern']} {row['seed']} {row['name']} {figures}\n")


if __name__ == "__main__":
    main()
