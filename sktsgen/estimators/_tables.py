"""The walk of a user's table to features and back, static columns and gaps included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sktsgen.data import (
    LazyRows,
    Panel,
    PanelSpec,
    check_panel,
    drop_repeats,
    join_static,
    repeated_columns,
    restore_panel,
    split_static,
    static_columns,
)
from sktsgen.decoding import series_draws
from sktsgen.estimators._draw import Draw
from sktsgen.estimators._static_rows import StaticRows
from sktsgen.ops import carry_forward
from sktsgen.transformers import FeatureBlock, MixedTypeEncoder, feature_rows

_RARE_LEVELS = 3  # stream of the uniforms that choose among them
_STEPS = 2**16  # rows whose slopes are taken together


# Features so large have nothing to do with what was learnt, and their sums leave float32.
_FARTHEST = 1e6


class Given(NamedTuple):
    """Series as a model reads them.

    Attributes
    ----------
    rows : Tensor of shape (n_rows, n_features) or LazyRows
        Features of all rows, on the processor.
    offsets : ndarray of shape (n_series + 1,)
        First row of each series and, last, the number of rows.
    static : ndarray of shape (n_series, n_static)
        Features of what does not change in time.
    """

    rows: Tensor | LazyRows
    offsets: np.ndarray
    static: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each series."""
        return np.diff(self.offsets)

    def series(self, i: int) -> Tensor:
        """Features of one series, (n_timesteps, n_features)."""
        return self.rows[torch.arange(int(self.offsets[i]), int(self.offsets[i + 1]))]


class TableMixin:
    """Reading and handing out of tables for generators.

    An engine is given levels, integers and gaps as the blocks of `codec_` say, and the features of
    static columns apart. It knows nothing of columns that repeat others.
    """

    codec_: MixedTypeEncoder
    spec_: PanelSpec
    static_: StaticRows | None
    static_columns_: tuple[int, ...]
    has_gaps_: np.ndarray
    # Files that were written before these were kept do not hold them.
    repeated_columns_: tuple[tuple[int, int], ...] = ()
    _n_rows = 1  # of `fit`

    def _learn_table(self, panel: Panel, labels: np.ndarray) -> Panel:
        """Fit the codecs; return the panel of what is neither static nor repeats."""
        self.spec_, self._n_rows = panel.spec, panel.n_rows
        self.has_gaps_ = np.zeros(panel.n_channels, dtype=bool)
        if panel.has_missing:
            self.has_gaps_ = np.asarray(~panel.observed.all(axis=0))
        self.repeated_columns_ = repeated_columns(panel)
        panel = drop_repeats(panel, self.repeated_columns_)
        self.static_columns_, self.static_ = (), None
        found = static_columns(panel)
        if 0 < len(found) < panel.n_channels:
            own = self._own_columns
            self.static_columns_ = tuple(own[i] for i in found)
            panel, static = split_static(panel, found)
            self.static_ = StaticRows().fit(static, labels)
        self.codec_ = MixedTypeEncoder(calendar=False).fit(panel.values)
        return panel

    def _read(self, X: Any) -> Panel:
        """Check series against those of `fit`."""
        panel = check_panel(X, estimator=self, spec=self.spec_, mixed=True, missing=True)
        if panel.has_missing:
            self._refuse_new_gaps(panel)
        return panel

    def _refuse_new_gaps(self, panel: Panel) -> None:
        is_new = ~panel.observed & ~self.has_gaps_
        if not is_new.any():
            return
        row, position = np.argwhere(is_new)[0]
        columns = self.spec_.columns or range(self.spec_.n_channels)
        raise ValueError(
            f"Input X contains NaN: column {columns[position]!r} has a missing cell, first in row "
            f"{row}, and had none in fit; fill it, or fit on data with such gaps."
        )

    def _split(self, panel: Panel) -> tuple[Panel, Any]:
        """Leave out repeats and set the static rows apart, None where no column is static."""
        panel = drop_repeats(panel, self.repeated_columns_)
        if self.static_ is None:
            return panel, None
        return split_static(panel, self._static_places)

    @property
    def _own_columns(self) -> list[int]:
        """Channels that repeat no other."""
        repeats = dict(self.repeated_columns_)
        return [i for i in range(self.spec_.n_channels) if i not in repeats]

    @property
    def _places(self) -> list[int]:
        """Of every channel, which of those that repeat no other has its cells."""
        repeats, own = dict(self.repeated_columns_), self._own_columns
        return [own.index(repeats.get(i, i)) for i in range(self.spec_.n_channels)]

    @property
    def _static_places(self) -> list[int]:
        """Positions of the static channels among those that repeat no other."""
        own = self._own_columns
        return [own.index(i) for i in self.static_columns_]

    @property
    def _read_columns(self) -> list[int]:
        """Channels that `codec_` makes features of."""
        return [i for i in self._own_columns if i not in self.static_columns_]

    def _given(self, panel: Panel) -> Given:
        """Read series as the model does."""
        panel, static = self._split(panel)
        features = np.zeros((panel.n_series, 0), np.float32)
        if self.static_ is not None:
            features = self.static_.encode(static)
        with np.errstate(over="ignore"):  # what leaves float32 is refused below, by name
            rows = self._feature_rows(panel)
        if isinstance(rows, Tensor):
            columns = self.spec_.columns or range(self.spec_.n_channels)
            names = [columns[i] for i in self._read_columns]
            refuse_far_values(rows.numpy(), panel, self.codec_.blocks_, names)
        return Given(rows, panel.offsets, features)

    def _feature_rows(self, panel: Panel, device: torch.device | str = "cpu") -> Tensor | LazyRows:
        """Features of all rows of what is read; missing numbers are the last ones before."""
        rows = feature_rows(panel.values, self.codec_, torch.device(device))
        gapped, gaps = self._gaps()
        # Rows that are read on demand come without their past: what is missing there stays 0.
        if gapped and isinstance(rows, Tensor):
            offsets = panel.offsets
            first = torch.tensor(np.repeat(offsets[:-1], panel.lengths), device=device)
            rows[:, gapped] = carry_forward(rows[:, gapped], rows[:, gaps] > 0, first)
        return rows

    def _gaps(self) -> tuple[list[int], list[int]]:
        """Features that are numbers with gaps, and those that say that they are present."""
        numbers = {block.column: block.start for block in self.codec_.blocks_ if block.width == 1}
        pairs = [
            (numbers[block.column], block.start)
            for block in self.codec_.blocks_
            if block.has_missing and block.column in numbers
        ]
        return [number for number, _ in pairs], [gap for _, gap in pairs]

    @property
    def _n_features(self) -> int:
        return int(self.codec_.bounds_.shape[1])

    def _slope_rows(self, given: Given) -> np.ndarray:
        """Log density of the values of every row, less that of their features.

        What stays as it was at the row before has a probability, which knows no units.
        The features of a level that `fit` did not meet are zeros, which an engine takes for
        nothing at all; such a cell counts as one among those of `fit`.
        """
        is_density = np.zeros(self._n_features, dtype=bool)
        for block in self.codec_.blocks_:
            is_density[block.start : block.stop] = block.kind == "continuous"
        gapped, gaps = self._gaps()
        held, firsts = self._held_features(), given.offsets[:-1]
        unknown = -np.log1p(self._n_rows)
        total = np.empty(given.offsets[-1])
        for part in torch.arange(len(total)).split(_STEPS):
            rows = given.rows[part].numpy()
            slopes = self.codec_.log_slopes(rows)
            slopes[:, gapped] *= rows[:, gaps]
            if held:
                before = given.rows[(part - 1).clamp(min=0)].numpy()
                moves = (rows != before)[:, held] | np.isin(part, firsts)[:, None]
                slopes[:, held] *= moves
            total[part.numpy()] = slopes[:, is_density].sum(1) + unknown * self._n_unknown(rows)
        return total

    def _held_features(self) -> list[int]:
        """Features of numbers that may stay as they were; none, if an engine knows of none."""
        return []

    def _n_unknown(self, rows: np.ndarray) -> np.ndarray:
        """Count the cells of every row whose level has no feature: `fit` did not meet it."""
        groups = [rows[:, b.start : b.stop] for b in self.codec_.blocks_ if b.kind == "discrete"]
        unknown = np.zeros(len(rows), dtype=np.int64)
        for group in groups:
            unknown += ~group.any(axis=1)
        return unknown

    def _static_features(self, n_series: int) -> np.ndarray:
        """Features of the training series that do not change in time, (n_series, n_static)."""
        if self.static_ is None:
            return np.zeros((n_series, 0), np.float32)
        return self.static_.features_

    def _static_of(
        self, seed: int, numbers: np.ndarray, labels: np.ndarray, static: Any, history_of: Any
    ) -> tuple[np.ndarray, Any]:
        """Draw the static features and rows of series, or take those of their histories."""
        if self.static_ is None:
            return np.zeros((len(numbers), 0), np.float32), None
        if static is None:
            return self.static_.draw(seed, numbers, labels)
        is_frame = isinstance(static, pd.DataFrame)
        rows = static.take(history_of) if is_frame else static[history_of]
        return self.static_.encode(rows), rows.reset_index(drop=True) if is_frame else rows

    def _values_of(self, features: np.ndarray, draw: Draw) -> Any:
        """Rows of drawn series, one below the other, in the types of `fit`."""
        n_series, length = features.shape[:2]
        flat = features.reshape(n_series * length, -1)
        width = self.codec_.n_uniforms_
        uniforms = np.empty((n_series, 0))
        if width:
            uniforms = series_draws(draw.seed, draw.numbers, length * width, stream=_RARE_LEVELS)
        values = self._decoded(flat, uniforms.reshape(len(flat), width))
        return self._completed(values, draw.static_rows, np.full(n_series, length))

    def _decoded(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Rows of features in the types of `fit`, without static columns and repeats."""
        return self.codec_.decode(features, uniforms)

    def _completed(self, values: Any, static: Any, lengths: np.ndarray) -> Any:
        """Put static columns and repeats beside the rows of all series."""
        if self.static_ is not None:
            values = join_static(values, static, self._static_places, lengths)
            values = values if self.spec_.is_mixed else np.asarray(values)
        if not isinstance(values, pd.DataFrame):
            return values[:, self._places] if self.repeated_columns_ else values
        values = values.iloc[:, self._places] if self.repeated_columns_ else values
        return values.set_axis(self.spec_.column_index(), axis=1)

    def _restore_drawn(self, features: np.ndarray, draw: Draw, **index: Any) -> Any:
        """Features of drawn series in the container of `fit`."""
        lengths = np.full(len(features), features.shape[1])
        return restore_panel(self._values_of(features, draw), self.spec_, lengths=lengths, **index)


def refuse_far_values(
    features: np.ndarray, panel: Panel, blocks: Sequence[FeatureBlock], names: Sequence[Any]
) -> None:
    """Refuse series with finite values that are absurd beside those of `fit`.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_features)
        What the values are read as.
    panel : Panel
        The series.
    blocks : sequence of FeatureBlock
        Which features belong to which column.
    names : sequence of label
        Names of the columns.
    """
    is_far = ~(np.abs(features) <= _FARTHEST)
    if not is_far.any():
        return
    row, feature = (int(i) for i in np.argwhere(is_far)[0])
    column = next(block.column for block in blocks if block.start <= feature < block.stop)
    cells = panel.values
    cell: Any = cells.iloc[row, column] if isinstance(cells, pd.DataFrame) else cells[row, column]
    raise ValueError(
        f"Input X has the value {cell} in column {names[column]!r}, first in row {row}, which is "
        f"more than {_FARTHEST:,.0f} standard deviations away from those seen in fit; mend it, or "
        f"fit on data that go so far."
    )
