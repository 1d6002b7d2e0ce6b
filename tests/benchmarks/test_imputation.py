import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import _imputation
from tests.benchmarks._imputation import ImputationPlan, Parts, imputation, load_parts, save_masks
from tests.benchmarks._imputers import ColumnMean, LastValue, LinearInterpolation, Regression
from tests.benchmarks._masks import PATTERNS, digest, hide
from tests.benchmarks._mixed_imputation import OneHot, mixed_task
from tests.benchmarks._rows import append_row, read_rows
from tests.benchmarks.render import render

ALL = np.ones((40, 48, 7), dtype=bool)
nan = np.nan


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_hide_the_share_they_are_named_for(pattern):
    hidden = hide(ALL, pattern, seed=0)
    assert hidden.mean() == pytest.approx(int(pattern[-2:]) / 100, abs=0.05)
    np.testing.assert_array_equal(hidden, hide(ALL, pattern, seed=0))
    assert digest(hidden) != digest(hide(ALL, pattern, seed=1))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_only_observed_cells_are_hidden(pattern):
    observed = np.random.default_rng(0).random((30, 12, 13)) < 0.6
    hidden = hide(observed, pattern, seed=0)
    assert not (hidden & ~observed).any()
    if pattern.startswith("point"):
        share = hidden.sum((1, 2)) / observed.sum((1, 2))
        np.testing.assert_allclose(share, int(pattern[-2:]) / 100, atol=0.01)


def test_stretches_are_whole():
    hidden = hide(ALL, "subseq50", seed=0)
    lengths = hidden.sum(1)
    assert set(np.unique(lengths)) == {0, 36}
    assert (np.abs(np.diff(hidden.astype(int), axis=1)).sum(1) <= 2).all()


def test_unknown_pattern_is_named():
    with pytest.raises(ValueError, match="pattern='holes' is not known; choose from"):
        hide(ALL, "holes", seed=0)


SERIES = np.array([nan, 1, nan, nan, 4, nan])[None, :, None]


@pytest.mark.parametrize(
    ("imputer", "expected"),
    [
        (LinearInterpolation(), [1, 1, 2, 3, 4, 4]),
        (LastValue(), [1, 1, 1, 1, 4, 4]),
        (ColumnMean(), [2.5, 1, 2.5, 2.5, 4, 2.5]),
    ],
)
def test_simple_rules_fill_as_they_say(imputer, expected):
    np.testing.assert_array_equal(imputer.fit(SERIES).transform(SERIES).ravel(), expected)


@pytest.mark.parametrize("imputer", [LinearInterpolation(), LastValue()])
def test_a_channel_without_values_takes_the_training_mean(imputer):
    empty = np.full((1, 6, 1), nan)
    np.testing.assert_array_equal(imputer.fit(SERIES).transform(empty), 2.5)


def test_regression_learns_a_line_between_channels():
    x = np.random.default_rng(0).standard_normal((20, 12, 1))
    X = np.concatenate((x, 2 * x + 1), axis=-1)
    holed = np.where(np.arange(12)[:, None] % 3 == [2, 9], nan, X)
    imputer = Regression().fit(holed)
    np.testing.assert_allclose(imputer.transform(holed), X, atol=1e-3)
    assert imputer.sample_imputations(holed, 2).shape == (2, *X.shape)


@pytest.fixture
def walks(monkeypatch):
    """Replace a data set by random walks, with a few gaps of their own."""
    rng = np.random.default_rng(0)
    whole = 100 + rng.standard_normal((30, 12, 3)).cumsum(1)
    gaps = rng.random(whole.shape) < 0.05
    parts = Parts(*np.split(np.where(gaps, nan, whole), [20, 24]))
    monkeypatch.setitem(_imputation.LOADERS, "etth1", lambda: parts)
    return parts


class Oracle:
    """Knows the walks."""

    def __init__(self, parts, task):
        self.parts, self.task = parts, task

    def fit(self, X):
        return self

    def transform(self, X):
        return np.where(np.isnan(X), self.task.whole.test, X)


def test_every_method_fills_the_same_cells_and_absent_ones_are_named(walks, tmp_path):
    for row in imputation(ImputationPlan(patterns=("point50", "block50"), seeds=(3,))):
        append_row(row, tmp_path)
    rows = list(read_rows(tmp_path))
    for pattern in ("point50", "block50"):
        of_pattern = [row for row in rows if row["pattern"] == pattern]
        assert len({row["mask"] for row in of_pattern}) == 1
        errors = {row["name"]: row.get("mae") for row in of_pattern}
        assert errors["linear interpolation"] < errors["last value"] < errors["column mean"]
        assert errors["SAITS"] is None
    assert {row.get("changed", 0) for row in rows} == {0}
    page = render(rows)
    assert "pattern block50" in page
    assert "Absent: SAITS, BRITS, CSDI: no environment with PyPOTS was given." in page


def test_saved_masks_are_those_of_the_rows(walks, tmp_path):
    plan = ImputationPlan(patterns=("point10",), seeds=(1,))
    names = save_masks(plan, tmp_path)
    row = next(iter(imputation(plan)))
    assert names == {"etth1-point10-1": row["mask"]}
    with np.load(tmp_path / "etth1-point10-1.npz") as saved:
        assert digest(saved["hidden"]) == row["mask"]


def test_units_come_from_what_is_left_of_training(walks):
    task = _imputation._Task(walks, "point50", 0)
    left = task.holed.train
    np.testing.assert_allclose(np.nanmean(left, axis=(0, 1)), 0, atol=1e-9)
    np.testing.assert_allclose(np.nanstd(left, axis=(0, 1)), 1)
    hidden_test = np.isnan(task.holed.test) & ~np.isnan(walks.test)
    np.testing.assert_array_equal(hidden_test, task.hidden[2])


def test_perfect_filling_has_no_error(walks):
    task = _imputation._Task(walks, "point50", 0)
    ((_, figures),) = _imputation._measured(Oracle(walks, task), task)
    assert (figures["mae"], figures["rmse"], figures["changed"]) == (0, 0, 0)


def test_parts_of_the_real_series_follow_each_other(shared_data):
    parts = load_parts("etth1")
    assert [part.shape for part in parts] == [(213, 48, 7), (76, 48, 7), (72, 48, 7)]
    assert [part.shape[1:] for part in load_parts("italy_air")] == [(12, 13)] * 3
    assert np.isnan(load_parts("italy_air").train).any()


def test_discrete_columns_are_filled_and_counted(shared_data):
    task = mixed_task("bikes", "point50", 0, n_windows=20)
    filled = OneHot(LastValue()).fit(task.train).transform(task.holed)
    assert not filled.isna().any(axis=None)
    pd.testing.assert_series_equal(filled.dtypes, task.holed.dtypes)
    kept = ~task.hidden
    np.testing.assert_array_equal(filled.to_numpy()[kept], task.holed.to_numpy()[kept])
    given = task.holed.groupby(level=0)["season"].ffill().dropna()
    np.testing.assert_array_equal(filled.loc[given.index, "season"], given)


def test_mode_is_a_worse_guess_than_the_last_level(shared_data):
    plan = ImputationPlan(dataset="bikes", patterns=("point50",), seeds=(0,), budget="smoke")
    rows = {row["name"]: row for row in imputation(plan)}
    assert rows["last value"]["error_rate"] < 0.5 * rows["column mean"]["error_rate"]
    assert rows["linear interpolation"]["mae"] < rows["column mean"]["mae"]
    assert {row["dataset"] for row in rows.values()} == {"bikes"}


def test_own_gaps_of_a_table_are_nobody_s_fault(shared_data):
    task = mixed_task("pm25", "block50", 0, n_windows=20)
    assert task.whole["pm2.5"].isna().any()
    assert not (task.hidden & task.whole.isna().to_numpy()).any()
    draws = OneHot(LastValue()).fit(task.train).sample_imputations(task.holed, 5)
    assert len(draws) == 1  # a rule has one answer


def test_stays_are_sparse_and_whole(shared_data):
    parts = load_parts("physionet2012")
    assert [part.shape for part in parts] == [(1280, 48, 35), (320, 48, 35), (400, 48, 35)]
    assert np.isnan(parts.train).mean() == pytest.approx(0.8, abs=0.02)
    assert not np.isnan(parts.train).all((0, 1)).any()
