"""Frames and panels that must agree: the members of a list, and what was fitted."""

from __future__ import annotations

import reprlib
from dataclasses import replace
from typing import Any

import pandas as pd

from sktsgen.data._columns import as_numbers, column_kind, holds_objects
from sktsgen.data._panel import Panel, PanelSpec
from sktsgen.data._rules import Rules

_LEVELS = {"text", "category"}


def refuse_other_frames(members: list[pd.DataFrame], name: str) -> None:
    """Refuse frames that cannot stand one below the other without changing their cells."""
    first = members[0]
    for i, member in enumerate(members):
        if list(member.columns) != list(first.columns):
            raise ValueError(
                f"{name}[{i}] has the columns {list(member.columns)} and {name}[0] has "
                f"{list(first.columns)}; all frames of a list need the same, in the same order."
            )
        if member.index.nlevels != 1:
            raise ValueError(
                f"the index of {name}[{i}] has {member.index.nlevels} levels; pass one frame with "
                "a (series, time) index, or a list of frames with a plain one."
            )
        if member.index.dtype != first.index.dtype:
            raise TypeError(
                f"the index of {name}[{i}] is of type {member.index.dtype}, that of {name}[0] of "
                f"type {first.index.dtype}; convert one."
            )
        for label, given, wanted in zip(first.columns, member.dtypes, first.dtypes, strict=True):
            if not _stack(given, wanted):
                raise TypeError(
                    f"column {label!r} of {name}[{i}] {_words(given)}, that of {name}[0] "
                    f"{_words(wanted)}; give all members one type with astype."
                )


def refuse_other_panel(panel: Panel, fitted: PanelSpec, name: str) -> None:
    """Refuse channels or time stamps of another kind than those that were fitted."""
    given = panel.spec
    if given.n_channels != fitted.n_channels:
        raise ValueError(
            f"{name} has {given.n_channels} channels, and {fitted.n_channels} were fitted; "
            "pass the channels of fit."
        )
    if given.has_frames and fitted.has_frames and given.columns != fitted.columns:
        raise ValueError(
            f"{name} has the columns {list(given.columns or ())}, and "
            f"{list(fitted.columns or ())} were fitted; pass the same, in the same order."
        )
    labels = given.columns or fitted.columns or range(given.n_channels)
    dtypes = panel.values.dtypes if isinstance(panel.values, pd.DataFrame) else given.dtypes
    for label, one, other in zip(labels, dtypes, fitted.dtypes, strict=True):
        if not _mean_the_same(one, other):
            raise TypeError(
                f"column {label!r} of {name} is of type {one}, and {other} was fitted; convert it "
                "with astype."
            )
    _refuse_other_time(given, fitted, name)


def conform(panel: Panel, fitted: PanelSpec, rules: Rules) -> Panel:
    """Return a panel whose values are an array, or a frame, as they were in `fit`."""
    is_table = isinstance(panel.values, pd.DataFrame)
    if is_table and not fitted.is_mixed:
        return replace(panel, values=as_numbers(panel.values, "row {}".format, rules))
    if fitted.is_mixed and not is_table:
        labels = panel.spec.column_index() if panel.spec.has_frames else fitted.column_index()
        return replace(panel, values=pd.DataFrame(panel.values, columns=labels))
    return panel


def _stack(one: Any, other: Any) -> bool:
    """Whether two types have a common one that keeps the cells of both."""
    kind = column_kind(one)
    if kind != column_kind(other):
        return False
    if kind in ("category", "other"):
        return bool(one == other)
    return kind != "datetime" or _zone(one) == _zone(other)


def _words(dtype: Any) -> str:
    """Say what a type is; of categories, which they are."""
    if isinstance(dtype, pd.CategoricalDtype):
        order = " in this order" if dtype.ordered else ""
        return f"has the categories {reprlib.repr(list(dtype.categories))}{order}"
    return f"is of type {dtype}"


def _mean_the_same(one: Any, other: Any) -> bool:
    """Whether cells of two types can be told from one another by their values alone."""
    if holds_objects(other):  # which held numbers or text
        return True
    kinds = {column_kind(one), column_kind(other)}
    if kinds == {"datetime"}:
        return (_zone(one) is None) == (_zone(other) is None)
    return len(kinds) == 1 or kinds == _LEVELS


def _refuse_other_time(given: PanelSpec, fitted: PanelSpec, name: str) -> None:
    kinds = given.time.kind, fitted.time.kind
    if "none" in kinds:
        return
    if kinds[0] != kinds[1]:
        raise TypeError(
            f"the time index of {name} is of kind {kinds[0]!r}, and {kinds[1]!r} was fitted; "
            "convert it, or drop it with reset_index(drop=True)."
        )
    zones = _zone(given.time.dtype), _zone(fitted.time.dtype)
    if zones[0] != zones[1]:
        raise ValueError(
            f"the time index of {name} is in the time zone {zones[0]}, and {zones[1]} was fitted; "
            "convert it with tz_convert (stamps without a zone: tz_localize)."
        )


def _zone(dtype: Any) -> str | None:
    zone = getattr(dtype, "tz", None)
    return None if zone is None else str(zone)
