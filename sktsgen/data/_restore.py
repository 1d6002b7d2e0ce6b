"""The one door out: generated or transformed rows in the container of the user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data._dtypes import restore_dtype
from sktsgen.data._panel import Panel, PanelSpec


def restore_panel(
    values: Any,
    spec: PanelSpec,
    *,
    lengths: Any = None,
    start: Any = None,
    after: Any = None,
    series_ids: Any = None,
) -> Any:
    """Return generated series in the container, types and time grid of `spec`.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_timesteps, n_channels), list of ndarray, or ndarray or \
            DataFrame of shape (n_rows, n_channels)
        Generated cells: numbers series by series, a list where lengths differ; or the rows of all
        series one below the other, with `lengths`. Columns of a frame stand in the order of
        `spec`, under its labels if it has any.
    spec : PanelSpec
        What `fit` saw.
    lengths : array-like of shape (n_series,) or None, default=None
        Number of rows of each series, if `values` are rows one below the other.
    start : stamp or None, default=None
        First time stamp of every series; None means the first one seen in `fit`.
    after : sequence of stamps, of length n_series, or None, default=None
        Last time stamps of the histories that the series continue, instead of `start`.
    series_ids : sequence of length n_series or None, default=None
        Identifiers of the series in a frame; None means 0, 1, ... in the type seen in `fit`.

    Returns
    -------
    X : ndarray, list of ndarray, list of DataFrame or DataFrame
        Of `n_series` series: an array of shape (n_series, n_timesteps, n_channels) for arrays
        (a list where lengths differ), a list for lists, a frame with a (series, time) index for
        frames. Every column has the type it had in `fit`, by `restore_dtype`.

    Raises
    ------
    TypeError
        If a column is of another kind than in `fit`.
    ValueError
        If shapes or numbers of series do not agree, a cell is none of the categories of its
        column, or `start`, `after` or `series_ids` are given for a container that has no place
        for them.
    """
    flat, lengths = _flatten(values, lengths, spec)
    if not spec.has_frames:
        if start is not None or after is not None or series_ids is not None:
            raise ValueError(
                f"start={start!r}, after={after!r} and series_ids={series_ids!r} need a frame with "
                "an index, and arrays were fitted; leave them out or fit on frames."
            )
        cells = restore_dtype(np.asarray(flat), np.result_type(*spec.dtypes))
        return _arrays(cells, lengths, spec)
    stamps = _stamps(spec, lengths, start, after)
    if spec.container == "list_of_frames":
        if series_ids is not None:
            raise ValueError(f"series_ids={series_ids!r} has no place in a list; leave it out.")
        return [
            _frame(rows, stamp.rename(spec.index_names[0]), spec)
            for rows, stamp in zip(_split(flat, lengths), stamps, strict=True)
        ]
    ids = _series_ids(spec, len(lengths), series_ids)
    return _frame(flat, _panel_index(ids, stamps, lengths, spec), spec)


def restore_rows(
    values: Any,
    panel: Panel,
    *,
    columns: Any = None,
    dtypes: Sequence[Any] | None = None,
) -> Any:
    """Return one row of results per row of `panel`, in its container and order of rows.

    Parameters
    ----------
    values : ndarray or DataFrame of shape (n_rows, n_outputs)
        Results in the order of ``panel.values``.
    panel : Panel
        What `check_panel` made of the input.
    columns : sequence of length n_outputs or pandas.Index or None, default=None
        Column labels of frames; None means those of `panel` if their number fits, else those of
        `values`, or 0, 1, ....
    dtypes : sequence of dtypes of length n_outputs or None, default=None
        Types to restore, as in `restore_panel`; None leaves `values` as they are.

    Returns
    -------
    X : ndarray, list of ndarray, list of DataFrame or DataFrame
        Array of 2 or 3 dimensions, list or frame, as the input was; a frame has its index.

    Raises
    ------
    ValueError
        If the number of rows differs from that of `panel`.
    """
    if len(values) != panel.n_rows:
        raise ValueError(f"values has {len(values)} rows, and the panel has {panel.n_rows}.")
    spec = panel.spec
    if not spec.has_frames:
        values = np.asarray(values)
        if dtypes is not None:
            values = restore_dtype(values, np.result_type(*dtypes))
        if spec.container == "array_2d":
            return values
        if spec.container == "array_3d":
            return values.reshape(panel.n_series, -1, values.shape[1])
        return _split(values, panel.lengths)
    if columns is None and values.shape[1] == spec.n_channels:
        columns = spec.column_index()
    if isinstance(panel.index, tuple):
        return [
            _table(rows, index, columns, dtypes)
            for rows, index in zip(_split(values, panel.lengths), panel.index, strict=True)
        ]
    return _table(_in_user_order(values, panel), panel.index, columns, dtypes)


def _flatten(values: Any, lengths: Any, spec: PanelSpec) -> tuple[Any, np.ndarray]:
    """Rows of all series one below the other, and how many each has."""
    if lengths is not None:
        return _rows(values, np.asarray(lengths, dtype=np.int64), spec)
    if isinstance(values, list | tuple):
        return _members(values, spec.n_channels)
    if values.ndim != 3 or values.shape[2] != spec.n_channels:
        raise ValueError(
            f"values has shape {values.shape}; (n_series, n_timesteps, {spec.n_channels}) is "
            "needed, or lengths= for rows one below the other."
        )
    return values.reshape(-1, spec.n_channels), np.full(len(values), values.shape[1])


def _members(values: Sequence[np.ndarray], n_channels: int) -> tuple[np.ndarray, np.ndarray]:
    for i, member in enumerate(values):
        if member.ndim != 2 or member.shape[1] != n_channels:
            raise ValueError(
                f"series {i} of values has shape {member.shape}; (n_timesteps, {n_channels}) "
                "is needed."
            )
    return np.concatenate(values), np.array([len(member) for member in values], dtype=np.int64)


def _rows(values: Any, lengths: np.ndarray, spec: PanelSpec) -> tuple[Any, np.ndarray]:
    needed = (int(lengths.sum()), spec.n_channels)
    if values.shape != needed:
        raise ValueError(
            f"values has shape {values.shape}, and lengths={lengths.tolist()} of a panel of "
            f"{spec.n_channels} channels need {needed}."
        )
    if isinstance(values, pd.DataFrame) and spec.columns is not None:
        given = tuple(values.columns)
        if given != spec.columns:
            raise ValueError(
                f"values has the columns {list(given)}, and {list(spec.columns)} were fitted; "
                "put them in this order."
            )
    return values, lengths


def _arrays(flat: np.ndarray, lengths: np.ndarray, spec: PanelSpec) -> Any:
    if spec.container == "list_of_arrays" or len(set(lengths)) > 1:
        return _split(flat, lengths)
    return flat.reshape(len(lengths), -1, spec.n_channels)


def _split(flat: Any, lengths: np.ndarray) -> list[Any]:
    if isinstance(flat, pd.DataFrame):
        ends = np.cumsum(lengths)
        return [flat.iloc[end - n : end] for end, n in zip(ends, lengths, strict=True)]
    return np.split(flat, np.cumsum(lengths)[:-1])


def _stamps(spec: PanelSpec, lengths: np.ndarray, start: Any, after: Any) -> list[pd.Index]:
    """Time grid of each series; one object where all share it."""
    axis, longest = spec.time, int(lengths.max(initial=0))
    if after is None:
        grid = axis.grid(longest, start=start)
        return [grid if n == longest else grid[:n] for n in lengths]
    if start is not None:
        raise ValueError(f"start={start!r} and after={after!r} exclude each other; give one.")
    if len(after) != len(lengths):
        raise ValueError(f"after has {len(after)} stamps for {len(lengths)} series; give one each.")
    if axis.kind == "none":
        raise ValueError(f"after={after!r} needs a time index, and the data had none.")
    grids = {last: axis.grid_after(last, longest) for last in set(after)}
    return [
        grids[last] if n == longest else grids[last][:n]
        for last, n in zip(after, lengths, strict=True)
    ]


def _series_ids(spec: PanelSpec, n_series: int, given: Any) -> pd.Index:
    if given is not None:
        chosen: pd.Index = pd.Index(given)
        if len(chosen) != n_series or not chosen.is_unique:
            raise ValueError(
                f"series_ids={list(chosen)} must be {n_series} different identifiers, one a series."
            )
        return chosen
    dtype = np.dtype(np.int64) if spec.series_dtype is None else spec.series_dtype
    numbers = np.arange(n_series)
    if not pd.api.types.is_integer_dtype(dtype):
        return pd.Index([str(i) for i in numbers], dtype=dtype)
    fits = n_series - 1 <= np.iinfo(getattr(dtype, "numpy_dtype", dtype)).max
    return pd.Index(numbers, dtype=dtype if fits else np.dtype(np.int64))


def _panel_index(
    ids: pd.Index, stamps: list[pd.Index], lengths: np.ndarray, spec: PanelSpec
) -> pd.MultiIndex:
    """Build the (series, time) index; one shared grid is stored once."""
    time = spec.index_names[-1]
    names = spec.index_names if len(spec.index_names) == 2 else ("series", time or "time")
    codes: Any = np.repeat(np.arange(len(ids)), lengths)
    longest = max(stamps, key=len)
    if all(stamp is longest or longest[: len(stamp)].equals(stamp) for stamp in stamps):
        steps: Any = np.concatenate([np.arange(n) for n in lengths])
        levels: Any = [ids, longest]
        return pd.MultiIndex(levels=levels, codes=[codes, steps], names=names)
    together = stamps[0].append(stamps[1:])
    pairs: Any = [ids[codes], together]
    return pd.MultiIndex.from_arrays(pairs, names=names)


def _frame(flat: Any, index: pd.Index, spec: PanelSpec) -> pd.DataFrame:
    return _table(flat, index, spec.column_index(), spec.dtypes)


def _table(
    values: Any, index: pd.Index | None, columns: Any, dtypes: Sequence[Any] | None
) -> pd.DataFrame:
    if isinstance(values, pd.DataFrame):
        frame = _with_dtypes(values, dtypes)
    elif dtypes is None or all(values.dtype == dtype for dtype in dtypes):
        frame = pd.DataFrame(values)
    else:
        cells = {i: restore_dtype(values[:, i], dtype) for i, dtype in enumerate(dtypes)}
        frame = pd.DataFrame(cells, copy=False)
    if index is not None:
        frame = frame.set_axis(index, axis=0)
    return frame if columns is None else frame.set_axis(columns, axis=1)


def _with_dtypes(table: pd.DataFrame, dtypes: Sequence[Any] | None) -> pd.DataFrame:
    if dtypes is None:
        return table
    restored = table.copy(deep=False)
    for i, dtype in enumerate(dtypes):
        if table.dtypes.iloc[i] != dtype:
            cells = restore_dtype(table.iloc[:, i], dtype)
            restored.isetitem(i, pd.Series(cells, index=table.index, dtype=dtype))
    return restored


def _in_user_order(values: Any, panel: Panel) -> Any:
    if panel.order is None:
        return values
    rows = np.empty(len(values), dtype=np.int64)
    rows[panel.order] = np.arange(len(values))
    return values.take(rows) if isinstance(values, pd.DataFrame) else values[rows]
