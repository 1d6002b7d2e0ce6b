"""PanelKFold: splits that keep series whole or blocks of time together."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

from sktsgen.decoding import entropy_of


class PanelKFold(BaseCrossValidator):
    """Cross-validate over whole series, or over contiguous blocks of time.

    scikit-learn's own splitters cut a frame by rows, and so through its series. This one reads
    the index of the frame it is given; no `groups` are needed.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits, at least 2.
    by : {"series", "time"}, default="series"
        What is held out.

        - ``"series"``: every series is held out once, whole. For 3-D arrays, lists and frames
          with a (series, time) index.
        - ``"time"``: the stamps are cut in ``n_splits + 1`` blocks. Each but the first is held
          out once; what comes before it is for training, as in
          `sklearn.model_selection.TimeSeriesSplit`. All series are cut at the same stamps. For
          frames, and for 2-D arrays, whose rows are time steps.
    gap : int, default=0
        Time steps left out between training and held-out rows, at least 0; only by time.
    shuffle : bool, default=False
        Whether series are dealt out at random; only by series.
    random_state : int, RandomState or None, default=None
        Seed of the shuffle. None takes fresh entropy at every split.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktsgen import PanelKFold
    >>> index = pd.MultiIndex.from_product([["a", "b", "c"], range(4)], names=["site", "hour"])
    >>> X = pd.DataFrame({"load": range(12)}, index=index)
    >>> for train, test in PanelKFold(3).split(X):
    ...     print(train, test)
    [ 4  5  6  7  8  9 10 11] [0 1 2 3]
    [ 0  1  2  3  8  9 10 11] [4 5 6 7]
    [0 1 2 3 4 5 6 7] [ 8  9 10 11]
    >>> for train, test in PanelKFold(2, by="time", gap=1).split(X):
    ...     print(train, test)
    [0 4 8] [ 2  6 10]
    [0 1 4 5 8 9] [ 3  7 11]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        by: str = "series",
        gap: int = 0,
        shuffle: bool = False,
        random_state: Any = None,
    ) -> None:
        _check_whole("n_splits", n_splits, 2)
        _check_whole("gap", gap, 0)
        if not isinstance(shuffle, bool | np.bool_):
            raise ValueError(f"shuffle={shuffle!r} must be True or False.")
        if by not in ("series", "time"):
            raise ValueError(f"by={by!r} is not known; choose 'series' or 'time'.")
        if by == "series" and gap:
            raise ValueError(f"gap={gap} is for by='time'; series held out whole need none.")
        if by == "time" and shuffle:
            raise ValueError("shuffle=True is for by='series'; blocks of time keep their order.")
        self.n_splits = n_splits
        self.by = by
        self.gap = gap
        self.shuffle = shuffle
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give the rows, or for 3-D arrays and lists the series, of each split.

        Parameters
        ----------
        X : array-like, list or DataFrame
            What will be split.
        y, groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Positions along the first axis of `X`.

        Raises
        ------
        ValueError
            If `X` has too few series or time steps, or cannot be split this way.
        """
        return self._by_series(X) if self.by == "series" else self._by_time(X)

    def _by_series(self, X: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        codes = _series_codes(X)
        n_series = int(codes.max(initial=-1)) + 1
        if n_series < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} is more than the {n_series} series of X; choose fewer."
            )
        order = np.arange(n_series)
        if self.shuffle:
            is_fresh = self.random_state is None  # scikit-learn would move numpy's global stream on
            seed = entropy_of(None) % 2**32 if is_fresh else self.random_state
            check_random_state(seed).shuffle(order)
        for held_out in np.array_split(order, self.n_splits):
            is_test = np.isin(codes, held_out)
            yield np.flatnonzero(~is_test), np.flatnonzero(is_test)

    def _by_time(self, X: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        codes = _time_codes(X)
        n_stamps = int(codes.max(initial=-1)) + 1
        blocks = np.array_split(np.arange(n_stamps), self.n_splits + 1)
        if n_stamps <= self.n_splits or len(blocks[0]) <= self.gap:
            raise ValueError(
                f"X has {n_stamps} time steps, too few for n_splits={self.n_splits} and "
                f"gap={self.gap}: the first of {self.n_splits + 1} blocks must be longer than the "
                "gap; choose fewer splits or a smaller gap."
            )
        for block in blocks[1:]:
            is_train = codes < block[0] - self.gap
            is_test = (codes >= block[0]) & (codes <= block[-1])
            yield np.flatnonzero(is_train), np.flatnonzero(is_test)


def _series_codes(X: Any) -> np.ndarray:
    """Count the series, and tell which one each position along the first axis belongs to."""
    if isinstance(X, pd.DataFrame):
        if X.index.nlevels == 1:
            raise ValueError(
                "X is one series (its index has one level), which by='series' cannot split; use "
                "by='time', or a frame with a (series, time) index."
            )
        return X.index.get_level_values(0).factorize()[0]
    if not isinstance(X, list | tuple) and np.ndim(X) < 3:
        raise ValueError(
            f"X has {np.ndim(X)} dimensions, so it is one series, which by='series' cannot split; "
            "use by='time'."
        )
    return np.arange(len(X))


def _time_codes(X: Any) -> np.ndarray:
    """Rank of the time stamp of each row among all stamps."""
    if isinstance(X, pd.DataFrame):
        if X.index.nlevels == 1:
            return np.arange(len(X))
        return X.index.get_level_values(-1).factorize(sort=True)[0]
    if isinstance(X, list | tuple) or np.ndim(X) != 2:
        what = "a list" if isinstance(X, list | tuple) else f"an array of {np.ndim(X)} dimensions"
        raise ValueError(
            f"X is {what}, of which scikit-learn takes whole series only; for by='time' pass a "
            "frame with a (series, time) index, or split with by='series'."
        )
    return np.arange(len(X))


def _check_whole(name: str, value: Any, fewest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < fewest:
        raise ValueError(f"{name}={value!r} must be a whole number of at least {fewest}.")
