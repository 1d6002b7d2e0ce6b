import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen.datasets import make_mixed_panel
from sktsgen.metrics import _context_fid, _judges
from tests.benchmarks import _data, _length, _panel_rivals, factorized
from tests.benchmarks._corruptions import corruptions
from tests.benchmarks._data import block_bootstrap, cut_windows, hold_out
from tests.benchmarks._joining import JoiningGenerator
from tests.benchmarks._literature import unit_series
from tests.benchmarks._panel_rivals import drawn_by_rival
from tests.benchmarks._plan import SMOKE_PARAMS, Plan, estimator_class
from tests.benchmarks._products import measure_products
from tests.benchmarks._protocol import evaluate_windows, floor_windows
from tests.benchmarks._published import published
from tests.benchmarks._quality import reconstruct, reconstruction_error
from tests.benchmarks._rows import (
    RESULTS,
    append_row,
    circumstances,
    read_rows,
    results_folder,
)
from tests.benchmarks.render import render


@pytest.fixture
def toy_series(monkeypatch):
    """Replace a data set by a seeded random walk of 600 rows and 2 channels."""
    walk = np.random.default_rng(0).standard_normal((600, 2)).cumsum(0)
    monkeypatch.setitem(_data.LOADERS, "stocks", lambda: [walk])
    monkeypatch.setattr(_context_fid, "N_ITERATIONS", 90)
    quick = _judges.JUDGES["gru-small"]._replace(n_iterations=20)
    monkeypatch.setitem(_judges.JUDGES, "gru-small", quick)
    return walk


def numbered(n_rows):
    return np.arange(n_rows, dtype=float)[:, None]


def test_hold_out_keeps_every_fifth_block_of_two_windows():
    kept, out = hold_out([numbered(100)], window=5)
    held_out = np.concatenate(out)[:, 0].astype(int)
    np.testing.assert_array_equal(held_out, [*range(40, 50), *range(90, 100)])
    assert [len(part) for part in kept] == [40, 40]


def test_hold_out_never_joins_two_stretches():
    kept, out = hold_out([numbered(997)], window=7)
    assert all((np.diff(part[:, 0]) == 1).all() for part in kept + out)


def test_no_training_window_touches_a_held_out_row():
    kept, out = hold_out([numbered(500)], window=6)
    trained = np.unique(cut_windows(kept, 6))
    assert not np.isin(np.unique(cut_windows(out, 6)), trained).any()


def test_hold_out_of_a_panel_takes_whole_series():
    series = [np.full((10, 1), float(i)) for i in range(10)]
    _, out = hold_out(series, window=4)
    assert [part[0, 0] for part in out] == [4.0, 9.0]


def test_windows_stay_inside_their_series():
    windows = cut_windows([numbered(6), 100 + numbered(4), numbered(2)], window=3)
    starts = windows[:, 0, 0]
    np.testing.assert_array_equal(starts, [0, 1, 2, 3, 100, 101])
    np.testing.assert_array_equal(windows[..., 0], starts[:, None] + np.arange(3))


def test_bootstrap_joins_training_stretches():
    drawn = block_bootstrap([numbered(50)], n=20, length=10, block=4, seed=0)
    steps = np.diff(drawn[..., 0], axis=1)
    assert drawn.shape == (20, 10, 1)
    assert (np.delete(steps, [3, 7], axis=1) == 1).all()


def test_floor_takes_windows_that_the_judged_side_does_not():
    real = np.arange(40.0)[:, None, None]
    floor = floor_windows(real, 15)
    others = set(real.ravel()) - set(floor.ravel())
    assert len(floor) == 15
    assert len(others) == 25


def test_evaluation_tells_real_from_shifted(toy_series):
    data = _data.split("stocks", 8)
    near, far = (
        evaluate_windows(data.real, data.train, data.test, windows, judges=(), n_windows=100)
        for windows in (floor_windows(data.real, 100), floor_windows(data.real, 100) + 20)
    )
    for measure in ("context_fid", "ks"):
        assert far[measure] > 3 * near[measure]
    assert near["n_windows"] == 100


def test_reconstruction_error_is_in_units_of_the_variance():
    windows = np.random.default_rng(0).standard_normal((200, 5, 2)) * [1.0, 100.0]
    zeros = np.broadcast_to(windows.mean((0, 1)), windows.shape)
    assert reconstruction_error(windows, zeros)["reconstruction_error"] == pytest.approx(1)


class Halving:
    """What reads tokens of its own, as an estimator with `reconstruct` does."""

    def reconstruct(self, X):
        return X / 2


def test_windows_go_through_stage_1_of_either_kind():
    windows = np.array([[[1.2], [3.0]]])
    assert reconstruct(Halving(), windows).ravel().tolist() == [0.6, 1.5]
    assert reconstruct(JoiningGenerator(step=0.5), windows).ravel().tolist() == [1.0, 3.0]


@pytest.mark.parametrize(("window", "trained_at"), [(12, 12), (24, 48)])
def test_lengths_are_those_of_the_window_asked_for(toy_series, monkeypatch, window, trained_at):
    """A window that has no lengths of its own stands for all that have, 48 being the first."""
    monkeypatch.setitem(_length.LENGTHS, 12, (12, 24))
    plan = Plan(make=JoiningGenerator, dataset="stocks", window=window, budget="smoke", seeds=(0,))
    rows = list(_length.length(plan))
    assert {row["window"] for row in rows} == {trained_at}
    assert [row["length"] / trained_at for row in rows] == [1, 1, 2]


def test_products_are_counted():
    x, weight = torch.ones(8, 16), torch.ones(4, 16)
    products = measure_products(lambda: torch.nn.functional.linear(x, weight) @ torch.ones(4, 2))
    assert products.flops == 2 * (8 * 16 * 4 + 8 * 4 * 2)
    assert 0 < products.at_peak_s <= products.same_shapes_s


def test_products_in_inference_mode_are_counted():
    x, weight = torch.ones(2, 8, 16), torch.ones(4, 16)
    with torch.inference_mode():
        products = measure_products(lambda: torch.nn.functional.linear(x, weight))
    assert products.flops == 2 * 2 * 8 * 16 * 4


def test_a_call_without_products_has_no_limit():
    with pytest.raises(ValueError, match="made no matrix product"):
        measure_products(lambda: torch.ones(3) + 1)


@pytest.mark.benchmark
@pytest.mark.parametrize("table", sorted(factorized.TABLES))
def test_smoke_run_of_the_estimator_writes_rows(table, shared_data, tmp_path):
    factorized.main(["--table", table, "--budget", "smoke", "--results", str(tmp_path)])
    rows = list(read_rows(tmp_path))
    assert {row["table"] for row in rows} == {table}
    params = {name: str(value) for name, value in SMOKE_PARAMS.items()}
    assert all(row["params"] in ({}, params) for row in rows)


def joining(max_epochs, trainer, **params):
    return JoiningGenerator(**params)


@pytest.mark.parametrize("table", ["quality", "length", "literature"])
def test_smoke_rows_of_a_table_render(table, toy_series, tmp_path):
    arguments = ["--dataset", "stocks", "--window", "8", "--budget", "smoke", "--seeds", "3"]
    options = factorized.parse([*arguments, "--results", str(tmp_path), "--set", "step=0.25"])
    options.table = table
    plan = factorized.plan_of(options, joining)
    n_rows = factorized.run(table, plan)
    rows = list(read_rows(tmp_path))
    assert len(rows) == n_rows
    assert {row["dataset"] for row in rows} == {"stocks"}
    page = render(rows)
    assert "step=0.25" in page
    assert "dataset stocks" in page


@pytest.mark.parametrize("table", ["quality", "literature"])
def test_references_are_left_out_where_asked(table, toy_series, tmp_path):
    arguments = ["--dataset", "stocks", "--window", "8", "--budget", "smoke", "--no-references"]
    plan = factorized.plan_of(factorized.parse(arguments), lambda **kwargs: JoiningGenerator())
    names = {row["name"] for row in factorized.TABLES[table](plan)}
    assert not any("floor" in name or "bootstrap" in name for name in names)
    assert plan.engine in names


def test_smoke_runs_of_long_windows_hold_out_two_blocks(toy_series):
    _data.LOADERS["stocks"] = lambda: [numbered(20_000)]
    plan = Plan(make=dict, dataset="stocks", window=256, budget="smoke")
    assert len(plan.split().held_out) == 2


def test_engine_is_chosen_by_name():
    assert estimator_class("FactorizedARGenerator").__name__ == "FactorizedARGenerator"
    with pytest.raises(ValueError, match="'TimeGAN' is no estimator; choose from"):
        estimator_class("TimeGAN")


def test_literature_rows_show_half_their_interval(tmp_path):
    figures = published("etth1", 24)["TimeGAN (published)"]
    append_row(ROW | {"table": "literature", "name": "TimeGAN", **figures}, tmp_path)
    line = next(line for line in render(read_rows(tmp_path)).splitlines() if "TimeGAN" in line)
    assert [cell.strip() for cell in line.split("|")[2:6]] == [
        "0.300 ± 0.013",
        "0.210 ± 0.006",
        "0.114 ± 0.055",
        "0.124 ± 0.001",
    ]


def test_published_figures_are_those_of_their_data_set_and_length():
    assert published("fmri", 24)["TimeVAE (published)"]["context_fid"] == 14.449
    assert published("energy", 256)["Diffusion-TS (published)"]["predictive_half"] == 0.001
    assert published("stocks", 64) == {}


def test_whole_series_are_on_the_unit_interval(toy_series):
    (series,) = unit_series(Plan(make=dict, dataset="stocks"))
    assert (series.min(0).tolist(), series.max(0).tolist()) == ([0, 0], [1, 1])


def test_each_corruption_is_caught_by_the_measure_meant_for_it(toy_series):
    """The same table as in the docs, on a random walk of two channels."""
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((6000, 2)).cumsum(0) @ [[1.0, 0.9], [0.0, 0.4]]
    smooth = mixed - np.linspace(0, 1, 6000)[:, None] * mixed[-1]
    _data.LOADERS["stocks"] = lambda: [smooth]
    plan = Plan(make=dict, dataset="stocks", window=12, budget="smoke")
    caught = {row["name"]: set(row["caught"]) for row in corruptions(plan, networks=())}
    meant = {
        "noise alone": "acf",
        "noise of 100 % added": "dks",
        "time shuffled": "dks",
        "channels from other windows": "correlational",
        "one window repeated": "ks",
        "half of the modes dropped": "ks",
        "variance halved": "dks",
        "training windows copied": "copying_share",
        "training windows, 1 % noise": "copying_share",
        "block bootstrap": "judge_boosting",
        "rare level lost": "total_variation",
        "discrete columns from elsewhere": "cramers_v",
        "numbers from elsewhere": "correlation_ratio",
    }
    assert {name: measure for name, measure in meant.items() if measure not in caught[name]} == {}
    assert caught["real (floor)"] == set()


def test_what_is_caught_is_bold(tmp_path):
    row = ROW | {"table": "corruptions", "ks": 0.5, "acf": 0.1, "caught": ["ks"], "n_windows": 9}
    append_row(row, tmp_path)
    page = render(read_rows(tmp_path))
    assert "**0.500**" in page
    assert "**0.100**" not in page


ROW = {
    "table": "truth",
    "name": "AR(1)",
    "dataset": "ar1",
    "window": 24,
    "params": {},
    "score": -1.5,
    "seed": 0,
}


def test_page_shows_mean_and_range_over_seeds(tmp_path):
    for seed, score in enumerate((-1.5, -1.4, -1.6)):
        append_row(ROW | {"seed": seed, "score": score}, tmp_path)
    line = next(line for line in render(read_rows(tmp_path)).splitlines() if "AR(1)" in line)
    assert re.search(r"-1\.500 \(-1\.600.-1\.400\)", line)


def test_a_row_measured_again_replaces_the_former(tmp_path):
    append_row(ROW, tmp_path)
    append_row(ROW | {"score": -9.0}, tmp_path)
    page = render(read_rows(tmp_path))
    assert "-9.000" in page
    assert "-1.500" not in page


def test_other_parameters_make_a_row_of_their_own(tmp_path):
    append_row(ROW, tmp_path)
    append_row(ROW | {"params": {"d_model": "96"}, "score": -9.0}, tmp_path)
    lines = [line for line in render(read_rows(tmp_path)).splitlines() if "AR(1)" in line]
    labels = [line.split("|")[1].strip() for line in lines]
    assert labels == ["AR(1)", "AR(1), d_model=96"]


def test_smoke_rows_do_not_go_beside_the_others(tmp_path):
    assert results_folder("full", None) == RESULTS
    assert results_folder("smoke", None) != RESULTS
    assert results_folder("smoke", tmp_path) == tmp_path


def test_rows_say_what_they_were_measured_on(tmp_path):
    append_row(ROW, tmp_path)
    (text,) = (tmp_path / "truth.jsonl").read_text().splitlines()
    row = json.loads(text)
    assert row["versions"]["torch"] == torch.__version__
    assert row["threads"] == circumstances()["threads"]


def measured(tmp_path, commits, **changes):
    """Store rows of one table, one a commit, each an hour later; give the lines of the page."""
    circumstance = circumstances()
    for i, commit in enumerate(commits):
        row = ROW | {key: values[i] for key, values in changes.items()} | circumstance
        row |= {"date": f"2026-01-01 0{i}:00"}
        row["versions"] = circumstance["versions"] | {"commit": commit}
        with (tmp_path / "truth.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
    page = render(read_rows(tmp_path))
    return page[page.index("<details>", page.index("## Score")) :].splitlines()


def test_footer_names_what_all_lines_have_in_common(tmp_path):
    lines = measured(tmp_path, ["abc", "abc"], seed=[0, 1])
    (footer,) = (line for line in lines if "scikit-learn 1" in line)
    assert footer.startswith("Seeds 0, 1. ")
    assert footer.endswith(", commit abc of 2026-01-01 01:00 UTC.")
    assert not any("| measured with" in line for line in lines)


def test_lines_of_other_seeds_name_them(tmp_path):
    lines = measured(tmp_path, ["abc", "abc", "abc"], name=["A", "A", "B"], seed=[0, 1, 0])
    ends = {
        line.split("|")[1].strip(): line.split("|")[-2].strip() for line in lines if "|" in line
    }
    assert ends == {"": "seeds", "---": "---", "A": "0, 1", "B": "0"}
    assert not any(line.startswith("Seeds") for line in lines)


def test_lines_of_older_code_name_it(tmp_path):
    """A line whose seeds were measured with several states of the code names them all."""
    names, seeds = ["A", "A", "B"], [0, 1, 1]
    lines = measured(tmp_path, ["old", "new", "newest"], name=names, seed=seeds)
    (one,), (other,) = ([line for line in lines if f"| {name} |" in line] for name in "AB")
    assert "| new of 2026-01-01 01:00 UTC; old of 2026-01-01 00:00 UTC |" in one
    assert "| newest of 2026-01-01 02:00 UTC |" in other
    (footer,) = (line for line in lines if "scikit-learn 1" in line)
    assert "2026-01-01" not in footer


def test_a_figure_is_not_replaced_by_an_absence(tmp_path):
    append_row(ROW, tmp_path)
    append_row({"table": "truth", "name": "AR(1)", "dataset": "ar1", "window": 24, "seed": 0}
               | {"absent": "nobody looked"}, tmp_path)  # fmt: skip
    page = render(read_rows(tmp_path))
    assert "-1.500" in page
    assert "nobody looked" not in page


ECHO = """
import shutil, sys
from pathlib import Path
folder = Path(sys.argv[2])
shutil.copy(folder / "rows.csv", folder / "drawn.csv")
(folder / "answer.json").write_text('{"fit_cpu_s": 1.5}')
"""


def test_rivals_are_called_with_windows_and_give_windows_of_the_same_types(monkeypatch, tmp_path):
    """A rival that gives back what it is given; it had to go through text."""
    script = tmp_path / "echo.py"
    script.write_text(ECHO)
    monkeypatch.setattr(_panel_rivals, "SCRIPT", script)
    X = make_mixed_panel(2, 24, random_state=0).droplevel(0).reset_index(drop=True)
    windows = [X.iloc[:24], X.iloc[24:]]
    drawn, took = drawn_by_rival("PAR", sys.executable, windows, ["kind"], 2, 0)
    assert took == {"fit_cpu_s": 1.5, "n_drawn": 2}
    for given, found in zip(windows, drawn, strict=True):
        expected = given.reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12)
        discrete = expected.columns[[not is_number(dtype) for dtype in expected.dtypes]]
        assert found[discrete].dtypes.equals(expected[discrete].dtypes)


def test_a_rival_that_fails_says_how(tmp_path, monkeypatch):
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('no room left')")
    monkeypatch.setattr(_panel_rivals, "SCRIPT", script)
    with pytest.raises(RuntimeError, match="no room left"):
        drawn_by_rival("PAR", sys.executable, [pd.DataFrame({"a": [1.0]})], [], 1, 0)


def is_number(dtype):
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def test_unknown_data_set_is_named():
    with pytest.raises(ValueError, match="dataset='nile' is not known; choose from"):
        _data.load_series("nile")


@pytest.mark.parametrize(
    ("dataset", "n_rows", "n_channels"),
    [("etth1", 17420, 7), ("stocks", 3685, 6), ("energy", 19735, 28), ("fmri", 10000, 50)],
)
def test_real_series_have_the_published_shape(shared_data, dataset, n_rows, n_channels):
    series = _data.load_series(dataset)
    assert sum(map(len, series)) == n_rows
    assert {rows.shape[1] for rows in series} == {n_channels}


def test_peer_windows_are_in_the_units_of_the_data(shared_data):
    (rows,) = _data.load_series("etth1")
    windows = _data.peer_windows()
    assert windows.shape == (3000, 24, 7)
    np.testing.assert_allclose(windows.mean((0, 1)), rows.mean(0), atol=0.25 * rows.std(0).max())
