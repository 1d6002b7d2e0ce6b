"""Static rows of new series: whose they are, and how far they are moved."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sktsgen.estimators._static_rows import StaticRows

NUMBERS = np.arange(3000)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "sector": pd.Categorical(rng.choice(["a", "b", "c"], 40)),
            "area": rng.lognormal(size=40),
            "size": rng.choice([0.1, 0.3], 40),
            "floors": rng.integers(1, 9, 40),
        }
    )


@pytest.fixture(scope="module")
def drawn(table):
    rows = StaticRows().fit(table, np.zeros(40, dtype=np.int64))
    return rows.draw(5, NUMBERS, np.zeros(3000, dtype=np.int64))


def test_rows_are_drawn_with_all_their_columns_together(table, drawn):
    others = ["sector", "size", "floors"]
    assert drawn[1].dtypes.equals(table.dtypes)
    found = set(map(tuple, drawn[1][others].to_numpy()))
    assert found == set(map(tuple, table[others].to_numpy()))


def test_features_are_those_of_the_rows(table, drawn):
    rows = StaticRows().fit(table, np.zeros(40, dtype=np.int64))
    np.testing.assert_allclose(rows.encode(drawn[1]), drawn[0], atol=1e-5)


def test_floats_of_one_series_each_are_moved_and_keep_mean_and_spread(table, drawn):
    area = drawn[1]["area"]
    assert not area.isin(table["area"]).any()
    assert area.between(table["area"].min(), table["area"].max()).all()
    np.testing.assert_allclose(area.median(), table["area"].median(), rtol=0.15)
    nearest = np.abs(area.to_numpy()[:, None] - table["area"].to_numpy()).min(1)
    assert np.median(nearest) < 0.2 * table["area"].std()


def test_floats_that_series_share_are_copied_to_the_last_digit(drawn):
    assert set(drawn[1]["size"]) == {0.1, 0.3}


def test_a_series_depends_on_its_number_only(table):
    rows = StaticRows().fit(table, np.zeros(40, dtype=np.int64))
    some = np.array([7, 2000, 3])
    features, few = rows.draw(5, some, np.zeros(3, dtype=np.int64))
    whole = rows.draw(5, NUMBERS, np.zeros(3000, dtype=np.int64))
    np.testing.assert_array_equal(features, whole[0][some])
    pd.testing.assert_frame_equal(few, whole[1].iloc[some].reset_index(drop=True))


def test_rows_come_from_the_class_that_is_asked_for(table):
    labels = np.arange(40) % 2
    drawn = StaticRows().fit(table, labels).draw(1, np.arange(50), np.ones(50, dtype=np.int64))[1]
    donors = table[labels == 1]
    assert set(map(tuple, drawn[["sector", "floors"]].to_numpy())) <= set(
        map(tuple, donors[["sector", "floors"]].to_numpy())
    )


def test_arrays_give_arrays():
    table = np.column_stack([np.arange(10.0), np.repeat([0.1, 0.2], 5)])
    rows = StaticRows().fit(table, np.zeros(10, dtype=np.int64))
    drawn = rows.draw(0, np.arange(30), np.zeros(30, dtype=np.int64))[1]
    assert drawn.shape == (30, 2)
    assert set(drawn[:, 1]) == {0.1, 0.2}
    np.testing.assert_array_equal(rows.rows([3, 3]), table[[3, 3]])


def test_a_moved_float_keeps_its_distribution_whatever_its_tails():
    """Sizes of companies: a kernel of one width would leave no small ones."""
    sizes = np.random.default_rng(0).lognormal(0.0, 2.5, (100, 1))
    rows = StaticRows().fit(sizes, np.zeros(100, dtype=np.int64))
    drawn = rows.draw(0, NUMBERS, np.zeros(3000, dtype=np.int64))[1]
    assert stats.ks_2samp(drawn[:, 0], sizes[:, 0]).statistic < 0.04
    assert not np.isin(drawn, sizes).any()
