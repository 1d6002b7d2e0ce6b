"""Steps after the end of series, drawn one half window after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs

from sktsgen.data import Panel
from sktsgen.estimators._latent_diffusion_base import LatentDiffusion
from sktsgen.estimators._latent_diffusion_clock import stamps_after, stamps_of
from sktsgen.estimators._latent_diffusion_metadata import as_fitted
from sktsgen.estimators._latent_diffusion_rows import Rows
from sktsgen.estimators._latent_diffusion_tiles import tiles_to_continue


class Continuation(LatentDiffusion):
    """Go on from series, or begin new ones."""

    def _begin(self, n_steps: int, start: Any, label: int = 0) -> Rows:
        """One series of `n_steps` hidden rows."""
        rows = max(n_steps, self.window_length_)
        stamps: pd.Index = pd.RangeIndex(rows)
        if self.clock_.cycles_:
            stamps = self.spec_.time.grid(rows, start=start)
        known = self._known(stamps, label)
        features = np.zeros((rows, len(self.table_.kept_)), np.float32)
        observed = np.zeros((rows, self.table_.n_columns), dtype=bool)
        return Rows(np.concatenate([features, known], axis=1), observed, np.array([rows]))

    def _extend(self, past: Rows, panel: Panel, n_steps: int, label: int = 0) -> Rows:
        """Rows of the series of a panel with `n_steps` hidden ones after each."""
        lengths = np.maximum(panel.lengths + n_steps, self.window_length_)
        at = past.positions(lengths)
        features = np.zeros((lengths.sum(), past.features.shape[1]), np.float32)
        observed = np.zeros((lengths.sum(), past.observed.shape[1]), dtype=bool)
        features[at], observed[at] = past.features, past.observed
        n_own = len(self.table_.kept_)
        ends = np.cumsum(lengths)
        further = stamps_after(self.spec_.time, panel, int((lengths - panel.lengths).max()))
        stamps, offsets = stamps_of(panel), panel.offsets
        for i, end in enumerate(ends):
            own: pd.Index = stamps[offsets[i] : offsets[i + 1]]
            if self.clock_.cycles_:
                own = own.append(further[i][: lengths[i] - panel.lengths[i]])
            else:
                own = pd.RangeIndex(lengths[i])
            features[end - lengths[i] : end, n_own:] = self._known(own, label)
        return Rows(features, observed, lengths)

    def _conditions(
        self, histories: Panel | None, length: int, start: Any, label: int, metadata: Any
    ) -> tuple[Rows, np.ndarray]:
        """Gather what is given of the series to draw, and how many rows come before them."""
        if histories is None:
            rows, past = self._begin(length, start, label), np.array([0])
        else:
            before = self._rows(histories, np.full(histories.n_series, label))
            rows, past = self._extend(before, histories, length, label), histories.lengths
        if metadata is not None:
            given, _ = self._encode_given(metadata, "metadata")
            rows.features[:length, : given.features.shape[1]] = given.features
            rows.observed[:length] = given.observed
        return rows, past

    def _known(self, stamps: pd.Index, label: int) -> np.ndarray:
        """Features that are always given: of the clock, and of the class."""
        one_hot = np.eye(self._n_label_features, dtype=np.float32)[label : label + 1]
        classes = one_hot.repeat(len(stamps), axis=0).reshape(len(stamps), -1)
        return np.concatenate([self.clock_.encode(stamps), classes], axis=1)

    def _encode_given(self, given: pd.DataFrame, name: str) -> tuple[Rows, pd.DataFrame]:
        """Rows in which some columns are given, and these columns in the types of `fit`.

        Those are numbered by their positions among all.
        """
        positions = self._positions(given.columns, name)
        zeros = np.zeros((len(given), len(self.table_.kept_)), np.float32)
        table: Any = self._decode(zeros, 0)
        table = table if isinstance(table, pd.DataFrame) else table.astype(np.float64)
        found = {
            position: as_fitted(given.iloc[:, i], self.spec_.dtypes[position], name)
            for i, position in enumerate(positions)
        }
        for position, cells in found.items():
            if isinstance(table, pd.DataFrame):
                table.isetitem(position, cells)
            else:
                table[:, position] = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        missing = bool(given.isna().to_numpy().any())
        lengths = np.array([len(given)])
        panel = Panel(table, lengths, self.spec_, has_missing=missing)
        features, observed = self.table_.encode(panel)
        observed &= np.isin(self.table_.sources_, positions)
        return Rows(features, observed, lengths), pd.DataFrame(found)

    def _positions(self, columns: Any, name: str) -> list[int]:
        """Positions of columns among those of `fit`; of arrays their labels are positions."""
        known = list(self.spec_.columns or range(self.spec_.n_channels))
        unknown = [column for column in columns if column not in known]
        if unknown:
            raise ValueError(
                f"{name} has the column {unknown[0]!r}, which fit did not see; choose from {known}."
            )
        return [known.index(column) for column in columns]

    def _draw_after(
        self,
        rows: Rows,
        past: np.ndarray,
        n_steps: int,
        *,
        keys: np.ndarray,
        draws: Sequence[int],
        seed: int,
    ) -> np.ndarray:
        """Draw the `n_steps` rows after the first `past` of every series.

        Returns
        -------
        drawn : ndarray of shape (n_series, n_draws, n_steps, n_features)
        """
        rounds = tiles_to_continue(past, n_steps, self.window_length_)
        # No window reaches further back, and every draw has rows of its own.
        unseen = np.maximum(past - self.window_length_, 0)
        within = np.arange(len(rows.features)) - rows.offsets.repeat(rows.lengths)
        is_seen = within >= unseen.repeat(rows.lengths)
        offsets = rows.offsets - np.cumsum(unseen)
        state = self._drawing(draws, seed).rows(
            rows.features[is_seen], rows.observed[is_seen], offsets, keys, rounds
        )
        at = (offsets + past)[:, None] + np.arange(n_steps)
        return state[:, at].swapaxes(0, 1)

    def _draw_numbers(
        self,
        rows: Rows,
        past: np.ndarray,
        length: int,
        draws: list[int],
        key: int,
        seed: int,
        n_jobs: int | None,
    ) -> np.ndarray:
        """Draws of one condition, shared out among workers."""
        n_workers = 1 if n_jobs is None else min(effective_n_jobs(n_jobs), len(draws))
        keys = np.array([key], dtype=np.uint64)

        def some(part: np.ndarray) -> np.ndarray:
            chosen = part.tolist()
            return self._draw_after(rows, past, length, keys=keys, draws=chosen, seed=seed)[0]

        if n_workers <= 1:
            return some(np.array(draws))
        parts = np.array_split(np.array(draws), n_workers)
        return np.concatenate(Parallel(n_jobs=n_jobs)(delayed(some)(part) for part in parts))
