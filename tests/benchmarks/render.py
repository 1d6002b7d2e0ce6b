"""Write docs/benchmarks.md from the stored rows: ``python -m tests.benchmarks.render``."""

from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks._coverage import coverage
from tests.benchmarks._markdown import MISSING, folded, link, table
from tests.benchmarks._ratios import with_ratios
from tests.benchmarks._rows import RESULTS, Row, read_rows
from tests.benchmarks._sections import pivot, section
from tests.benchmarks._tables import GLANCE, QUALITY, TABLES
from tests.benchmarks._targets import AIM_MET, FAMILIES, MET, MISSED, Found, answers

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
IDENTITY = (
    "table",
    "name",
    "dataset",
    "window",
    "length",
    "n_windows",
    "pattern",
    "level",
    "seed",
    "setting",
)
INTRODUCTION = """# Benchmarks

Every figure was measured by `tests/benchmarks/`, one command a table, such as
`python -m tests.benchmarks.factorized --table quality --dataset etth1 --window 24`, and this page
is rendered from the stored rows by `python -m tests.benchmarks.render`. With several seeds a cell
is their mean, with the least and the most in brackets. Seconds of different machines may not be
compared. Seeds, dates, commits and further columns are folded away below each table. A line with an
older commit than the others has not been measured again since; `-dirty` is a state with changes not
yet committed.
"""
TARGETS = """## In one minute

What the design asks for on ETTh1, in windows of 24 steps where it says nothing else, and what the
rows of this page say, means over seeds with every setting at its default. Of what is
measured, {n_met} of {n_known} are met.
"""
COVERAGE = "Seeds measured of each generator, every setting at its default; a dash is missing"
AGAIN = """## Measuring again

One command a table. Real series are looked for in `../shared/data`, beside the checkout.
`--budget smoke` cuts any of them down to a trial, whose rows go elsewhere, and
`python -m tests.benchmarks.smoke` tries them all.

```text
python -m tests.benchmarks.factorized --table quality --dataset etth1 --window 24
python -m tests.benchmarks.factorized --table literature --dataset sines --window 24
python -m tests.benchmarks.factorized --engine MultiScaleARGenerator --table quality
python -m tests.benchmarks.factorized --table speed    # length, stage1, codebook, truth
python -m tests.benchmarks.imputation --imputer LatentDiffusionImputer --pypots pypots/bin/python
python -m tests.benchmarks.diffusion --table sampling    # forecasting
python -m tests.benchmarks.corruptions
python -m tests.benchmarks.mixed --rivals PAR=sdv/bin/python TabularARGN=argn/bin/python
python -m tests.benchmarks.citizen --table streams    # and what else surrounds the models
python -m tests.benchmarks.gpu    # where there is one
```

Rivals are optional and never installed beside the library. Each has an environment of its own, and
one whose environment is not named is reported as absent:

```text
python -m venv pypots && pypots/bin/python -m pip install pypots==1.5
python -m venv sdv && sdv/bin/python -m pip install sdv==2.0.0
python -m venv argn && argn/bin/python -m pip install mostlyai-engine==2.7.3
```
"""
AT_A_GLANCE = """
How far from chance a strong judge can tell generated windows from real ones (0 is not at all, 0.5
is always), every setting at its default:
"""


def render(rows: Iterable[Row]) -> str:
    """Return the page; of two rows of one thing the later one counts, if it is a figure."""
    newest: dict[str, Row] = {}
    for row in rows:
        if "absent" not in row or _identity(row) not in newest:
            newest[_identity(row)] = _with_setting(row)
    kept = with_ratios(list(newest.values()))
    sections = {shown.title: text for shown in TABLES if (text := section(shown, kept))}
    contents = "\n".join(f"- {link(title)}" for title in (*sections, "Measuring again"))
    measured = folded(COVERAGE, coverage(kept))
    summary = [_targets(kept), _glance(kept), f"{measured}\n", f"## Contents\n\n{contents}\n"]
    return "\n".join([INTRODUCTION, *filter(None, summary), *sections.values(), AGAIN])


def _identity(row: Row) -> str:
    row = _with_setting(row)
    return repr([row.get(key) for key in IDENTITY])


def _with_setting(row: Row) -> Row:
    """Name the parameters that were not the defaults, so that such rows stand apart."""
    params = sorted(row.get("params", {}).items())
    return row | {"setting": ", ".join(f"{name}={value}" for name, value in params)}


def _targets(rows: list[Row]) -> str:
    """Say what is asked for and whether it is met."""
    held = list(answers(rows))
    verdicts = [found.verdict for answer in held for found in answer.found if found]
    n_met = sum(verdict in (MET, AIM_MET) for verdict in verdicts)
    said = TARGETS.format(n_met=n_met, n_known=n_met + verdicts.count(MISSED))
    lines = (
        [f"{target.measure} ({link(target.section)})", *limits, *map(_answer, found)]
        for target, limits, found in held
    )
    headers = ["asked for", "must", "aim", *FAMILIES]
    return f"{said}\n{table(headers, lines, n_words=len(headers) - 1)}\n"


def _answer(found: Found | None) -> str:
    if found is None:
        return MISSING
    return f"{found.figure}: {found.verdict}" if found.figure else found.verdict


def _glance(rows: list[Row]) -> str:
    """Say how good each generator is, in one figure a data set."""
    defaults = [row for row in rows if row["table"] == QUALITY.name and not row["setting"]]
    shown = pivot(GLANCE, defaults)
    return f"{AT_A_GLANCE}\n{shown}\n" if shown else ""


def main() -> None:
    """Render the stored rows."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(read_rows(RESULTS)), encoding="utf-8")


if __name__ == "__main__":
    main()
