"""Columns that repeat another one are found, left out and missed where they differ."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.data import check_panel, drop_repeats, repeated_columns


def table():
    """Six rows; b and e repeat a, the others only look like it."""
    a = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 4.0])
    flag = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    return pd.DataFrame(
        {
            "a": a,
            "b": a,
            "single": a.astype("float32"),
            "moved": np.where(np.arange(6) == 5, 9.0, a),
            "e": a,
            "one": 1.0,
            "another": 1.0,
            "flag": flag,
            "flag too": flag,
            "word": list("abcabc"),
            "word too": list("abcabc"),
            "whole": pd.array([1, 2, None, 4, 5, 4], dtype="Int8"),
            "whole too": pd.array([1, 2, None, 4, 5, 4], dtype="Int8"),
        }
    )


def read(X):
    return check_panel(X, mixed=True, missing=True)


def test_numbers_of_one_type_that_agree_in_every_row_are_repeats():
    X = table()
    found = [(X.columns[i], X.columns[j]) for i, j in repeated_columns(read(X))]
    assert found == [("b", "a"), ("e", "a"), ("whole too", "whole")]


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint64"])
def test_repeats_of_arrays_are_found_beyond_the_sample(dtype):
    X = np.arange(1500)[:, None].repeat(4, axis=1).astype(dtype)
    X[1200, 2] = 7
    assert repeated_columns(check_panel(X)) == ((1, 0), (3, 0))


def test_arrays_without_the_last_column_are_views():
    X = np.arange(10.0)[:, None] + np.array([0.0, 1.0, 0.0])
    panel = check_panel(X)
    kept = drop_repeats(panel, repeated_columns(panel))
    assert kept.n_channels == 2
    assert np.shares_memory(kept.values, panel.values)


def test_a_column_that_differs_later_is_named_with_its_row():
    X = table()
    pairs = repeated_columns(read(X))
    X.loc[4, "e"] = 5.5
    with pytest.raises(ValueError, match=r"'e' was equal to column 'a'.*first in row 4"):
        drop_repeats(read(X), pairs)
    X = table()
    X.loc[2, "whole too"] = 3
    with pytest.raises(ValueError, match=r"'whole too' was equal to .*first in row 2"):
        drop_repeats(read(X), pairs)
