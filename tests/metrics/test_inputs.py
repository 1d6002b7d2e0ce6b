import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen.data import read_tables
from sktsgen.metrics import (
    autocorrelation_difference,
    copying,
    correlational_score,
    marginal_distance,
    spectral_distance,
    total_variation_distance,
)
from sktsgen.metrics._inputs import (
    features,
    paired_windows,
    random_stream,
    read_windows,
    unit_scaled,
    window_rows,
)

X = np.random.default_rng(0).standard_normal((6, 5, 2))
INDEX = pd.MultiIndex.from_product([list("abcdef"), range(5)], names=["series", "time"])
FRAME = pd.DataFrame(X.reshape(30, 2), index=INDEX, columns=["p", "q"])
METRICS = [correlational_score, autocorrelation_difference, marginal_distance, spectral_distance]


@pytest.mark.parametrize(
    "container",
    [list(X), tuple(X), FRAME, [pd.DataFrame(series) for series in X], X.tolist()],
    ids=["list", "tuple", "panel frame", "list of frames", "nested lists"],
)
@pytest.mark.parametrize("metric", METRICS)
def test_equal_data_has_equal_value_in_any_container(metric, container):
    other = X[::-1] ** 2
    assert metric(container, other) == metric(X, other) > 0


def test_input_is_not_changed():
    before = X.copy()
    marginal_distance(X, X + 1)
    copying(X, X, X)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (X[:0], ValueError, r"\(0, 5, 2\)"),
        (X[0, 0], ValueError, "Expected 2D array, got 1D array instead"),
        (X.astype(str), ValueError, "not compatible with arrays of bytes/strings"),
        ([X[0], X[1, :, :1]], ValueError, r"X_real\[1\] has 1 channels and X_real\[0\] has 2"),
        (np.where(X[3, 0, 1] == X, -np.inf, X), ValueError, "X_real contains infinity"),
        (pd.concat({"a": FRAME}), ValueError, "the index of X_real has 3 levels"),
        (X[:, :4], ValueError, "X_real has series of at most 4 steps and X_synthetic windows of 5"),
        (X[:, :, :1], ValueError, "X_synthetic has 2 columns and X_real has 1; give equal ones"),
    ],
)
def test_bad_input_is_named(bad, error, message):
    with pytest.raises(error, match=message):
        correlational_score(bad, X)


def test_generated_series_have_one_length():
    with pytest.raises(ValueError, match="X_synthetic mixes series of 3 and 5 steps"):
        correlational_score(X, [X[0], X[1, :3]])


def test_frames_of_other_columns_are_refused():
    with pytest.raises(ValueError, match=r"X_synthetic has the columns \['q', 'p'\] and X_real"):
        correlational_score(FRAME, FRAME[["q", "p"]])


def test_one_long_series_is_cut_into_windows():
    long = np.random.default_rng(1).standard_normal((40, 2)).cumsum(0)
    windows = np.lib.stride_tricks.sliding_window_view(long, 5, axis=0).swapaxes(1, 2)
    assert correlational_score(long, X) == correlational_score(windows, X)
    assert correlational_score([long, long[:3]], X) == correlational_score(windows, X)


def test_many_windows_are_thinned_out_evenly():
    rows = window_rows(np.array([5003]), 4, 1000, ("X_real", "X_synthetic"))
    assert rows.shape == (1000, 4)
    assert (np.diff(rows) == 1).all()
    assert np.diff(rows[:, 0]).max() <= 10
    assert np.bincount(rows[:, 0] % 24).min() > 25


def test_interleaved_rows_are_gathered_series_by_series():
    by_time = FRAME.sort_index(level=1, kind="stable")
    assert correlational_score(by_time, X**2) == correlational_score(X, X**2)


MIXED = pd.DataFrame(
    {
        "p": X[..., 0].ravel(),
        "state": np.resize(["on", "off", "off"], 30),
        "flag": np.resize([True, False], 30),
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(30), unit="s"),
    },
    index=INDEX,
)


def test_columns_are_told_apart_by_their_types():
    (table, other), kinds = read_tables(
        {"a": MIXED, "b": MIXED.sort_index(level=0, ascending=False, sort_remaining=False)}
    )
    np.testing.assert_array_equal(kinds.is_discrete, [False, True, True, False])
    assert kinds.levels == (("on", "off"), (True, False))
    np.testing.assert_array_equal(table.numbers[:, 1], 1704067200.0 + np.arange(30))
    np.testing.assert_array_equal(np.sort(other.codes, axis=0), np.sort(table.codes, axis=0))


@pytest.mark.parametrize("dtype", ["category", "string", object])
def test_levels_are_equal_in_any_type(dtype):
    given = MIXED.astype({"state": dtype})
    other = MIXED.assign(state=np.resize(["on", "off"], 30))
    for metric in (total_variation_distance, autocorrelation_difference):
        assert metric(given, other) == metric(MIXED, other) > 0


def test_missing_cells_stay_visible_as_levels():
    gaps = MIXED.copy()
    gaps.loc[("a", 1), "p"] = np.nan
    gaps.loc[("b", 2), "state"] = None
    real, synthetic = paired_windows(MIXED, gaps)
    assert real.n_levels == synthetic.n_levels == (3, 2, 2)
    assert synthetic.codes[0, 1].tolist() == [1, 1, 1]
    assert synthetic.codes[1, 2, 0] == 2
    assert synthetic.numbers[0, 1, 0] == pytest.approx(MIXED["p"].mean())
    assert np.isfinite(features(real, synthetic)[1]).all()


def test_only_the_most_frequent_levels_have_a_column_of_their_own():
    levels = np.repeat(np.arange(50), np.arange(1, 51))[:1200].astype(str)
    frame = pd.DataFrame({"code": levels[::-1]})
    cells = read_windows({"X_real": frame, "X_synthetic": frame})
    shown = features(*cells)[0]
    assert shown.shape == (1, 1200, 32)
    assert 1000 < shown.sum() < 1200


def test_numbers_on_one_side_alone_are_refused():
    with pytest.raises(TypeError, match="column 'p' of X_synthetic is of type"):
        correlational_score(MIXED, MIXED.assign(p="x"))


DATES = MIXED[["when"]]


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (DATES.assign(when=np.arange(30.0)), "numbers"),
        (np.arange(30.0).reshape(6, 5, 1), "numbers"),
        (DATES - pd.Timestamp("2024-01-01"), "durations"),
    ],
)
def test_dates_are_compared_with_dates_alone(other, kind):
    """Seconds since 1970 would be numbers like any."""
    with pytest.raises(TypeError, match=f"column 'when' of X_synthetic holds {kind}, and that of"):
        marginal_distance(DATES, other)
    with pytest.raises(TypeError, match=f"column 'when' of X_synthetic holds dates, .* {kind}"):
        marginal_distance(other, DATES)


def test_a_column_without_cells_is_of_any_kind():
    tables, _ = read_tables({"a": DATES, "b": DATES.assign(when=np.nan)})
    assert np.isnan(tables[1].numbers).all()


def test_a_measure_of_numbers_needs_some():
    with pytest.raises(ValueError, match="X_real has no column of numbers"):
        correlational_score(MIXED[["state"]], MIXED[["state"]])


def test_marginals_of_other_lengths_compare():
    assert marginal_distance(X, X[:, :3]) < marginal_distance(X, X[:, :3] + 1)


def test_scale_comes_from_the_reference_and_constants_are_shifted():
    reference = np.stack([X[..., 0], np.full((6, 5), 7.0)], axis=-1)
    scaled, other = unit_scaled(reference, reference + 1)
    assert scaled[..., 0].min() == 0
    assert scaled[..., 0].max() == 1
    np.testing.assert_array_equal(scaled[..., 1], 0)
    np.testing.assert_array_equal(other[..., 1], 1)


def test_no_random_state_leaves_the_global_streams_alone():
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    torch_state = torch.get_rng_state()
    drawn = [random_stream(None).random() for _ in range(2)]
    assert drawn[0] != drawn[1]
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)


@pytest.mark.parametrize("make", [int, np.random.default_rng, np.random.RandomState])
def test_equal_seeds_give_equal_streams(make):
    streams = [random_stream(make(5)).spawn(2)[1].random() for _ in range(2)]
    assert streams[0] == streams[1]


def test_integers_become_floats():
    (table,), _ = read_tables({"X": np.ones((2, 3, 1), dtype=int)})
    assert table.numbers.dtype == np.float64
