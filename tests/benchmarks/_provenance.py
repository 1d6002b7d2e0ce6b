"""Where the rows of a table come from: seeds, state of the code, machine, versions."""

from collections.abc import Iterable

from tests.benchmarks._rows import Row


class Provenance:
    """What the rows of one table have in common, and what has to stand beside each line.

    Parameters
    ----------
    lines : list of list of Row
        The rows behind each line of the table.
    """

    def __init__(self, lines: list[list[Row]]) -> None:
        self.rows = [row for line in lines for row in line]
        self.one_seeding = len({_seeds(line) for line in lines} - {""}) < 2
        self.one_commit = len({_commit(row) for row in self.rows}) < 2

    def headers(self) -> list[str]:
        """Name the columns in which the lines differ."""
        return ["seeds"] * (not self.one_seeding) + ["measured with"] * (not self.one_commit)

    def cells(self, line: list[Row]) -> list[str]:
        """Say of one line what its rows have not in common with the others."""
        seeds, commits = [_seeds(line)], [_commits(line)]
        return seeds * (not self.one_seeding) + commits * (not self.one_commit)

    def footer(self) -> str:
        """Say in a sentence what holds for all lines."""
        seeds = _seeds(self.rows) if self.one_seeding else ""
        said = f"Seeds {seeds}. " if seeds else ""
        machines = _distinct(row["machine"] for row in self.rows)
        commit = f", commit {_commits(self.rows)}" if self.one_commit else ""
        return f"{said}{'; '.join(machines)}; {', '.join(self._versions())}{commit}."

    def _versions(self) -> list[str]:
        names = [name for name in self.rows[0]["versions"] if name != "commit"]
        found = {name: _distinct(row["versions"][name] for row in self.rows) for name in names}
        return [f"{name} {' and '.join(versions)}" for name, versions in found.items()]


def _seeds(rows: Iterable[Row]) -> str:
    seeds = sorted({row["seed"] for row in rows if row.get("seed") is not None})
    return ", ".join(map(str, seeds))


def _commit(row: Row) -> str:
    return str(row["versions"]["commit"])


def _commits(rows: list[Row]) -> str:
    """Name each state of the code, the newest first, and when it was last measured with."""
    dates: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row["date"])):
        dates[_commit(row)] = row["date"]
    newest_first = sorted(dates.items(), key=lambda pair: pair[1], reverse=True)
    return "; ".join(f"{commit} of {date} UTC" for commit, date in newest_first)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
