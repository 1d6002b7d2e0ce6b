"""Tables with missing cells as the features that the diffusion works on, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.data import Panel
from sktsgen.estimators._tables import refuse_far_values
from sktsgen.persistence import register
from sktsgen.transformers import MixedTypeEncoder, NormalScores, is_normal

# Whole numbers of so few values at most, each met so often on the average, are levels.
_MOST_VALUES, _CELLS_EACH = 40, 20

Blocks = list[tuple[int, list[int]]]


@register
class LatentTable:
    """Any table to features and what is observed of them.

    Where missing cells are to be filled, the features that say "missing" are left out: no draw
    can be missing. Where they are to be modelled, whether a number is there is a column of its
    own that is always observed. Columns that are always missing together have one such for all:
    the others follow it, and what would be in their gaps is drawn and thrown away.

    Draws of a flow that starts from a normal law keep something of it: where whole tables are
    drawn, the numbers whose law is another go through `NormalScores`, and whole numbers that take
    few values, as hours of the day or counts of lamps, are levels.

    Parameters
    ----------
    keeps_missing : bool
        Whether missing cells are part of the model.
    has_scores : bool, default=False
        Whether numbers that are not normal become normal scores.
    reads_levels : bool, default=False
        Whether whole numbers of few values become levels.
    given : collection of int, default=()
        Positions of columns that may be given to a draw: their numbers stay numbers, and their
        gaps are their own.

    Attributes
    ----------
    encoder_ : MixedTypeEncoder
        Codec of the columns.
    widths_ : list of int
        Features of every block: 1 for a number, the number of levels for a discrete one.
    columns_ : list of int
        Number of the column that each block belongs to, in the order of the blocks.
    sources_ : ndarray of shape (n_columns,)
        Column of the table behind each of these columns.
    scores_ : dict of int to NormalScores
        Features that are normal scores, and how they become so.
    followers_ : dict of int to int
        Columns of the table that are missing where another one is, and which.
    led_ : dict of int to int
        Of those of these columns that hold levels the number, and that of the column which says
        whether they are missing.
    """

    # Files that were written before there were any do not hold them.
    scores_: Mapping[int, NormalScores] = MappingProxyType({})
    followers_: Mapping[int, int] = MappingProxyType({})

    def __init__(
        self,
        *,
        keeps_missing: bool,
        has_scores: bool = False,
        reads_levels: bool = False,
        given: Collection[int] = (),
    ) -> None:
        self.keeps_missing, self.has_scores = keeps_missing, has_scores
        self.reads_levels, self.given = reads_levels, tuple(given)

    def fit(self, panel: Panel) -> LatentTable:
        """Learn codecs, and which features say that a cell is missing."""
        few = self._few_valued(panel) if self.reads_levels else []
        self.encoder_ = MixedTypeEncoder(kinds=dict.fromkeys(few, "ordinal")).fit(panel.values)
        self.followers_ = self._gaps_together(panel) if self.keeps_missing else {}
        chosen: Blocks = []
        whole = np.full(self.encoder_.n_features_out_, -1.0, np.float32)
        says_missing = {b.stop - 1 for b in self.encoder_.blocks_ if b.has_missing}
        for column, features in self._blocks():
            has_gaps = self.keeps_missing and column not in self.followers_
            left = [f for f in features if has_gaps or f not in says_missing]
            whole[features[0]] = 1.0  # of a block that is left out: the number is there
            if len(features) == 1 or len(left) > 1:
                chosen.append((column, left))
        if not chosen:  # of single levels only: one of them, always there, stands for the rest
            column, features = self._blocks()[0]
            chosen = [(column, features[:1])]
        self._learn_columns(chosen, says_missing)
        self.kept_ = np.array([f for _, features in chosen for f in features], dtype=np.int64)
        self.otherwise_ = whole
        self.scores_ = self._learn_scores(panel) if self.has_scores else {}
        return self

    def encode(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """Turn a table into features.

        Parameters
        ----------
        panel : Panel
            Of the columns that `fit` saw.

        Returns
        -------
        features : ndarray of shape (n_rows, n_features), float32
            Zeros where not observed.
        observed : ndarray of shape (n_rows, n_columns), bool
            A level that `fit` did not see says nothing and counts as missing.

        Raises
        ------
        ValueError
            If a value is absurdly far from the others.
        """
        with np.errstate(over="ignore"):
            whole = self.encoder_.encode(panel.values)
        names = panel.spec.columns or range(panel.n_channels)
        refuse_far_values(whole, panel, self.encoder_.blocks_, list(names))
        features = whole[:, self.kept_]
        observed = panel.observed[:, self.sources_] | self.is_always_
        position = 0
        for column, width in zip(self.columns_, self.widths_, strict=True):
            if width > 1:
                levels = features[:, position : position + width]
                observed[:, column] &= levels.any(axis=1)
            elif position in self.scores_:
                scores = self.scores_[position].open(features[:, position])
                features[:, position] = np.where(observed[:, column], scores, 0.0)
            position += width
        return features, observed

    def standard(self, features: np.ndarray) -> np.ndarray:
        """Turn scores into what the codec of the columns knows: numbers in standard deviations."""
        features = features.copy()
        for position, scores in self.scores_.items():
            features[..., position] = scores.close(features[..., position])
        return features

    def decode(self, features: np.ndarray, uniforms: np.ndarray) -> Any:
        """Turn features into a table.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_features)
            As from `standard`; of a block of levels the greatest is taken.
        uniforms : ndarray of shape (n_rows, encoder_.n_uniforms_)
            Numbers from 0 to 1 that choose among rare levels.

        Returns
        -------
        table : ndarray or DataFrame of shape (n_rows, n_columns)
            Of the columns and types that `fit` saw.
        """
        whole = np.tile(self.otherwise_, (len(features), 1))
        whole[:, self.kept_] = features
        blocks = {b.column: b for b in self.encoder_.blocks_ if b.has_missing}
        for follower, leader in self.followers_.items():
            levels = whole[:, blocks[leader].start : blocks[leader].stop]
            is_gap = levels.argmax(axis=1) == levels.shape[1] - 1
            whole[is_gap, blocks[follower].start : blocks[follower].stop] = 0.0
            whole[is_gap, blocks[follower].stop - 1] = 1.0
        return self.encoder_.decode(whole, uniforms)

    def value_slopes(self, features: np.ndarray) -> np.ndarray:
        """How fast the value of each number grows with its feature, of the shape of `features`."""
        whole = np.broadcast_to(self.otherwise_, (*features.shape[:-1], len(self.otherwise_)))
        whole = whole.copy()
        whole[..., self.kept_] = self.standard(features)
        slopes: np.ndarray = np.exp(-self.encoder_.log_slopes(whole)[..., self.kept_])
        for position, scores in self.scores_.items():
            slopes[..., position] *= scores.rates(features[..., position])
        return slopes

    @property
    def n_columns(self) -> int:
        """Number of columns that can be observed or not."""
        return len(self.sources_)

    def _few_valued(self, panel: Panel) -> list[Any]:
        """Labels of the columns of whole numbers that have few values."""
        columns = pd.DataFrame(panel.values)
        return [
            label
            for position, (label, column) in enumerate(columns.items())
            if position not in self.given and _has_few_values(column)
        ]

    def _gaps_together(self, panel: Panel) -> dict[int, int]:
        """Columns that are missing where another one is, by a number if there is one."""
        has_number = {b.column for b in self.encoder_.blocks_ if b.kind != "discrete"}
        groups: dict[bytes, list[int]] = {}
        for block in self.encoder_.blocks_:
            if block.has_missing and block.column not in self.given:
                gaps = panel.observed[:, block.column]
                groups.setdefault(gaps.tobytes(), []).append(block.column)
        return {
            column: leader
            for group in groups.values()
            for leader in [min(group, key=lambda column: (column not in has_number, column))]
            for column in group
            if column != leader
        }

    def _blocks(self) -> Blocks:
        return [(b.column, list(range(b.start, b.stop))) for b in self.encoder_.blocks_]

    def _learn_scores(self, panel: Panel) -> dict[int, NormalScores]:
        """Scores of the numbers that are not normal."""
        features, observed = self.encode(panel)
        found = {}
        position = 0
        for column, width in zip(self.columns_, self.widths_, strict=True):
            cells = features[observed[:, column], position]
            if width == 1 and len(cells) and not is_normal(cells):
                found[position] = NormalScores().fit(cells)
            position += width
        return found

    def _learn_columns(self, chosen: Blocks, says_missing: set[int]) -> None:
        """Give numbers to columns; whether a number is there is a column apart from it."""
        numbers_in = {column for column, features in chosen if len(features) == 1}
        keys = [(column, len(features) > 1 and column in numbers_in) for column, features in chosen]
        known = sorted(set(keys))
        self.columns_ = [known.index(key) for key in keys]
        self.widths_ = [len(features) for _, features in chosen]
        self.sources_ = np.array([column for column, _ in known], dtype=np.int64)
        has_level = {
            known.index(key)
            for key, (_, features) in zip(keys, chosen, strict=True)
            if says_missing & set(features)
        }
        self.is_always_ = np.array([i in has_level for i in range(len(known))])
        says_gap = {column: known.index((column, flag)) for column, flag in known}
        self.led_ = {
            says_gap[follower]: says_gap[leader]
            for follower, leader in self.followers_.items()
            if follower in says_gap and follower not in numbers_in
        }


def _has_few_values(column: pd.Series) -> bool:
    """Say whether a column holds whole numbers, each of few values met again and again."""
    dtype = column.dtype
    if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype):
        return False
    cells = column.dropna()
    values = cells.unique().astype(np.float64)
    is_met = len(cells) >= _CELLS_EACH * len(values) > 0
    return is_met and len(values) <= _MOST_VALUES and bool((values % 1 == 0).all())
