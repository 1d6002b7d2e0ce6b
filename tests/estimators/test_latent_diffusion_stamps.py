"""Rows that are given go by their stamps: never silently to another time or series."""

import numpy as np
import pandas as pd
import pytest

from sktsgen import LatentDiffusionForecaster, LatentDiffusionGenerator
from sktsgen.datasets import make_var1
from tests.estimators.diffusion_models import small

HORIZON = 3


def stamped(first="2024-01-01", n=30):
    index = pd.date_range(first, periods=n, freq="h", name="time")
    return pd.DataFrame(make_var1(1, n, random_state=0)[0], index, ["load", "heat"])


def panel():
    sites = {"b": stamped(), "a": 10.0 + stamped("2024-02-01")}
    return pd.concat(sites, names=["site"])


def future(X, freq="h"):
    """Give known loads 0, 1, ... with the stamps that follow each series."""
    stamps = X.index[-1] + pd.timedelta_range("1h", periods=HORIZON, freq=freq)
    return pd.DataFrame({"load": np.arange(3.0)}, index=stamps)


@pytest.fixture(scope="module")
def forecaster():
    return small(LatentDiffusionForecaster).fit(stamped())


@pytest.fixture(scope="module")
def panel_forecaster():
    return small(LatentDiffusionForecaster).fit(panel())


@pytest.fixture(scope="module")
def generator():
    return small(LatentDiffusionGenerator, metadata_columns=["load"], time_features=True).fit(
        stamped(n=60)
    )


def loads(forecaster, X, known):
    drawn = forecaster.forecast(X, HORIZON, n_samples=1, known=known)
    assert (
        drawn["load"]
        .index.droplevel("sample")
        .equals(forecaster.forecast(X, HORIZON, n_samples=1).index.droplevel("sample"))
    )
    return drawn["load"].tolist()


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_known_rows_go_by_their_stamps(forecaster, order):
    assert loads(forecaster, stamped(), future(stamped()).iloc[order]) == [0, 1, 2]


def test_known_rows_without_stamps_stand_in_order(forecaster):
    known = pd.DataFrame({"load": [5.0, 4.0, 3.0]})
    assert loads(forecaster, stamped(), known) == [5, 4, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda known: known.shift(freq="365D"), r"known has no row for 2024-01-02 06:00:00; its"),
        (lambda known: known.iloc[[0, 1, 1]], "no row for 2024-01-02 08:00:00"),
        (lambda known: known.set_axis(list("abc")), "no row for 2024-01-02 06"),
        (lambda known: known.tz_localize("UTC"), "no row for 2024-01-02 06"),
    ],
)
def test_known_rows_of_another_time_are_refused(forecaster, change, message):
    with pytest.raises(ValueError, match=message):
        loads(forecaster, stamped(), change(future(stamped())))


def test_known_rows_go_to_their_series(panel_forecaster):
    X = panel()
    known = pd.concat({site: future(X.loc[site]) for site in "ab"}, names=["site", "time"])
    known.loc["a"] += 10.0
    assert loads(panel_forecaster, X, known) == [0, 1, 2, 10, 11, 12]
    assert loads(panel_forecaster, X, known.iloc[::-1]) == [0, 1, 2, 10, 11, 12]
    with pytest.raises(ValueError, match=r"no row for \('b', Timestamp"):
        loads(panel_forecaster, X, known.rename({"b": "c"}, level=0))


def test_stamps_alone_are_those_of_series_after_series(panel_forecaster):
    X = panel()
    one, other = (future(X.loc[site]) for site in "ba")
    assert loads(panel_forecaster, X, pd.concat([one, other + 10])) == [0, 1, 2, 10, 11, 12]
    repeated = pd.concat([one, one])
    with pytest.raises(ValueError, match="no row for 2024-02-02 06"):
        loads(panel_forecaster, X, repeated)


def test_a_list_of_frames_has_the_stamps_of_each():
    X = [stamped(), 10.0 + stamped()]
    model = small(LatentDiffusionForecaster).fit(X)
    known = pd.concat([future(X[0]), future(X[1]) + 10.0])
    futures = model.forecast(X, HORIZON, n_samples=1, known=known)
    assert [f["load"].tolist() for (f,) in futures] == [[0, 1, 2], [10, 11, 12]]
    with pytest.raises(ValueError, match="known repeats stamps"):
        model.forecast(X, HORIZON, known=known.iloc[::-1])


def test_metadata_say_when_a_series_starts(generator):
    metadata = stamped("2024-01-01 06:00", 12)[["load"]]
    for rows in (metadata, metadata.iloc[::-1]):
        drawn = generator.sample(2, metadata=rows, random_state=0)
        for _, series in drawn.groupby(level=0):
            assert series.index.get_level_values(1).equals(metadata.index)
            assert series["load"].tolist() == metadata["load"].tolist()
    counted = metadata.reset_index(drop=True)
    started = generator.sample(2, metadata=counted, start=metadata.index[0], random_state=0)
    pd.testing.assert_frame_equal(drawn, started)
    pd.testing.assert_frame_equal(
        generator.sample(1, metadata=counted),
        generator.sample(1, metadata=counted, start=stamped().index[0]),
    )


@pytest.mark.parametrize(
    ("change", "start", "message"),
    [
        (lambda rows: rows, "2024-01-03", "metadata has no row for 2024-01-03 00:00:00"),
        (lambda rows: rows.iloc[[0, 2, 3]], None, "metadata has no row for 2024-01-01 07:00:00"),
        (lambda rows: rows.set_axis(range(5, 17)), None, "no row for|time axis of kind"),
        (lambda rows: rows.set_axis(list("abcdefghijkl")), None, "time axis of kind 'datetime'"),
    ],
)
def test_metadata_off_the_grid_are_refused(generator, change, start, message):
    metadata = stamped("2024-01-01 06:00", 12)[["load"]]
    with pytest.raises(ValueError, match=message):
        generator.sample(1, metadata=change(metadata), start=start)
