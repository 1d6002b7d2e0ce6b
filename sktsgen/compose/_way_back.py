"""What a generator drew, back through the steps before it and into the user's container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import get_tags

from sktsgen.data import PanelSpec, check_panel, restore_panel, restore_rows


def undo_steps(steps: Sequence[tuple[str, Any]], drawn: Any) -> Any:
    """Undo the steps of a pipeline, the last one first.

    Parameters
    ----------
    steps : sequence of (name, transformer)
        Fitted steps in the order of the pipeline, without the generator; None and
        ``"passthrough"`` do nothing.
    drawn : ndarray, list or DataFrame
        Series in the space of the generator.

    Returns
    -------
    series : ndarray, list or DataFrame
        The same container, in the space of the first step.
    """
    for _, step in reversed(steps):
        if step is not None and step != "passthrough":
            drawn = _undo(step, drawn)
    return drawn


def refuse_without_inverse(steps: Sequence[tuple[str, Any]]) -> None:
    """Raise ValueError if a step, fitted or not, has no `inverse_transform`."""
    for name, step in steps:
        if not (step is None or step == "passthrough" or hasattr(step, "inverse_transform")):
            raise ValueError(
                f"the step {name!r} ({type(step).__name__}) has no inverse_transform, so nothing "
                "can be drawn in the units of the data; use one that has, or draw from the "
                "generator alone."
            )


def refuse_components(options: Mapping[str, Any]) -> None:
    """Raise ValueError if parts of the series are asked for, which no step can undo."""
    if options.get("return_components"):
        raise ValueError(
            "return_components=True asks for the parts of what the steps give, which cannot be "
            "undone one by one; draw them from the generator alone."
        )


def into_container(drawn: Any, spec: PanelSpec) -> Any:
    """Give series the container, column names and types that `spec` describes.

    Parameters
    ----------
    drawn : DataFrame or ndarray of shape (n_series, n_timesteps, n_channels)
        A frame has a (series, time) index.
    spec : PanelSpec
        What `fit` of the pipeline saw.

    Returns
    -------
    series : ndarray, list or DataFrame
        A frame keeps its index; in a list each series has its own.
    """
    if isinstance(drawn, np.ndarray):
        return restore_panel(drawn, spec)
    panel = check_panel(drawn, mixed=True, missing=True)
    if not spec.has_frames:
        return restore_panel(panel.values, spec, lengths=panel.lengths)
    frame = restore_rows(panel.values, panel, columns=spec.column_index(), dtypes=spec.dtypes)
    return _members(frame, spec) if spec.container == "list_of_frames" else frame


def _undo(step: Any, drawn: Any) -> Any:
    if get_tags(step).input_tags.three_d_array:  # ours: containers go through whole
        return step.inverse_transform(drawn)
    if isinstance(drawn, pd.DataFrame):
        return _undo_rows(step, drawn)
    if isinstance(drawn, np.ndarray):
        rows = _undo_rows(step, drawn.reshape(-1, drawn.shape[-1]))
        return np.asarray(rows).reshape(*drawn.shape[:-1], -1)
    rows = pd.concat(drawn) if isinstance(drawn[0], pd.DataFrame) else np.concatenate(drawn)
    undone = _undo_rows(step, rows)
    return [undone[first:last] for first, last in pairwise(np.cumsum([0, *map(len, drawn)]))]


def _undo_rows(step: Any, rows: Any) -> Any:
    """Undo a step that works row by row; a frame stays one, under the names the step was given."""
    undone = step.inverse_transform(rows)
    if not isinstance(rows, pd.DataFrame):
        return undone
    names = getattr(step, "feature_names_in_", None)
    frame = undone if isinstance(undone, pd.DataFrame) else pd.DataFrame(undone, index=rows.index)
    return frame if names is None else frame.set_axis(names, axis=1)


def _members(frame: pd.DataFrame, spec: PanelSpec) -> list[pd.DataFrame]:
    """One frame per series, each with the kind of index that those of `fit` had."""
    members = [rows.droplevel(0) for _, rows in frame.groupby(level=0, sort=False)]
    if spec.time.kind == "none":
        return [rows.reset_index(drop=True) for rows in members]
    return [rows.rename_axis(spec.index_names[0]) for rows in members]
