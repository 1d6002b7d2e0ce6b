"""One section of the page: its tables, what is in sight of them and what is folded away."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks._markdown import MISSING, folded, table
from tests.benchmarks._provenance import Provenance
from tests.benchmarks._rows import Row
from tests.benchmarks._tables import Column, Overview, Table

MORE = "more columns, seeds, dates and commits"


class _Line(NamedTuple):
    """One line of a table, a cell for every column, and the rows behind it."""

    label: str
    cells: list[str]
    rows: list[Row]


def section(shown: Table, rows: list[Row]) -> str:
    """Return the section of a table; empty if no row belongs to it."""
    own = [
        row
        for row in rows
        if row["table"] == shown.name
        and ("absent" in row or any(column.key in row for column in shown.columns))
    ]
    if not own:
        return ""
    parts = [*_overviews(shown, own)]
    for key, group in _grouped(own, shown.splits):
        parts += _one_table(shown, key, group)
    return "\n".join([f"## {shown.title}\n", f"{shown.text}\n", *parts])


def pivot(overview: Overview, rows: list[Row]) -> str:
    """Return means over seeds of one column, places side by side; empty if nothing is measured."""
    column = overview.column
    measured = [row for row in rows if row.get(column.key) is not None]
    places = [place for (place,), _ in _grouped(measured, (overview.across,))]
    lines = []
    for label, group in _grouped(measured, (*overview.lines, "setting")):
        by_place = {place: found for (place,), found in _grouped(group, (overview.across,))}
        lines.append([_label(label), *(_mean(column, by_place.get(place, [])) for place in places)])
    corner = ", ".join(overview.lines).replace("n_", "")
    return table([corner, *map(str, places)], lines) if lines else ""


def _overviews(shown: Table, rows: list[Row]) -> Iterator[str]:
    for (dataset,), group in _grouped(rows, ("dataset",)):
        for overview in shown.overviews:
            if text := pivot(overview, group):
                yield f"**dataset {dataset}, {overview.column.header}**\n\n{text}\n"
        if shown.overviews and (said := _absences(group)):
            yield f"{said}\n"


def _one_table(shown: Table, key: tuple[Any, ...], rows: list[Row]) -> Iterator[str]:
    title = ", ".join(f"{name} {value}" for name, value in zip(shown.splits, key, strict=True))
    title = title.replace("n_", "")
    columns = [column for column in shown.columns if any(column.key in row for row in rows)]
    lines = [
        _Line(_label(label), [_cell(column, group) for column in columns], group)
        for label, group in _grouped(rows, (*shown.labels, "setting"))
    ]
    lines = [line for line in lines if any(cell != MISSING for cell in line.cells)]
    headers = [column.header for column in columns]
    n_shown = 0 if shown.overviews else shown.n_shown
    if n_shown:
        yield f"**{title}**\n"
        yield table(
            ["", *headers[:n_shown]], ([line.label, *line.cells[:n_shown]] for line in lines)
        )
        yield ""
    yield f"{folded(MORE if n_shown else title, _rest(headers, lines, n_shown, rows))}\n"
    if n_shown and (said := _absences(rows)):
        yield f"{said}\n"


def _rest(headers: list[str], lines: list[_Line], n_shown: int, rows: list[Row]) -> str:
    """Return the columns that are not in sight, with what the lines have not in common."""
    provenance = Provenance([line.rows for line in lines] or [rows])
    told = provenance.headers()
    more = [*headers[n_shown:], *told]
    cells = (
        [line.label, *line.cells[n_shown:], *(c or MISSING for c in provenance.cells(line.rows))]
        for line in lines
    )
    parts = [table(["", *more], cells, n_words=len(told))] if more else []
    return "\n\n".join([*parts, provenance.footer()])


def _grouped(rows: list[Row], keys: tuple[str, ...]) -> list[tuple[tuple[Any, ...], list[Row]]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    return list(groups.items())


def _label(parts: tuple[Any, ...]) -> str:
    return ", ".join(str(part) for part in parts if part)


def _mean(column: Column, rows: list[Row]) -> str:
    if not rows:
        return MISSING
    return f"{np.mean([row[column.key] for row in rows]):,.{column.digits}f}"


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
    return " ".join(f"Absent: {', '.join(names)}: {why}." for why, names in reasons.items())
