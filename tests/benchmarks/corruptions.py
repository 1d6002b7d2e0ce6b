"""Table of corruptions: ``python -m tests.benchmarks.corruptions --dataset etth1 --window 24``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from tests.benchmarks._corruptions import NETWORKS, corruptions
from tests.benchmarks._data import LOADERS, has_shared_data
from tests.benchmarks._plan import Plan
from tests.benchmarks._rows import append_row, results_folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.corruptions", description=__doc__)
    parser.add_argument("--dataset", choices=sorted(LOADERS), default="etth1")
    parser.add_argument("--window", type=int, default=24)
    parser.add_argument(
        "--networks", nargs="*", choices=list(NETWORKS), help="measures to train; all by default"
    )
    parser.add_argument("--budget", choices=["full", "smoke"], default="full")
    parser.add_argument("--results", type=Path, help="folder of the rows")
    options = parser.parse_args(arguments)
    if not has_shared_data() and options.dataset != "sines":
        sys.exit("No real series beside the checkout (../shared/data); nothing to measure.")
    torch.set_num_threads(1)
    plan = Plan(
        make=dict,
        dataset=options.dataset,
        window=options.window,
        budget=options.budget,
        results=results_folder(options.budget, options.results),
    )
    networks = options.networks if options.networks is not None else plan.size(1, 0) * [*NETWORKS]
    for row in corruptions(plan, networks=networks):
        append_row(row, plan.results)
        sys.stderr.write(f"{row['dataset']} {row['name']} caught by {row['caught']}\n")


if __name__ == "__main__":
    main()
