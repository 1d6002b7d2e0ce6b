"""The one door in: whatever the user holds becomes a Panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn import get_config
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sktsgen.data._frames import frame_values, group_rows, missing_cell
from sktsgen.data._panel import Panel, PanelSpec
from sktsgen.data._time import TimeAxis, read_time_axis

_CHUNK = 2**20  # cells looked at together, so that a mapped file is never held in memory


def check_panel(
    X: Any,
    *,
    estimator: Any = None,
    reset: bool = False,
    spec: PanelSpec | None = None,
    min_rows: int | None = None,
    copy: bool = False,
) -> Panel:
    """Check `X` and return its series as a `Panel`.

    Parameters
    ----------
    X : array-like, list, DataFrame or Panel
        - 2-D array-like or tensor of shape (n_timesteps, n_channels), or a frame with a plain
          index: one series, rows in time order;
        - 3-D array-like or tensor of shape (n_series, n_timesteps, n_channels);
        - list of 2-D arrays or of frames, of any lengths;
        - frame with a (series, time) MultiIndex. Rows of different series may be interleaved.

        A `Panel` passes through.
    estimator : estimator or None, default=None
        Where `n_features_in_` (the number of channels) and `feature_names_in_` are set or
        checked, with scikit-learn's own messages.
    reset : bool, default=False
        True in `fit`: sets these attributes, and asks for regular time stamps.
    spec : PanelSpec or None, default=None
        What was fitted, if there is no estimator to ask: channels must agree. The container may
        differ.
    min_rows : int or None, default=None
        Fewest rows of all series together; None means 2 if `reset`, else 1.
    copy : bool, default=False
        Whether the values must not share memory with `X`.

    Returns
    -------
    panel : Panel
        Its values are a view of `X` where that is possible. They keep a boolean, integer or
        floating type; columns of several types take the type that numpy gives them together, and
        objects that are numbers become float64.

    Raises
    ------
    TypeError
        If a column or the time index is of a type that cannot be modelled, or members of a list
        are of different kinds.
    ValueError
        If cells are missing, infinite or complex, shapes or channels do not agree, there are too
        few rows, or time stamps are missing, repeated or out of order.
    IrregularTimeError
        If `reset` and the time stamps do not follow one frequency.
    """
    fewest = (2 if reset else 1) if min_rows is None else min_rows
    if isinstance(X, Panel):
        panel = X
        _check_names(_empty_frame(panel.spec), estimator, reset)
        _check_array(panel.values[:fewest], None, False, fewest)
    else:
        panel = _read(_without_tensor(X), estimator, reset, fewest)
    if spec is not None:
        _refuse_other_channels(panel.spec, spec)
    return replace(panel, values=panel.values.copy()) if copy else panel


def _read(X: Any, estimator: Any, reset: bool, min_rows: int) -> Panel:
    if isinstance(X, pd.DataFrame):
        return _read_frame(X, estimator, reset, min_rows)
    if isinstance(X, list | tuple) and len(X) and _is_2d(X[0]):
        members = [_array_or_frame(member) for member in X]
        _refuse_mixed(members)
        read = _read_frames if isinstance(members[0], pd.DataFrame) else _read_arrays
        return read(members, estimator, reset, min_rows)
    return _read_array(X, estimator, reset, min_rows)


def _read_array(X: Any, estimator: Any, reset: bool, min_rows: int) -> Panel:
    """One series, or a panel of equal lengths, from something array-like."""
    if np.ma.is_masked(X):
        X = X.astype(float).filled(np.nan)
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    array = X if hasattr(X, "ndim") else np.asarray(X)
    if array.ndim > 3:
        raise ValueError(
            f"X has {array.ndim} dimensions (shape={array.shape}); pass (n_timesteps, n_channels) "
            "or (n_series, n_timesteps, n_channels)."
        )
    if array.ndim < 3:  # scikit-learn looks at X itself, which may have names
        values = _check_array(X, estimator, reset, min_rows)
        return _array_panel("array_2d", values, np.array([len(values)]))
    n_series, n_timesteps, n_channels = array.shape
    if not n_series * n_timesteps:
        raise ValueError(
            f"X of shape {array.shape} has no rows; pass one series of one row at least."
        )
    flat = np.asarray(array).reshape(n_series * n_timesteps, n_channels)
    values = _check_array(flat, estimator, reset, min_rows)
    return _array_panel("array_3d", values, np.full(n_series, n_timesteps))


def _read_arrays(members: list[Any], estimator: Any, reset: bool, min_rows: int) -> Panel:
    """Ragged panel from a list of 2-D arrays."""
    for i, member in enumerate(members):
        if member.shape[1] != members[0].shape[1]:
            raise ValueError(
                f"X[{i}] has {member.shape[1]} channels and X[0] has {members[0].shape[1]}; "
                "all series of a list need the same channels."
            )
    lengths = _lengths(members)
    flat = members[0] if len(members) == 1 else np.concatenate(members)
    values = _check_array(flat, estimator, reset, min_rows)
    return _array_panel("list_of_arrays", values, lengths)


def _array_panel(container: str, values: np.ndarray, lengths: np.ndarray) -> Panel:
    _refuse_non_finite(values, [f"channel {i}" for i in range(values.shape[1])])
    spec = PanelSpec(container, dtypes=(values.dtype,) * values.shape[1])
    return Panel(values, lengths.astype(np.int64), spec)


def _read_frame(X: pd.DataFrame, estimator: Any, reset: bool, min_rows: int) -> Panel:
    """One series, or with a (series, time) index a panel, from a frame."""
    _check_names(X, estimator, reset)
    values = _frame_array(X, estimator, min_rows)
    spec = _frame_spec(X, "frame")
    if not isinstance(X.index, pd.MultiIndex):
        lengths = np.array([len(X)], dtype=np.int64)
        if _names_rows(X.index):
            return Panel(values, lengths, spec, index=X.index)
        axis, last = _time(X.index, lengths, lambda _: "", reset)
        return Panel(values, lengths, replace(spec, time=axis), index=X.index, last_stamps=last)
    order, lengths, ids, stamps = group_rows(X.index)
    axis, last = _time(stamps, lengths, lambda i: f" in series {ids[i]!r}", reset)
    spec = replace(spec, container="panel_frame", series_dtype=_id_dtype(ids), time=axis)
    values = values if order is None else values[order]
    return Panel(values, lengths, spec, X.index, order, ids, last)


def _read_frames(members: list[pd.DataFrame], estimator: Any, reset: bool, min_rows: int) -> Panel:
    """Ragged panel from a list of frames."""
    _refuse_other_frames(members)
    _check_names(members[0], estimator, reset)
    lengths = _lengths(members)
    together = members[0] if len(members) == 1 else pd.concat(members)
    values = _frame_array(together, estimator, min_rows)
    indexes = tuple(member.index for member in members)
    counted = all(_is_count(index) for index in indexes)
    flat = pd.RangeIndex(len(values)) if counted else together.index
    axis, last = _time(flat, lengths, lambda i: f" in X[{i}]", reset)
    spec = replace(_frame_spec(together, "list_of_frames"), time=axis)
    return Panel(values, lengths, spec, index=indexes, last_stamps=last)


def _time(
    index: pd.Index, lengths: np.ndarray, label: Callable[[int], str], reset: bool
) -> tuple[TimeAxis, pd.Index | None]:
    """Time axis and last stamps; none where the rows are only counted."""
    if _is_count(index):
        return TimeAxis(), None
    axis = read_time_axis(index, lengths, label=label, regular=reset)
    return axis, index[np.cumsum(lengths) - 1]


def _check_array(X: Any, estimator: Any, reset: bool, min_rows: int) -> np.ndarray:
    """Check by scikit-learn, save for finiteness, which is ours to say by column."""
    options: dict[str, Any] = {
        "dtype": "numeric",
        "ensure_all_finite": False,
        "ensure_min_samples": min_rows,
    }
    if estimator is None:
        values = check_array(X, input_name="X", **options)
    else:
        values = validate_data(estimator, X, reset=reset, **options)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"X is of type {values.dtype}, and only numbers are supported; convert it.")
    return np.asarray(values)


def _frame_array(X: pd.DataFrame, estimator: Any, min_rows: int) -> np.ndarray:
    values = check_array(
        frame_values(X), ensure_all_finite=False, ensure_min_samples=min_rows, estimator=estimator
    )
    _refuse_non_finite(values, [f"column {label!r}" for label in X.columns])
    return np.asarray(values)


def _check_names(X: pd.DataFrame, estimator: Any, reset: bool) -> None:
    if estimator is not None:
        validate_data(estimator, X, reset=reset, skip_check_array=True)


def _empty_frame(spec: PanelSpec) -> Any:
    """Something without rows that has the names and number of channels of `spec`."""
    if spec.has_frames:
        return pd.DataFrame(columns=spec.column_index())
    return np.empty((0, spec.n_channels))


def _frame_spec(X: pd.DataFrame, container: str) -> PanelSpec:
    dtypes = tuple(getattr(dtype, "subtype", dtype) for dtype in X.dtypes)
    names = tuple(X.columns.names)
    return PanelSpec(container, dtypes, tuple(X.columns), names, tuple(X.index.names))


def _id_dtype(ids: pd.Index) -> Any:
    """Type of new identifiers: that of the old ones, or of their categories."""
    ids = ids.categories if isinstance(ids, pd.CategoricalIndex) else ids
    is_text = pd.api.types.infer_dtype(ids, skipna=True) == "string"
    return ids.dtype if is_text or pd.api.types.is_integer_dtype(ids.dtype) else np.dtype(np.int64)


def _names_rows(index: pd.Index) -> bool:
    """Whether an index is text that is no date: names of the rows, which tell no time."""
    if not pd.api.types.is_string_dtype(index.dtype) or index.hasnans:
        return False
    first = pd.to_datetime(str(index[0]), errors="coerce")
    return bool(pd.isna(first))


def _is_count(index: pd.Index) -> bool:
    """Whether an index only counts the rows."""
    return (
        isinstance(index, pd.RangeIndex)
        and index.start == 0
        and index.step == 1
        and index.name is None
    )


def _is_2d(member: Any) -> bool:
    return not isinstance(member, list | tuple) and getattr(member, "ndim", None) == 2


def _without_tensor(X: Any) -> Any:
    if not isinstance(X, torch.Tensor):
        return X
    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def _array_or_frame(member: Any) -> Any:
    return member if isinstance(member, pd.DataFrame) else np.asarray(_without_tensor(member))


def _lengths(members: list[Any]) -> np.ndarray:
    lengths = np.array([len(member) for member in members], dtype=np.int64)
    if not lengths.all():
        raise ValueError(f"X[{int(lengths.argmin())}] has no rows; remove it from the list.")
    return lengths


def _refuse_mixed(members: list[Any]) -> None:
    """Refuse lists whose members are not all 2-D arrays or all frames."""
    frames = isinstance(members[0], pd.DataFrame)
    for i, member in enumerate(members):
        if isinstance(member, pd.DataFrame) != frames or member.ndim != 2:
            raise TypeError(
                f"X[{i}] is {type(member).__name__} of shape {member.shape}, X[0] is "
                f"{type(members[0]).__name__} of shape {members[0].shape}; pass 2-D arrays only, "
                "or frames only."
            )


def _refuse_other_frames(members: list[pd.DataFrame]) -> None:
    first = members[0]
    for i, member in enumerate(members):
        if list(member.columns) != list(first.columns):
            raise ValueError(
                f"X[{i}] has the columns {list(member.columns)} and X[0] has "
                f"{list(first.columns)}; all frames of a list need the same, in the same order."
            )
        if member.index.nlevels != 1:
            raise ValueError(
                f"the index of X[{i}] has {member.index.nlevels} levels; pass one frame with a "
                "(series, time) index, or a list of frames with a plain one."
            )
        if member.index.dtype != first.index.dtype:
            raise TypeError(
                f"the index of X[{i}] is of type {member.index.dtype}, that of X[0] of type "
                f"{first.index.dtype}; convert one."
            )
        frame_values(member, f" of X[{i}]")


def _refuse_other_channels(given: PanelSpec, fitted: PanelSpec) -> None:
    if given.n_channels != fitted.n_channels:
        raise ValueError(
            f"X has {given.n_channels} channels, and {fitted.n_channels} were fitted; "
            "pass the channels of fit."
        )
    if given.has_frames and fitted.has_frames and given.columns != fitted.columns:
        raise ValueError(
            f"X has the columns {list(given.columns or ())}, and {list(fitted.columns or ())} "
            "were fitted; pass the same, in the same order."
        )


def _refuse_non_finite(values: np.ndarray, names: list[str]) -> None:
    """Refuse NaN and infinity, reading a few rows at a time."""
    if values.dtype.kind != "f" or get_config()["assume_finite"]:
        return
    n_rows = max(1, _CHUNK // values.shape[1])
    for begin in range(0, len(values), n_rows):
        chunk = values[begin : begin + n_rows]
        wrong = ~np.isfinite(chunk)
        if wrong.any():
            row, channel = np.argwhere(wrong)[0]
            what = "NaN" if np.isnan(chunk[row, channel]) else "infinity"
            raise missing_cell(names[channel], what, begin + row)
