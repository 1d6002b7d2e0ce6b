"""The one container of series that all rooms share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from sktsgen.data._columns import dense_dtype, share_one_type
from sktsgen.data._time import TimeAxis
from sktsgen.persistence import from_tree, register, to_tree


@register
@dataclass(frozen=True)
class PanelSpec:
    """What is needed to hand results back in the container of the user.

    Two specs are equal when the same values would be restored in the same way.

    Parameters
    ----------
    container : {"array_2d", "array_3d", "list_of_arrays", "list_of_frames", "frame", \
            "panel_frame"}
        The kind of container.
    dtypes : tuple of numpy.dtype or pandas ExtensionDtype, of length n_channels
        Type of each channel.
    columns : tuple of length n_channels or None, default=None
        Column labels; None for arrays.
    columns_names : tuple, default=(None,)
        Names of the levels of the columns.
    index_names : tuple, default=()
        Names of the index levels: (series, time) of a panel frame, (time,) of other frames,
        empty for arrays.
    series_dtype : numpy.dtype or pandas ExtensionDtype or None, default=None
        Type of the series identifiers of a panel frame.
    time : TimeAxis, default=TimeAxis()
        Kind, frequency and first stamp of the time index.
    columns_dtype : numpy.dtype or pandas ExtensionDtype or None, default=None
        Type of the column labels; None leaves it to pandas.
    """

    container: str
    dtypes: tuple[Any, ...]
    columns: tuple[Any, ...] | None = None
    columns_names: tuple[Any, ...] = (None,)
    index_names: tuple[Any, ...] = ()
    series_dtype: Any = None
    time: TimeAxis = field(default_factory=TimeAxis)
    columns_dtype: Any = None

    @classmethod
    def of_frame(cls, frame: pd.DataFrame, container: str = "frame") -> Self:
        """Return what is needed to give a frame back, save for its time axis.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_channels)
            What the user gave, or the members of a list one below the other.
        container : str, default="frame"
            The kind of container it came in.

        Returns
        -------
        spec : PanelSpec
            Types of dense columns, and the labels in their own type.
        """
        labels = frame.columns
        return cls(
            container,
            tuple(dense_dtype(dtype) for dtype in frame.dtypes),
            tuple(labels),
            tuple(labels.names),
            tuple(frame.index.names),
            columns_dtype=None if isinstance(labels, pd.MultiIndex) else labels.dtype,
        )

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.dtypes)

    def __getstate__(self) -> dict[str, Any]:
        # Plain values and arrays: skops cannot build pandas' own types.
        tree, tensors = to_tree(dict(vars(self)))
        return {"tree": tree, "tensors": tensors}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(from_tree(state["tree"], state["tensors"]))

    @property
    def is_single(self) -> bool:
        """Whether the container holds one series, with rows for its time steps."""
        return self.container in ("array_2d", "frame")

    @property
    def has_frames(self) -> bool:
        """Whether the container is made of pandas frames."""
        return self.columns is not None

    @property
    def is_mixed(self) -> bool:
        """Whether `Panel.values` are a frame where columns of several types are allowed."""
        return self.has_frames and not share_one_type(self.dtypes)

    def column_index(self) -> pd.Index:
        """Return the columns as the pandas index they were read from."""
        if self.columns is None:
            return pd.RangeIndex(self.n_channels)
        if len(self.columns_names) > 1:
            return pd.MultiIndex.from_tuples(self.columns, names=self.columns_names)
        return pd.Index(  # type: ignore[no-any-return]
            list(self.columns),
            name=self.columns_names[0],
            dtype=self.columns_dtype,
            tupleize_cols=False,
        )


@dataclass(frozen=True, eq=False)
class Panel:
    """Series one below the other, with what is needed to give the user's container back.

    Parameters
    ----------
    values : ndarray or DataFrame of shape (n_rows, n_channels)
        The rows of all series, series after series, in time order: an array, boolean, integer or
        floating, or, where columns are of several types, a frame that counts its rows.
    lengths : ndarray of shape (n_series,), dtype int64
        Number of rows of each series, at least 1; their sum is n_rows.
    spec : PanelSpec
        Container, names, types and time axis.
    index : pandas.Index or tuple of pandas.Index or None, default=None
        Index of the frame, or of each frame of a list, in the user's order of rows.
    order : ndarray of shape (n_rows,) or None, default=None
        Row ``i`` of `values` is row ``order[i]`` of the user's frame; None if they agree.
    series_ids : pandas.Index of length n_series or None, default=None
        Identifiers of the series of a panel frame.
    last_stamps : pandas.Index of length n_series or None, default=None
        Last time stamp of each series; None where the container has no time index.
    has_missing : bool, default=False
        Whether any cell is missing.

    Notes
    -----
    Rows are stored flat rather than padded to ``(n_series, n_timesteps, n_channels)``: ragged
    panels cost no padding, and one long series, a memory-mapped array or a C-contiguous 3-D array
    is a view of the user's memory. `values` may therefore be read-only and must not be written.
    """

    values: Any
    lengths: np.ndarray
    spec: PanelSpec
    index: pd.Index | tuple[pd.Index, ...] | None = None
    order: np.ndarray | None = None
    series_ids: pd.Index | None = None
    last_stamps: pd.Index | None = None
    has_missing: bool = False

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.lengths)

    @property
    def n_rows(self) -> int:
        """Number of rows of all series together."""
        return int(self.values.shape[0])

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.values.shape[1])

    @property
    def offsets(self) -> np.ndarray:
        """First row of each series and, last, the number of rows; shape (n_series + 1,)."""
        return np.concatenate(([0], np.cumsum(self.lengths, dtype=np.int64)))

    @property
    def observed(self) -> np.ndarray:
        """Whether each cell is there, shape (n_rows, n_channels); computed when asked for."""
        if not self.has_missing:
            return np.broadcast_to(np.True_, self.values.shape)
        return np.asarray(pd.notna(self.values))

    def series(self, i: int) -> Any:
        """Return the rows of one series.

        Parameters
        ----------
        i : int
            Number of the series, from ``-n_series`` to ``n_series - 1``.

        Returns
        -------
        rows : ndarray or DataFrame of shape (lengths[i], n_channels)
            A view of `values`, which must not be written.

        Raises
        ------
        IndexError
            If there is no such series.
        """
        if not -self.n_series <= i < self.n_series:
            raise IndexError(f"series {i} asked of a panel of {self.n_series} series.")
        end = int(self.offsets[i % self.n_series + 1])
        rows = slice(end - int(self.lengths[i]), end)
        return (
            self.values.iloc[rows] if isinstance(self.values, pd.DataFrame) else self.values[rows]
        )
