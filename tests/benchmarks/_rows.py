"""Rows of figures: one json object a line, written as soon as it is measured."""

import datetime
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch

RESULTS = Path(__file__).parent / "results"
SMOKE = Path(tempfile.gettempdir()) / "sktsgen-smoke"

Row = dict[str, Any]


def results_folder(budget: str, asked: Path | None) -> Path:
    """Return where rows go; those of a smoke run never go beside the others by themselves."""
    return asked or (SMOKE if budget == "smoke" else RESULTS)


def append_row(row: Row, folder: Path) -> None:
    """Write one row, with what it was measured on, at the end of its table's file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{row['table']}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row | circumstances(), default=_plain) + "\n")


def read_rows(folder: Path) -> Iterator[Row]:
    """Yield all rows of all tables, oldest first in each."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def circumstances() -> Row:
    """Return date, machine, threads and versions."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M"),
        "machine": f"{os.cpu_count()} x {_processor()}",
        "threads": torch.get_num_threads(),
        "versions": _versions(),
    }


@cache
def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "commit": _commit(),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    answer = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "none"


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} in a row; give a number or a string.")
