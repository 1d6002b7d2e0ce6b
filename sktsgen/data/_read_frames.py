"""Frames become panels: one series, one per identifier, or one per member of a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sktsgen.data._agreement import refuse_other_frames
from sktsgen.data._cells import RowName, scan_cells
from sktsgen.data._columns import read_columns, refuse_repeated_labels, refuse_types
from sktsgen.data._grouping import group_rows
from sktsgen.data._members import member_lengths, member_row_name
from sktsgen.data._panel import Panel, PanelSpec
from sktsgen.data._rules import Rules
from sktsgen.data._time import TimeAxis, read_time_axis


def read_frame(X: pd.DataFrame, rules: Rules) -> Panel:
    """Return one series, or with a (series, time) index a panel, from a frame."""
    refuse_repeated_labels(X, rules.name)
    _check_names(X, rules)
    refuse_types(X, rules)
    values, has_missing = _cells(X, "row {}".format, rules)
    spec, lengths = PanelSpec.of_frame(X), np.array([len(X)], dtype=np.int64)
    panel = Panel(values, lengths, spec, index=X.index, has_missing=has_missing)
    if isinstance(X.index, pd.MultiIndex):
        return _gathered(panel, X.index, rules)
    if _names_rows(X.index):
        return panel
    axis, last = _time(X.index, lengths, lambda _: "", rules)
    return replace(panel, spec=replace(spec, time=axis), last_stamps=last)


def read_frames(members: list[pd.DataFrame], rules: Rules) -> Panel:
    """Return a ragged panel from a list of frames."""
    refuse_repeated_labels(members[0], f"{rules.name}[0]")
    _check_names(members[0], rules)
    for i, member in enumerate(members):
        refuse_types(member, rules, f" of {rules.name}[{i}]")
    refuse_other_frames(members, rules.name)
    lengths = member_lengths(members, rules)
    together = members[0] if len(members) == 1 else pd.concat(members)
    values, has_missing = _cells(together, member_row_name(lengths, rules), rules)
    indexes = tuple(member.index for member in members)
    counted = all(_is_count(index) for index in indexes)
    flat = pd.RangeIndex(len(values)) if counted else together.index
    axis, last = _time(flat, lengths, lambda i: f" in {rules.name}[{i}]", rules)
    spec = replace(PanelSpec.of_frame(together, "list_of_frames"), time=axis)
    return Panel(values, lengths, spec, indexes, last_stamps=last, has_missing=has_missing)


def stack_frames(members: Sequence[pd.DataFrame], *, name: str = "X") -> Panel:
    """Put frames one below the other, as rows that stand each for itself.

    Nothing is asked of their index but that it has one level, and columns may be of any type.

    Parameters
    ----------
    members : sequence of DataFrame
        Frames with the same columns in the same order, of one kind each.
    name : str, default="X"
        What messages call the list.

    Returns
    -------
    panel : Panel
        Its values are a frame that counts its rows, with the cells and types of `members`.

    Raises
    ------
    TypeError
        If a column, or the index, is of another kind in one frame than in the first.
    ValueError
        If columns differ or occur twice, or a frame is empty.
    """
    refuse_repeated_labels(members[0], f"{name}[0]")
    refuse_other_frames(list(members), name)
    lengths = member_lengths(list(members), Rules(name=name))
    together = members[0] if len(members) == 1 else pd.concat(members)
    spec = PanelSpec.of_frame(together, "list_of_frames")
    return Panel(
        together.set_axis(pd.RangeIndex(len(together)), axis=0),
        lengths,
        spec,
        tuple(member.index for member in members),
        has_missing=bool(together.isna().any(axis=None)),
    )


def _gathered(panel: Panel, index: pd.MultiIndex, rules: Rules) -> Panel:
    """Panel whose rows stand series after series."""
    order, lengths, ids, stamps = group_rows(index, rules.name)
    axis, last = _time(stamps, lengths, lambda i: f" in series {ids[[i]].tolist()[0]!r}", rules)
    dtype, values = _id_dtype(ids), panel.values
    if order is not None:
        is_table = isinstance(values, pd.DataFrame)
        values = values.take(order).reset_index(drop=True) if is_table else values[order]
    return replace(
        panel,
        values=values,
        lengths=lengths,
        spec=replace(panel.spec, container="panel_frame", series_dtype=dtype, time=axis),
        order=order,
        series_ids=ids,
        last_stamps=last,
    )


def _cells(X: pd.DataFrame, row_name: RowName, rules: Rules) -> tuple[Any, bool]:
    """Values of a frame, and whether any is missing."""
    # The counts are scikit-learn's to judge, in its own words.
    counted = np.broadcast_to(np.int8(0), X.shape)
    check_array(counted, ensure_min_samples=rules.min_rows, estimator=rules.estimator)
    values = read_columns(X, row_name, rules)
    names = [f"column {label!r}" for label in X.columns]
    return values, scan_cells(values, names, row_name, rules)


def _time(
    index: pd.Index, lengths: np.ndarray, label: Callable[[int], str], rules: Rules
) -> tuple[TimeAxis, pd.Index | None]:
    """Time axis and last stamps; none where the rows are only counted."""
    if _is_count(index):
        return TimeAxis(), None
    axis = read_time_axis(index, lengths, label=label, regular=rules.reset)
    return axis, index[np.cumsum(lengths) - 1]


def _check_names(X: pd.DataFrame, rules: Rules) -> None:
    if rules.estimator is not None:
        validate_data(rules.estimator, X, reset=rules.reset, skip_check_array=True)


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
