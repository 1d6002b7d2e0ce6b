"""Windows in, whatever holds them; random streams that are nobody else's."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sktsgen.data import Table, read_tables, spread_apart, window_starts

Windows = NDArray[np.float64]

MAX_WINDOWS = 10_000  # cut from longer series; more say nothing new of a distribution
MAX_LEVELS = 32  # of one column that networks and distances in time look at


class Cells(NamedTuple):
    """Windows of one length, without missing cells.

    Attributes
    ----------
    numbers : ndarray of shape (n_windows, n_timesteps, n_numeric)
        In the units of the data; a missing number is the mean of the first side's.
    codes : ndarray of shape (n_windows, n_timesteps, n_discrete)
        Levels by number, missing a level of its own; after the discrete columns, one column that
        tells present (0) from missing (1) for each numeric column with missing cells.
    n_levels : tuple of int
        Levels of each column of `codes`, over all sides.
    """

    numbers: Windows
    codes: NDArray[np.int64]
    n_levels: tuple[int, ...]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.numbers)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Windows, steps and columns of the user's table."""
        n_columns = self.numbers.shape[2] + self.codes.shape[2]
        return (*self.numbers.shape[:2], n_columns)

    def take(self, chosen: NDArray[np.int64]) -> "Cells":
        """Return the windows of these numbers."""
        return Cells(self.numbers[chosen], self.codes[chosen], self.n_levels)


def read_windows(sides: Mapping[str, Any], *, max_windows: int | None = MAX_WINDOWS) -> list[Cells]:
    """Read several sets of windows, the last of which says how long they are.

    Parameters
    ----------
    sides : mapping of str to array-like, list or DataFrame
        Sets of series by the names messages give them, in any container a generator takes. The
        last one has series of one length. Longer series of the others are cut into windows of
        that length at stride 1; shorter ones are left out.
    max_windows : int or None, default=10,000
        Most windows to cut on a side, spread evenly over it; None cuts all.

    Returns
    -------
    windows : list of Cells
        In the order of `sides`.

    Raises
    ------
    TypeError
        If a column holds numbers on one side and something else on another.
    ValueError
        If lengths or columns do not fit, a cell is infinite, or there is nothing.
    """
    tables, _ = read_tables(sides)
    names = list(sides)
    lengths = np.unique(tables[-1].lengths)
    if len(lengths) > 1:
        raise ValueError(
            f"{names[-1]} mixes series of {lengths[0]} and {lengths[1]} steps; give equal lengths."
        )
    rows = [
        window_rows(table.lengths, int(lengths[0]), max_windows, (name, names[-1]))
        for name, table in zip(names, tables, strict=True)
    ]
    filled = _without_missing(tables)
    return [
        Cells(numbers[chosen], codes[chosen], n_levels)
        for (numbers, codes, n_levels), chosen in zip(filled, rows, strict=True)
    ]


def window_rows(
    lengths: NDArray[np.int64], n_timesteps: int, max_windows: int | None, names: tuple[str, str]
) -> NDArray[np.int64]:
    """Return the rows of each window: (window, step)."""
    if lengths.max() < n_timesteps:
        raise ValueError(
            f"{names[0]} has series of at most {lengths.max()} steps and {names[1]} windows of "
            f"{n_timesteps}; give longer series, or shorter windows."
        )
    starts = window_starts(lengths, n_timesteps, with_short=False)
    if lengths.max() > n_timesteps and max_windows is not None:
        starts = starts[np.sort(spread_apart(len(starts), max_windows))]
    return starts[:, None] + np.arange(n_timesteps)


def _without_missing(
    tables: list[Table],
) -> list[tuple[Windows, NDArray[np.int64], tuple[int, ...]]]:
    """Fill missing cells; what was missing stays visible as a level."""
    gaps = [np.isnan(table.numbers) for table in tables]
    has_gaps = np.any([gap.any(0) for gap in gaps], axis=0)
    means = _present_means(tables[0].numbers) if has_gaps.any() else 0.0
    n_levels = np.max([_n_levels(table.codes) for table in tables], axis=0)
    has_none = np.any([(table.codes < 0).any(0) for table in tables], axis=0)
    counts = (*(n_levels + has_none).tolist(), *(2,) * int(has_gaps.sum()))
    return [
        (
            np.where(gap, means, table.numbers) if has_gaps.any() else table.numbers,
            np.hstack([np.where(table.codes < 0, n_levels, table.codes), gap[:, has_gaps]]),
            counts,
        )
        for table, gap in zip(tables, gaps, strict=True)
    ]


def _present_means(numbers: Windows) -> Windows:
    present = ~np.isnan(numbers)
    return np.where(present, numbers, 0.0).sum(0) / np.maximum(present.sum(0), 1)


def _n_levels(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return codes.max(0, initial=-1) + 1


def paired_windows(X_real: Any, X_synthetic: Any) -> tuple[Cells, Cells]:
    """Read both sides of a comparison."""
    real, synthetic = read_windows({"X_real": X_real, "X_synthetic": X_synthetic})
    return real, synthetic


def numeric_windows(X_real: Any, X_synthetic: Any) -> tuple[Windows, Windows]:
    """Read the numeric columns of both sides."""
    real, synthetic = paired_windows(X_real, X_synthetic)
    if not real.numbers.shape[2]:
        raise ValueError("X_real has no column of numbers; this measure needs one.")
    return real.numbers, synthetic.numbers


def unit_scaled(reference: Windows, *others: Windows) -> tuple[Windows, ...]:
    """Scale all by the range of `reference`, channel by channel, to [0, 1].

    A channel constant in `reference` is only shifted.
    """
    low = reference.min((0, 1))
    span = np.ptp(reference, axis=(0, 1))
    span = np.where(span > 0, span, 1.0)
    return tuple((windows - low) / span for windows in (reference, *others))


def features(reference: Cells, *others: Cells) -> tuple[Windows, ...]:
    """Return numbers in units of the reference's range, then one indicator for each level.

    Of a column of many levels the most frequent ones of `reference` have indicators.
    """
    sides = (reference, *others)
    parts = [[side] for side in unit_scaled(*(side.numbers for side in sides))]
    for column, n_levels in enumerate(reference.n_levels):
        counts = np.bincount(reference.codes[..., column].ravel(), minlength=n_levels)
        shown = np.argsort(-counts, kind="stable")[:MAX_LEVELS]
        for part, side in zip(parts, sides, strict=True):
            part.append((side.codes[..., column, None] == shown).astype(np.float64))
    return tuple(np.concatenate(part, axis=-1) for part in parts)


def random_stream(random_state: Any) -> np.random.Generator:
    """Return a numpy generator of one's own; None is fresh entropy, never the global stream."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1, size=4))
    return np.random.default_rng(random_state)


def torch_stream(rng: np.random.Generator) -> torch.Generator:
    """Return a torch generator seeded from `rng`."""
    return torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
