"""The time axis is read, and continued, on the frequency of the data."""

import re

import numpy as np
import pandas as pd
import pytest

from sktsgen.data import TimeAxis, check_panel
from sktsgen.exceptions import IrregularTimeError


def on(index):
    """Rows of one column on `index`."""
    return pd.DataFrame({"a": np.arange(len(index), dtype=float)}, index=index)


def assert_same_stamps(index, expected):
    assert index.dtype == expected.dtype
    assert index.tolist() == expected.tolist()


def without_freq(index):
    return pd.DatetimeIndex(index, freq=None)


INDEXES = {
    "hour": pd.date_range("2024-01-01", periods=8, freq="h"),
    "15 minutes in seconds": pd.date_range("2024-01-01", periods=8, freq="15min", unit="s"),
    "week": pd.date_range("2024-01-06", periods=8, freq="W-SAT"),
    "week, told from the stamps": without_freq(pd.date_range("2024-01-06", periods=8, freq="7D")),
    "business day": without_freq(pd.date_range("2024-01-03", periods=8, freq="B")),
    "month start": without_freq(pd.date_range("2024-01-01", periods=8, freq="MS")),
    "month end": without_freq(pd.date_range("2024-01-31", periods=8, freq="ME")),
    "business month end": without_freq(pd.date_range("2024-01-31", periods=8, freq="BME")),
    "quarter start": without_freq(pd.date_range("2024-01-01", periods=8, freq="QS")),
    "year end": without_freq(pd.date_range("2020-12-31", periods=8, freq="YE")),
    "zone": pd.date_range("2024-01-01", periods=8, freq="h", tz="Asia/Tokyo"),
    "hours over a change of the clock": without_freq(
        pd.date_range("2024-03-30 22:00", periods=8, freq="h", tz="Europe/Berlin")
    ),
    "days over a change of the clock": without_freq(
        pd.date_range("2024-03-29", periods=8, freq="D", tz="Europe/Berlin")
    ),
    "24 hours over a change of the clock": without_freq(
        pd.date_range("2024-03-29", periods=8, freq="24h", tz="Europe/Berlin")
    ),
    "months over a change of the clock": without_freq(
        pd.date_range("2024-01-01", periods=8, freq="MS", tz="Europe/Berlin")
    ),
    "timedelta": pd.timedelta_range("1h", periods=8, freq="30min"),
    "timedelta in seconds": pd.timedelta_range("1h", periods=8, freq="D", unit="s"),
    "monthly period": pd.period_range("2024-01", periods=8, freq="M"),
    "quarterly period": pd.period_range("2024Q1", periods=8, freq="Q"),
    "periods of 15 minutes": pd.period_range("2024-01-01", periods=8, freq="15min"),
    "periods of two days": pd.period_range("2024-01-01", periods=8, freq="2D"),
    "periods of three months": pd.period_range("2024-01", periods=8, freq="3M"),
    "integer": pd.RangeIndex(10, 26, 2),
    "int32": pd.Index(np.arange(5, 13, dtype=np.int32)),
    "nullable integer": pd.Index(np.arange(8), dtype="Int64", name="n"),
    "float": pd.Index(np.arange(8) * 0.25 + 1.5),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_axis_gives_the_index_it_was_read_from(index):
    axis = check_panel(on(index), reset=True).spec.time
    assert_same_stamps(axis.grid(8), index)


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_first_rows_continue_into_the_others(index):
    panel = check_panel(on(index[:5]), reset=True)
    following = panel.spec.time.grid_after(panel.last_stamps[0], 3)
    assert_same_stamps(following, index[5:])


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_series_of_a_panel_share_the_axis_of_one(index):
    """Two series, the second beginning later, have the frequency that one alone has."""
    stamps = index.append(index[2:])
    ids = np.repeat([0, 1], [8, 6])
    panel = check_panel(on(pd.MultiIndex.from_arrays([ids, stamps])), reset=True)
    assert_same_stamps(panel.spec.time.grid(8), index)
    assert list(panel.last_stamps) == [index[-1], index[-1]]


def test_declared_frequency_is_kept_by_name():
    index = pd.date_range("2024-01-06", periods=4, freq="W-SAT")
    assert check_panel(on(index)).spec.time.freq == "W-SAT"


def test_frequency_that_is_no_string_is_read_from_the_stamps():
    """Holidays of a custom calendar are lost in a string; the days themselves are regular."""
    freq = pd.offsets.CustomBusinessDay(holidays=["2024-07-04"])
    index = pd.date_range("2024-01-01", periods=5, freq=freq)
    assert check_panel(on(index)).spec.time.freq == "1D"


def test_a_gap_between_long_periods_is_given_in_their_units():
    index = pd.period_range("2024-01-01", periods=4, freq="15min").delete(2)
    with pytest.raises(IrregularTimeError, match="gap of 30 min where the usual one is 15 min"):
        check_panel(on(index), reset=True)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(1.7e9 + 0.1 * np.arange(200)),
        pd.Index(1.7e9 + 0.01 * np.arange(200)),
        pd.Index(0.1 * np.arange(1000, dtype="float32")),
        pd.Index(0.1 * np.arange(1000), dtype="Float32"),
    ],
    ids=["tenths of a second since 1970", "hundredths", "float32", "nullable"],
)
def test_float_stamps_are_regular_within_what_their_type_resolves(index):
    axis = check_panel(on(index), reset=True).spec.time
    grid = axis.grid(len(index))
    assert grid.dtype == index.dtype
    plain = index.to_numpy(dtype=getattr(index.dtype, "numpy_dtype", index.dtype))
    np.testing.assert_allclose(grid.to_numpy(float), plain, rtol=0, atol=2 * np.spacing(plain[-1]))
    with pytest.raises(
        IrregularTimeError, match=re.escape(f"{index[6]} is followed by {index[8]}")
    ):
        check_panel(on(index.delete(7)), reset=True)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (pd.Index([0.0, 1.0, 2.0, 3.01, 4.0]), "2.0 is followed by 3.01, a gap of 1.00"),
        (
            pd.date_range("2024", periods=9, freq="D", unit="ns")[[0, 1, 2, 3, 4]]
            + pd.to_timedelta([0, 0, 0, 1, 0], unit="ms"),
            "a gap of 1 days 00:00:00.001000 where the usual one is 1 days",
        ),
        (pd.Index([0, 10**9, 2 * 10**9, 3 * 10**9 + 1]), "a gap of 1000000001 where the usual one"),
    ],
    ids=["float", "datetime", "integer"],
)
def test_a_gap_that_is_hardly_another_is_named(index, text):
    with pytest.raises(IrregularTimeError, match=re.escape(text)):
        check_panel(on(index), reset=True)


def test_rows_that_are_only_counted_have_no_axis():
    assert check_panel(on(pd.RangeIndex(4))).spec.time == TimeAxis()
    pd.testing.assert_index_equal(TimeAxis().grid(3), pd.RangeIndex(3))


def test_a_counter_with_a_name_is_a_time_index():
    axis = check_panel(on(pd.RangeIndex(4, name="hour"))).spec.time
    assert axis == TimeAxis("integer", np.dtype(np.int64), 0, step=1)


@pytest.mark.parametrize(
    ("name", "start", "first"),
    [
        ("hour", "2025-05-05 07:30", pd.Timestamp("2025-05-05 07:30")),
        ("zone", "2025-05-05", pd.Timestamp("2025-05-05", tz="Asia/Tokyo")),
        ("zone", pd.Timestamp("2025-05-05", tz="UTC"), pd.Timestamp("2025-05-05 09:00+09:00")),
        ("timedelta", "3h", pd.Timedelta(hours=3)),
        ("monthly period", "2030-03", pd.Period("2030-03", freq="M")),
        ("periods of 15 minutes", "2030-03", pd.Period("2030-03", freq="15min")),
        ("integer", np.int64(-3), -3),
        ("float", 2, 2.0),
    ],
)
def test_start_moves_the_grid(name, start, first):
    index = INDEXES[name]
    grid = check_panel(on(index)).spec.time.grid(4, start=start)
    assert grid[0] == first
    assert grid.dtype == index.dtype
    assert grid.is_monotonic_increasing
    assert grid[1] - grid[0] == index[1] - index[0]


@pytest.mark.parametrize(
    ("name", "start", "text"),
    [
        ("month start", "2024-01-15", "start='2024-01-15' is not on the frequency 'MS' of the"),
        ("hour", "2024-01-01T00:00Z", "stamp '2024-01-01T00:00Z' has a zone, the data has none"),
        ("month start", 5, "the time stamp 5 is a number, and those of the data are of type"),
        ("integer", 1.5, "the time stamp 1.5 is not an integer, as those of the data are"),
        ("float", "x", "the time stamp 'x' is not a number, as those of the data are"),
    ],
)
def test_bad_start_is_named(name, start, text):
    axis = check_panel(on(INDEXES[name])).spec.time
    with pytest.raises(ValueError, match=re.escape(text)):
        axis.grid(4, start=start)


def test_start_without_a_time_index_is_refused():
    text = "start='2024' needs a time index, and the data had none; leave `start` out"
    with pytest.raises(ValueError, match=re.escape(text)):
        TimeAxis().grid(4, start="2024")


def test_irregular_axis_cannot_be_continued():
    index = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-05"])
    axis = check_panel(on(index)).spec.time
    with pytest.raises(ValueError, match=r"the time step after 2024-01-05.* is unknown"):
        axis.grid_after(index[-1], 2)


def test_stamps_between_two_steps_continue_on_the_frequency():
    axis = check_panel(on(INDEXES["month start"])).spec.time
    following = axis.grid_after("2024-05-20", 2)
    assert list(following) == [pd.Timestamp("2024-06-01"), pd.Timestamp("2024-07-01")]


@pytest.mark.parametrize(
    ("index", "n_timesteps"),
    [
        (pd.DatetimeIndex(["1970-01-01", "2116-02-21"], dtype="datetime64[ns]"), 4),
        (pd.DatetimeIndex(["2262-04-10", "2262-04-11"], dtype="datetime64[ns, UTC]"), 3),
        (pd.TimedeltaIndex([0, 2**62], dtype="timedelta64[ns]"), 3),
        (pd.Index([0, 2**62]), 3),
        (pd.Index([100, 120], dtype="int8"), 3),
        (pd.Index([0.0, 1.7e308]), 3),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_stamps_beyond_what_their_type_can_hold_are_refused(index, n_timesteps):
    axis = check_panel(on(index)).spec.time
    text = rf"{n_timesteps} time stamps from .* more than {re.escape(str(index.dtype))} can hold; "
    with pytest.raises(ValueError, match=f"{text}start earlier, or ask for fewer time steps"):
        axis.grid(n_timesteps)
    assert axis.grid(2).equals(index)


def test_series_that_begin_together_share_a_grid(monkeypatch):
    """Twenty thousand series of months took seconds, with one `date_range` each."""
    made, date_range = [], pd.date_range
    monkeypatch.setattr(pd, "date_range", lambda *a, **k: made.append(a) or date_range(*a, **k))
    months = INDEXES["month start"]
    stamps = [months, months[:3], months, months[2:]]
    ids = np.repeat(range(4), [len(index) for index in stamps])
    index = pd.MultiIndex.from_arrays([ids, stamps[0].append(stamps[1:])])
    assert check_panel(on(index), reset=True).spec.time.freq == "MS"
    assert len(made) == 3  # business days once, then the months from January and from March


def test_steps_whose_sum_overflows_are_regular():
    axis = check_panel([on(pd.Index([0.0, 1.7e308]))] * 2).spec.time
    assert axis.step == 1.7e308
