"""Laws on tables with columns of every kind: what is drawn is such a table, or they are refused."""

from typing import Any

import pandas as pd

from sktsgen.datasets import make_mixed_panel
from sktsgen.testing._expectations import fitted, require, words_of

_STATIC = ["kind", "area"]


def check_mixed_table_is_taken_or_refused(estimator: Any) -> None:
    """Check that text, categories and flags are taken, or a column of them is named as refused."""
    X = _table()
    levels = [str(name) for name in X.select_dtypes(exclude="number")]
    try:
        fitted(estimator, X)
    except (TypeError, ValueError) as error:
        words = words_of(error)
        is_named = any(name in words for name in levels)
        require(is_named, f"fit must name one of the columns {levels}; it says: {words}")


def check_mixed_table_keeps_its_types(estimator: Any) -> None:
    """Check columns, types, index and levels of what is drawn, and that integers stay in reach."""
    X = _table()
    drawn = _drawn(estimator, X)
    if drawn is None:
        return
    require(drawn.columns.equals(X.columns), f"The columns are {list(drawn.columns)}.")
    same = drawn.dtypes.equals(X.dtypes)
    require(same, f"{X.dtypes.to_dict()} came out as {drawn.dtypes.to_dict()}.")
    require(drawn.index.names == X.index.names, f"The index is {drawn.index.names}.")
    for name in X.select_dtypes(exclude="number"):
        unseen = set(drawn[name].dropna()) - set(X[name].dropna())
        require(not unseen, f"Column {name!r} has the levels {unseen}, which fit did not see.")
    lowest = drawn["visitors"].min()
    require(lowest >= 0, f"The count 'visitors' came down to {lowest}.")


def check_static_columns_stay_static(estimator: Any) -> None:
    """Check that columns that are constant in each training series are so in each drawn one."""
    drawn = _drawn(estimator, _table())
    if drawn is None:
        return
    for name, counts in drawn.groupby(level=0)[_STATIC].nunique(dropna=False).items():
        most = counts.max()
        require(most == 1, f"The static column {name!r} has {most} values in one series.")


def check_gaps_stay_where_they_were(estimator: Any) -> None:
    """Check that only columns with missing cells come out with some."""
    X = _table()
    drawn = _drawn(estimator, X)
    if drawn is None:
        return
    for name in X.columns[~X.isna().any()]:
        n_missing = int(drawn[name].isna().sum())
        require(not n_missing, f"Column {name!r} was whole and came out with {n_missing} gaps.")


def _table() -> pd.DataFrame:
    """Give six places over a day: a category, an order of levels, a flag, a count, gaps."""
    X = make_mixed_panel(6, 24, random_state=0)
    return X.assign(weather=X["sky"].astype(str))


def _drawn(estimator: Any, X: pd.DataFrame) -> Any:
    """Draw three series like those of a table, or None where tables are refused."""
    try:
        generator = fitted(estimator, X)
    except (TypeError, ValueError):
        return None
    return generator.sample(3, length=8)


TABLE_LAWS = (
    check_mixed_table_is_taken_or_refused,
    check_mixed_table_keeps_its_types,
    check_static_columns_stay_static,
    check_gaps_stay_where_they_were,
)
