"""Input that cannot be modelled, and what is said of it."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from sktsgen.data import as_panel, check_panel

NAN, INF = np.nan, np.inf
DAYS = pd.date_range("2024-01-01", periods=3, name="day")


class Model(BaseEstimator):
    """An estimator to keep names and numbers of features in."""


def frame(**columns):
    return pd.DataFrame(columns)


def objects(*cells):
    return pd.DataFrame({"a": pd.Series(cells, dtype=object)})


def on(index):
    """Rows of one column on `index`."""
    return pd.DataFrame({"a": np.arange(len(index), dtype=float)}, index=index)


def pairs(*tuples):
    return pd.MultiIndex.from_tuples(tuples, names=["site", "day"])


def refused(error, text):
    return pytest.raises(error, match=re.escape(text))


# In `fit`, everything allowed that can be allowed.


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        # cells
        (np.array([[1.0, INF], [1.0, 2.0]]), ValueError, "infinity in channel 1, first in row 0;"),
        (
            [np.ones((3, 2)), np.array([[1.0, 2.0], [-INF, 1.0]])],
            ValueError,
            "infinity in channel 0, first in row 1 of X[1]; replace them by finite numbers or by",
        ),
        (
            np.array([[[1.0], [1.0]], [[INF], [1.0]]]),
            ValueError,
            "infinity in channel 0, first in row 0 of X[1];",
        ),
        (frame(a=[1.0, INF], b=["x", "y"]), ValueError, "infinity in column 'a', first in row 1;"),
        (
            [frame(a=[1.0], b=["x"]), frame(a=[-INF], b=["y"])],
            ValueError,
            "infinity in column 'a', first in row 0 of X[1];",
        ),
        (
            frame(a=pd.array([1.0, INF], dtype="Float64"), b=["x", "y"]),
            ValueError,
            "infinity in column 'a', first in row 1;",
        ),
        (objects(1.0, INF), ValueError, "infinity in column 'a', first in row 1;"),
        (np.ones((3, 2)) * 1j, ValueError, "Complex data not supported"),
        (frame(a=[1j, 2j], b=["x", "y"]), ValueError, "Complex data not supported: column 'a' is"),
        # columns
        (
            frame(a=[NAN, NAN], b=[1.0, 2.0]),
            ValueError,
            "column 'a' of X has no value, only missin",
        ),
        (
            frame(a=[NAN, NAN], b=["x", "y"]),
            ValueError,
            "column 'a' of X has no value, only missin",
        ),
        (
            frame(a=[1, 2], b=[pd.NaT, pd.NaT]),
            ValueError,
            "column 'b' of X has no value, only miss",
        ),
        (objects(None, None), ValueError, "column 'a' of X has no value, only missing cells; drop"),
        (
            np.array([[NAN, 1.0], [NAN, 2.0]]),
            ValueError,
            "channel 0 of X has no value, only missin",
        ),
        (
            objects("x", 1.5, "y"),
            TypeError,
            "column 'a' of X mixes kinds of cells, 'x' (str) in row 0 and 1.5 (float) in row 1",
        ),
        (
            [objects("x", None), objects("y", 7)],
            TypeError,
            "'x' (str) in row 0 of X[0] and 7 (int) in row 1 of X[1]; make it one kind",
        ),
        (objects(1, True), TypeError, "1 (int) in row 0 and True (bool) in row 1; make it one"),
        (
            objects(None, {"k": 1}),
            TypeError,
            "neither text nor numbers of 64 bits, as {'k': 1} (dic",
        ),
        (objects(b"x", b"y"), TypeError, "as b'x' (bytes) in row 0; convert it"),
        (
            objects(DAYS[0], DAYS[1]),
            TypeError,
            "(Timestamp) in row 0; convert it (dates: pandas.to",
        ),
        (
            objects(2**70, 1),
            TypeError,
            "numbers of 64 bits, as 1180591620717411303424 (int) in row",
        ),
        (
            frame(a=pd.period_range("2024", periods=2, freq="M")),
            TypeError,
            "column 'a' is of type period[M], which cannot be modelled; convert it (periods: dt.to",
        ),
        (
            frame(a=pd.interval_range(0, 2)),
            TypeError,
            "column 'a' is of type interval[int64, right], which cannot be modelled;",
        ),
        (
            pd.DataFrame([[1.0, "x"]] * 2, columns=["a", "a"]),
            ValueError,
            "column 'a' occurs more than once in X; rename or drop one",
        ),
        # counts
        (
            frame(a=[1.0], b=["x"]),
            ValueError,
            "Found array with 1 sample(s) (shape=(1, 2)) while a",
        ),
        (
            frame(a=[], b=[]),
            ValueError,
            "Found array with 0 sample(s) (shape=(0, 2)) while a minim",
        ),
        (
            np.ones((0, 2)),
            ValueError,
            "Found array with 0 sample(s) (shape=(0, 2)) while a minimum",
        ),
        (np.ones((2, 0, 3)), ValueError, "X of shape (2, 0, 3) has no rows; pass one series"),
        (
            pd.DataFrame(index=range(3)),
            ValueError,
            "0 feature(s) (shape=(3, 0)) while a minimum of",
        ),
        (np.ones((4, 0)), ValueError, "0 feature(s) (shape=(4, 0)) while a minimum of 1"),
        ([], ValueError, "X is empty; pass one series of one row at least"),
        ({"a": np.ones((3, 2))}, TypeError, "X is dict, which holds no series; pass an array, a f"),
        # lists
        ([np.ones((2, 2)), np.ones((2, 1))], ValueError, "X[1] has 1 channels and X[0] has 2; all"),
        (
            [frame(a=[1.0], b=["x"]), frame(b=["x"], a=[1.0])],
            ValueError,
            "X[1] has the columns ['b', 'a'] and X[0] has ['a', 'b']; all frames of a list need",
        ),
        (
            [frame(a=["x"]), frame(a=[1.0])],
            TypeError,
            "column 'a' of X[1] is of type float64, that of X[0] is of type str; give all",
        ),
        (
            [frame(a=pd.Categorical(["x"])), frame(a=pd.Categorical(["y"]))],
            TypeError,
            "column 'a' of X[1] has the categories ['y'], that of X[0] has the categories ['x'];",
        ),
        (
            [frame(a=DAYS.tz_localize("UTC")), frame(a=DAYS.tz_localize("Asia/Tokyo"))],
            TypeError,
            "column 'a' of X[1] is of type datetime64[us, Asia/Tokyo], that of X[0] is of type",
        ),
        (
            [np.ones(3), np.ones(4)],
            ValueError,
            "X[1] is of shape (4,), and X[0] of shape (3,); pass series as 2-D arrays",
        ),
        (
            [pd.Series([1.0, 2.0]), pd.Series([3.0, 4.0])],
            TypeError,
            "X is a list of pandas.Series, which may be series or rows; pass a list of frames",
        ),
        # time
        (
            on(pairs((7, DAYS[0]), (7, pd.NaT), (8, DAYS[0]))),
            ValueError,
            "the time index in series 7 has a missing stamp; drop or fill that row",
        ),
        (
            on(pd.MultiIndex.from_product([[0], [0], [0, 1]], names=["s", "k", "t"])),
            ValueError,
            "the index of X has 3 levels ['s', 'k', 't']; a panel needs two, (series, time); move",
        ),
        (on(pd.DatetimeIndex([DAYS[0], None])), ValueError, "the time index has a missing stamp; "),
        (
            on(pairs(("u", DAYS[0]), ("u", pd.NaT), ("v", DAYS[0]))),
            ValueError,
            "the time index in series 'u' has a missing stamp; drop or fill that row",
        ),
        (on(pairs(("u", 0), (None, 1))), ValueError, "the series identifier of row 1 is missing;"),
        (on(DAYS[[0, 2, 1]]), ValueError, "the time stamps are not in order: 2024-01-02 00:00:00"),
        (
            on(DAYS[[0, 1, 1]]),
            ValueError,
            "the time stamp 2024-01-02 00:00:00 occurs more than once",
        ),
        (on(pd.Index(["2024-01-01", "2024-01-02"])), TypeError, "the time index is of type str;"),
        (
            on(pd.DatetimeIndex(["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 03:00"])),
            ValueError,
            "2024-01-01 01:00:00 is followed by 2024-01-01 03:00:00, a gap of 0 days 02:00:00",
        ),
    ],
)
def test_fit_says_what_is_wrong_and_where(X, error, text):
    with refused(error, text):
        check_panel(X, estimator=Model(), reset=True, mixed=True, missing=True)


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        (frame(a=[1.0, NAN], b=["x", "y"]), ValueError, "NaN in column 'a', first in row 1; fill"),
        (frame(a=[1.0, 2.0], b=["x", None]), ValueError, "NaN in column 'b', first in row 1; fill"),
        (
            frame(a=[1, 2], b=pd.Categorical(["x", None])),
            ValueError,
            "NaN in column 'b', first in r",
        ),
        (
            frame(a=[1, 2], b=[DAYS[0], pd.NaT]),
            ValueError,
            "NaN in column 'b', first in row 1; fill",
        ),
        (
            [frame(a=[1.0], b=["x"]), frame(a=[1.0, NAN], b=["x", "y"])],
            ValueError,
            "NaN in column 'a', first in row 1 of X[1]; fill the cells",
        ),
        (
            [np.ones((4, 2)), np.ones((1, 2)), np.array([[1.0, 2.0], [NAN, 1.0]])],
            ValueError,
            "NaN in channel 0, first in row 1 of X[2]; fill the cells",
        ),
        (
            np.array([[[1.0], [1.0]], [[1.0], [NAN]]]),
            ValueError,
            "NaN in channel 0, first in row 1 of X[1]; fill the cells",
        ),
    ],
)
def test_missing_cells_are_refused_by_their_place(X, error, text):
    with refused(error, text):
        check_panel(X, mixed=True)


@pytest.mark.parametrize(
    "X", [frame(a=[NAN, NAN], b=["x", "y"]), np.array([[NAN, 1.0], [NAN, 2.0]])]
)
def test_a_column_may_be_missing_where_nothing_is_learnt(X):
    panel = check_panel(X, mixed=True, missing=True)
    assert panel.observed.sum() == 2


def test_a_series_may_lack_a_column_that_others_have():
    panel = check_panel([np.array([[NAN], [NAN]]), np.ones((2, 1))], reset=True, missing=True)
    assert panel.observed[:, 0].tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("X", "rules", "error", "text"),
    [
        (
            frame(a=["x", "y"]),
            {},
            TypeError,
            "is a panel of columns of several types, [<StringDtype",
        ),
        (frame(a=[1.0, NAN]), {"mixed": True}, ValueError, "X is a panel with missing cells; fill"),
    ],
)
def test_a_panel_passes_only_where_its_cells_may(X, rules, error, text):
    panel = check_panel(X, mixed=True, missing=True)
    with refused(error, text):
        check_panel(panel, **rules)


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (np.array([[INF]]), "Input X_real contains infinity in channel 0, first in row 0"),
        (np.ones((2, 2, 2, 2)), "X_real has 4 dimensions"),
        ([np.ones((1, 1)), np.ones((1, 2))], "X_real[1] has 2 channels and X_real[0] has 1"),
        ([np.ones((1, 1)), np.array([[INF]])], "first in row 0 of X_real[1]"),
        (on(pd.MultiIndex.from_product([[0], [0], [0]])), "the index of X_real has 3 levels"),
    ],
)
def test_messages_call_the_input_by_its_name(X, text):
    with refused(ValueError, text):
        check_panel(X, input_name="X_real")


# What was fitted, and what comes after.


FITTED = frame(n=[1, 2, 3], x=[0.5, 1.5, 2.5], c=pd.Categorical(list("aba"))).set_axis(DAYS)


def changed(**columns):
    return FITTED.assign(**columns)


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        (
            FITTED.drop(columns="x"),
            ValueError,
            "Feature names seen at fit time, yet now missing:\n- x",
        ),
        (FITTED.rename(columns={"x": "z"}), ValueError, "Feature names unseen at fit time:\n- z"),
        (
            FITTED[["x", "n", "c"]],
            ValueError,
            "Feature names must be in the same order as they were",
        ),
        (
            changed(x=["u", "v", "w"]),
            TypeError,
            "column 'x' of X is of type str, and float64 was fit",
        ),
        (
            changed(c=[1, 2, 3]),
            TypeError,
            "column 'c' of X is of type int64, and category was fitted",
        ),
        (
            changed(n=DAYS),
            TypeError,
            "column 'n' of X is of type datetime64[us], and int64 was fitted",
        ),
        (
            FITTED.set_axis(DAYS.tz_localize("Europe/Berlin")),
            ValueError,
            "the time index of X is in the time zone Europe/Berlin, and None was fitted;",
        ),
        (
            FITTED.set_axis(pd.Index([5, 6, 7])),
            TypeError,
            "the time index of X is of kind 'integer', and 'datetime' was fitted; convert it, or",
        ),
    ],
)
def test_what_differs_from_fit_is_named(X, error, text):
    model = Model()
    spec = check_panel(FITTED, estimator=model, reset=True, mixed=True).spec
    with refused(error, text):
        check_panel(X, estimator=model, spec=spec, mixed=True)


@pytest.mark.parametrize(
    "X",
    [
        changed(n=[1.5, 2.5, 3.5]),
        changed(n=[True, False, True]),
        changed(c=["a", "b", "new"]),
        changed(n=np.array([1, 2, 3], dtype=object)),
        FITTED.reset_index(drop=True),
        FITTED.set_axis(DAYS.as_unit("s")),
        FITTED.set_axis(DAYS + pd.Timedelta(days=100)),
    ],
    ids=["float", "bool", "text", "objects", "no time", "unit", "later"],
)
def test_what_means_the_same_as_in_fit_passes(X):
    spec = check_panel(FITTED, mixed=True).spec
    assert check_panel(X, spec=spec, mixed=True).n_rows == 3


@pytest.mark.parametrize(
    ("fitted", "given"),
    [
        (FITTED[["n", "x"]], FITTED[["n", "x"]].astype(float)),
        (FITTED[["n", "x"]], FITTED[["n", "x"]].to_numpy()),
        (FITTED[["n", "x"]].astype(float), FITTED[["n", "x"]]),
        (FITTED[["n", "x"]].to_numpy(), FITTED[["n", "x"]]),
    ],
    ids=["frame of floats", "array", "frame of several types", "frame for an array"],
)
def test_values_are_a_table_or_an_array_as_in_fit(fitted, given):
    """What encodes them then need not ask again."""
    trained = check_panel(fitted, mixed=True)
    panel = check_panel(given, spec=trained.spec, mixed=True)
    assert type(panel.values) is type(trained.values)
    np.testing.assert_array_equal(np.asarray(panel.values), np.asarray(fitted))


def test_labels_that_are_no_text_are_compared_too():
    """Names that scikit-learn does not remember are remembered by the spec."""
    spec = check_panel(pd.DataFrame(np.ones((2, 2)), columns=[0, 1])).spec
    with refused(ValueError, "X has the columns [1, 0], and [0, 1] were fitted;"):
        check_panel(pd.DataFrame(np.ones((2, 2)), columns=[1, 0]), spec=spec)


@pytest.mark.parametrize(
    ("labels", "error", "text"),
    [
        ({"series": "none"}, ValueError, "column 'none' is not in the table; it has ['a', 't']"),
        ({"series": ["a", "t"]}, TypeError, "series=['a', 't'] must be the label of one column;"),
        ({"time": "a", "series": "a"}, ValueError, "series='a' and time='a' must be two columns"),
    ],
)
def test_as_panel_names_wrong_labels(labels, error, text):
    table = frame(a=[1, 2], t=[1, 2])
    with refused(error, text):
        as_panel(table, **{"series": "a", "time": "t"} | labels)


@pytest.mark.parametrize(
    ("table", "error", "text"),
    [
        ({"a": [1], "t": [1]}, TypeError, "df is dict, and a frame is needed; pass pandas.DataFr"),
        (
            pd.DataFrame([[1, 2, 3]], columns=["a", "t", "t"]),
            ValueError,
            "column 't' occurs 2 times in the table; rename or drop all but one",
        ),
        (frame(a=[7, 7], t=[1, 1]), ValueError, "series 7 has the time stamp 1 more than once;"),
    ],
)
def test_as_panel_names_what_is_no_long_table(table, error, text):
    with refused(error, text):
        as_panel(table, series="a", time="t")
