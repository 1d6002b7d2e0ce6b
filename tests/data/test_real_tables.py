"""Tables of the world go in and come back cell by cell."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.data import (
    as_panel,
    check_panel,
    join_static,
    restore_panel,
    restore_rows,
    split_static,
    static_columns,
)


def read_csv(folder, name, **options):
    return pd.read_csv(folder / f"{name}.csv.gz", **options)


def bike_sharing(folder):
    X = read_csv(folder, "bike_sharing_day", parse_dates=["dteday"]).drop(columns="instant")
    levels = ["season", "mnth", "weekday", "weathersit"]
    flags = ["yr", "holiday", "workingday"]
    types = dict.fromkeys(levels, "category") | dict.fromkeys(flags, "bool")
    return X.astype(types).set_index("dteday"), "1D", []


def beijing_multisite(folder):
    X = read_csv(folder, "beijing_multisite", parse_dates=["date"])
    X = X[X["date"] < "2013-05"].astype({"wd": "category"})
    return as_panel(X, series="station", time="date"), "h", []


def nasdaq(folder):
    """Only trading days: the stamps are put on business days."""
    X = read_csv(folder, "nasdaq100_2019", parse_dates=["date"])
    X = X.astype({"Sector": "category"})
    return (
        as_panel(X, series="Symbol", time="date", freq="B"),
        "B",
        ["MarketCap", "Sector", "Industry"],
    )


def hurricane(folder):
    X = read_csv(folder, "hurricane_florida", parse_dates=["date"])
    return as_panel(X, series="region", time="date"), "MS", ["type"]


def card_transactions(folder):
    """One series per card; the stamps are irregular, so the rows are counted in their place."""
    X = read_csv(folder, "card_transactions_user0", parse_dates=["date"])
    X = X.sort_values("date", kind="stable")
    X["step"] = X.groupby("Card").cumcount()
    X["since"] = X.groupby("Card")["date"].diff().fillna(pd.Timedelta(0))
    X = X.drop(columns=["User", "date"]).astype({"Use Chip": "category", "MCC": "category"})
    return as_panel(X, series="Card", time="step"), None, []


def nyc_weather(folder):
    """Absent hours become rows of missing cells."""
    X = read_csv(folder, "nyc_weather_2013", parse_dates=["time_hour"])
    X = X.drop(columns=["year", "month", "day", "hour"])
    return as_panel(X, series="origin", time="time_hour", freq="h"), "h", []


TABLES = [bike_sharing, beijing_multisite, nasdaq, hurricane, card_transactions, nyc_weather]


@pytest.fixture(scope="module", params=TABLES, ids=lambda load: load.__name__)
def real(request, shared_data):
    X, freq, static = request.param(shared_data)
    return X, check_panel(X, mixed=True, missing=True, reset=True), freq, static


def test_rows_come_back_as_they_were(real):
    X, panel, _, _ = real
    pd.testing.assert_frame_equal(restore_rows(panel.values, panel), X)


def test_gaps_are_counted(real):
    X, panel, _, _ = real
    observed = pd.DataFrame(panel.observed, columns=X.columns)
    assert (~observed).sum().to_dict() == X.isna().sum().to_dict()


def test_time_is_read_at_its_frequency(real):
    _, panel, freq, _ = real
    assert panel.spec.time.freq == freq


def test_static_columns_are_found_and_put_back(real):
    X, panel, _, static = real
    positions = static_columns(panel)
    assert [X.columns[i] for i in positions] == static
    dynamic, fixed = split_static(panel, positions)
    joined = join_static(dynamic.values, fixed, positions, panel.lengths)
    pd.testing.assert_frame_equal(pd.DataFrame(joined), pd.DataFrame(panel.values))


def test_more_series_than_there_are_entities_come_back_in_the_types_of_the_table(real):
    """Every series drawn twice: new identifiers, stamps from the first one seen, same columns."""
    X, panel, _, _ = real
    twice = np.concatenate([np.arange(panel.n_rows)] * 2)
    lengths = np.concatenate([panel.lengths] * 2)
    drawn = restore_panel(
        pd.DataFrame(panel.values, columns=X.columns).take(twice), panel.spec, lengths=lengths
    )
    assert drawn.dtypes.tolist() == X.dtypes.tolist()
    assert drawn.columns.tolist() == X.columns.tolist()
    stamps = drawn.index.get_level_values(1)
    assert stamps.dtype == panel.spec.time.dtype
    for _, series in drawn.groupby(level=0, sort=False):
        found = series.index.get_level_values(1)
        assert found.is_monotonic_increasing
        assert found[0] == panel.spec.time.first
    assert drawn.index.get_level_values(0).nunique() == 2 * panel.n_series
    pd.testing.assert_frame_equal(
        drawn.iloc[: panel.n_rows].reset_index(drop=True),
        pd.DataFrame(panel.values, columns=X.columns),
    )
