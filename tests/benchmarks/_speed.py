"""Speed: seconds against length, and against the products alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.benchmarks._plan import Plan, drawn, stopwatch
from tests.benchmarks._products import measure_products
from tests.benchmarks._rows import Row

LENGTHS = (24, 96, 240, 480, 960)


def speed(plan: Plan) -> Iterator[Row]:
    """Time whole samples on one thread, and compare with the products inside them.

    Which lengths is up to the plan; a large network takes long for the longest.
    """
    data = plan.split()
    seed = plan.seeds[0]
    estimator, figures = plan.fit(data.segments, seed=seed, window_length=plan.window)
    per_thousand = _per_thousand(figures, len(data.train))
    yield plan.row("speed", f"{plan.engine}, fit", seed=seed, **figures, **per_thousand)
    n, lengths = plan.size(1000, 50), plan.lengths or LENGTHS
    for length in lengths[: plan.size(len(lengths), 2)]:
        sampled = _sample_figures(estimator, n, length)
        yield plan.row("speed", f"{plan.engine}, sample", seed=seed, **sampled)


def _per_thousand(figures: Row, n_windows: int) -> Row:
    """Training seconds for each thousand windows there are."""
    return {"n_windows": n_windows, "fit_cpu_s_per_1000": figures["fit_cpu_s"] / n_windows * 1000}


def _sample_figures(estimator: Any, n: int, length: int) -> Row:
    took = []
    for seed in range(5):
        with stopwatch() as watch:
            drawn(estimator, n, length, seed)
        took.append(watch["cpu_s"])
    products = measure_products(lambda: drawn(estimator, n, length, 0))
    seconds = float(np.median(took))
    return {
        "n_samples": n,
        "length": length,
        "cpu_s": seconds,
        "cpu_s_least": min(took),
        "cpu_s_most": max(took),
        "us_per_token": seconds / (n * length) * 1e6,
        "tokens_per_s": n * length / seconds,
        "gflop": products.flops / 1e9,
        "same_shapes_s": products.same_shapes_s,
        "at_peak_s": products.at_peak_s,
        "ratio_same_shapes": seconds / products.same_shapes_s,
        "ratio_peak": seconds / products.at_peak_s,
    }
