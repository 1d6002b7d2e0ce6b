"""FactorizedARGenerator as a transformer: series to codes or coefficients, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sktsgen.data import Panel, check_panel, restore_rows
from sktsgen.estimators._draw import labels_to_score
from sktsgen.estimators._factorized_stages import FactorizedStages
from sktsgen.estimators._scoring import series_batches


class FactorizedCoding(ClassNamePrefixFeaturesOutMixin, TransformerMixin, FactorizedStages):
    """The first stage alone, in the words of `sklearn.decomposition.DictionaryLearning`."""

    def tokenize(self, X: Any) -> Any:
        """Codes of every time step.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes.

        Returns
        -------
        tokens : ndarray of int64, list or DataFrame
            As `X`, with one column per codebook; codes are from 0 to ``codebook_size_ - 1``.
        """
        check_is_fitted(self)
        panel = self._read(X)
        names = [f"code{level}" for level in range(self._depth)]
        return restore_rows(self._encode(self._given(panel).rows), panel, columns=names)

    def detokenize(self, tokens: Any, y: Any = None) -> Any:
        """Values that codes stand for: the stage-1 reconstruction, without noise.

        Parameters
        ----------
        tokens : array-like of int, list or DataFrame
            What `tokenize` gives, with `n_codebooks` columns.
        y : array-like of shape (n_series,) or None, default=None
            Class of every series, where each has a basis of its own; None is the first class.

        Returns
        -------
        X : ndarray, list or DataFrame
            As `tokens`, with the channels of `fit` in their types. Codes say nothing of static
            columns, which are those of the first training series.
        """
        check_is_fitted(self)
        panel = check_panel(tokens)
        self._check_tokens(panel)
        codes = torch.tensor(panel.values.astype(np.int64), device=self.device_)
        with torch.inference_mode():
            coefficients = self.tokenizer_.coefficients(codes)
        return self._restore(coefficients, panel, labels_to_score(y, self.classes_, panel))

    def transform(self, X: Any) -> Any:
        """Quantised coefficients of every row, each by itself.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes.

        Returns
        -------
        coefficients : ndarray of shape (n_timesteps, n_components), list or DataFrame
            As `X`, with one column per component.
        """
        check_is_fitted(self)
        panel = self._read(X)
        codes = torch.tensor(self._encode(self._given(panel).rows), device=self.device_)
        with torch.inference_mode():
            coefficients = self.tokenizer_.coefficients(codes).numpy(force=True)
        names = self.get_feature_names_out()
        return restore_rows(coefficients.astype(np.float64), panel, columns=names)

    def inverse_transform(self, coefficients: Any, y: Any = None) -> Any:
        """Series that coefficients stand for.

        Parameters
        ----------
        coefficients : array-like of shape (n_timesteps, n_components), list or DataFrame
            What `transform` gives.
        y : array-like of shape (n_series,) or None, default=None
            Class of every series, as in `detokenize`.

        Returns
        -------
        X : ndarray, list or DataFrame
            As `coefficients`, with the channels of `fit` in their types; static columns as in
            `detokenize`.
        """
        check_is_fitted(self)
        panel = check_panel(coefficients)
        n_components = len(self.components_)
        if panel.n_channels != n_components:
            raise ValueError(
                f"coefficients has {panel.n_channels} columns and the basis has {n_components} "
                f"components; pass what transform gives."
            )
        rows = torch.tensor(panel.values.astype(np.float32), device=self.device_)
        return self._restore(rows, panel, labels_to_score(y, self.classes_, panel))

    def _restore(self, coefficients: Tensor, panel: Panel, labels: np.ndarray) -> Any:
        """Decode the coefficients of all rows and hand them back as `panel` came."""
        features = np.empty((panel.n_rows, self._n_features), np.float32)
        offsets = panel.offsets
        for chosen in series_batches(panel.lengths):
            spans = [slice(offsets[i], offsets[i + 1]) for i in chosen]
            padded = torch.nn.utils.rnn.pad_sequence([coefficients[s] for s in spans], True)
            class_of = torch.tensor(labels[chosen], device=self.device_)
            with torch.inference_mode():
                decoded = self.tokenizer_.decode(padded, class_of).numpy(force=True)
            for span, rows in zip(spans, decoded, strict=True):
                features[span] = rows[: span.stop - span.start]
        values = self._decoded(features, np.zeros((panel.n_rows, self.codec_.n_uniforms_)))
        first = None
        if self.static_ is not None:
            first = self.static_.rows(np.zeros(panel.n_series, dtype=np.int64))
        values = self._completed(values, first, panel.lengths)
        columns = self.spec_.column_index() if self.spec_.has_frames else None
        return restore_rows(values, panel, columns=columns, dtypes=self.spec_.dtypes)

    @property
    def _depth(self) -> int:
        """Codes of a step, of the fit and not of what the parameters are now."""
        return len(self.tokenizer_.quantizer.levels)

    def _check_tokens(self, panel: Panel) -> None:
        if panel.n_channels != self._depth:
            raise ValueError(
                f"tokens has {panel.n_channels} columns and a step has {self._depth} codes; "
                f"pass what tokenize gives."
            )
        lowest, highest = panel.values.min(), panel.values.max()
        if lowest < 0 or highest >= self.codebook_size_ or panel.values.dtype.kind not in "iu":
            raise ValueError(
                f"tokens hold values of {panel.values.dtype} from {lowest} to {highest}; codes "
                f"are integers from 0 to {self.codebook_size_ - 1}."
            )
