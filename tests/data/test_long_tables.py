"""Long tables become panels."""

import re

import numpy as np
import pandas as pd
import pytest

from sktsgen.data import as_panel, check_panel


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "site": ["b", "a", "b", "a", "b"],
            "day": pd.to_datetime(
                ["2024-01-03", "2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02"]
            ),
            "load": [3.0, 10.0, 1.0, 20.0, 2.0],
        },
        index=[7, 7, 8, 9, 9],
    )


def test_series_keep_their_order_and_rows_are_sorted_by_time(table):
    panel = as_panel(table, series="site", time="day")
    assert panel.index.names == ["site", "day"]
    assert panel.columns.tolist() == ["load"]
    assert panel["load"].tolist() == [1.0, 2.0, 3.0, 10.0, 20.0]
    assert check_panel(panel, reset=True).lengths.tolist() == [3, 2]


def test_table_is_not_modified(table):
    before = table.copy(deep=True)
    as_panel(table, series="site", time="day")
    pd.testing.assert_frame_equal(table, before)


def test_zones_and_numbers_can_be_sorted(table):
    zoned = table.assign(day=table["day"].dt.tz_localize("Europe/Berlin"))
    numbered = table.assign(day=table["day"].dt.day)
    for df in (zoned, numbered):
        assert as_panel(df, series="site", time="day")["load"].tolist() == [1, 2, 3, 10, 20]


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({}, ValueError, "column 'hour' is not in the table; it has ['site', 'day', 'load']"),
        ({"hour": ["1", "2", "3", "4", "5"]}, TypeError, "the time column 'hour' is of type str;"),
        ({"hour": [True] * 5}, TypeError, "the time column 'hour' is of type bool;"),
        ({"hour": [1, 2, 3, 4, np.nan]}, ValueError, "column 'hour' is missing in row 4;"),
        ({"hour": [1, 2, 1, 3, 1]}, ValueError, "series 'b' has the time stamp 1 more than once;"),
        ({"hour": 1, "site": [None, *"abcd"]}, ValueError, "column 'site' is missing in row 0;"),
    ],
)
def test_bad_tables_are_named(table, change, error, text):
    with pytest.raises(error, match=re.escape(text)):
        as_panel(table.assign(**change), series="site", time="hour")


def test_absent_stamps_become_rows_of_missing_cells():
    day = pd.Timestamp("2024-01-01", tz="Asia/Tokyo").as_unit("s")
    hours = day + pd.to_timedelta([3, 5, 1, 6, 0], unit="h").as_unit("s")
    long = pd.DataFrame(
        {
            "site": ["b", "a", "b", "a", "b"],
            "hour": hours,
            "load": [3.0, 10.0, 1.0, 20.0, 0.0],
            "count": np.array([3, 10, 1, 20, 0], dtype="uint8"),
            "on": [True, False, True, True, False],
            "kind": pd.Categorical(list("xyxyy")),
            "region": [7, 8, 7, 8, 7],
        }
    )
    panel = as_panel(long, series="site", time="hour", freq="h")
    axis = check_panel(panel, mixed=True, missing=True, reset=True).spec.time
    assert axis.freq == "h"
    assert panel.index.levels[1].dtype == long["hour"].dtype
    assert panel.index.get_level_values("site").tolist() == list("bbbbaa")
    assert panel["load"].isna().tolist() == [False, False, True, False, False, False]
    assert panel.dtypes.astype(str).to_dict() == {
        "load": "float64",
        "count": "UInt8",
        "on": "boolean",
        "kind": "category",
        "region": "int64",
    }
    assert panel["region"].tolist() == [7] * 4 + [8] * 2
    there = panel[panel["load"].notna()]
    expected = as_panel(long, series="site", time="hour")
    pd.testing.assert_frame_equal(there, expected, check_dtype=False, check_index_type=False)


@pytest.mark.parametrize(
    "stamps",
    [
        pd.to_timedelta([0, 2], unit="h"),
        pd.PeriodIndex(["2024-01-01 00:00", "2024-01-01 02:00"], freq="h"),
        pd.to_datetime(["2024-01-01 00:00", "2024-01-01 02:00"]),
    ],
    ids=str,
)
def test_frequency_fits_every_kind_of_stamp(stamps):
    long = pd.DataFrame({"id": 0, "t": stamps, "x": [1.0, 3.0]})
    panel = as_panel(long, series="id", time="t", freq="h")
    assert panel.index.get_level_values("t").dtype == stamps.dtype
    assert panel["x"].isna().tolist() == [False, True, False]


def test_series_of_one_span_share_a_grid(monkeypatch):
    made, date_range = [], pd.date_range
    monkeypatch.setattr(pd, "date_range", lambda *a, **k: made.append(a) or date_range(*a, **k))
    days = pd.to_datetime(["2024-01-01", "2024-01-04"])
    long = pd.DataFrame({"id": np.repeat(range(5), 2), "t": days.tolist() * 5, "x": 1.0})
    assert len(as_panel(long, series="id", time="t", freq="D")) == 20
    assert len(made) == 1


def test_small_integers_stay_small():
    long = pd.DataFrame({"id": 0, "t": np.array([1, 5], dtype="int8"), "x": [1, 3]})
    panel = as_panel(long, series="id", time="t", freq=2)
    assert panel.index.get_level_values("t").tolist() == [1, 3, 5]
    assert panel.index.levels[1].dtype == "int8"


def test_a_table_on_the_frequency_is_left_alone(table):
    plain = as_panel(table, series="site", time="day")
    pd.testing.assert_frame_equal(as_panel(table, series="site", time="day", freq="D"), plain)


@pytest.mark.parametrize(
    ("time", "freq", "error", "text"),
    [
        ([1, 2, 4, 4, 5], 2, ValueError, "the time stamp 4 of series 'b' is not on freq=2 counted"),
        ([1, 2, 4, 4, 5], "h", TypeError, "freq='h' is no frequency for the time column 'hour' of"),
        (
            [1.0, 2.0, 4.0, 4.0, 5.0],
            1,
            TypeError,
            "freq=1 is no frequency for the time column 'hou",
        ),
        (
            pd.date_range("2024", periods=5),
            1,
            TypeError,
            "freq=1 is no frequency for the time colum",
        ),
        ([1, 2, 4, 4, 5], 0, TypeError, "freq=0 is no frequency for the time column 'hour' of"),
        (
            pd.Timestamp("2024") + pd.to_timedelta([0, 1, 20, 60, 80], unit="min"),
            "h",
            ValueError,
            "the time stamp 2024-01-01 00:20:00 of series 'b' is not on freq='h' counted from",
        ),
    ],
)
def test_stamps_off_the_frequency_are_named(table, time, freq, error, text):
    with pytest.raises(error, match=re.escape(text)):
        as_panel(table.assign(hour=time), series="site", time="hour", freq=freq)
