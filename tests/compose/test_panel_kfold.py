"""Splits hold series whole, or blocks of time together."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score

from sktsgen import PanelKFold
from tests.compose.steps import panel, panel_frame, series_frame
from tests.estimators.models import small

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")


def ragged():
    """Give rows of three series of different lengths, interleaved."""
    pairs = [("a", 0), ("b", 5), ("a", 1), ("c", 1), ("b", 6), ("a", 2), ("b", 7), ("a", 3)]
    index = pd.MultiIndex.from_tuples(pairs, names=["site", "hour"])
    return pd.DataFrame({"load": np.arange(8.0)}, index=index)


@pytest.mark.parametrize("X", [panel(), list(panel())], ids=["3-D array", "list"])
def test_series_of_arrays_are_split_as_by_kfold(X):
    ours, theirs = (list(splitter.split(X)) for splitter in (PanelKFold(3), KFold(3)))
    for (train, test), (other_train, other_test) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(test, other_test)


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_series_of_a_frame_is_held_out_once_and_whole(shuffle):
    X = ragged()
    splitter = PanelKFold(2, shuffle=shuffle, random_state=0 if shuffle else None)
    held_out = []
    for train, test in splitter.split(X):
        sites = [set(X.index[rows].get_level_values("site")) for rows in (train, test)]
        assert not sites[0] & sites[1]
        assert sorted([*train, *test]) == list(range(len(X)))
        held_out += sorted(sites[1])
    assert sorted(held_out) == ["a", "b", "c"]


def test_shuffle_is_decided_by_the_seed():
    X = np.zeros((20, 3, 1))
    splits = [
        [test.tolist() for _, test in PanelKFold(4, shuffle=True, random_state=seed).split(X)]
        for seed in (0, 0, 1)
    ]
    assert splits[0] == splits[1]
    assert splits[0] != splits[2]


def test_a_shuffle_without_a_seed_leaves_the_global_stream_alone():
    before = repr(np.random.get_state())  # noqa: NPY002
    splits = [
        [test.tolist() for _, test in PanelKFold(4, shuffle=True).split(np.zeros((40, 3, 1)))]
        for _ in range(2)
    ]
    assert repr(np.random.get_state()) == before  # noqa: NPY002
    assert splits[0] != splits[1]


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("X", [panel()[0], series_frame()], ids=["array", "frame"])
def test_blocks_of_one_series_are_those_of_time_series_split(X, gap):
    ours = PanelKFold(3, by="time", gap=gap).split(X)
    for (train, test), (other_train, other_test) in zip(
        ours, TimeSeriesSplit(3, gap=gap, test_size=5).split(X), strict=True
    ):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(test, other_test)


@pytest.mark.parametrize("gap", [0, 1])
def test_all_series_of_a_frame_are_cut_at_the_same_stamps(gap):
    X = panel_frame()
    shuffled = X.sample(frac=1, random_state=0)
    hours = X.index.unique(level="hour")
    for table in (X, shuffled):
        stamps = table.index.get_level_values("hour")
        for block, (train, test) in enumerate(PanelKFold(3, by="time", gap=gap).split(table), 1):
            assert set(stamps[test]) == set(hours[5 * block : 5 * block + 5])
            assert set(stamps[train]) == set(hours[: 5 * block - gap])
            assert len(test) == 20
            assert (np.diff(train) > 0).all()


def test_series_that_start_late_are_held_out_where_they_are():
    (train, test), *_ = PanelKFold(2, by="time").split(ragged())
    assert train.tolist() == [0, 2, 3, 5]
    assert test.tolist() == [1, 7]


def test_training_parts_of_a_frame_are_series_without_holes():
    scores = cross_val_score(small(), panel_frame(), cv=PanelKFold(3, by="time", gap=1))
    assert np.isfinite(scores).all()


def test_it_is_a_splitter_of_scikit_learn():
    splitter = PanelKFold(3, by="time", gap=2)
    assert splitter.get_n_splits() == 3
    assert repr(splitter) == (
        "PanelKFold(by='time', gap=2, n_splits=3, random_state=None, shuffle=False)"
    )
    assert repr(clone(splitter, safe=False)) == repr(splitter)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_splits": 1}, "n_splits=1 must be a whole number of at least 2"),
        ({"n_splits": 2.5}, r"n_splits=2\.5 must be a whole number"),
        ({"by": "time", "gap": -1}, "gap=-1 must be a whole number of at least 0"),
        ({"by": "time", "gap": True}, "gap=True must be a whole number"),
        ({"shuffle": "no"}, "shuffle='no' must be True or False"),
        ({"by": "rows"}, "by='rows' is not known; choose 'series' or 'time'"),
        ({"gap": 3}, "gap=3 is for by='time'"),
        ({"by": "time", "shuffle": True}, "shuffle=True is for by='series'"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        PanelKFold(**params)


@pytest.mark.parametrize(
    ("splitter", "X", "message"),
    [
        (PanelKFold(5), panel(), "n_splits=5 is more than the 4 series"),
        (PanelKFold(5), panel_frame(), "n_splits=5 is more than the 4 series"),
        (PanelKFold(2), panel()[0], "X has 2 dimensions, so it is one series.*by='time'"),
        (PanelKFold(2), series_frame(), "X is one series.*by='time'"),
        (PanelKFold(2, by="time"), panel(), "X is an array of 3 dimensions.*by='series'"),
        (PanelKFold(2, by="time"), list(panel()), "X is a list.*by='series'"),
        (PanelKFold(20, by="time"), panel()[0], "X has 20 time steps, too few for n_splits=20"),
        (PanelKFold(3, by="time", gap=5), panel()[0], "too few for n_splits=3 and gap=5"),
    ],
)
def test_data_that_cannot_be_split_are_refused(splitter, X, message):
    with pytest.raises(ValueError, match=message):
        list(splitter.split(X))
