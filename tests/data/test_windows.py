"""Windows stay inside their series, and held-out rows are never trained on."""

import re
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sktsgen.data import (
    MappedRows,
    Windows,
    split_windows,
    window_starts,
)

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=12)
LENGTH = st.integers(1, 12)
FRACTION = st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.5, 0.9])


def numbered(lengths):
    """Rows (series, step), both from 1, so that zero is padding."""
    rows = [(i + 1, step + 1) for i, length in enumerate(lengths) for step in range(length)]
    return torch.tensor(rows)


def covered(lengths, starts, window_length):
    """Rows that the windows read, as a boolean mask of all rows."""
    series = np.repeat(np.arange(len(lengths)), lengths)
    touched = np.zeros(len(series), dtype=bool)
    for start in starts:
        window = slice(start, start + window_length)
        touched[window] |= series[window] == series[start]
    return touched


@given(lengths=LENGTHS, window_length=LENGTH)
def test_windows_are_consecutive_rows_of_one_series(lengths, window_length):
    windows = Windows((numbered(lengths),), lengths, window_length)
    indices = torch.arange(len(windows))
    (gathered,), mask = windows.gather(indices)
    assert len(windows) == sum(max(n - window_length + 1, 1) for n in lengths)
    for window, seen, series in zip(gathered, mask, windows.series_of(indices), strict=True):
        n = int(seen.sum())
        assert n == min(window_length, lengths[series])
        assert seen[:n].all()
        assert (window[:n, 0] == series + 1).all()
        assert (window[:n, 1].diff() == 1).all()
        assert not window[n:].any()


@given(lengths=LENGTHS, window_length=LENGTH)
def test_windows_read_every_row(lengths, window_length):
    starts = window_starts(lengths, window_length)
    assert (np.diff(starts) > 0).all()
    assert covered(lengths, starts, window_length).all()


@given(lengths=LENGTHS, window_length=LENGTH)
def test_whole_windows_are_those_that_fit_into_their_series(lengths, window_length):
    starts = window_starts(lengths, window_length, with_short=False)
    series = np.repeat(np.arange(len(lengths)), lengths)
    fit = [
        start
        for start in range(len(series) - window_length + 1)
        if series[start] == series[start + window_length - 1]
    ]
    assert starts.tolist() == fit


def test_order_and_repeats_of_the_batch_are_kept():
    windows = Windows((torch.arange(10.0),), [10], 3)
    (gathered,), mask = windows.gather(torch.tensor([5, 0, 5]))
    assert gathered.tolist() == [[5, 6, 7], [0, 1, 2], [5, 6, 7]]
    assert mask.all()


def test_short_series_are_padded_with_zeros_whatever_the_dtype():
    rows = (torch.full((2, 3), torch.nan), torch.tensor([4, 5]), torch.tensor([True, True]))
    (values, labels, flags), mask = Windows(rows, [2], 4).gather(torch.tensor([0]))
    assert mask.tolist() == [[True, True, False, False]]
    assert values.isnan().sum().item() == 6
    assert not values[0, 2:].any()
    assert labels.tolist() == [[4, 5, 0, 0]]
    assert flags.tolist() == [[True, True, False, False]]


def test_windows_begin_where_they_are_told():
    windows = Windows((torch.arange(10.0),), [4, 6], 2, starts=np.array([1, 8]))
    (gathered,), _ = windows.gather(torch.tensor([1, 0]))
    assert gathered.tolist() == [[8, 9], [1, 2]]


def test_gathered_windows_are_copies():
    rows = torch.arange(6.0)
    (gathered,), _ = Windows((rows,), [6], 2).gather(torch.tensor([0]))
    gathered += 1
    assert rows.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("rows", "window_length", "text"),
    [
        (5, 2, "rows has 5 rows, and the lengths add up to 6."),
        (6, 0, "window_length=0 must be at least 1."),
    ],
)
def test_bad_windows_are_named(rows, window_length, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        Windows((torch.zeros(rows),), [4, 2], window_length)


# Rows on disk.


def test_mapped_rows_equal_rows_in_memory(tmp_path):
    X = np.memmap(tmp_path / "rows", dtype=np.float64, mode="w+", shape=(9, 2))
    X[:] = np.arange(18.0).reshape(9, 2)
    lazy = MappedRows(X, lambda rows: (rows - 4) / 2)
    eager = (torch.tensor(np.asarray(X)).float() - 4) / 2
    indices = torch.tensor([3, 0, 4])
    (mapped, loaded), mask = Windows((lazy, eager), [5, 1, 3], 3).gather(indices)
    assert mapped.dtype == torch.float32
    assert not mask.all()
    torch.testing.assert_close(mapped, loaded)


def test_mapped_rows_are_transformed_in_the_precision_of_the_file(tmp_path):
    X = np.memmap(tmp_path / "rows", dtype=np.float64, mode="w+", shape=(3, 1))
    X[:, 0] = 1e9 + np.array([0.0, 0.25, 0.5])
    lazy = MappedRows(X, lambda rows: rows - 1e9)
    assert lazy[torch.tensor([2, 1])].tolist() == [[0.5], [0.25]]


def test_mapped_rows_are_never_held_in_memory(tmp_path):
    X = np.memmap(tmp_path / "rows", dtype=np.float32, mode="w+", shape=(2**20, 8))
    tracemalloc.start()
    windows = Windows((MappedRows(X),), [2**20], 16, starts=np.arange(0, 2**20 - 16, 64))
    for indices in torch.arange(len(windows)).split(256)[:8]:
        windows.gather(indices)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 2**20


# What is held out.


@given(lengths=LENGTHS, window_length=LENGTH, fraction=FRACTION)
def test_training_never_touches_a_held_out_row(lengths, window_length, fraction):
    train, validation = split_windows(lengths, window_length, fraction)
    trained = covered(lengths, train, window_length)
    held_out = covered(lengths, validation, window_length)
    assert len(train)
    assert not (trained & held_out).any()
    assert np.isin(train, window_starts(lengths, window_length)).all()
    assert np.isin(validation, window_starts(lengths, window_length)).all()


@given(
    lengths=st.lists(st.integers(60, 400), min_size=1, max_size=4),
    window_length=st.integers(1, 10),
    fraction=st.sampled_from([0.1, 0.2]),
)
def test_long_series_hold_out_about_the_fraction_asked_for(lengths, window_length, fraction):
    validation = split_windows(lengths, window_length, fraction)[1]
    held_out = covered(lengths, validation, window_length)
    for part, length in zip(np.split(held_out, np.cumsum(lengths)[:-1]), lengths, strict=True):
        at_least = min(fraction * length, 2 * window_length)
        assert at_least - 5 <= part.sum() <= max(fraction * length + 5, 2 * window_length)


def test_blocks_are_spread_evenly_over_a_long_series():
    held_out = covered([1000], split_windows([1000], 8, 0.1)[1], 8)
    edges = np.flatnonzero(np.diff(held_out.astype(int)))
    begins, ends = edges[::2] + 1, edges[1::2] + 1
    assert (ends - begins).tolist() == [20] * 5
    assert ((begins + ends) / 2).tolist() == [100, 300, 500, 700, 900]


def test_a_large_fraction_leaves_windows_to_train_on():
    train, validation = split_windows([60], 10, 0.95)
    assert train.tolist() == [0, 50]
    assert (validation.min(), validation.max()) == (10, 40)


def test_whole_series_are_held_out_of_a_panel():
    lengths = [7] * 20
    held_out = covered(lengths, split_windows(lengths, 3, 0.2)[1], 3).reshape(20, 7)
    assert (held_out.all(axis=1) == held_out.any(axis=1)).all()
    assert np.flatnonzero(held_out.all(axis=1)).tolist() == [2, 7, 12, 17]


def test_short_series_of_a_panel_are_trained_on_and_held_out_whole():
    train, validation = split_windows([2] * 10, 5, 0.1)
    assert validation.tolist() == [10]
    assert train.tolist() == [0, 2, 4, 6, 8, 12, 14, 16, 18]


def held_series(labels, fraction):
    _, held = split_windows([10] * len(labels), 5, fraction, np.array(labels))
    return sorted(set((held // 10).tolist()))


def test_no_class_is_held_out_whole():
    assert held_series([0] * 20, 0.1) == [5, 15]
    assert 5 not in held_series([0] * 5 + [1] + [0] * 14, 0.1)
    assert {i % 2 for i in held_series([0, 1] * 10, 0.1)} == {0, 1}
    assert held_series([0, 1], 0.5) == []


@pytest.mark.parametrize(("lengths", "fraction"), [([35], 0.2), ([5, 5, 5], 0.1), ([500], 0.0)])
def test_too_little_to_hold_out_trains_on_everything(lengths, fraction):
    train, validation = split_windows(lengths, 6, fraction)
    assert not len(validation)
    np.testing.assert_array_equal(train, window_starts(lengths, 6))


def test_held_out_windows_are_half_a_window_apart():
    validation = split_windows([60], 10, 0.3)[1]
    assert validation.tolist() == [20, 25, 30]


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_bad_fraction_is_named(fraction):
    text = f"validation_fraction={fraction} must be at least 0 and below 1."
    with pytest.raises(ValueError, match=re.escape(text)):
        split_windows([10], 2, fraction)


def test_content_is_all_that_windows_are_made_of():
    rows = torch.arange(10.0)[:, None]
    mapped = MappedRows(rows.numpy())
    contents = [
        [part.tolist() for part in Windows((given,), [4, 6], 3).content()]
        for given in (rows, mapped)
    ]
    assert contents[0] == contents[1]
    assert contents[0][-1] == rows.tolist()
