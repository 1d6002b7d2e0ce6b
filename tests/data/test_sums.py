"""Columns that are the sum of two others in every row."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.data import check_panel, summed_columns


def table(n_rows=40):
    rng = np.random.default_rng(0)
    adults, children = rng.integers(0, 50, n_rows), rng.integers(0, 20, n_rows)
    net = rng.gamma(2.0, 50.0, n_rows)
    return pd.DataFrame(
        {
            "adults": adults,
            "visitors": adults + children,
            "children": children,
            "net": net,
            "tax": 0.19 * net,
            "gross": 1.19 * net,
            "flag": rng.integers(0, 2, n_rows),
            "word": rng.choice(list("abc"), n_rows),
        }
    )


def found(X):
    sums = summed_columns(check_panel(X, mixed=True, missing=True))
    return [tuple(X.columns[i] for i in one) for one in sums]


def test_sums_of_whole_numbers_and_of_rounded_floats_are_found():
    expected = [("visitors", "adults", "children"), ("gross", "net", "tax")]
    assert found(table()) == expected


def test_one_row_that_differs_is_enough_to_tell():
    X = pd.concat([table(3000)] * 2, ignore_index=True)
    assert ("visitors", "adults", "children") in found(X)
    X.loc[3003, "visitors"] += 1
    assert ("visitors", "adults", "children") not in found(X)


def test_rows_with_missing_cells_do_not_count():
    X = table().astype({"visitors": "Int64", "children": "Int64"})
    X.loc[3, "visitors"] = pd.NA
    X.loc[5, "children"] = pd.NA
    X.loc[7, "tax"] = np.nan
    assert len(found(X)) == 2
    X["visitors"] = pd.array([pd.NA] * len(X), dtype="Int64")
    assert len(found(X)) == 1


def test_a_total_is_no_part_of_another_sum():
    X = table()[["adults", "children", "visitors"]].assign(dogs=np.arange(40) % 7)
    X["guests"] = X["visitors"] + X["dogs"]
    assert found(X) == [("visitors", "adults", "children")]


@pytest.mark.parametrize("n_columns", [65, 2])
def test_too_many_and_too_few_columns_are_left_alone(n_columns):
    X = np.random.default_rng(0).standard_normal((30, n_columns))
    X[:, -1] = X[:, 0] + X[:, 1] if n_columns > 2 else X[:, 0]
    assert summed_columns(check_panel(X)) == ()
