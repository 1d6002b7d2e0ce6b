"""The literature's protocol: no held-out part, every window a reference, the small judge."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import t as student

from sktsgen.metrics import (
    context_fid,
    correlational_score,
    discriminative_score,
    predictive_score,
)
from tests.benchmarks._data import Array, cut_windows, load_series
from tests.benchmarks._plan import Plan, drawn
from tests.benchmarks._published import published
from tests.benchmarks._rows import Row

N_REPEATS = 5
N_LONG = 3000  # windows a side beyond 24 steps


def literature(plan: Plan) -> Iterator[Row]:
    """Fit on all windows, draw as many, and judge five times.

    Channels are scaled to [0, 1] by the range of the whole series. Unlike the literature's, windows
    of a panel never cross from one series to the next, and the correlations are taken over all
    windows rather than a fifth of them.
    """
    series = unit_series(plan)
    real = cut_windows(series, plan.window)
    n = min(len(real), plan.size(len(real) if plan.window == 24 else N_LONG, 100))
    for name, figures in published(plan.dataset, plan.window).items():
        yield plan.row("literature", name, params={}, **figures)
    order = np.random.default_rng(0).permutation(len(real))
    if plan.has_references:
        halves = real[order[: n // 2]], real[order[n // 2 : n]]
        yield _row(plan, "real (floor)", *halves) | {"params": {}}
    for seed in plan.seeds:
        estimator, figures = plan.fit(series, seed=seed, window_length=plan.window)
        windows = drawn(estimator, n, plan.window, seed)
        yield _row(plan, plan.engine, real[order[:n]], windows) | figures | {"seed": seed}


def unit_series(plan: Plan) -> list[Array]:
    """Return the whole series, each channel on [0, 1]; sines as they are, on half of it."""
    kept = plan.size(10**9, 3000)
    series = [rows[:kept] for rows in load_series(plan.dataset)[:kept]]
    if plan.dataset == "sines":
        return series
    rows = np.concatenate(series)
    low, span = rows.min(0), np.ptp(rows, axis=0)
    return [(part - low) / np.where(span > 0, span, 1.0) for part in series]


def _row(plan: Plan, name: str, real: Array, synthetic: Array) -> Row:
    n_repeats = plan.size(N_REPEATS, 2)
    figures: Row = {"n_windows": len(synthetic)}
    figures["correlational"] = correlational_score(real, synthetic)
    for measure, metric in MEASURES.items():
        if plan.is_smoke and measure != "discriminative":
            continue
        values = [
            metric(real, synthetic, n_repeats=1, random_state=seed) for seed in range(n_repeats)
        ]
        # An error in units of the range; of sines the literature gives it in their own.
        unit = float(np.ptp(real[..., -1])) if measure == "predictive" else 1.0
        values = [unit * value for value in values]
        figures |= {measure: float(np.mean(values)), f"{measure}_half": _half_width(values)}
    return plan.row("literature", name, **figures)


def _half_width(values: list[float]) -> float:
    """Return half the 95 % interval of the mean, as the literature does."""
    return float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)


MEASURES: dict[str, Callable[..., float]] = {
    "discriminative": discriminative_score,
    "predictive": predictive_score,
    "context_fid": context_fid,
}
