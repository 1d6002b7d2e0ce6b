"""The two stages of FactorizedARGenerator: how they are built, read and drawn from."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from sktsgen.data import LazyRows, Panel, Windows, spread_over
from sktsgen.decoding import decode
from sktsgen.estimators._autoregressive import AutoregressiveGenerator
from sktsgen.estimators._draw import Draw
from sktsgen.estimators._factorized_data import TokenizerData
from sktsgen.estimators._slots import hidden_levels, integer_bounds, roughness
from sktsgen.exceptions import CodebookUsageWarning
from sktsgen.nn import (
    FactorizedDecoder,
    FactorizedModel,
    FactorizedTokenizer,
    MixtureEmission,
    TokenPrior,
)
from sktsgen.training import Recipe
from sktsgen.transformers import MixedTypeEncoder

# Windows that the spread of what the codes leave over is taken from.
_ERROR_WINDOWS = 1024
# Windows of so many steps take more dropout, those of more features, and less values than these.
_LONG, _WIDE, _FEW = 48, 40, 50_000
# Least and most noise on what is read, and how much of it there is by how rough series are: noise
# hides where a smooth one goes.
_NOISE, _BY_ROUGHNESS = (0.03, 0.3), 0.6
# Rows that are encoded together.
_CHUNK = 2**16


class FactorizedStages(AutoregressiveGenerator):
    """What `FactorizedARGenerator` is made of."""

    codec_: MixedTypeEncoder
    tokenizer_: FactorizedTokenizer
    prior_: TokenPrior

    def _check_sizes(self) -> None:
        if self.d_model % self.n_heads or (self.d_model // self.n_heads) % 2:
            raise ValueError(
                f"n_heads={self.n_heads} does not divide d_model={self.d_model} into heads of an "
                f"even width; choose a divisor of {self.d_model // 2}."
            )
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_kv_heads={self.n_kv_heads} does not divide n_heads={self.n_heads}; choose a "
                f"divisor."
            )

    def _new_tokenizer(
        self, rows: Tensor | LazyRows, generator: torch.Generator
    ) -> FactorizedTokenizer:
        n_features, n_rows = self._n_features, rows.shape[0]
        some = rows[torch.arange(0, n_rows, max(1, n_rows // 10_000))].cpu()
        self.codebook_size_ = min(int(self.codebook_size), max(2, n_rows // 4))
        if all(block.kind != "continuous" for block in self.codec_.blocks_):
            self.codebook_size_ = min(self.codebook_size_, max(2, len(some.unique(dim=0))))
        tokenizer = FactorizedTokenizer(
            n_features=n_features,
            n_components=_rank_of(self.n_components, n_features),
            codebook_size=self.codebook_size_,
            n_codebooks=int(self.n_codebooks),
            n_classes=0 if self.classes_ is None else len(self.classes_),
            hidden=hidden_levels(self.codec_) if self.missing == "complete" else (),
            has_residual_decoder=self.emission == "point",
            generator=generator,
        )
        tokenizer.initialise_basis(some)
        return tokenizer.to(self.device_)

    def _new_prior(
        self, windows: Windows, former: TokenPrior | None, generator: torch.Generator
    ) -> TokenPrior:
        codebooks = self.tokenizer_.quantizer.codebooks()
        depth, codebook_size, code_dim = codebooks.shape
        has_mixture = self.emission == "mixture"
        prior = TokenPrior(
            d_input=self._n_features if has_mixture else code_dim,
            n_features=self._n_features,
            n_static=0 if self.static_ is None else self.static_.n_features_,
            slots=self._slots(windows, None if former is None else former.emission),
            codebooks=(depth, codebook_size, code_dim),
            has_mixture=has_mixture,
            n_classes=0 if self.classes_ is None else len(self.classes_),
            d_model=int(self.d_model),
            n_layers=int(self.n_layers),
            n_heads=int(self.n_heads),
            n_kv_heads=int(self.n_kv_heads),
            window=self.window_length_,
            dropout=self._dropout(windows, former),
            input_noise=self._input_noise(windows, former),
            corruption=self.corruption,
            smallest_scale=self._smallest_scales(windows, former),
            lags=self._lags(),
            generator=generator,
        )
        prior.codebooks.copy_(codebooks)
        self._start_emission(prior.emission, prior.spread, windows)
        if not has_mixture:
            prior.spread.copy_(self.tokenizer_.quantizer.spread())
        return prior.to(self.device_)

    @property
    def _emission(self) -> MixtureEmission | None:
        return self.prior_.emission

    @property
    def _longest_lag(self) -> int:
        return self.window_length_ - 1

    def _dropout(self, windows: Windows, former: TokenPrior | None) -> float:
        if self.dropout != "auto":
            return float(self.dropout)
        if former is not None:
            return float(former.config["dropout"])
        if self._n_features > _WIDE:
            return 0.5
        is_small = windows.rows[0].shape[0] * self._n_features < _FEW
        return 0.2 if is_small or self.window_length_ >= _LONG else 0.1

    def _input_noise(self, windows: Windows, former: TokenPrior | None) -> float:
        if self.input_noise != "auto":
            return float(self.input_noise)
        if former is not None:
            return float(former.config["input_noise"])
        if self.emission == "point":
            return _NOISE[1]
        return float(np.clip(_BY_ROUGHNESS * roughness(windows, self.codec_), *_NOISE))

    def _tokenizer_recipe(self) -> Recipe:
        return Recipe(
            max_epochs=max(1, int(self.max_epochs) // 10),
            batch_size=4 * self._batch_size(),  # the tokenizer is small
            learning_rate=self.learning_rate,
            average_decay=0.0,
            early_stopping=False,
        )

    def _describe_tokens(self, panel: Panel, data: TokenizerData) -> None:
        """Basis in the units of the data, use of the codes, and what they leave over."""
        self._describe_basis(panel)
        self.noise_scale_ = self._noise_scale(data)
        codes = self._encode(data.windows.rows[0])
        counts = np.stack([np.bincount(c, minlength=self.codebook_size_) for c in codes.T])
        share = counts / counts.sum(1, keepdims=True)
        entropy = -(share * np.log(share, where=share > 0, out=np.zeros_like(share))).sum(1)
        self.codebook_usage_ = (counts > 0).mean(1)
        self.codebook_perplexity_ = np.exp(entropy)
        if self.codebook_usage_.min() < 0.8:
            warnings.warn(
                f"Only {self.codebook_usage_.min():.0%} of codebook_size={self.codebook_size_} "
                f"codes are in use; a smaller codebook_size says as much.",
                CodebookUsageWarning,
                stacklevel=5,
            )

    def _describe_basis(self, panel: Panel) -> None:
        """One column a channel where all are numbers, else one a feature of `codec_`."""
        basis = self.tokenizer_.basis.numpy(force=True).astype(np.float64) * self.codec_.scale_
        self.components_, self.mean_ = basis, self.codec_.mean_
        self._n_features_out = len(basis)
        blocks = self.codec_.blocks_
        if self.spec_.is_mixed or self.static_columns_ or any(b.kind == "discrete" for b in blocks):
            return
        columns = [block.column for block in blocks]
        components = np.zeros((len(basis), panel.n_channels))
        components[:, columns] = basis
        mean = panel.values[0].astype(np.float64)  # of constant channels
        mean[columns] = self.codec_.mean_
        self.components_, self.mean_ = components[:, self._places], mean[self._places]

    def _noise_scale(self, data: TokenizerData) -> np.ndarray:
        """Root mean square of what the decoded codes leave over, per feature."""
        indices = spread_over(len(data), _ERROR_WINDOWS)
        total, n_rows = torch.zeros(self._n_features, dtype=torch.float64), 0
        with torch.inference_mode():
            for part in indices.split(64):
                x, labels, observed = data.batch(part)
                coefficients = self.tokenizer_.coefficients(self.tokenizer_.encode(x))
                error = (self.tokenizer_.decode(coefficients, labels) - x)[observed]
                total += error.cpu().double().square().sum(0)
                n_rows += len(error)
        scale = (total / n_rows).sqrt().clamp(min=1e-3)
        return scale.numpy().astype(np.float32)

    def _encode(self, rows: Tensor | LazyRows) -> np.ndarray:
        """Codes of all rows, (n_rows, n_codebooks)."""
        with torch.inference_mode():
            codes = [
                self.tokenizer_.encode(rows[part].to(self.device_)).numpy(force=True)
                for part in torch.arange(rows.shape[0]).split(_CHUNK)
            ]
        return np.concatenate(codes)

    def _draw_features(self, draw: Draw) -> Tensor:
        if not draw.histories:
            return self._draw_group(draw, None)
        lengths = np.array([min(len(h), self.prior_.trunk.reach) for h in draw.histories])
        drawn = torch.empty(len(draw.numbers), draw.length, self._n_features)
        # Histories of one length are read together.
        for length in np.unique(lengths[draw.history_of]):
            chosen = np.flatnonzero(lengths[draw.history_of] == length)
            part = draw.part(chosen)
            tails = np.stack([draw.histories[i][-length:] for i in part.history_of])
            drawn[chosen] = self._draw_group(part, tails).cpu()
        return drawn

    def _draw_group(self, draw: Draw, history: np.ndarray | None) -> Tensor:
        labels = torch.tensor(draw.labels, device=self.device_)
        past = None if history is None else torch.tensor(history, device=self.device_)
        static = torch.tensor(draw.static, device=self.device_)
        model = self._model()
        # A history as long as the reach may go on further back: its start is not read.
        has_start = past is None or past.shape[1] < self.prior_.trunk.reach
        if past is None:
            context = model.begin(labels, static=static)
        else:
            # A history that several series continue is read once.
            first, of = _alike(draw)
            context = model.begin(
                labels[first], past[first], static=static[first], has_start=has_start
            ).take(torch.from_numpy(of).to(self.device_))
        decoder = FactorizedDecoder(model, labels, past, static=static, **draw.options)
        noise = draw.noise(decoder.n_uniforms, self.device_)
        steps = (1,) * draw.length
        codes, values = decode(decoder, context.inputs, context.cache, blocks=steps, noise=noise)
        return model.values_of((codes, values), labels, past)

    def _log_density(
        self, features: Tensor, labels: Tensor, observed: Tensor, static: Tensor | None = None
    ) -> Tensor:
        return self._model().log_density(features, labels, observed, static)

    def _model(self) -> FactorizedModel:
        return FactorizedModel(
            self.tokenizer_,
            self.prior_,
            torch.tensor(self.noise_scale_, device=self.device_),
            torch.tensor(integer_bounds(self.codec_), device=self.device_),
        )


def _alike(draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """First of the series that continue the same history, and which of these each one does."""
    kinds = np.column_stack([draw.history_of, draw.labels, draw.static])
    _, first, of = np.unique(kinds, axis=0, return_index=True, return_inverse=True)
    return first, of.ravel()  # numpy 2.0 keeps the axis


def _rank_of(n_components: int | str, n_features: int) -> int:
    """Rank R; auto follows what [1] reports for 7, 28 and 50 channels."""
    if n_components != "auto":
        return int(n_components)
    return 32 if n_features <= 10 else 50 if n_features <= 30 else 100
