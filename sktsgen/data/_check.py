"""The one door in: whatever the user holds becomes a Panel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sktsgen.data._agreement import conform, refuse_other_panel
from sktsgen.data._cells import RowName, scan_cells
from sktsgen.data._members import member_lengths, member_row_name
from sktsgen.data._panel import Panel, PanelSpec
from sktsgen.data._read_frames import read_frame, read_frames
from sktsgen.data._rules import Rules


def check_panel(
    X: Any,
    *,
    estimator: Any = None,
    reset: bool = False,
    spec: PanelSpec | None = None,
    min_rows: int | None = None,
    mixed: bool = False,
    missing: bool = False,
    copy: bool = False,
    input_name: str = "X",
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

        A `Panel` passes through. Rows are never sorted by time here: stamps out of order are
        refused (`as_panel` sorts).
    estimator : estimator or None, default=None
        Where `n_features_in_` (the number of channels) and `feature_names_in_` are set or
        checked, with scikit-learn's own messages.
    reset : bool, default=False
        True in `fit`: sets these attributes, and asks for regular time stamps and for one value
        per column at least.
    spec : PanelSpec or None, default=None
        What was fitted: channels, the kinds of columns and of stamps and the time zone must
        agree. The container may differ. With `mixed`, values are an array or a frame as they
        were in `fit`.
    min_rows : int or None, default=None
        Fewest rows of all series together; None means 2 if `reset`, else 1.
    mixed : bool, default=False
        Whether columns of a frame may be text, categories, datetimes or timedeltas, beside
        numbers and booleans. Arrays hold numbers.
    missing : bool, default=False
        Whether cells may be missing: NaN, None, NaT, NA, or masked.
    copy : bool, default=False
        Whether the values must not share memory with `X`.
    input_name : str, default="X"
        What messages call `X`.

    Returns
    -------
    panel : Panel
        Its values are a view of `X` where that is possible. Without `mixed` they are one array
        that keeps a boolean, integer or floating type; columns of several types take the type that
        numpy gives them together, and objects that are numbers become float64. With `mixed`, a
        frame whose columns are of several types remains a frame, each column in its own type;
        object columns that are numbers become numbers.

    Raises
    ------
    TypeError
        If a column or the time index is of a type that cannot be modelled, the cells of a column
        or the members of a list are of different kinds, or a column is of another kind than `spec`
        says.
    ValueError
        If cells are infinite, complex, or missing without leave, shapes or channels do not agree,
        there are too few rows, or time stamps are missing, repeated or out of order.
    IrregularTimeError
        If `reset` and the time stamps do not follow one frequency.
    """
    fewest = (2 if reset else 1) if min_rows is None else min_rows
    rules = Rules(estimator, reset, fewest, mixed, missing, input_name)
    panel = _pass(X, rules) if isinstance(X, Panel) else _read(_without_tensor(X), rules)
    if spec is not None:
        refuse_other_panel(panel, spec, input_name)
        panel = conform(panel, spec, rules) if mixed else panel
    return replace(panel, values=panel.values.copy()) if copy else panel


def _pass(panel: Panel, rules: Rules) -> Panel:
    """Let a panel through that the same rules would have let in."""
    if rules.estimator is not None:
        names: Any = np.empty((0, panel.n_channels))
        if panel.spec.has_frames:
            names = pd.DataFrame(columns=panel.spec.column_index())
        validate_data(rules.estimator, names, reset=rules.reset, skip_check_array=True)
    check_array(np.broadcast_to(np.int8(0), panel.values.shape), ensure_min_samples=rules.min_rows)
    if isinstance(panel.values, pd.DataFrame) and not rules.mixed:
        raise TypeError(
            f"{rules.name} is a panel of columns of several types, {list(panel.values.dtypes)}, "
            "and only numbers are supported; convert or drop columns before."
        )
    if panel.has_missing and not rules.missing:
        raise ValueError(f"{rules.name} is a panel with missing cells; fill them first.")
    return panel


def _read(X: Any, rules: Rules) -> Panel:
    if isinstance(X, pd.DataFrame):
        return read_frame(X, rules)
    if isinstance(X, list | tuple) and len(X) and _is_2d(X[0]):
        members = [_array_or_frame(member) for member in X]
        _refuse_mixed_list(members, rules.name)
        read = read_frames if isinstance(members[0], pd.DataFrame) else _read_arrays
        return read(members, rules)
    return _read_array(X, rules)


def _read_array(X: Any, rules: Rules) -> Panel:
    """One series, or a panel of equal lengths, from something array-like."""
    X = _unmasked(X)
    if isinstance(X, list | tuple):
        _refuse_other_list(X, rules.name)
        X = np.asarray(X)
    array = X if hasattr(X, "ndim") else np.asarray(X)
    if array.ndim == 0:
        raise TypeError(
            f"{rules.name} is {type(X).__name__}, which holds no series; pass an array, a frame, "
            "or a list of either."
        )
    if array.ndim > 3:
        raise ValueError(
            f"{rules.name} has {array.ndim} dimensions (shape={array.shape}); pass (n_timesteps, "
            "n_channels) or (n_series, n_timesteps, n_channels)."
        )
    if array.ndim < 3:  # scikit-learn looks at X itself, which may have names
        values = _check_array(X, rules)
        return _array_panel("array_2d", values, np.array([len(values)]), rules)
    n_series, n_timesteps, n_channels = array.shape
    if not n_series * n_timesteps:
        raise ValueError(
            f"{rules.name} of shape {array.shape} has no rows; pass one series of one row at least."
        )
    flat = np.asarray(array).reshape(n_series * n_timesteps, n_channels)
    return _array_panel(
        "array_3d", _check_array(flat, rules), np.full(n_series, n_timesteps), rules
    )


def _read_arrays(members: list[Any], rules: Rules) -> Panel:
    """Ragged panel from a list of 2-D arrays."""
    for i, member in enumerate(members):
        if member.shape[1] != members[0].shape[1]:
            raise ValueError(
                f"{rules.name}[{i}] has {member.shape[1]} channels and {rules.name}[0] has "
                f"{members[0].shape[1]}; all series of a list need the same channels."
            )
    lengths = member_lengths(members, rules)
    flat = members[0] if len(members) == 1 else np.concatenate(members)
    return _array_panel("list_of_arrays", _check_array(flat, rules), lengths, rules)


def _array_panel(container: str, values: np.ndarray, lengths: np.ndarray, rules: Rules) -> Panel:
    names = [f"channel {i}" for i in range(values.shape[1])]
    row_name: RowName = "row {}".format
    if container != "array_2d":
        row_name = member_row_name(lengths, rules)
    has_missing = scan_cells(values, names, row_name, rules)
    spec = PanelSpec(container, dtypes=(values.dtype,) * values.shape[1])
    return Panel(values, lengths.astype(np.int64), spec, has_missing=has_missing)


def _check_array(X: Any, rules: Rules) -> np.ndarray:
    """Check by scikit-learn, save for finiteness, which is ours to say by column."""
    options: dict[str, Any] = {
        "dtype": "numeric",
        "ensure_all_finite": False,
        "ensure_min_samples": rules.min_rows,
    }
    if rules.estimator is None:
        values = check_array(X, input_name=rules.name, **options)
    else:
        values = validate_data(rules.estimator, X, reset=rules.reset, **options)
    if values.dtype.kind not in "biuf":
        raise TypeError(
            f"{rules.name} is of type {values.dtype}, and only numbers are supported; convert it."
        )
    return np.asarray(values)


def _is_2d(member: Any) -> bool:
    return not isinstance(member, list | tuple) and getattr(member, "ndim", None) == 2


def _without_tensor(X: Any) -> Any:
    if not isinstance(X, torch.Tensor):
        return X
    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def _unmasked(X: Any) -> Any:
    """Put NaN where cells are masked: `numpy.asarray` would uncover them."""
    return X.astype(float).filled(np.nan) if np.ma.is_masked(X) else X


def _array_or_frame(member: Any) -> Any:
    if isinstance(member, pd.DataFrame):
        return member
    return np.asarray(_unmasked(_without_tensor(member)))


def _refuse_other_list(X: Any, name: str) -> None:
    """Refuse lists that are neither series nor the rows of one."""
    if not len(X):
        raise ValueError(f"{name} is empty; pass one series of one row at least.")
    if any(isinstance(member, pd.Series) for member in X):
        raise TypeError(
            f"{name} is a list of pandas.Series, which may be series or rows; pass a list of "
            "frames ([s.to_frame('value') for s in series]) for series of one channel."
        )
    shapes = [np.shape(member) for member in X if hasattr(member, "ndim")]
    other = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), 0)
    if other:
        raise ValueError(
            f"{name}[{other}] is of shape {shapes[other]}, and {name}[0] of shape {shapes[0]}; "
            "pass series as 2-D arrays of shape (n_timesteps, n_channels), those of one channel "
            "with reshape(-1, 1)."
        )


def _refuse_mixed_list(members: list[Any], name: str) -> None:
    """Refuse lists whose members are not all 2-D arrays or all frames."""
    frames = isinstance(members[0], pd.DataFrame)
    for i, member in enumerate(members):
        if isinstance(member, pd.DataFrame) != frames or member.ndim != 2:
            raise TypeError(
                f"{name}[{i}] is {type(member).__name__} of shape {member.shape}, {name}[0] is "
                f"{type(members[0]).__name__} of shape {members[0].shape}; pass 2-D arrays only, "
                "or frames only."
            )
