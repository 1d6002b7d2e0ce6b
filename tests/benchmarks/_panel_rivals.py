"""Rivals for mixed panels, each called in an environment of its own."""

import json
import subprocess
import tempfile
from pathlib import Path

import pandas as pd

from tests.benchmarks._mixed_tables import Frame
from tests.benchmarks._rows import Row

SCRIPT = Path(__file__).parent / "peer_panels.py"
NAMES = {"PAR": "SDV's PARSynthesizer", "TabularARGN": "mostlyai-engine's TabularARGN"}
TIMEOUT_S = 3600


def drawn_by_rival(
    name: str, python: str, windows: list[Frame], static: list[str], n: int, seed: int
) -> tuple[list[Frame], Row]:
    """Let a rival learn windows; return as many of their length as it gave out of `n`, and costs.

    Rivals know sequences of one table, no single long series: they learn windows that do not
    overlap, and static columns as the context of a sequence.
    """
    rows = pd.concat(windows)
    levels = [column for column in rows if not pd.api.types.is_numeric_dtype(rows[column])]
    levels += [column for column in rows if pd.api.types.is_bool_dtype(rows[column])]
    length = len(windows[0])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        numbered = rows.assign(series=pd.RangeIndex(len(rows)) // length)
        numbered.to_csv(folder / "rows.csv", index=False)
        job = {"levels": levels, "static": static, "window": length, "n": n, "seed": seed}
        (folder / "job.json").write_text(json.dumps(job))
        _call([python, str(SCRIPT), name, str(folder)])
        answer: Row = json.loads((folder / "answer.json").read_text())
        drawn = pd.read_csv(folder / "drawn.csv", dtype=dict.fromkeys(levels, str))
    parts = [part for _, part in drawn.groupby("series", sort=False) if len(part) == length]
    return [as_typed(part, rows, levels) for part in parts], answer | {"n_drawn": len(parts)}


def as_typed(drawn: Frame, rows: Frame, levels: list[str]) -> Frame:
    """Give text its levels back, with the columns in the order of the data."""
    columns = {}
    for name in rows:
        if name in levels:
            known = {str(level): level for level in rows[name].dropna().unique()}
            values = [known.get(text, pd.NA) for text in drawn[name]]
            columns[name] = pd.Series(values, dtype=object).astype(rows[name].dtype)
        else:
            columns[name] = drawn[name].reset_index(drop=True)
    return pd.DataFrame(columns)


def _call(command: list[str]) -> None:
    answer = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if answer.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{answer.stderr[-2000:]}")
