"""Write docs/benchmarks.md from the stored rows: ``python -m tests.benchmarks.render``."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks._provenance import Provenance
from tests.benchmarks._rows import RESULTS, Row, read_rows
from tests.benchmarks._tables import TABLES, Column, Table

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
MISSING = "–"  # noqa: RUF001
IDENTITY = (
    "table",
    "name",
    "dataset",
    "window",
    "length",
    "n_windows",
    "pattern",
    "seed",
    "setting",
)
INTRODUCTION = """# Benchmarks

Every figure was measured by `tests/benchmarks/`, one command a table, such as
`python -m tests.benchmarks.factorized --table quality --dataset etth1 --window 24`, and this page
is rendered from the stored rows by `python -m tests.benchmarks.render`. With several seeds a cell
is their mean, with the least and the most in brackets. Seconds of different machines may not be
compared. What all lines of a table have in common stands below it; where their seeds differ, or the
state of the code they were measured with, the last columns say so. A line with an older commit than
the others has not been measured again since; `-dirty` is a state with changes not yet committed.
"""


def render(rows: Iterable[Row]) -> str:
    """Return the page; of two rows of one thing the later one counts, if it is a figure."""
    newest: dict[str, Row] = {}
    for row in rows:
        if "absent" not in row or _identity(row) not in newest:
            newest[_identity(row)] = _with_setting(row)
    sections = [_section(table, list(newest.values())) for table in TABLES]
    return "\n".join([INTRODUCTION, *filter(None, sections)])


def _identity(row: Row) -> str:
    row = _with_setting(row)
    return repr([row.get(key) for key in IDENTITY])


def _with_setting(row: Row) -> Row:
    """Name the parameters that were not the defaults, so that such rows stand apart."""
    params = sorted(row.get("params", {}).items())
    return row | {"setting": ", ".join(f"{name}={value}" for name, value in params)}


def _section(table: Table, rows: list[Row]) -> str:
    shown = [
        row
        for row in rows
        if row["table"] == table.name
        and ("absent" in row or any(column.key in row for column in table.columns))
    ]
    if not shown:
        return ""
    groups = _grouped(shown, table.splits)
    parts = [part for key, group in groups for part in _one_table(table, key, group)]
    return "\n".join([f"## {table.title}\n", f"{table.text}\n", *parts])


def _grouped(rows: list[Row], keys: tuple[str, ...]) -> list[tuple[tuple[Any, ...], list[Row]]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    return list(groups.items())


def _one_table(table: Table, key: tuple[Any, ...], rows: list[Row]) -> Iterator[str]:
    title = ", ".join(f"{name} {value}" for name, value in zip(table.splits, key, strict=True))
    columns = [column for column in table.columns if any(column.key in row for row in rows)]
    lines = [
        (_label(label), [_cell(column, group) for column in columns], group)
        for label, group in _grouped(rows, (*table.labels, "setting"))
    ]
    lines = [line for line in lines if any(cell != MISSING for cell in line[1])]
    provenance = Provenance([group for _, _, group in lines] or [rows])
    headers = provenance.headers()
    yield f"**{title.replace('n_', '')}**\n"
    yield _line(["", *(column.header for column in columns), *headers])
    yield _line(["---", *("---:" for _ in columns), *("---" for _ in headers)])
    for label, cells, group in lines:
        yield _line([label, *cells, *(cell or MISSING for cell in provenance.cells(group))])
    yield f"\n{provenance.footer()}{_absences(rows)}\n"


def _label(parts: tuple[Any, ...]) -> str:
    return ", ".join(str(part) for part in parts if part)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(column: Column, rows: list[Row]) -> str:
    values = [row[column.key] for row in rows if row.get(column.key) is not None]
    if not values:
        return MISSING
    if isinstance(values[0], list):
        return ", ".join(f"{v:.{column.digits}f}" for v in np.mean(values, axis=0))
    mean = f"{np.mean(values):,.{column.digits}f}"
    if any(column.key in row.get("caught", ()) for row in rows):
        mean = f"**{mean}**"
    if column.half and len(values) == 1 and rows[0].get(column.half) is not None:
        return f"{mean} ± {rows[0][column.half]:.{column.digits}f}"
    if min(values) == max(values):
        return mean
    return f"{mean} ({min(values):,.{column.digits}f}–{max(values):,.{column.digits}f})"  # noqa: RUF001


def _absences(rows: list[Row]) -> str:
    """Name what could not be measured, and why."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if "absent" in row and row["name"] not in reasons.setdefault(row["absent"], []):
            reasons[row["absent"]].append(row["name"])
    return "".join(f" Absent: {', '.join(names)}: {why}." for why, names in reasons.items())


def main() -> None:
    """Render the stored rows."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(read_rows(RESULTS)), encoding="utf-8")


if __name__ == "__main__":
    main()
