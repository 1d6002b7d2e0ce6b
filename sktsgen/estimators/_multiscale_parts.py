"""A look inside MultiScaleARGenerator: parts of series, and what each scale adds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sktsgen.data import Panel, Windows, check_panel, restore_panel, restore_rows
from sktsgen.estimators._draw import Draw, check_count
from sktsgen.estimators._multiscale_data import CHUNK, WindowData
from sktsgen.estimators._multiscale_stages import MultiScaleStages

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
            they add up to `X`.
        """
        check_is_fitted(self)
        panel = check_panel(X, estimator=self)
        parts = np.empty((3, panel.n_rows, self.codec_.n_features), np.float32)
        offsets = panel.offsets
        for i in range(panel.n_series):
            features = torch.from_numpy(self.codec_.transform(panel.series(i))).to(self.device_)
            with torch.inference_mode():
                trend, coarse, seasonal = self.tokenizer_.decompose(features[None])
            found = torch.cat([trend, trend + coarse, trend + seasonal])
            parts[:, offsets[i] : offsets[i + 1]] = found.numpy(force=True)
        columns = self.spec_.column_index() if self.spec_.has_frames else None
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
            Scales to decode from, 1 to ``len(scales_)``; None is all, the ceiling of what
            samples can reach.
        y : array-like of shape (n_series,) or None, default=None
            Class of every series; None is the first class.

        Returns
        -------
        X : ndarray, list or DataFrame
            As `X`, in the types of `fit`.

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
        panel = check_panel(X, estimator=self)
        features = self._decoded_rows(panel, self._labels_to_score(y, panel), n_scales)
        columns = self.spec_.column_index() if self.spec_.has_frames else None
        values = self.codec_.inverse_transform(features)
        return restore_rows(values, panel, columns=columns, dtypes=self.spec_.dtypes)

    def _decoded_rows(self, panel: Panel, labels: np.ndarray, n_scales: int | None) -> np.ndarray:
        """Features of all rows after stage 1, (n_rows, n_features)."""
        rows = torch.from_numpy(self.codec_.transform(panel.values)).to(self.device_)
        starts = _covering_starts(panel.lengths, self.window_length_)
        windows = Windows((rows,), panel.lengths, self.window_length_, starts=starts)
        data = WindowData(windows, torch.tensor(labels, device=self.device_))
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
        histories = None if prefix is None else check_panel(prefix, estimator=self)
        options["has_parts"] = True
        draw = self._plan(n_samples, 0, length, y, histories, random_state, options)
        sums = np.stack(np.split(self._run(draw, n_jobs), len(_PARTS), axis=-1))
        after = self._last_stamps(histories, n_samples, start)
        X = self._hand_out(sums[-1], draw, first=0, start=start, after=after)
        floats = replace(self.spec_, dtypes=(np.dtype(np.float64),) * self.n_features_in_)
        layers = [
            restore_panel(layer, floats, start=start, after=after) for layer in self._layers(sums)
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
        values = [self.codec_.inverse_transform(part) for part in sums]
        return [values[0], *(b - a for a, b in pairwise(values))]


def _covering_starts(lengths: np.ndarray, window_length: int) -> np.ndarray:
    """First rows of windows that together hold all rows, the last of a series ending with it."""
    starts = [
        first + np.append(np.arange(0, last, window_length), last)
        for first, last in zip(
            np.cumsum(lengths) - lengths, np.maximum(lengths - window_length, 0), strict=True
        )
    ]
    return np.concatenate(starts)
