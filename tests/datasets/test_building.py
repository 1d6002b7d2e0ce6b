import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_building_energy


@pytest.fixture(scope="module")
def table():
    return make_building_energy(365, random_state=0)


def test_table_has_the_documented_columns_and_index(table):
    assert table.dtypes.map(str).to_dict() == {
        "temperature": "float64",
        "humidity": "float64",
        "wind_speed": "float64",
        "occupancy": "int64",
        "electricity": "float64",
    }
    assert table.index.name == "time"
    assert table.index.freqstr == "h"
    assert table.index[0] == pd.Timestamp("2024-01-01")
    assert len(table) == 365 * 24


def test_columns_stay_in_their_ranges(table):
    assert table["humidity"].between(0, 100, inclusive="neither").all()
    assert (table[["wind_speed", "electricity"]] > 0).all(axis=None)
    assert (table["occupancy"] >= 0).all()
    assert (table["occupancy"][(table.index.hour < 8) | (table.index.hour >= 18)] == 0).all()


def test_afternoons_are_warm_and_summers_warmer(table):
    by_hour = table["temperature"].groupby(table.index.hour).mean()
    assert by_hour.idxmax() in (14, 15, 16)
    assert by_hour.max() - by_hour.min() == pytest.approx(8.0, abs=1.0)
    by_month = table["temperature"].groupby(table.index.month).mean()
    assert by_month[7] - by_month[1] > 15.0


def test_weekends_are_a_tenth_as_busy(table):
    weekend = table["occupancy"][table.index.day_of_week >= 5].mean()
    workday = table["occupancy"][table.index.day_of_week < 5].mean()
    assert weekend / workday == pytest.approx(0.1, abs=0.03)


def test_electricity_follows_people_and_cold(table):
    night = table[(table.index.hour < 5) & (table["temperature"] < 16)]
    slope = np.polyfit(night["temperature"], night["electricity"], 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.05)
    assert table["electricity"].corr(table["occupancy"]) > 0.5


def test_disturbances_are_autocorrelated(table):
    assert np.log(table["wind_speed"]).autocorr(1) == pytest.approx(0.9, abs=0.03)


def test_same_seed_same_table():
    pd.testing.assert_frame_equal(
        make_building_energy(3, random_state=1), make_building_energy(3, random_state=1)
    )


def test_start_is_kept_with_its_zone():
    table = make_building_energy(2, start="2023-10-28 00:00+02:00", random_state=0)
    assert table.index[0].isoformat() == "2023-10-28T00:00:00+02:00"


def test_no_days_are_refused():
    with pytest.raises(ValueError, match="n_days=0"):
        make_building_energy(0)
