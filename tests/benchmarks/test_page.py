"""The summary at the top of the page, its links, and what is folded away."""

import re

import pytest

from tests.benchmarks._coverage import coverage
from tests.benchmarks._markdown import link
from tests.benchmarks._masks import PATTERNS
from tests.benchmarks._ratios import with_ratios
from tests.benchmarks._rows import RESULTS, circumstances, read_rows
from tests.benchmarks._tables import QUALITY
from tests.benchmarks._targets import TARGETS, answers
from tests.benchmarks.render import render

GENERATOR, IMPUTER = "FactorizedARGenerator", "LatentDiffusionImputer"


@pytest.fixture(scope="module")
def page():
    return render(read_rows(RESULTS))


def quality(name, seed=0, **figures):
    place = {"table": "quality", "dataset": "etth1", "window": 24, "n_windows": 3000}
    return place | {"name": name, "seed": seed, "params": {}} | figures


def imputed(name, mae, pattern, seed=0, **figures):
    place = {"table": "imputation", "dataset": "etth1", "params": {}, "pattern": pattern}
    return place | {"name": name, "mae": mae, "seed": seed} | figures


def verdict_on(rows, measure):
    """Return what is said of the family that is named by the first of the rows."""
    (answer,) = (found for found in answers(rows) if found.target.measure.startswith(measure))
    return answer.found[answer.target.names.index(rows[0]["name"])]


JUDGED = [quality("real (floor)", judge_strong=0.01), quality("Diffusion-TS", judge_strong=0.08)]


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [((0.03, 0.02), "aim met"), ((0.06, 0.02), "met"), ((0.09, 0.08), "**missed**")],
)
def test_mean_over_seeds_is_held_against_floor_and_peer(scores, verdict):
    rows = [quality(GENERATOR, seed, judge_strong=score) for seed, score in enumerate(scores)]
    found = verdict_on(rows + JUDGED, "discriminative")
    assert found == (f"{sum(scores) / 2:.3f}", verdict)


def test_limits_show_the_figures_they_come_from():
    (answer,) = (found for found in answers(JUDGED) if found.target.key == "judge_strong")
    assert answer.limits == ("below Diffusion-TS, 0.080", "floor + 0.02, floor 0.010")


def test_only_rows_of_defaults_count():
    row = quality(GENERATOR, fit_cpu_s=30.0)
    assert verdict_on([row], "fit") == ("30", "aim met")
    assert verdict_on([row | {"params": {"max_epochs": "1"}}], "fit").verdict == "not measured"


@pytest.mark.parametrize(
    ("seconds", "said", "verdict"),
    [(0.1, "1220 times", "aim met"), (1.0, "122 times", "met"), (2.0, "61 times", "**missed**")],
)
def test_seconds_are_held_against_those_of_the_peer(seconds, said, verdict):
    row = quality(GENERATOR, sample_cpu_s=seconds, n_timed=1000)
    assert verdict_on([row], "sampling") == (said, verdict)


def test_long_series_are_held_against_short_ones_of_the_same_seeds():
    place = {"table": "length", "dataset": "etth1", "window": 96, "name": GENERATOR, "params": {}}
    rows = [
        place | {"length": length, "seed": seed, "ks": ks, "acf": 0.02}
        for length, seed, ks in ((96, 0, 0.02), (960, 0, 0.03), (96, 1, 0.9))
    ]
    assert verdict_on(rows, "960") == ("KS 1.50 times, ACF 1.00 times", "met")


def rivals(n_below, names=("linear interpolation", "SAITS", "BRITS", "CSDI")):
    """Let an imputer be below all rivals on the first patterns."""
    rows = [imputed(IMPUTER, 0.3, pattern) for pattern in PATTERNS]
    return rows + [
        imputed(name, 0.4 if number < n_below else 0.2, pattern)
        for number, pattern in enumerate(PATTERNS)
        for name in names
    ]


@pytest.mark.parametrize(("n_below", "verdict"), [(5, "aim met"), (4, "met"), (3, "**missed**")])
def test_imputers_are_counted_by_patterns_on_which_they_beat_every_rival(n_below, verdict):
    found = verdict_on(rivals(n_below), "imputation")
    assert found.verdict == verdict
    assert f"CSDI {n_below} of 5" in found.figure


def test_a_rival_that_was_not_measured_leaves_the_verdict_open():
    found = verdict_on(rivals(5, names=("linear interpolation", "SAITS")), "imputation")
    assert found.verdict == "measured in part"
    assert "BRITS 0 of 0" in found.figure


def test_the_pattern_farthest_off_decides_on_calibration():
    rows = [imputed(IMPUTER, 0.3, p, coverage_50=0.5, coverage_90=0.9) for p in PATTERNS]
    assert verdict_on(rows, "coverage").verdict == "aim met"
    rows[2]["coverage_90"] = 0.84
    assert verdict_on(rows, "coverage").verdict == "**missed**"


def test_every_target_of_a_page_links_to_a_section_that_is_there(page):
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert {target.section for target in TARGETS} <= {*headings}
    links = re.findall(r"\[[^]]+\]\(#[^)]+\)", page)
    assert {*links} <= {link(heading) for heading in headings}
    contents = page[page.index("## Contents") :].split("\n\n")[1]
    assert contents.splitlines() == [f"- {link(heading)}" for heading in headings[2:]]


def test_page_counts_what_is_met(page):
    found = [f.verdict for answer in answers(read_rows(RESULTS)) for f in answer.found if f]
    n_met = found.count("met") + found.count("aim met")
    assert f"{n_met} of {n_met + found.count('**missed**')} are met" in page


def test_tables_in_sight_are_narrow(page):
    in_sight = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    widths = [line.count("|") - 2 for line in in_sight.splitlines() if line.startswith("| ---")]
    assert max(widths) <= 8  # figures beside the name of a line


def test_columns_out_of_sight_are_on_the_page(page):
    cells = {cell.strip() for line in page.splitlines() for cell in line.split("|")}
    *_, row = (r for r in read_rows(RESULTS) if r["name"] == "Diffusion-TS" and "judge_small" in r)
    for column in QUALITY.columns:
        assert f"{row[column.key]:.{column.digits}f}" in cells


def test_folded_parts_hold_seeds_commits_and_machine():
    figures = dict.fromkeys((column.key for column in QUALITY.columns), 0.5) | {"dks": 0.25}
    row = quality(GENERATOR, 7, **figures) | circumstances()
    page = render([row])
    folded = re.search(r"<details>.*?</details>", page[page.index("## Quality") :], re.S).group()
    for text in ("Seeds 7", "| 0.250 |", row["versions"]["commit"], row["date"], row["machine"]):
        assert text in folded
    assert QUALITY.columns[1].header not in folded


def test_overview_puts_patterns_side_by_side():
    rows = [imputed(IMPUTER, 0.1 + i / 10, p, i) | circumstances() for i, p in enumerate(PATTERNS)]
    lines = render(rows).splitlines()
    assert f"| name | {' | '.join(PATTERNS)} |" in lines
    assert f"| {IMPUTER} | 0.100 | 0.200 | 0.300 | 0.400 | 0.500 |" in lines
    assert sum(line.startswith("<summary>dataset etth1, pattern") for line in lines) == 5


def test_the_dearest_length_decides_on_the_cost_of_decoding():
    place = {"table": "speed", "dataset": "etth1", "window": 24, "seed": 0, "params": {}}
    rows = [
        place | {"name": f"{GENERATOR}, sample", "length": length, "ratio_same_shapes": ratio}
        for length, ratio in ((24, 9.0), (24, 2.5), (96, 1.25))
    ]
    (answer,) = (found for found in answers(rows) if found.target.measure.startswith("decoding"))
    assert answer.found[:2] == [("1.2 to 2.5 times", "met"), ("", "not measured")]


def test_costs_of_rivals_are_multiples_of_ours_on_the_same_data_and_seed():
    took = {"fit_cpu_s": 80.0, "impute_cpu_s": 0.1}
    ours = [imputed(IMPUTER, 0.3, "point10", seed, **took) for seed in (0, 1)]
    rival = imputed("SAITS", 0.4, "point10", 1, fit_cpu_s=120.0, impute_cpu_s=0.2)
    other = imputed("SAITS", 0.4, "point50", 1, fit_cpu_s=120.0)
    *kept, at_ten, at_fifty = with_ratios([*ours, rival, other])
    assert kept == ours
    assert (at_ten["fit_ratio"], at_ten["impute_ratio"]) == (1.5, 2.0)
    assert at_fifty == other


def test_page_says_what_is_missing():
    rows = [quality(GENERATOR, seed, judge_strong=0.1) for seed in (0, 1)]
    rows.append(rows[0] | {"dataset": "energy", "params": {"dropout": "0.2"}})
    lines = coverage(rows).splitlines()
    assert "| Quality: etth1, 24 | 2 | – | – |" in lines  # noqa: RUF001
    assert "| Quality: energy, 24 | – | – | – |" in lines  # noqa: RUF001
    assert len(lines) == 2 + 22
