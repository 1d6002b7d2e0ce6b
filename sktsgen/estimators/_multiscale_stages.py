"""The two stages of MultiScaleARGenerator: how they are built, read and drawn from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sktsgen.data import Panel, Windows, spread_over
from sktsgen.decoding import decode
from sktsgen.estimators._autoregressive import AutoregressiveGenerator
from sktsgen.estimators._draw import Draw, is_whole
from sktsgen.estimators._multiscale_data import CHUNK, TokenData, WindowData, encode_windows
from sktsgen.estimators._multiscale_drawing import WindowDecoder
from sktsgen.estimators._slots import hidden_levels, integer_bounds
from sktsgen.exceptions import CodebookUsageWarning
from sktsgen.nn import (
    DualPathTokenizer,
    MixtureEmission,
    ScalePrior,
    WindowBatch,
    log_density,
    mark,
    overlap_of,
)
from sktsgen.training import Recipe
from sktsgen.transformers import MixedTypeEncoder

# Windows that the use of the codes is taken from.
_COUNTED = 20_000
# Windows by which the spread of what the prior reads is measured.
_READ = 512
# Tokens of the finest scale at most, and steps of the window that one stands for at least.
_MOST_TOKENS, _STEPS_PER_TOKEN = 3, 8
SIZES = {
    "small": {"d_hidden": 32, "code_dim": 16, "d_model": 64, "n_layers": 2},
    "large": {"d_hidden": 192, "code_dim": 64, "d_model": 512, "n_layers": 6},
}


class MultiScaleStages(AutoregressiveGenerator):
    """What `MultiScaleARGenerator` is made of."""

    codec_: MixedTypeEncoder
    tokenizer_: DualPathTokenizer
    prior_: ScalePrior

    def _check_sizes(self) -> None:
        d_hidden, d_model = self._width("d_hidden"), self._width("d_model")
        if d_hidden % 8:
            raise ValueError(f"d_hidden={d_hidden} must be a multiple of 8.")
        if d_model % self.n_heads or (d_model // self.n_heads) % 2:
            raise ValueError(
                f"n_heads={self.n_heads} does not divide d_model={d_model} into heads of an even "
                f"width; choose a divisor of {d_model // 2}."
            )
        _check_whole("kernels", self.kernels)
        if not isinstance(self.scales, str):
            _check_whole("scales", self.scales)
            if any(a >= b for a, b in pairwise(self.scales)):
                raise ValueError(f"scales={self.scales!r} must grow from one to the next.")

    def _width(self, name: str) -> int:
        """Width by its own parameter, else by `size`."""
        given = getattr(self, name)
        return int(SIZES[self.size][name] if given is None else given)

    def _scales(self) -> tuple[int, ...]:
        if isinstance(self.scales, str):
            return automatic_scales(self.window_length_)
        if self.scales[-1] > self.window_length_:
            raise ValueError(
                f"scales={self.scales!r} has a scale of more tokens than the window has steps, "
                f"{self.window_length_}; choose smaller scales or a longer window_length."
            )
        return tuple(int(scale) for scale in self.scales)

    def _new_tokenizer(
        self, panel: Panel, n_former_codes: int | None, generator: torch.Generator
    ) -> DualPathTokenizer:
        self.scales_ = self._scales()
        n_vectors = panel.n_rows * sum(self.scales_) // self.window_length_
        tokenizer = DualPathTokenizer(
            n_features=self._n_features,
            n_timesteps=self.window_length_,
            kernels=tuple(self.kernels) if self.has_decomposition else (),
            scales=self.scales_,
            codebook_size=n_former_codes or min(self.codebook_size, max(2, n_vectors // 4)),
            code_dim=self._width("code_dim"),
            d_hidden=self._width("d_hidden"),
            has_guidance=self.has_guidance,
            n_classes=0 if self.classes_ is None else len(self.classes_),
            hidden=hidden_levels(self.codec_) if self.missing == "complete" else (),
            generator=generator,
        )
        return tokenizer.to(self.device_)

    def _new_prior(
        self, windows: Windows, former: ScalePrior | None, generator: torch.Generator
    ) -> ScalePrior:
        prior = ScalePrior(
            n_features=self._n_features,
            n_timesteps=self.window_length_,
            scales=self.scales_,
            codebook_size=self.codebook_size_,
            code_dim=self._width("code_dim"),
            d_states=self.tokenizer_.d_states,
            has_mixture=self.emission == "mixture",
            is_parallel=self.decoding == "scale",
            n_classes=0 if self.classes_ is None else len(self.classes_),
            d_model=self._width("d_model"),
            n_layers=self._width("n_layers"),
            n_heads=int(self.n_heads),
            dropout=self.dropout,
            input_noise=self.input_noise,
            lags=self._lags(),
            n_static=0 if self.static_ is None else self.static_.n_features_,
            slots=self._slots(windows, None if former is None else former.emission.mixture),
            smallest_scale=self._smallest_scales(windows, former),
            generator=generator,
        )
        self._start_emission(prior.emission.mixture, prior.emission.spread, windows)
        return prior.to(self.device_)

    @property
    def _longest_lag(self) -> int:
        return self.window_length_  # the window before is in sight as well

    @property
    def _emission(self) -> MixtureEmission | None:
        return self.prior_.emission.mixture

    def _tokenizer_recipe(self) -> Recipe:
        return Recipe(
            max_epochs=max(1, int(self.max_epochs) // 4),
            batch_size=2 * self._batch_size(),
            learning_rate=self.learning_rate,
            average_decay=0.0,
            early_stopping=False,
        )

    def _settle_codes(self, data: WindowData, *, is_final: bool) -> None:
        """Drop the codes that training windows do not use, and measure how the others are used.

        What has been fitted before keeps its codes: it is them that the prior goes on from.
        """
        n_codes = self.tokenizer_.config["codebook_size"]
        counts = self._count_codes(data, n_codes)
        is_used = (counts.sum(0) > 0) | is_final
        self.tokenizer_.keep_codes(torch.tensor(is_used, device=self.device_))
        self.codebook_size_ = int(is_used.sum())
        share = counts[:, is_used] / counts.sum(1, keepdims=True)
        entropy = -(share * np.log(share, where=share > 0, out=np.zeros_like(share))).sum(1)
        self.codebook_usage_ = (share > 0).mean(1)
        self.codebook_perplexity_ = np.exp(entropy)
        if is_used.mean() < 0.8:
            warnings.warn(
                f"Only {is_used.mean():.0%} of codebook_size={n_codes} codes are in use; a smaller "
                f"codebook_size says as much.",
                CodebookUsageWarning,
                stacklevel=5,
            )

    def _count_parameters(self) -> int:
        networks = (self.tokenizer_, self.prior_)
        weights = sum(p.numel() for network in networks for p in network.parameters())
        return weights + self.tokenizer_.quantizer.codebook.codebook.numel()

    def _count_codes(self, data: WindowData, n_codes: int) -> np.ndarray:
        """Count how often each scale uses each code, (n_scales, n_codes)."""
        indices = spread_over(len(data), _COUNTED)
        codes = encode_windows(self.tokenizer_, data, indices).numpy(force=True)
        scales = np.split(codes, np.cumsum(self.scales_)[:-1], axis=1)
        return np.stack([np.bincount(own.ravel(), minlength=n_codes) for own in scales])

    def _measure_inputs(self, prior: ScalePrior, data: TokenData) -> None:
        """Set the spread that the noise on what the prior reads is relative to."""
        indices = spread_over(len(data), _READ)
        read = torch.cat(data.batch(indices).inputs, dim=-1).flatten(0, 1)
        prior.spread.copy_(read.std(0, unbiased=False))

    def _draw_windows(self, draw: Draw) -> tuple[Tensor, ...]:
        """Values, and the parts they were drawn around, each (n_series, length, n_features)."""
        n_steps = np.array([len(history) for history in draw.histories])
        n_known = n_steps[draw.history_of] if draw.histories else np.zeros(len(draw.numbers), int)
        n_given = np.minimum(n_known, overlap_of(self.window_length_))
        chosen = [np.flatnonzero(n_given == size) for size in np.unique(n_given)]
        drawn = [self._draw_together(draw.part(some), int(n_given[some[0]])) for some in chosen]
        order = torch.tensor(np.argsort(np.concatenate(chosen)), device=self.device_)
        return tuple(torch.cat(part)[order] for part in zip(*drawn, strict=True))

    def _draw_together(self, draw: Draw, n_given: int) -> tuple[Tensor, ...]:
        """Draw series whose first window has `n_given` steps already."""
        labels = torch.tensor(draw.labels, device=self.device_)
        bounds = torch.tensor(integer_bounds(self.codec_), device=self.device_)
        static = torch.tensor(draw.static, device=self.device_)
        decoder = WindowDecoder(self.tokenizer_, self.prior_, labels, static, bounds, draw.options)
        noise = draw.noise(decoder.n_uniforms, self.device_)
        first = self.window_length_ - n_given
        n_more = -(-max(0, draw.length - first) // decoder.n_new)
        windows = (first, *(decoder.n_new,) * n_more)
        past = mark(*self._histories(draw))
        drawn = decode(decoder, past, None, blocks=windows, noise=noise)
        return tuple(part[:, : draw.length] for part in drawn)

    def _histories(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """Stack the ends of the histories, (n_series, window, n_features), and what is known."""
        shape = len(draw.numbers), self.window_length_
        past = np.zeros((*shape, self._n_features), np.float32)
        known = np.zeros(shape, dtype=bool)
        for i, number in enumerate(draw.history_of if draw.histories else ()):
            end = draw.histories[number][-self.window_length_ :]
            past[i, self.window_length_ - len(end) :] = end
            known[i, self.window_length_ - len(end) :] = True
        return torch.tensor(past, device=self.device_), torch.tensor(known, device=self.device_)

    def _log_density(
        self, features: Tensor, labels: Tensor, observed: Tensor, static: Tensor | None = None
    ) -> Tensor:
        """Density of the windows that series would be drawn by."""
        n_series, n_steps = observed.shape
        if static is None:
            static = features.new_zeros(n_series, 0)
        batch = self._cut(features, labels, observed, static)
        parts = [
            log_density(self.tokenizer_, self.prior_, WindowBatch(*part))
            for part in zip(*(whole.split(CHUNK) for whole in batch), strict=True)
        ]
        density = torch.cat(parts).unflatten(0, (n_series, -1))
        later = density[:, 1:, overlap_of(self.window_length_) :].flatten(1)
        return torch.cat([density[:, 0], later], dim=1)[:, :n_steps]

    def _cut(
        self, features: Tensor, labels: Tensor, observed: Tensor, static: Tensor
    ) -> WindowBatch:
        """Cut series into windows, each of which begins with the last steps of the one before."""
        n_series, n_steps = observed.shape
        length, n_given = self.window_length_, overlap_of(self.window_length_)
        n_new = length - n_given
        n_more = -(-max(0, n_steps - length) // n_new)
        missing = length + n_more * n_new - n_steps
        steps = F.pad(features, (0, 0, length, missing)).unfold(1, 2 * length, n_new)
        is_there = F.pad(observed, (length, missing)).unfold(1, 2 * length, n_new)
        history, values = steps.flatten(0, 1).mT.tensor_split([length], dim=1)
        known, in_window = is_there.flatten(0, 1).tensor_split([length], dim=1)
        given = F.pad(labels.new_full((n_series, n_more), n_given), (1, 0)).flatten()
        labels, static = (part.repeat_interleave(1 + n_more, dim=0) for part in (labels, static))
        return WindowBatch(values, in_window, history, known, labels, static, given)


def _check_whole(name: str, values: Any) -> None:
    is_list = isinstance(values, Sequence | np.ndarray) and np.ndim(values) == 1
    if not is_list or not len(values) or not all(is_whole(value, 1) for value in values):
        raise ValueError(
            f"{name}={values!r} must be a list of whole numbers of at least 1, one or more."
        )


def automatic_scales(n_timesteps: int) -> tuple[int, ...]:
    """Scales of one, two and three tokens, as far as a token has eight steps of the window.

    Differs from [1], which has six tokens on the finest scale of 24 steps: values here follow
    from the ones before as well, and each token more is one more to be drawn wrongly.
    """
    longest = min(_MOST_TOKENS, -(-n_timesteps // _STEPS_PER_TOKEN))
    return tuple(range(1, longest + 1))
