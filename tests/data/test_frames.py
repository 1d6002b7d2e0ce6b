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
