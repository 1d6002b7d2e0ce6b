"""Series drawn from a generator in one call, to be picked by number afterwards."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.testing._plainness import Scale
from sktsgen.testing._stamps import Grid

Column = Any
"""One column of a table: a 1-D numpy array or pandas extension array."""


class Pool:
    """Series of one length, the plainest first, and what is needed to hand some of them out.

    Parameters
    ----------
    drawn : ndarray, list or DataFrame
        What `sample` of a generator returned; it is read only.
    """

    def __init__(self, drawn: Any) -> None:
        self.labels: Any = None
        self.ids: Any = None
        self.grid: Grid | None = None
        table: Any = drawn
        if isinstance(drawn, pd.DataFrame):
            self.container = "frame"
            self._read_index(drawn.index)
        elif isinstance(drawn, np.ndarray):
            self.container, table = "array", drawn.reshape(-1, drawn.shape[2])
            self.n_series, self.length = drawn.shape[:2]
        else:
            is_frame = isinstance(drawn[0], pd.DataFrame)
            self.container = "frames" if is_frame else "arrays"
            table = pd.concat(drawn) if is_frame else np.concatenate(drawn)
            self.n_series, self.length = len(drawn), len(drawn[0])
            self.grid = Grid(drawn[0].index) if is_frame else None
        if isinstance(table, pd.DataFrame):
            self.labels = table.columns
            self.columns = [_values(table.iloc[:, i]) for i in range(table.shape[1])]
        else:
            self.columns = list(table.T)
        self.scales = [Scale(column, self.length) for column in self.columns]
        self.order = self._plainest_first()

    def _read_index(self, index: Any) -> None:
        ids = index.get_level_values(0)
        self.n_series = int(ids.nunique())
        self.length = len(index) // self.n_series
        self.ids = ids[:: self.length]
        level = index.levels[1]  # a level keeps its frequency, its values do not
        is_whole = len(level) == self.length
        self.grid = Grid(level if is_whole else index.get_level_values(1)[: self.length])
        self.index_names = index.names

    def _plainest_first(self) -> NDArray[np.int64]:
        unrest = sum(scale.unrest for scale in self.scales)
        return np.argsort(unrest, kind="stable")

    def take(self, chosen: Sequence[int], start: int, length: int) -> list[Column]:
        """Copy `length` rows from row `start` on of the series of rank `chosen`."""
        firsts = self.order[np.asarray(chosen)] * self.length + start
        rows = (firsts[:, None] + np.arange(length)).ravel()
        return [column[rows] for column in self.columns]

    def panel(self, columns: list[Column], n_series: int, time: Any = None) -> Any:
        """Put the rows of `n_series` series into the container of `sample`."""
        length = len(columns[0]) // n_series
        if self.container in ("frames", "arrays"):
            parts = [slice(i * length, (i + 1) * length) for i in range(n_series)]
            return [self.series([column[part] for column in columns], time) for part in parts]
        if self.container == "array":
            return np.stack(columns, axis=-1).reshape(n_series, length, -1)
        codes: Any = np.divmod(np.arange(n_series * length), length)
        levels: Any = [self.ids[:n_series], self._time(length, time)]
        index = pd.MultiIndex(levels, codes, names=self.index_names, verify_integrity=False)
        return self._frame(columns, index)

    def series(self, columns: list[Column], time: Any = None) -> Any:
        """Put the rows of one series into a 2-D array, or a frame with a plain index."""
        if self.labels is None:
            return np.stack(columns, axis=-1)
        index = self._time(len(columns[0]), time)
        name = self.index_names[1] if self.container == "frame" else index.name
        return self._frame(columns, index.rename(name))

    def _time(self, length: int, time: Any) -> Any:
        assert self.grid is not None
        return self.grid.stamps[:length] if time is None else time

    def _frame(self, columns: list[Column], index: pd.Index) -> pd.DataFrame:
        dtypes = {column.dtype for column in columns}
        if len(dtypes) == 1 and isinstance(columns[0], np.ndarray):
            return pd.DataFrame(np.stack(columns, axis=-1), index=index, columns=self.labels)
        frame = pd.DataFrame(dict(enumerate(columns)), index=index)
        frame.columns = self.labels
        return frame


def _values(column: pd.Series) -> Column:
    return column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array


_pools: WeakKeyDictionary[Any, tuple[dict[str, Any], dict[tuple[int, ...], Pool]]]
_pools = WeakKeyDictionary()
_lock = threading.Lock()


def pool_of(generator: Any, n_series: int, length: int, seed: int) -> Pool:
    """Give the pool of a generator, drawn at the first call; a new `fit` makes it a new one."""
    state = dict(vars(generator))
    with _lock:
        before, pools = _pools.get(generator, (state, {}))
        if not is_same(before, state):
            before, pools = state, {}
        _pools[generator] = before, pools
        key = (n_series, length, seed)
        if key not in pools:
            pools[key] = Pool(generator.sample(n_series, length=length, random_state=seed))
        return pools[key]


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two states of an estimator hold the very same attributes."""
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)
