"""What is to be drawn, and what a user may ask of a draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
import torch

from sktsgen.data import Panel
from sktsgen.decoding import SeriesNoise
from sktsgen.exceptions import OutOfMemoryError


@dataclass(frozen=True)
class Draw:
    """What is to be drawn: one entry per series.

    Attributes
    ----------
    seed : int
        Key of the noise.
    numbers : ndarray of shape (n_series,)
        Numbers of the series, which key the noise together with the seed.
    length : int
        Time steps to draw.
    labels : ndarray of shape (n_series,)
        Index of the class of each series, zeros without classes.
    histories : tuple of ndarray of shape (n_steps, n_features), default=()
        Features that precede, or nothing.
    history_of : ndarray of shape (n_series,)
        Index into `histories`, zeros without them.
    static : ndarray of shape (n_series, n_static)
        Features of what does not change in time.
    static_rows : ndarray or DataFrame of shape (n_series, n_static_columns) or None, default=None
        The same in the types of the data; None without static columns.
    options : dict
        What else an engine takes.
    """

    seed: int
    numbers: np.ndarray
    length: int
    labels: np.ndarray
    histories: tuple[np.ndarray, ...] = ()
    history_of: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    options: dict[str, Any] = field(default_factory=dict)
    static: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    static_rows: Any = None

    def part(self, chosen: slice | np.ndarray) -> Draw:
        """Return the same draw for some of the series."""
        return replace(
            self,
            numbers=self.numbers[chosen],
            labels=self.labels[chosen],
            history_of=self.history_of[chosen],
            static=self.static[chosen],
            static_rows=None,  # which only the whole draw is put together with
        )

    def noise(self, width: int, device: torch.device | str) -> SeriesNoise:
        """Return the uniforms of these series, `width` a time step."""
        return SeriesNoise(self.seed, self.numbers, width, device=device, n_steps=self.length)

    def parts(self, size: int) -> list[Draw]:
        """Cut the draw into parts of at most `size` series."""
        firsts = range(0, len(self.numbers), size)
        return [self.part(slice(first, first + size)) for first in firsts]


def draw_as_memory_allows(
    draw: Callable[[np.ndarray], np.ndarray], numbers: np.ndarray, length: int, device: str
) -> np.ndarray:
    """Draw series together, or half of them at a time where that does not fit into the memory.

    Parameters
    ----------
    draw : callable
        Series of some numbers, one below the other along the first axis.
    numbers : ndarray of shape (n_series,)
        What `draw` is given.
    length : int
        Time steps of each series.
    device : str
        Where they are drawn.

    Raises
    ------
    OutOfMemoryError
        If a single series does not fit.
    """
    try:
        return draw(numbers)
    except torch.OutOfMemoryError as error:
        if len(numbers) == 1:
            raise OutOfMemoryError(
                f"One series of length={length} does not fit into the memory of {device}; lower "
                f"length, or move the generator with to_device('cpu')."
            ) from error
    # Beyond the handler, which would keep what filled the memory alive.
    halves = np.array_split(numbers, 2)
    return np.concatenate([draw_as_memory_allows(draw, half, length, device) for half in halves])


def check_count(name: str, value: Any, *, least: int = 1) -> None:
    """Refuse a number of things that is no whole number of at least `least`."""
    if not is_whole(value, least):
        raise ValueError(f"{name}={value!r} must be a whole number of at least {least}.")


def is_whole(value: Any, least: int) -> bool:
    """Tell whether a value is a whole number, and no flag, of at least `least`."""
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_number and int(value) >= least


def class_indices(y: Any, classes: np.ndarray) -> np.ndarray:
    """Position of every label among the sorted `classes`; refuse labels that are none of them."""
    y = np.asarray(y)
    unknown = [label for label in np.unique(y).tolist() if label not in classes]
    if unknown:
        raise ValueError(
            f"y has the label {unknown[0]!r}, which fit did not see; known labels are "
            f"{classes.tolist()}."
        )
    return np.asarray(np.searchsorted(classes, y))


def labels_to_score(y: Any, classes: np.ndarray | None, panel: Panel) -> np.ndarray:
    """Class of every series as `y` says, the first one without it; refuse other numbers of them."""
    if classes is None or y is None:
        return np.zeros(panel.n_series, dtype=np.int64)
    return class_indices(labels_of(panel, y), classes)


def labels_of(panel: Panel, y: Any) -> np.ndarray:
    """Give the labels `y` in the order of the series, by their names where `y` has these.

    Raises
    ------
    ValueError
        If there is not one label for each series, or `y` is a Series about others.
    """
    ids = panel.series_ids
    if isinstance(y, pd.Series) and ids is not None and len(y) == len(ids):
        if y.index.is_unique and y.index.isin(ids).all():
            y = y.reindex(ids)
        elif not y.index.equals(pd.RangeIndex(len(y))):
            other = y.index[~y.index.isin(ids)]
            fault = f"has a label for series {other[0]!r}" if len(other) else "repeats series"
            raise ValueError(
                f"y {fault}, and those of X begin with {ids[:5].tolist()!r}; index y by these, "
                f"or drop its index by reset_index(drop=True) if its labels are in their order."
            )
    labels = np.asarray(y)
    if labels.shape != (panel.n_series,):
        raise ValueError(
            f"y has shape {labels.shape} and X has {panel.n_series} series; give one class label "
            f"per series, or no y."
        )
    return labels


def check_sharpening(temperature: Any, top_p: Any) -> None:
    """Refuse a `temperature` or `top_p` that is no way to sharpen a distribution."""
    if not (isinstance(temperature, Real) and float(temperature) > 0):
        raise ValueError(f"temperature={temperature!r} must be a number above 0; 1 is as learnt.")
    if top_p is not None and not (isinstance(top_p, Real) and 0 < float(top_p) <= 1):
        raise ValueError(f"top_p={top_p!r} must be in (0, 1], or None to keep all codes.")


def with_sample_level(
    futures: pd.DataFrame, panel: Panel, n_samples: int, horizon: int, is_single: bool
) -> pd.DataFrame:
    """Index of (sample, time), or (series, sample, time) for a panel, in place of running ids."""
    names = futures.index.names
    sample = np.tile(np.repeat(np.arange(n_samples), horizon), panel.n_series)
    levels, time = [pd.Index(sample, name="sample")], futures.index.get_level_values(1)
    if not is_single:
        ids = pd.RangeIndex(panel.n_series) if panel.series_ids is None else panel.series_ids
        levels.insert(0, ids.repeat(n_samples * horizon).rename(names[0]))
    return futures.set_axis(pd.MultiIndex.from_arrays([*levels, time]))
