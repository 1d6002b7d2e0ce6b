"""Quality: how like the data, how like copies, beside floor, bootstrap, ceiling and peer."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sktsgen.metrics import copying
from tests.benchmarks._data import Array, Split, block_bootstrap, cut_windows, peer_windows
from tests.benchmarks._plan import Plan, drawn, stopwatch
from tests.benchmarks._protocol import N_WINDOWS, evaluate_windows, floor_windows
from tests.benchmarks._rows import Row

PEER_WINDOWS = 3000  # stored windows of the peer; our rows are measured at this size too


def quality(plan: Plan) -> Iterator[Row]:
    """Measure the references once and the generator for every seed."""
    data = plan.split()
    sizes = _sizes(plan)
    for n in sizes if plan.has_references else ():
        for name, windows in _references(plan, data, n):
            yield _judged(plan, data, name, windows, n) | {"params": {}}
    for seed in plan.seeds:
        estimator, figures = plan.fit(data.segments, seed=seed, window_length=plan.window)
        figures |= _sampling_seconds(plan, estimator) | _scores(estimator, data)
        windows = drawn(estimator, max(sizes), plan.window, seed)
        for n in sizes:
            yield _judged(plan, data, plan.engine, windows, n) | figures | {"seed": seed}
        if plan.has_references and has_stage1(estimator):
            yield _ceiling(plan, data, estimator, max(sizes)) | {"seed": seed}


def _sizes(plan: Plan) -> tuple[int, ...]:
    if plan.is_smoke:
        return (200,)
    return (N_WINDOWS, PEER_WINDOWS) if _has_peer(plan) else (N_WINDOWS,)


def _has_peer(plan: Plan) -> bool:
    return (plan.dataset, plan.window) == ("etth1", 24)


def _references(plan: Plan, data: Split, n: int) -> Iterator[tuple[str, Array]]:
    yield "real (floor)", floor_windows(data.real, n)
    block = max(2, plan.window // 4)
    yield "block bootstrap", block_bootstrap(data.segments, n, plan.window, block, seed=0)
    if _has_peer(plan) and n <= PEER_WINDOWS:
        yield "Diffusion-TS", peer_windows()


def _judged(plan: Plan, data: Split, name: str, windows: Array, n: int) -> Row:
    measures: dict[str, Any] = evaluate_windows(
        data.real,
        data.train,
        data.test,
        windows,
        seeds=plan.judge_seeds,
        n_windows=n,
        judges=plan.judges,
        n_jobs=plan.n_jobs,
    )
    if name == "real (floor)":
        measures |= _fresh_copying(data, plan.window)
    return plan.row("quality", name, n_judge_seeds=len(plan.judge_seeds), **measures)


def _fresh_copying(data: Split, window: int) -> Row:
    """Real windows in the place of generated ones: one half of the held-out stretches."""
    fair, fresh = (cut_windows(data.held_out[i::2], window) for i in (0, 1))
    copies = copying(data.train, fair, fresh)
    return {f"copying_{key}": value for key, value in copies._asdict().items()}


def _ceiling(plan: Plan, data: Split, estimator: Any, n: int) -> Row:
    """Stage 1 alone: real windows encoded, quantised and decoded; copies, so not judged as such."""
    windows = floor_windows(data.real, n)
    decoded = reconstruct(estimator, windows)
    row = _judged(plan, data, f"{plan.engine}, stage 1 reconstruction", decoded, n)
    kept = {key: value for key, value in row.items() if not key.startswith("copying")}
    return kept | reconstruction_error(windows, decoded)


def has_stage1(estimator: Any) -> bool:
    """Tell whether an estimator has tokens that windows can be decoded from."""
    return hasattr(estimator, "reconstruct") or hasattr(estimator, "detokenize")


def reconstruct(estimator: Any, windows: Array) -> Array:
    """Return windows after encoding, quantising and decoding."""
    if hasattr(estimator, "reconstruct"):
        decoded = estimator.reconstruct(windows)
    else:
        decoded = estimator.detokenize(estimator.tokenize(windows))
    return np.asarray(decoded, dtype=np.float64).reshape(windows.shape)


def reconstruction_error(windows: Array, decoded: Array) -> Row:
    """Return the squared error per cell, in units of each channel's variance."""
    variance = windows.var((0, 1))
    squares = ((windows - decoded) ** 2).mean((0, 1))
    varies = variance > 0
    return {"reconstruction_error": float((squares[varies] / variance[varies]).mean())}


def _sampling_seconds(plan: Plan, estimator: Any) -> Row:
    """CPU seconds on one thread of 1,000 windows, decoding included: the median of five."""
    n, took = plan.size(1000, 100), []
    for seed in range(5):
        with stopwatch() as watch:
            drawn(estimator, n, plan.window, seed)
        took.append(watch["cpu_s"])
    return {"sample_cpu_s": float(np.median(took)), "n_timed": n}


def _scores(estimator: Any, data: Split) -> Row:
    return {
        "score_train": float(estimator.score(data.segments)),
        "score_held_out": float(estimator.score(data.held_out)),
        "n_iter": getattr(estimator, "n_iter_", None),
    }
