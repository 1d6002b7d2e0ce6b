"""Windows cut inside series, and which of them are held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_MAX_BLOCKS = 5
_PART = 2**16  # rows that are read together where all are


class LazyRows(Protocol):
    """Rows that are read when they are asked for, in place of a tensor of all of them.

    Attributes
    ----------
    shape : tuple of int
        Shape with the number of rows first.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape with the number of rows first."""

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return some rows.

        Parameters
        ----------
        rows : Tensor of int64, of any shape
            Numbers of the rows.

        Returns
        -------
        values : Tensor of shape (*rows.shape, n_features)
            A new tensor.
        """


class MappedRows:
    """Rows of a memory-mapped array, read and transformed batch by batch.

    Parameters
    ----------
    array : ndarray of shape (n_rows, n_channels)
        Usually a `numpy.memmap`; never read as a whole.
    transform : callable or None, default=None
        Takes the rows asked for as the array has them, of shape (..., n_channels), and returns
        what training sees, such as scaled values: the file's own precision ends after it. None
        leaves the rows as they are.
    """

    def __init__(
        self, array: np.ndarray, transform: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> None:
        self.array = array
        self.transform = transform

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.array.shape

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return the rows of the numbers `rows` as float32."""
        found = self.array[rows.cpu().numpy()]
        if self.transform is not None:
            found = self.transform(found)
        return torch.from_numpy(np.asarray(found, dtype=np.float32))


class Windows:
    """Windows of consecutive rows, each inside one series.

    Parameters
    ----------
    rows : tuple of Tensor or LazyRows
        What belongs to each row: values, targets, labels. All have n_rows first.
    lengths : array-like of shape (n_series,)
        Number of rows of each series; their sum is n_rows.
    window_length : int
        Rows of a window, at least 1.
    starts : array-like of shape (n_windows,) or None, default=None
        First row of each window. None means every window: stride 1, and one window for a series
        no longer than `window_length`.

    Notes
    -----
    A window that reaches past the end of its series is filled with zeros there and masked.
    Nothing is stored but the starts: a window is gathered from the rows when it is asked for.
    """

    def __init__(
        self,
        rows: tuple[Tensor | LazyRows, ...],
        lengths: np.ndarray | Sequence[int],
        window_length: int,
        *,
        starts: np.ndarray | Tensor | None = None,
    ) -> None:
        if window_length < 1:
            raise ValueError(f"window_length={window_length} must be at least 1.")
        ends = np.cumsum(lengths, dtype=np.int64)
        for row in rows:
            if row.shape[0] != ends[-1]:
                raise ValueError(
                    f"rows has {row.shape[0]} rows, and the lengths add up to {ends[-1]}."
                )
        self.rows = rows
        self.window_length = window_length
        chosen = window_starts(lengths, window_length) if starts is None else starts
        device = rows[0].device if isinstance(rows[0], Tensor) else None
        self.starts = torch.as_tensor(chosen, dtype=torch.int64, device=device)
        self._ends = torch.as_tensor(ends, device=device)
        self._steps = torch.arange(window_length, device=device)
        self._has_short = bool(((self.starts + window_length) > self._end_of(self.starts)).any())

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.starts)

    def content(self) -> Iterator[Tensor]:
        """Everything that windows are gathered from, part by part."""
        yield from (self.starts, self._ends)
        for row in self.rows:
            if isinstance(row, Tensor):
                yield row
            else:
                for part in torch.arange(row.shape[0]).split(_PART):
                    yield row[part]

    def gather(self, indices: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the windows of the numbers `indices`.

        Parameters
        ----------
        indices : LongTensor of shape (batch,)
            Numbers of windows, from 0 to ``len(self) - 1``.

        Returns
        -------
        windows : tuple of Tensor of shape (batch, window_length, ...)
            One for each of `rows`; zero where masked.
        mask : BoolTensor of shape (batch, window_length)
            True where the window has a row of its series.
        """
        starts = self.starts[indices.to(self.starts.device)]
        rows = starts[:, None] + self._steps
        if not self._has_short:
            mask = torch.ones_like(rows, dtype=torch.bool)
            return tuple(_take(row, rows) for row in self.rows), mask
        ends = self._end_of(starts)[:, None]
        mask = rows < ends
        rows = torch.minimum(rows, ends - 1)
        return tuple(_zero_outside(_take(row, rows), mask) for row in self.rows), mask

    def gather_before(self, indices: Tensor, n_steps: int) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return what comes before the windows of the numbers `indices`.

        Parameters
        ----------
        indices : LongTensor of shape (batch,)
            Numbers of windows.
        n_steps : int
            Rows to look back, at least 1.

        Returns
        -------
        rows : tuple of Tensor of shape (batch, n_steps, ...)
            One for each of `rows`, the newest row last; zero where masked.
        mask : BoolTensor of shape (batch, n_steps)
            False where the series had not begun.
        """
        starts = self.starts[indices.to(self.starts.device)][:, None]
        series = torch.searchsorted(self._ends, starts, right=True)
        begins = F.pad(self._ends, (1, 0))[series]
        rows = starts - n_steps + torch.arange(n_steps, device=starts.device)
        mask = rows >= begins
        rows = torch.maximum(rows, begins)
        return tuple(_zero_outside(_take(row, rows), mask) for row in self.rows), mask

    def series_of(self, indices: Tensor) -> Tensor:
        """Return the number of the series that each window lies in.

        Parameters
        ----------
        indices : Tensor of int64, of any shape
            Numbers of windows, from 0 to the number of windows less one.

        Returns
        -------
        series : Tensor of int64, of the shape of `indices`
            Counted from 0.
        """
        starts = self.starts[indices.to(self.starts.device)]
        return torch.searchsorted(self._ends, starts, right=True)

    def _end_of(self, starts: Tensor) -> Tensor:
        return self._ends[torch.searchsorted(self._ends, starts, right=True)]


def usable_window_length(asked: int | None, lengths: np.ndarray) -> int:
    """Return the time steps of a window: what is asked for, or 96, but no more than there are.

    Parameters
    ----------
    asked : int or None
        Time steps, at least 1; None is 96.
    lengths : ndarray of shape (n_series,)
        Time steps of each series.
    """
    return min(96 if asked is None else int(asked), int(lengths.max()))


def window_starts(
    lengths: np.ndarray | Sequence[int], window_length: int, *, with_short: bool = True
) -> np.ndarray:
    """Return the first row of every window, stride 1, none across two series.

    Parameters
    ----------
    lengths : array-like of shape (n_series,)
        Number of rows of each series, at least 1.
    window_length : int
        Rows of a window, at least 1.
    with_short : bool, default=True
        Whether a series shorter than the window has one, which reaches past its end.

    Returns
    -------
    starts : ndarray of shape (n_windows,), dtype int64
        Ascending.
    """
    if window_length < 1:
        raise ValueError(f"window_length={window_length} must be at least 1.")
    lengths = np.asarray(lengths, dtype=np.int64)
    counts = np.maximum(lengths - window_length + 1, int(with_short))
    shifts = (np.cumsum(lengths) - lengths) - (np.cumsum(counts) - counts)
    return np.asarray(np.arange(counts.sum()) + np.repeat(shifts, counts))


def split_windows(
    lengths: np.ndarray | Sequence[int],
    window_length: int,
    validation_fraction: float,
    labels: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose training windows and held-out windows that share no row.

    Parameters
    ----------
    lengths : array-like of shape (n_series,)
        Number of rows of each series, at least 1.
    window_length : int
        Rows of a window, at least 1.
    validation_fraction : float
        Share of the series or rows to hold out, at least 0 and below 1.
    labels : ndarray of shape (n_series,) or None, default=None
        Class of each series; None is one for all.

    Returns
    -------
    train_starts : ndarray of shape (n_train,), dtype int64
        First row of each training window, stride 1.
    validation_starts : ndarray of shape (n_validation,), dtype int64
        First row of each held-out window, half a window apart, which is enough to judge by; empty
        if there is too little to hold anything out.

    Raises
    ------
    ValueError
        If `window_length` or `validation_fraction` is out of range.

    Notes
    -----
    Nothing is random. With enough series (1 / `validation_fraction`, at least 2) whole series are
    held out, evenly spread over the panel class by class, and of no class all. With fewer, each
    series of at least six windows gives up to five contiguous blocks of at least two windows,
    evenly spread over it: on a series that drifts, its last part alone would be another regime
    than the one that is learnt. A large
    fraction is cut down to what leaves windows to train on at either side of each block.
    """
    if not 0 <= validation_fraction < 1:
        raise ValueError(
            f"validation_fraction={validation_fraction} must be at least 0 and below 1."
        )
    starts = window_starts(lengths, window_length)
    lengths = np.asarray(lengths, dtype=np.int64)
    labels = np.zeros(len(lengths), dtype=np.int64) if labels is None else labels
    begins, ends = _held_out(lengths, window_length, validation_fraction, labels)
    if not len(begins):
        return starts, np.empty(0, dtype=np.int64)
    # A window touches a block if it starts before the block's end and ends after its begin.
    block = np.minimum(np.searchsorted(ends, starts, side="right"), len(ends) - 1)
    series_ends = np.cumsum(lengths)
    series_end = series_ends[np.searchsorted(series_ends, starts, side="right")]
    before = np.minimum(starts + window_length, series_end) <= begins[block]
    after = starts >= ends[block]
    validation = [
        _strided(begin, end, window_length) for begin, end in zip(begins, ends, strict=True)
    ]
    return starts[before | after], np.concatenate(validation)


def _held_out(
    lengths: np.ndarray, window_length: int, fraction: float, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """First rows of the held-out blocks, and the rows that follow them, ascending."""
    offsets = np.cumsum(lengths) - lengths
    n_series = len(lengths)
    if fraction and n_series >= max(2.0, 1.0 / fraction - 1e-9):
        n_held = min(max(1, round(n_series * fraction)), n_series - 1)
        held = ((np.arange(n_held) + 0.5) * n_series / n_held).astype(np.int64)
        held = _in_part(np.argsort(labels, kind="stable")[held], labels)
        return offsets[held], offsets[held] + lengths[held]
    long = (lengths >= 6 * window_length) & (fraction > 0)
    pairs = [
        _blocks(int(offset), int(length), window_length, fraction)
        for offset, length in zip(offsets[long], lengths[long], strict=True)
    ]
    begins = np.concatenate([np.empty(0, dtype=np.int64), *(begin for begin, _ in pairs)])
    ends = np.concatenate([np.empty(0, dtype=np.int64), *(end for _, end in pairs)])
    return begins, ends


def _in_part(held: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Leave the first series of each class to train on that would be held out whole."""
    classes, n_all = np.unique(labels, return_counts=True)
    is_whole = np.bincount(labels[held], minlength=classes[-1] + 1)[classes] == n_all
    first = [held[labels[held] == label].min() for label in classes[is_whole]]
    return np.setdiff1d(held, first)


def _blocks(
    offset: int, length: int, window_length: int, fraction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of at least two windows, with room for one window to train on at either side."""
    double = 2 * window_length
    n_blocks = max(min(int(fraction * length / double), length // (2 * double), _MAX_BLOCKS), 1)
    block_length = max(round(fraction * length / n_blocks), double)
    block_length = min(block_length, length // n_blocks - double)
    middles = (np.arange(n_blocks) + 0.5) * length / n_blocks
    begins = offset + np.rint(middles - block_length / 2).astype(np.int64)
    return begins, begins + block_length


def _strided(begin: int, end: int, window_length: int) -> np.ndarray:
    """Windows half a window apart, and the one that ends with the block."""
    last = max(end - window_length, begin)
    return np.append(np.arange(begin, last, max(window_length // 2, 1)), last)


def _take(row: Tensor | LazyRows, rows: Tensor) -> Tensor:
    if not isinstance(row, Tensor):
        return row[rows]
    return row.index_select(0, rows.flatten()).reshape(*rows.shape, *row.shape[1:])


def _zero_outside(windows: Tensor, mask: Tensor) -> Tensor:
    mask = mask.to(windows.device)
    shaped = mask.reshape(mask.shape + (1,) * (windows.ndim - mask.ndim))
    return windows.masked_fill(~shaped, 0)
