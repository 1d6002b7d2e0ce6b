"""The mixed panel is what its documentation says."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_mixed_panel


@pytest.fixture(scope="module")
def X():
    return make_mixed_panel(30, 480, random_state=0)


def test_panel_has_the_documented_columns_and_index(X):
    assert X.dtypes.map(str).to_dict() == {
        "kind": "category",
        "area": "float64",
        "pressure": "float64",
        "temperature": "float64",
        "sky": "category",
        "visitors": "int64",
        "is_open": "bool",
    }
    assert X["sky"].cat.ordered
    assert X.index.names == ["place", "time"]
    time = X.loc["place_00"].index
    assert str(time.tz) == "Europe/Berlin"
    assert len(X) == 30 * 480
    assert (time[1:] - time[:-1] == pd.Timedelta("1h")).all()


def test_kind_and_area_are_static_and_differ_between_places(X):
    by_place = X.groupby(level="place")
    assert by_place["kind"].nunique().max() == by_place["area"].nunique().max() == 1
    assert by_place["area"].first().nunique() == 30
    assert by_place["kind"].first().value_counts().tolist() == [10, 10, 10]


def test_only_temperature_is_missing_and_by_the_hour_of_outages(X):
    share = X.isna().mean()
    assert 0.06 < share["temperature"] < 0.1
    assert share.drop("temperature").sum() == 0
    is_out = X["temperature"].isna()
    again = is_out & is_out.groupby(level=0).shift(fill_value=False)
    assert 0.75 < again.sum() / is_out.sum() < 0.85  # of five hours on the average


def test_sky_follows_the_pressure(X):
    mean = X.groupby("sky", observed=True)["pressure"].mean()
    assert mean["clear"] > mean["cloudy"] + 5 > mean["rain"] + 10
    odds = (X.loc[X["pressure"].between(1015, 1017), "sky"] == "clear").mean()
    assert 0.4 < odds < 0.6


def test_visitors_come_while_open_and_half_as_many_in_the_rain(X):
    assert (X.loc[~X["is_open"], "visitors"] == 0).all()
    busy = X[X["is_open"]].groupby("sky", observed=True)["visitors"].mean()
    np.testing.assert_allclose(busy["rain"] / busy["clear"], 0.5, atol=0.15)


def test_an_integer_repeats_the_panel_and_another_draws_another():
    first, again, other = (make_mixed_panel(2, 30, random_state=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize("start", ["2024-03-25T23:00Z", pd.Timestamp("2024-03-25 23:00", tz="UTC")])
def test_a_start_of_another_zone_is_the_same_moment(start):
    expected = make_mixed_panel(2, 3, start="2024-03-26", random_state=0)
    pd.testing.assert_frame_equal(make_mixed_panel(2, 3, start=start, random_state=0), expected)


def test_too_few_places_are_refused():
    with pytest.raises(ValueError, match="n_series=1 is too small; give an int >= 2"):
        make_mixed_panel(1)
