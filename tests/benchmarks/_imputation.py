"""Imputation: hidden cells of later windows, five patterns, every method the same cells."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.metrics import crps, interval_coverage, interval_width, mae, rmse
from tests.benchmarks._data import SHARED
from tests.benchmarks._imputers import BASELINES, N_DRAWS, answers_of
from tests.benchmarks._masks import PATTERNS, digest, hide, save_mask
from tests.benchmarks._mixed_imputation import TABLES, WINDOW, mixed_imputation
from tests.benchmarks._rows import Row

Array = NDArray[np.float64]
PHYSIONET_DESCRIPTORS = ("Age", "Gender", "Height", "ICUType")
PEERS = ("SAITS", "BRITS", "CSDI")  # of PyPOTS, in an environment of its own
PEER_SCRIPT = Path(__file__).parent / "pypots_imputers.py"


class Parts(NamedTuple):
    """Windows that follow each other in time, NaN where the data has gaps: (window, time, c)."""

    train: Array
    validation: Array
    test: Array


@dataclass(frozen=True)
class ImputationPlan:
    """One run of the table.

    Attributes
    ----------
    make : dict of str to callable
        Imputers besides the baselines, each from a seed.
    pypots : str or None
        Python of an environment with PyPOTS; None reports its models as absent.
    budget : {"full", "smoke"}
        "smoke" keeps a tenth of the windows and skips the peers.
    """

    make: dict[str, Callable[[int], Any]] = field(default_factory=dict)
    dataset: str = "etth1"
    patterns: tuple[str, ...] = PATTERNS
    seeds: tuple[int, ...] = (0, 1, 2)
    params: dict[str, Any] = field(default_factory=dict)
    pypots: str | None = None
    peers: tuple[str, ...] = PEERS
    baselines: bool = True
    budget: str = "full"


def imputation(plan: ImputationPlan) -> Iterator[Row]:
    """Hide cells in all parts, fit on what is left of the first two, fill the third."""
    if plan.dataset in TABLES:
        yield from _mixed(plan)
        return
    parts = load_parts(plan.dataset)
    if plan.budget == "smoke":
        parts = Parts(*(part[: max(20, len(part) // 10)] for part in parts))
    for pattern in plan.patterns:
        for seed in plan.seeds:
            task = _Task(parts, pattern, seed)
            for name, figures in _methods(plan, task):
                yield _row(plan, task, name) | figures
        if plan.pypots is None:
            for name in plan.peers:
                yield _row(plan, task, name) | {"absent": "no environment with PyPOTS was given"}


def _mixed(plan: ImputationPlan) -> Iterator[Row]:
    is_smoke = plan.budget == "smoke"
    found = mixed_imputation(
        plan.dataset,
        plan.patterns,
        plan.seeds,
        plan.make,
        has_baselines=plan.baselines,
        is_smoke=is_smoke,
    )
    for pattern, seed, name, figures in found:
        yield _named(plan, name, pattern, seed) | {"window": WINDOW} | figures


class _Task:
    """One pattern and seed: parts with holes, in units of the observed training cells."""

    def __init__(self, parts: Parts, pattern: str, seed: int) -> None:
        self.pattern, self.seed = pattern, seed
        observed = [~np.isnan(part) for part in parts]
        self.hidden = [hide(mask, pattern, 10 * seed + i) for i, mask in enumerate(observed)]
        shown = np.where(self.hidden[0], np.nan, parts.train)
        mean, std = np.nanmean(shown, axis=(0, 1)), np.nanstd(shown, axis=(0, 1))
        self.whole = Parts(*((part - mean) / std for part in parts))
        self.holed = Parts(
            *(np.where(h, np.nan, p) for h, p in zip(self.hidden, self.whole, strict=True))
        )


def _methods(plan: ImputationPlan, task: _Task) -> Iterator[tuple[str, Row]]:
    makers = (BASELINES if plan.baselines else {}) | plan.make
    for name, make in makers.items():
        for answer, figures in _measured(make(task.seed), task):
            yield f"{name}{answer}", figures
    if plan.pypots is not None and plan.budget != "smoke":
        for name in plan.peers:
            yield name, _peer(plan.pypots, name, task)


def _measured(imputer: Any, task: _Task) -> Iterator[tuple[str, Row]]:
    """Figures of the answer of an imputer, and of others that it can give."""
    started = time.process_time()
    imputer.fit(np.concatenate((task.holed.train, task.holed.validation)))
    fit_s = time.process_time() - started
    for answer, n_samples in answers_of(imputer).items():
        if n_samples is not None:
            imputer.set_params(n_samples=n_samples)
        started = time.process_time()
        filled = np.asarray(imputer.transform(task.holed.test))
        took = {"fit_cpu_s": fit_s, "impute_cpu_s": time.process_time() - started}
        draws = [filled]
        if not answer and hasattr(imputer, "sample_imputations"):
            draws = list(imputer.sample_imputations(task.holed.test, N_DRAWS))
        yield answer, _errors(task, filled, draws) | took


def _errors(task: _Task, filled: Array, draws: list[Array]) -> Row:
    truth, targets = task.whole.test, task.hidden[2]
    kept = ~targets & ~np.isnan(truth)
    figures = {
        "mae": mae(truth, filled, targets=targets),
        "rmse": rmse(truth, filled, targets=targets),
        "crps": crps(truth, draws, targets=targets),
        "changed": int((filled[kept] != truth[kept]).sum()),
        "n_draws": len(draws),
    }
    if len(draws) > 1:
        for percent in (50, 90):
            level = {"level": percent / 100, "targets": targets}
            figures[f"coverage_{percent}"] = interval_coverage(truth, draws, **level)
            figures[f"width_{percent}"] = interval_width(truth, draws, **level)
    return figures


def _peer(python: str, name: str, task: _Task) -> Row:
    """Run one model of PyPOTS in its environment; its answer comes back in a file."""
    with tempfile.TemporaryDirectory() as folder:
        job, answer = Path(folder) / "job.npz", Path(folder) / "answer.npz"
        arrays = {f"{part}_holed": getattr(task.holed, part) for part in Parts._fields}
        np.savez(job, validation=task.whole.validation, **arrays)
        command = [python, str(PEER_SCRIPT), name, str(job), str(answer), str(task.seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stderr.write(done.stderr[-2000:])
            return {"absent": f"{name} ended with {done.returncode}"}
        with np.load(answer) as found:
            draws = found["draws"].astype(np.float64)
            took = {key: float(found[key]) for key in ("fit_cpu_s", "impute_cpu_s", "peak_mb")}
            took["settings"] = json.loads(str(found["settings"]))
    holes = np.isnan(task.holed.test)
    draws = np.where(holes, draws, task.holed.test)
    return _errors(task, np.median(draws, axis=0), list(draws)) | took


def _row(plan: ImputationPlan, task: _Task, name: str) -> Row:
    return _named(plan, name, task.pattern, task.seed) | {
        "window": task.whole.test.shape[1],
        "n_windows": len(task.whole.test),
        "mask": digest(task.hidden[2]),
    }


def _named(plan: ImputationPlan, name: str, pattern: str, seed: int) -> Row:
    is_ours = name.split(",")[0] in plan.make
    return {
        "table": "imputation",
        "name": name,
        "dataset": plan.dataset,
        "pattern": pattern,
        "budget": plan.budget,
        "seed": seed,
        "params": {k: str(v) for k, v in plan.params.items()} if is_ours else {},
    }


def load_parts(dataset: str) -> Parts:
    """Return the windows of a data set; NaN where it has gaps.

    Raises
    ------
    ValueError
        If the data set is not known.
    """
    if dataset not in LOADERS:
        raise ValueError(f"dataset={dataset!r} is not known; choose from {sorted(LOADERS)}.")
    return LOADERS[dataset]()


def _etth1() -> Parts:
    """Windows of 48 hours; 14 months to learn from, 5 to choose by, the rest to fill."""
    frame = pd.read_csv(SHARED / "data" / "etth1.csv.gz", parse_dates=["date"])
    stamps = pd.DatetimeIndex(frame["date"])
    months = (stamps.year - stamps.year[0]) * 12 + stamps.month - stamps.month[0]
    values = frame.drop(columns="date").to_numpy(np.float64)
    cuts = np.searchsorted(months, (14, 19))
    return Parts(*(_windows(part, 48) for part in np.split(values, cuts)))


def _italy_air() -> Parts:
    """Windows of 12 hours, 60 %, 20 % and 20 % of the rows; the code -200 is a gap."""
    frame = pd.read_csv(SHARED / "data" / "air_quality_uci.csv.gz")
    numbers = frame.select_dtypes("number")
    values = numbers.mask(numbers == -200).to_numpy(np.float64)
    cuts = (np.array([0.6, 0.8]) * len(values)).astype(int)
    return Parts(*(_windows(part, 12) for part in np.split(values, cuts)))


def _physionet2012() -> Parts:
    """Every second intensive-care stay: 48 hours of 35 measurements, the last one of each hour.

    By stay 64, 16 and 20 %, in the order of their numbers, which say nothing of time.
    """
    frame = pd.read_csv(SHARED / "data" / "physionet2012_set_a.csv.gz")
    hours = frame.assign(hour=frame["minute"] // 60).query("hour < 48")
    cells = hours.groupby(["record_id", "hour", "parameter"])["value"].last().unstack()
    table = cells.drop(columns=[*PHYSIONET_DESCRIPTORS, "Weight", "MechVent"])
    stays = frame["record_id"].unique()[::2]
    index = pd.MultiIndex.from_product([stays, range(48)])
    windows = table.reindex(index).to_numpy(np.float64).reshape(len(stays), 48, -1)
    cuts = (np.array([0.64, 0.8]) * len(stays)).astype(int)
    return Parts(*np.split(windows, cuts))


def _windows(rows: Array, length: int) -> Array:
    """Cut windows that do not overlap."""
    n = len(rows) // length
    return rows[: n * length].reshape(n, length, -1)


LOADERS = {"etth1": _etth1, "italy_air": _italy_air, "physionet2012": _physionet2012}


def save_masks(plan: ImputationPlan, folder: Path) -> dict[str, str]:
    """Write the masks of the third part for others to use; return their digests by name."""
    parts = load_parts(plan.dataset)
    names = {}
    for pattern in plan.patterns:
        for seed in plan.seeds:
            hidden = hide(~np.isnan(parts.test), pattern, 10 * seed + 2)
            name = f"{plan.dataset}-{pattern}-{seed}"
            names[name] = save_mask(folder, name, hidden)
    return names
