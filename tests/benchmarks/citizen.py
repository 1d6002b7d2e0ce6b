"""Benchmark of what surrounds the models: ``python -m tests.benchmarks.citizen --table streams``.

Strategies, sharded sampling, memory of streams, resumed trainings, damaged files, imports. It needs
no data but what the library makes up. ``--budget smoke`` runs each with a few examples.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames, range_indexes

from sktsgen import FactorizedARGenerator, load
from sktsgen.datasets import make_building_energy, make_var1
from sktsgen.exceptions import FileFormatError
from sktsgen.testing import TEST_PARAMS, panels, time_series, token_series
from tests.benchmarks._rows import Row, append_row, results_folder

ROOT = Path(__file__).parents[2]
N_STEPS = 64


def fitted(X: Any, **params: Any) -> FactorizedARGenerator:
    """Fit a generator of default sizes, briefly: time does not depend on how well it learnt."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        given_params = {"max_epochs": 1, "window_length": 24, "random_state": 0, "device": "cpu"}
        return FactorizedARGenerator(**{**given_params, **params}).fit(X)


def row(table: str, name: str, **figures: Any) -> Row:
    """Give a row of one of these tables."""
    return {"table": table, "name": name, **figures}


def strategies(n_examples: int = 1000) -> Iterator[Row]:
    """Time an example of each strategy, its pool drawn already."""
    X = make_building_energy(60, random_state=0)
    frame, array = fitted(X), fitted(X.to_numpy())
    cells = [column(label, elements=st.floats(-100, 100)) for label in X.columns]
    long = range_indexes(min_size=N_STEPS, max_size=N_STEPS)
    candidates = {
        "panels, frame": panels(frame),
        "panels, frame, extremes": panels(frame, extremes=True),
        "panels, array": panels(array),
        "time_series, frame of 64 steps": time_series(frame, length=N_STEPS),
        "token_series, frame of 2 to 16 steps": token_series(frame),
        "data_frames, 64 rows": data_frames(cells, index=long),
        "data_frames, 2 to 64 rows": data_frames(cells, index=range_indexes(2, N_STEPS)),
    }
    for name, strategy in candidates.items():
        n = n_examples // 10 if name[0] in "td" and "time" not in name else n_examples
        draw_all(strategy, 1)
        started = time.process_time()
        n_seen = draw_all(strategy, n)
        seconds = time.process_time() - started
        yield row("strategies", name, n_examples=n_seen, ms_per_example=seconds / n_seen * 1000)


def draw_all(strategy: Any, n: int) -> int:
    """Draw `n` examples and do nothing with them."""
    seen = []

    @seed(0)
    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def look(example: Any) -> None:
        seen.append(1)

    look()
    return len(seen)


def planted_bug(n_seeds: int = 10, budget: int = 200) -> Iterator[Row]:
    """Count examples until a planted bug of a resampling routine shows itself."""
    from tests.testing import test_strategies as bug

    cells = st.floats(-30, 45)
    index = range_indexes(min_size=2, max_size=24)
    unfilled = column("temperature", elements=cells, fill=st.nothing())
    candidates = {
        "time_series": time_series(bug.hourly_temperature, length=(2, 24)),
        "data_frames": data_frames([column("temperature", elements=cells)], index=index),
        "data_frames, unfilled": data_frames([unfilled], index=index),
    }
    for name, strategy in candidates.items():
        counts = [bug.n_examples_to_find(strategy, number, budget) for number in range(n_seeds)]
        found = [count for count in counts if count is not None]
        figures = {"median_examples": float(np.median(found))} if found else {}
        yield row("planted_bug", name, n_seeds=n_seeds, n_found=len(found), **figures)


WORKERS = {
    "one process": ("loky", None),
    "threading": ("threading", 2),
    "loky": ("loky", 2),
    "dask": ("dask", 2),
}


def sharding(n: int = 4000, length: int = 96, n_rounds: int = 5) -> Iterator[Row]:
    """Time the same draw on one worker and on two of every kind, turn by turn."""
    generator = fitted(make_building_energy(60, random_state=0).to_numpy())
    seconds = dict.fromkeys(WORKERS, np.inf)
    with dask_workers(2):
        for workers in WORKERS.values():
            time_draw(generator, *workers, 4, 2)  # workers start
        for _ in range(n_rounds):
            for name, workers in WORKERS.items():
                seconds[name] = min(seconds[name], time_draw(generator, *workers, n, length))
    for name, best in seconds.items():
        n_jobs = WORKERS[name][1] or 1
        yield row("sharding", name, n_jobs=n_jobs, wall_s=best, steps_per_s=n * length / best)


def time_draw(generator: Any, backend: str, n_jobs: int | None, n: int, length: int) -> float:
    """Give the wall seconds of a draw shared out among workers."""
    with joblib.parallel_config(backend=backend):
        started = time.perf_counter()
        generator.sample(n, length=length, random_state=0, n_jobs=n_jobs)
    return time.perf_counter() - started


@contextmanager
def dask_workers(n: int) -> Iterator[None]:
    """Start processes of dask on this machine for joblib's backend of that name."""
    from distributed import Client, LocalCluster

    options = {"n_workers": n, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster, Client(cluster):
        yield


STREAM = """
import re, sys, time
from pathlib import Path
import numpy as np, torch
torch.set_num_threads(1)
from sktsgen import load
def peak_kib():  # ru_maxrss would begin with that of the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
generator, n, size, path = load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
try:
    import pyarrow as pa, pyarrow.parquet as pq
except ImportError:
    pa = None
for _ in generator.sample_batches(size, batch_size=size, length=1000, random_state=0):
    pass
before = peak_kib()
started, writer, rows = time.perf_counter(), None, 0
for batch in generator.sample_batches(n, batch_size=size, length=1000, random_state=0):
    rows += len(batch)
    if pa is not None:
        table = pa.Table.from_pandas(batch)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
if writer:
    writer.close()
peak = peak_kib()
print(rows, time.perf_counter() - started, before / 1024, peak / 1024, int(pa is not None))
"""


def streams(sizes: Sequence[int] = (200, 1000, 10_000)) -> Iterator[Row]:
    """Measure the memory of `sample_batches` to Parquet against the number of rows."""
    X = make_building_energy(60, random_state=0)[["temperature", "occupancy"]]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.sktsgen"
        fitted(X, d_model=32, n_layers=1).save(model)
        for n in sizes:
            path = Path(folder) / "rows.parquet"
            command = [sys.executable, "-c", STREAM, str(model), str(n), "200", str(path)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            rows, seconds, before, peak, wrote = map(float, answer.stdout.split())
            yield row(
                "streams",
                f"{int(rows):,} rows" + (" to Parquet" if wrote else ", not written"),
                n_rows=int(rows),
                wall_s=seconds,
                first_batch_mib=before,
                peak_mib=peak,
                file_mib=path.stat().st_size / 2**20 if path.exists() else 0.0,
            )


def survival(
    n_kills: int = 20, n_flips: int = 1000, engines: Sequence[str] = tuple(TEST_PARAMS)
) -> Iterator[Row]:
    """Count killed trainings that came out as undisturbed ones, and damaged files found."""
    for engine in engines:
        command = [sys.executable, "-m", "tests.citizen.kills", str(n_kills), engine]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        counts = json.loads(answer.stdout.splitlines()[-1])
        yield row(
            "survival",
            f"{engine}: trainings killed by SIGKILL that end as undisturbed ones, bit for bit",
            tried=counts["kills"],
            good=counts["kills"] if counts["equal"] == counts["trainings"] else 0,
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.sktsgen"
        fitted(make_var1(2, 60, random_state=0)).save(path)
        yield row(
            "survival",
            "flipped bits of a saved file found",
            tried=n_flips,
            good=n_refused(path, n_flips),
        )


def n_refused(path: Path, n_flips: int) -> int:
    """Count the single flipped bits that `load` refuses."""
    rng, content, refused = np.random.default_rng(0), path.read_bytes(), 0
    for _ in range(n_flips):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            load(path)
        except FileFormatError:
            refused += 1
    return refused


def fuzz(n_examples: int = 500) -> Iterator[Row]:
    """Count examples of wild input, test by test: one that breaks loses all of its examples."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "slow", "tests/test_fuzz.py"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    sys.stderr.write(answer.stdout)  # what broke
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed)", answer.stdout)}
    yield row(
        "survival",
        "examples of wild input at public doors: a documented error or a right result",
        tried=n_examples * sum(counts.values()),
        good=n_examples * counts.get("passed", 0),
    )


def imports(n_repeats: int = 5) -> Iterator[Row]:
    """Time the imports of a fresh process in CPU seconds, the best of several."""
    base = "import torch, pandas, sklearn.base, sklearn.utils.validation"
    for name, code in {
        "torch, pandas, scikit-learn": base,
        "the same and sktsgen's estimators": f"{base}; import sktsgen.estimators",
        "sktsgen alone, nothing asked of it": "import sktsgen",
    }.items():
        yield row("imports", name, seconds=min(seconds_of(code) for _ in range(n_repeats)))


def seconds_of(code: str) -> float:
    """CPU seconds of statements in a fresh interpreter, its own start left out."""
    timed = f"import time; t = time.process_time(); {code}; print(time.process_time() - t)"
    command = [sys.executable, "-c", timed]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return float(answer.stdout)


TABLES: dict[str, Callable[..., Iterator[Row]]] = {
    "strategies": strategies,
    "planted_bug": planted_bug,
    "sharding": sharding,
    "streams": streams,
    "survival": survival,
    "fuzz": fuzz,
    "imports": imports,
}
SMOKE: dict[str, dict[str, Any]] = {
    "strategies": {"n_examples": 10},
    "planted_bug": {"n_seeds": 1, "budget": 20},
    "sharding": {"n": 20, "length": 24, "n_rounds": 1},
    "streams": {"sizes": (200,)},
    "survival": {"n_kills": 1, "n_flips": 10, "engines": ("FactorizedARGenerator",)},
    "imports": {"n_repeats": 1},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for; of a smoke run all but the wild input."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.citizen", description=__doc__)
    parser.add_argument("--table", choices=[*TABLES, "all"], default="all")
    parser.add_argument("--budget", choices=["full", "smoke"], default="full")
    parser.add_argument("--results", type=Path, help="folder of the rows")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    os.environ["PYTHONPATH"] = str(ROOT)  # for the processes that are started
    sizes = {table: {} for table in TABLES} if options.budget == "full" else SMOKE
    if options.table not in ("all", *sizes):
        parser.error(f"--table {options.table} has no smoke run; choose from {', '.join(sizes)}.")
    for table in sizes if options.table == "all" else [options.table]:
        for measured in TABLES[table](**sizes[table]):
            append_row(
                measured | {"budget": options.budget},
                results_folder(options.budget, options.results),
            )
            sys.stderr.write(f"{measured}\n")


if __name__ == "__main__":
    main()
