"""What has been measured of what is asked for, and with how many seeds."""

from collections.abc import Iterable

from tests.benchmarks._markdown import MISSING, table
from tests.benchmarks._rows import Row
from tests.benchmarks._tables import LITERATURE, QUALITY
from tests.benchmarks._targets import FAMILIES, GENERATORS

SHORT = tuple((dataset, 24) for dataset in ("sines", "stocks", "etth1", "energy", "fmri"))
LONG = tuple((dataset, window) for dataset in ("etth1", "energy") for window in (64, 128, 256))


def coverage(rows: Iterable[Row]) -> str:
    """Return the seeds of each table, data set, window and generator, defaults only."""
    seeds: dict[tuple[str, str, int, str], set[int]] = {}
    for row in rows:
        if not row.get("params") and row.get("seed") is not None and "absent" not in row:
            place = (row["table"], row.get("dataset"), row.get("window"), row["name"])
            seeds.setdefault(place, set()).add(row["seed"])
    lines = [
        [
            f"{shown.title}: {dataset}, {window}",
            *(_count(seeds.get((shown.name, dataset, window, name))) for name in GENERATORS),
        ]
        for shown in (QUALITY, LITERATURE)
        for dataset, window in (*SHORT, *LONG)
    ]
    return table(["", *FAMILIES], lines)


def _count(seeds: set[int] | None) -> str:
    return str(len(seeds)) if seeds else MISSING
