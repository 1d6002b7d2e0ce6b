"""One call that says how good generated series are, and beside what."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from sktsgen.data import Panel, read_panel, read_tables
from sktsgen.metrics._copying import Copying, copying
from sktsgen.metrics._inputs import random_stream, window_rows
from sktsgen.metrics._measures import Measure, choose_measures
from sktsgen.metrics._report import BOOTSTRAP, COPYING, FLOOR, GENERATED, FidelityReport

Int64 = NDArray[np.int64]

CONFIDENCE = 0.95
N_SHOWN = 1000  # windows a report keeps for pictures


class _Pool(NamedTuple):
    """Windows that are cut from a table when they are asked for."""

    table: Any  # ndarray or DataFrame, (row, column)
    rows: Int64  # of each window, (window, step)

    def take(self, chosen: Any = slice(None)) -> Any:
        """Return windows as a 3-D array, or as a frame with a (series, time) index."""
        rows = self.rows[chosen]
        if not isinstance(self.table, pd.DataFrame):
            return self.table[rows]
        index = pd.MultiIndex.from_product(
            [range(size) for size in rows.shape], names=["series", "time"]
        )
        return self.table.iloc[rows.ravel()].set_axis(index, axis=0)


def evaluate(
    X_train: Any,
    X_test: Any,
    X_synthetic: Any,
    *,
    rivals: Mapping[str, Any] | None = None,
    measures: Any = "quick",
    n_repeats: int = 5,
    max_windows: int = 2000,
    random_state: Any = 0,
) -> FidelityReport:
    """Judge generated series beside real ones, a block bootstrap and rivals.

    In each repeat the real windows (training and held out together, so that drift between the two
    is not taken for a fault) are halved at random: every candidate is compared with the first
    half, and the floor is the second half in the place of a candidate. Copying is measured once,
    against the training windows, with the held-out ones for comparison.

    Parameters
    ----------
    X_train : array-like, list or DataFrame
        What the generator was fitted on, in any container. Series longer than the generated ones
        are cut into all windows of their length.
    X_test : array-like, list or DataFrame
        Series kept out of `fit`, from the same source: without them copies cannot be told.
    X_synthetic : array-like, list or DataFrame
        Generated series of one length.
    rivals : mapping of str to array-like, list or DataFrame, default=None
        What other generators drew, of the same length, by name.
    measures : {"quick", "all"} or sequence of str, default="quick"
        Which measures to take. "quick" trains no network; "all" adds recurrent and convolutional
        judges, the predictive score and Context-FID, minutes of work. Those that the columns do
        not allow are left out.
    n_repeats : int, default=5
        Halvings, each with judges of its own, at least 2.
    max_windows : int, default=2000
        Most windows a side; at most half of the real ones, and as many as the fewest any candidate
        has, are used.
    random_state : int, Generator or RandomState, default=0
        Draws halves, subsets, bootstrap and judges; None takes fresh entropy.

    Returns
    -------
    report : FidelityReport
        A frame of measures (rows) and candidates (columns), intervals, and plain sentences.

    Raises
    ------
    ValueError
        If there is no held-out data, series or columns do not fit, there are too few windows, or
        an argument is out of range.

    Notes
    -----
    The block bootstrap joins stretches of a quarter window from anywhere in the training series:
    the marginals of the data for nothing. Intervals are Student's 95 % intervals over repeats; they
    hold the noise of judges and subsets, not that of training the generator again, and windows
    that overlap make them narrow.

    Examples
    --------
    >>> from sktsgen.datasets import make_sines
    >>> from sktsgen.metrics import evaluate
    >>> train, test, synthetic = (make_sines(120, random_state=seed) for seed in range(3))
    >>> report = evaluate(train, test, synthetic, measures=["marginal, KS"], n_repeats=2)
    >>> list(report.frame.columns)
    ['generated', 'real (floor)', 'block bootstrap']
    >>> bool(report.frame.loc["marginal, KS", "generated"] < 0.1)
    True
    """
    if X_test is None or len(X_test) == 0:
        raise ValueError(
            "X_test holds no series; without data kept out of training copies cannot be told from "
            "faithful samples. Hold some out before fitting."
        )
    if n_repeats < 2:
        raise ValueError(f"n_repeats={n_repeats}; give at least 2, to see the spread.")
    panels = {"X_train": X_train, "X_test": X_test, **_checked(rivals), GENERATED: X_synthetic}
    panels = {name: read_panel(X, _argument(name)) for name, X in panels.items()}
    tables, kinds = read_tables({_argument(name): panel for name, panel in panels.items()})
    pools = _pools(panels, kinds.labels)
    n_windows, n_steps = _size(pools, max_windows)
    chosen = choose_measures(
        measures,
        n_numeric=tables[0].numbers.shape[1],
        n_discrete=int(kinds.is_discrete.sum()),
        n_steps=n_steps,
    )
    *streams, last = random_stream(random_state).spawn(n_repeats + 1)
    real = _real(pools)
    values = [_repeat(real, pools, n_windows, chosen, stream) for stream in streams]
    means, half_widths = _summary(values)
    frame = pd.concat((means, _copying(pools, n_windows, last)))
    frame = frame[[GENERATED, FLOOR, BOOTSTRAP, *(rivals or ())]]
    return FidelityReport(
        frame=frame,
        half_widths=half_widths.reindex_like(frame),
        window_length=n_steps,
        n_windows=n_windows,
        n_repeats=n_repeats,
        real=real.take(last.permutation(len(real.rows))[:N_SHOWN]),
        synthetic=pools[GENERATED].take(slice(N_SHOWN)),
    )


def _checked(rivals: Mapping[str, Any] | None) -> Mapping[str, Any]:
    taken = {GENERATED, FLOOR, BOOTSTRAP, "X_train", "X_test"} & set(rivals or ())
    if taken:
        raise ValueError(f"rivals has the names {sorted(taken)}, which the report uses; rename.")
    return rivals or {}


def _argument(name: str) -> str:
    """Return what the caller calls a candidate, for the messages."""
    if name == GENERATED:
        return "X_synthetic"
    return name if name.startswith("X_t") else f"rivals[{name!r}]"


def _pools(panels: Mapping[str, Panel], labels: tuple[Any, ...]) -> dict[str, _Pool]:
    """Cut every side into windows as long as the generated ones."""
    lengths = {name: np.unique(panel.lengths) for name, panel in panels.items()}
    are_arrays = not any(isinstance(panel.values, pd.DataFrame) for panel in panels.values())
    n_steps = int(lengths[GENERATED][0])
    for name in list(panels)[2:]:
        if len(lengths[name]) > 1 or lengths[name][0] != n_steps:
            raise ValueError(
                f"{_argument(name)} has series of {lengths[name].tolist()[:3]} steps; "
                f"give series of one length{'' if name == GENERATED else f', {n_steps}'}."
            )
    return {
        name: _Pool(
            panel.values if are_arrays else _as_frame(panel, labels),
            window_rows(panel.lengths, n_steps, None, (_argument(name), "X_synthetic")),
        )
        for name, panel in panels.items()
    }


def _as_frame(panel: Panel, labels: tuple[Any, ...]) -> pd.DataFrame:
    """Return the rows of a panel as a frame, to be joined with others that are frames."""
    frame = pd.DataFrame(panel.values, copy=False)
    return frame.set_axis(pd.Index(list(labels), tupleize_cols=False), axis=1)


def _real(pools: Mapping[str, _Pool]) -> _Pool:
    """Join the windows of training and of held-out series."""
    train, test = pools["X_train"], pools["X_test"]
    tables: list[Any] = [train.table, test.table]
    is_frame = isinstance(train.table, pd.DataFrame)
    joined: Any = pd.concat(tables) if is_frame else np.concatenate(tables)
    return _Pool(joined, np.concatenate((train.rows, test.rows + len(train.table))))


def _size(pools: Mapping[str, _Pool], max_windows: int) -> tuple[int, int]:
    """Return how many windows a side are compared, and their steps."""
    n_real = len(pools["X_train"].rows) + len(pools["X_test"].rows)
    counts = {_argument(name): len(pool.rows) for name, pool in pools.items()}
    counts = {name: n for name, n in counts.items() if name not in ("X_train", "X_test")}
    fewest = min(max_windows, n_real // 2, *counts.values())
    if fewest < 5:
        raise ValueError(
            f"{fewest} windows a side are too few: max_windows={max_windows}, {n_real} real ones, "
            f"of which half is used, and {counts}; give at least 5 of each."
        )
    return fewest, pools[GENERATED].rows.shape[1]


def _repeat(
    real: _Pool,
    pools: Mapping[str, _Pool],
    n_windows: int,
    measures: Mapping[str, Measure],
    stream: np.random.Generator,
) -> pd.DataFrame:
    """Halve the real windows and take every measure of every candidate."""
    order = stream.permutation(len(real.rows))
    reference = real.take(order[:n_windows])
    seed = int(stream.integers(2**31 - 1))
    candidates = {FLOOR: real.take(order[n_windows : 2 * n_windows])}
    candidates |= _candidates(pools, n_windows, stream)
    return pd.DataFrame(
        {
            name: {key: m.take(reference, windows, seed) for key, m in measures.items()}
            for name, windows in candidates.items()
        }
    )


def _candidates(
    pools: Mapping[str, _Pool], n_windows: int, stream: np.random.Generator
) -> dict[str, Any]:
    """Draw windows of the bootstrap, of the rivals and of the generator."""
    drawn = {BOOTSTRAP: _bootstrap(pools["X_train"], n_windows, stream).take()}
    for name in list(pools)[2:]:
        chosen = stream.permutation(len(pools[name].rows))[:n_windows]
        drawn[name] = pools[name].take(chosen)
    return drawn


def _bootstrap(train: _Pool, n_windows: int, stream: np.random.Generator) -> _Pool:
    """Join stretches of a quarter window from anywhere in the training windows."""
    n_steps = train.rows.shape[1]
    block = max(1, n_steps // 4)
    n_blocks = -(-n_steps // block)
    which = stream.integers(len(train.rows), size=(n_windows, n_blocks))
    begins = stream.integers(n_steps - block + 1, size=(n_windows, n_blocks))
    firsts = train.rows[which, begins]
    rows = (firsts[..., None] + np.arange(block)).reshape(n_windows, -1)
    return _Pool(train.table, rows[:, :n_steps])


def _summary(values: list[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return means and half widths of Student's intervals over the repeats."""
    stacked = np.stack([frame.to_numpy() for frame in values])
    n_repeats = len(values)
    error = stacked.std(0, ddof=1) / np.sqrt(n_repeats)
    half = student.ppf((1 + CONFIDENCE) / 2, n_repeats - 1) * error
    rows, columns = values[0].index, values[0].columns
    return pd.DataFrame(stacked.mean(0), rows, columns), pd.DataFrame(half, rows, columns)


def _copying(
    pools: Mapping[str, _Pool], n_windows: int, stream: np.random.Generator
) -> pd.DataFrame:
    """Measure copying of every candidate; of the floor, one half of the held-out windows."""
    train, test = pools["X_train"].take(), pools["X_test"]
    found = {}
    parts = _halves(test.rows)
    if all(len(part) for part in parts):
        found[FLOOR] = copying(train, test.take(parts[0]), test.take(parts[1]))
    for name, windows in _candidates(pools, n_windows, stream).items():
        found[name] = copying(train, test.take(), windows)
    return pd.DataFrame({name: _copying_rows(copied) for name, copied in found.items()})


def _copying_rows(copied: Copying) -> dict[str, float]:
    return {label: float(getattr(copied, field)) for label, field in COPYING.items()}


def _halves(rows: Int64) -> tuple[Int64, Int64]:
    """Split windows into alternating blocks of time of two windows each."""
    block = rows[:, 0] // (2 * rows.shape[1])
    return np.flatnonzero(block % 2 == 0), np.flatnonzero(block % 2)
