"""What rivals cost, as multiples of what ours did on the same data, seed and machine."""

from typing import Any

from tests.benchmarks._rows import Row

# By table: the estimator of ours, and the seconds that are compared.
BASES = {
    "mixed": ("FactorizedARGenerator", ("fit_cpu_s", "sample_cpu_s")),
    "imputation": ("LatentDiffusionImputer", ("fit_cpu_s", "impute_cpu_s")),
}


def with_ratios(rows: list[Row]) -> list[Row]:
    """Return the rows, those of rivals with their costs as multiples of ours."""
    defaults_last = sorted(rows, key=lambda row: not row.get("params"))
    ours = {
        _place(row): row
        for row in defaults_last
        if row["name"] == BASES.get(row["table"], ("",))[0]
    }
    return [row | _ratios(row, ours.get(_place(row), {})) for row in rows]


def _ratios(row: Row, ours: Row) -> Row:
    name, keys = BASES.get(row["table"], ("", ()))
    if row["name"].startswith(name):
        return {}
    return {
        key.replace("_cpu_s", "_ratio"): row[key] / ours[key]
        for key in keys
        if row.get(key) and ours.get(key)
    }


def _place(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(key) for key in ("table", "dataset", "pattern", "seed", "machine"))
