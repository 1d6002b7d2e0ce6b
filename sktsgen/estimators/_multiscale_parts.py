"""A look inside MultiScaleARGenerator: parts of series, and what each scale adds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sktsgen.data import Panel, PanelSpec, Windows, restore_panel, restore_rows
from sktsgen.estimators._draw import Draw, check_count, labels_to_score
from sktsgen.estimators._multiscale_data import CHUNK, WindowData
from sktsgen.estimators._multiscale_stages import MultiScaleStages
from sktsgen.estimators._slots import hidden_levels
from sktsgen.nn import without_gaps

_PARTS = ("trend", "coarse", "fine", "residual")


class MultiScaleParts(MultiScaleStages):
    """Series as trend, coarse and fine seasonal part."""

    def decompose(self, X: Any) -> Bunch:
        """Split series as the model does: by its mixture of moving averages.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes.

        Returns
        -------
        components : Bunch
            ``trend``, ``coarse`` seasonal part (its outline at every other step, which guides
            the decoder) and the ``fine`` rest. Each is a container like `X`, of floats; together
            they add up to `X`. Levels, stamps and static columns have no parts: of a table each
            container has its numeric columns, in which gaps are filled by the value before.
        """
        check_is_fitted(self)
        panel = self._read(X)
        given = self._given(panel)
        parts = np.empty((3, panel.n_rows, self._n_features), np.float32)
        offsets = panel.offsets
        for i in range(panel.n_series):
            features = given.series(i).to(self.device_)
            with torch.inference_mode():
                trend, coarse, seasonal = self.tokenizer_.decompose(features[None])
            found = torch.cat([trend, trend + coarse, trend + seasonal])
            parts[:, offsets[i] : offsets[i + 1]] = found.numpy(force=True)
        spec = self._part_spec()
        columns = spec.column_index() if spec.has_frames else None
        layers = [restore_rows(layer, panel, columns=columns) for layer in self._layers(parts)]
        return Bunch(**dict(zip(_PARTS, layers, strict=False)))

    def reconstruct(self, X: Any, *, n_scales: int | None = None, y: Any = None) -> Any:
        """Encode series and decode them from their coarsest scales, without noise.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes. They are cut into windows from their start
            on; the last one of a longer series ends with it.
        n_scales : int or None, default=None
            Scales to decode from, 1 to ``len(scales_)``; None is all: the plan that values are
            drawn around, and with ``emission="point"`` all that samples can be.
        y : array-like of shape (n_series,) or None, default=None
            Class of every series; None is the first class.

        Returns
        -------
        X : ndarray, list or DataFrame
            As `X`, in the types of `fit`; static columns as given.

        Raises
        ------
        ValueError
            If `n_scales` is out of range.
        """
        check_is_fitted(self)
        n_all = len(self.scales_)
        if n_scales is not None and not 1 <= n_scales <= n_all:
            raise ValueError(
                f"n_scales={n_scales!r} must be from 1 to {n_all}, the number of scales, or None "
                f"for all."
            )
        panel = self._read(X)
        features = self._decoded_rows(panel, labels_to_score(y, self.classes_, panel), n_scales)
        values = self._decoded(features, np.zeros((panel.n_rows, self.codec_.n_uniforms_)))
        values = self._completed(values, self._split(panel)[1], panel.lengths)
        columns = self.spec_.column_index() if self.spec_.has_frames else None
        return restore_rows(values, panel, columns=columns, dtypes=self.spec_.dtypes)

    def _decoded_rows(self, panel: Panel, labels: np.ndarray, n_scales: int | None) -> np.ndarray:
        """Features of all rows after stage 1, (n_rows, n_features)."""
        given = self._given(panel)
        rows = given.rows[torch.arange(panel.n_rows)].to(self.device_)
        starts = _covering_starts(panel.lengths, self.window_length_)
        windows = Windows((rows,), panel.lengths, self.window_length_, starts=starts)
        about = (torch.tensor(part, device=self.device_) for part in (labels, given.static))
        data = WindowData(windows, *about)
        steps = torch.arange(self.window_length_, device=self.device_)
        decoded = torch.empty_like(rows)
        with torch.inference_mode():
            for part in torch.arange(len(data)).split(CHUNK):
                batch = data.windows_of(part)
                codes = self.tokenizer_.encode(batch.values, batch.observed)
                latent = self.tokenizer_.quantizer.decode(codes, n_scales)
                values = self.tokenizer_.decode(latent, batch.labels).values
                places = windows.starts[part.to(self.device_)][:, None] + steps
                decoded[places[batch.observed]] = values[batch.observed]
        return decoded.numpy(force=True)

    def _sample_components(
        self,
        n_samples: int,
        *,
        length: int | None,
        y: Any,
        prefix: Any,
        start: Any,
        random_state: Any,
        n_jobs: int | None,
        **options: Any,
    ) -> tuple[Any, Bunch]:
        """Draw series and their parts, both of one draw."""
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        histories = None if prefix is None else self._read(prefix)
        options["has_parts"] = True
        draw = self._plan(n_samples, 0, length, y, histories, random_state, options)
        sums = np.stack(np.split(self._run(draw, n_jobs), len(_PARTS), axis=-1))
        flat = sums.reshape(len(_PARTS), -1, self._n_features)
        lengths = np.full(len(draw.numbers), draw.length)
        after = self._last_stamps(histories, n_samples, start)
        X = self._hand_out(sums[-1], draw, first=0, start=start, after=after)
        layers = [
            restore_panel(layer, self._part_spec(), lengths=lengths, start=start, after=after)
            for layer in self._layers(flat)
        ]
        return X, Bunch(**dict(zip(_PARTS, layers, strict=True)))

    def _draw_features(self, draw: Draw) -> Tensor:
        options = dict(draw.options)
        has_parts = options.pop("has_parts", False)
        drawn = self._draw_windows(replace(draw, options=options))
        if not has_parts:
            return drawn[0]
        values, trend, coarse, seasonal = drawn
        return torch.cat([trend, trend + coarse, trend + seasonal, values], dim=-1)

    def _layers(self, sums: np.ndarray) -> list[np.ndarray]:
        """Parts in the units of the data, from their running sums in those of the features."""
        values = [self._numbers(part) for part in sums]
        return [values[0], *(b - a for a, b in pairwise(values))]

    def _numbers(self, features: np.ndarray) -> np.ndarray:
        """Numeric columns of rows of features, neither rounded nor missing."""
        codec, columns = self.codec_, list(self._numeric_columns().values())
        features = without_gaps(torch.from_numpy(features), hidden_levels(codec)).numpy()
        table = codec.decode(features, np.zeros((len(features), codec.n_uniforms_)))
        found = np.asarray(pd.DataFrame(table).iloc[:, columns], dtype=np.float64)
        exact = codec.numbers(features)[:, columns]
        return np.where(np.isnan(exact), found, exact)

    def _numeric_columns(self) -> dict[int, int]:
        """Channels that can be taken apart, and which column of `codec_` tells each."""
        kinds = {"continuous", "integer", "count"}
        if not self.spec_.is_mixed:
            kinds.add("constant")
        places = {channel: place for place, channel in enumerate(self._read_columns)}
        places |= {repeat: places[i] for repeat, i in self.repeated_columns_ if i in places}
        return {i: places[i] for i in sorted(places) if self.codec_.kinds_[places[i]] in kinds}

    def _part_spec(self) -> PanelSpec:
        """Container of floats with the columns that can be taken apart, and no others."""
        kept = list(self._numeric_columns())
        if not kept:
            raise ValueError(
                "No column is a number that changes in time, so there is nothing to take apart: "
                f"kinds of the columns are {self.codec_.kinds_}."
            )
        columns = None if self.spec_.columns is None else tuple(self.spec_.columns[i] for i in kept)
        floats = (np.dtype(np.float64),) * len(kept)
        return replace(self.spec_, columns=columns, dtypes=floats)


def _covering_starts(lengths: np.ndarray, window_length: int) -> np.ndarray:
    """First rows of windows that together hold all rows, the last of a series ending with it."""
    starts = [
        first + np.append(np.arange(0, last, window_length), last)
        for first, last in zip(
            np.cumsum(lengths) - lengths, np.maximum(lengths - window_length, 0), strict=True
        )
    ]
    return np.concatenate(starts)
