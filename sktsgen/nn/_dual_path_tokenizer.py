"""Stage 1 of TimeMAR: two paths, and tokens at several scales."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sktsgen.nn._contract import Network, TrainingStep
from sktsgen.nn._dual_path import (
    Components,
    MovingAverageMixture,
    PathDecoder,
    PathEncoder,
    PathShape,
    SpectrumGuide,
    path_sizes,
)
from sktsgen.nn._layers import Linear
from sktsgen.nn._loss import Loss, mean_of, mean_where
from sktsgen.nn._multiscale_quantizer import MultiScaleQuantizer
from sktsgen.nn._slots import without_gaps
from sktsgen.nn._window_batch import WindowBatch
from sktsgen.ops import reflect, spectral_distance

# Shares of the training after which codes are placed, and after which dead ones are left alone.
_PLACED, _SETTLED = 0.1, 0.7
# Weights of the errors of the parts and of the spectrum beside that of the series.
_TREND, _COARSE, _SEASONAL, _SPECTRUM = 0.1, 0.1, 0.1, 0.1


class DecodedWindow(NamedTuple):
    """What tokens stand for: the parts of a window, and hidden states for the density."""

    parts: Components
    states: Float[Tensor, "batch time d_states"]

    @property
    def values(self) -> Tensor:
        """Series that the parts add up to; the coarse one is a guide and not added."""
        return self.parts.trend + self.parts.seasonal


class DualPathTokenizer(Network):
    """A window becomes tokens from coarse to fine [1]_.

    Trend and coarse seasonal part share one encoder and one decoder. The seasonal part has its
    own: its encoder attends to the strongest frequencies, its decoder to the reconstructed coarse
    part. The three latent sequences are fused into the one that is quantised.

    Parameters
    ----------
    n_features, n_timesteps : int
        Width and length of a window after encoding.
    kernels : tuple of int
        Kernels of the moving averages; none switches the decomposition off.
    scales : tuple of int
        Tokens per scale; the last one is the length of the latent sequence.
    codebook_size, code_dim : int
        Number of codes and their width.
    d_hidden : int
        Width of the paths, twice that from the third level on.
    has_guidance : bool
        Whether the seasonal decoder attends to the coarse part.
    n_classes : int
        Number of classes, 0 for none.
    hidden : sequence of (int, int)
        Features that tokens do not tell: the level that says "missing", and the one that says
        "present" in its place or -1.
    dropout : float
        Rate inside the blocks of the paths, in training.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] "TimeMAR: Multi-Scale Autoregressive Modeling for Unconditional Time Series
       Generation", arXiv:2601.11184.
    """

    learns_from_whole_batch = True
    is_quantising: Tensor

    def __init__(
        self,
        *,
        n_features: int,
        n_timesteps: int,
        kernels: Collection[int],
        scales: Collection[int],
        codebook_size: int,
        code_dim: int,
        d_hidden: int,
        has_guidance: bool,
        n_classes: int = 0,
        hidden: Collection[tuple[int, int]] = (),
        dropout: float = 0.0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        kernels, scales = tuple(kernels), tuple(scales)
        self.config = {
            "n_features": n_features,
            "n_timesteps": n_timesteps,
            "kernels": kernels,
            "scales": scales,
            "codebook_size": codebook_size,
            "code_dim": code_dim,
            "d_hidden": d_hidden,
            "has_guidance": has_guidance,
            "n_classes": n_classes,
            "hidden": tuple((int(missing), int(present)) for missing, present in hidden),
            "dropout": dropout,
        }
        shape = PathShape(
            n_features, d_hidden, code_dim, path_sizes(n_timesteps, scales[-1]), dropout
        )
        self.hidden = self.config["hidden"]
        is_dual, has_spectrum = bool(kernels), n_timesteps > 1
        self.average = MovingAverageMixture(kernels) if is_dual else None
        self.spectrum = (
            SpectrumGuide(n_features, n_timesteps, d_hidden, generator) if has_spectrum else None
        )
        self.fine_encoder = PathEncoder(shape, d_hidden * has_spectrum, generator)
        self.fine_decoder = PathDecoder(shape, n_features * (has_guidance and is_dual), generator)
        # Trend and coarse part go through the same weights.
        self.coarse_encoder = PathEncoder(shape, 0, generator) if is_dual else None
        self.coarse_decoder = PathDecoder(shape, 0, generator) if is_dual else None
        n_paths = 3 if is_dual else 1
        self.fuse = Linear(n_paths * code_dim, code_dim, generator)
        self.unfuse = Linear(code_dim, n_paths * code_dim, generator)
        self.class_code = nn.Parameter(torch.zeros(n_classes, code_dim))
        self.quantizer = MultiScaleQuantizer(scales, codebook_size, code_dim, generator=generator)
        self.d_states = d_hidden * (1 + is_dual)
        self.register_buffer("is_quantising", torch.tensor(False))

    @property
    def plan_size(self) -> int:
        """Numbers that a window of tokens decodes to: points, moves and hidden states."""
        config = self.config
        return int(config["n_timesteps"]) * (2 * int(config["n_features"]) + self.d_states)

    def loss(self, batch: WindowBatch, step: TrainingStep | None = None) -> Loss:
        """Sum up the errors of series, parts and spectrum, and the pull of the codes."""
        generator = None if step is None else step.generator
        x = reflect(without_gaps(batch.values, self.hidden), batch.observed)
        parts = self.decompose(x)
        latent, pull = self._quantised(self.latent(parts, generator), step)
        decoded = self.decode(latent, batch.labels, generator)
        error = _mean(F.mse_loss(decoded.values, x, reduction="none"), batch.observed)
        return error + self._error_of_parts(decoded.parts, parts, batch.observed) + mean_of(pull)

    def _error_of_parts(self, decoded: Components, parts: Components, observed: Tensor) -> Loss:
        loss = _SPECTRUM * mean_of(spectral_distance(decoded.seasonal, parts.seasonal))
        if self.average is None:
            return loss
        pairs = zip((_TREND, _COARSE, _SEASONAL), decoded, parts, strict=True)
        for weight, ours, theirs in pairs:
            loss += weight * _mean(F.mse_loss(ours, theirs, reduction="none"), observed)
        return loss

    def decompose(self, x: Float[Tensor, "batch time features"]) -> Components:
        """Trend, coarse and whole seasonal part; all is seasonal without a decomposition."""
        if self.average is None:
            return Components(torch.zeros_like(x), torch.zeros_like(x), x)
        parts: Components = self.average(x)
        return parts

    def latent(
        self, parts: Components, generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch latent code_dim"]:
        """Fused latent sequence before quantisation, each vector of mean square one."""
        guide = None if self.spectrum is None else self.spectrum(parts.seasonal)
        latents = [self.fine_encoder(parts.seasonal, guide, generator)]
        if self.coarse_encoder is not None:
            both = torch.cat([parts.trend, parts.coarse])
            latents += self.coarse_encoder(both, None, generator).chunk(2)
        fused = self.fuse(torch.cat(latents, -1))
        return F.rms_norm(fused, fused.shape[-1:], eps=1e-6)

    def _quantised(self, latent: Tensor, step: TrainingStep | None) -> tuple[Tensor, Tensor]:
        # Before the encoder has learnt anything there is nothing worth placing codes on.
        if step is not None and step.progress >= _PLACED and not self.is_quantising:
            self.quantizer.initialise(latent.detach(), step.generator)
            self.is_quantising.fill_(True)
        if not self.is_quantising:
            return latent, latent.new_zeros(())
        generator = None if step is None else step.generator
        revive = step is not None and step.progress < _SETTLED
        quantised = self.quantizer(latent, generator, revive=revive)
        return quantised.values, quantised.loss

    def encode(
        self, x: Float[Tensor, "batch time features"], observed: Bool[Tensor, "batch time"]
    ) -> Int[Tensor, "batch token"]:
        """Tokens of windows, coarse to fine."""
        return self.quantizer.encode(self._latent_of(x, observed))

    def encode_loosely(
        self,
        x: Float[Tensor, "batch time features"],
        observed: Bool[Tensor, "batch time"],
        uniforms: Float[Tensor, "batch token 2"],
        rate: float,
    ) -> tuple[Int[Tensor, "batch token"], Int[Tensor, "batch token"]]:
        """Tokens of windows when some are taken wrongly, and those taken."""
        return self.quantizer.encode_loosely(self._latent_of(x, observed), uniforms, rate)

    def encode_around(
        self, x: Float[Tensor, "batch time features"], observed: Bool[Tensor, "batch time"]
    ) -> Int[Tensor, "list batch token"]:
        """Tokens of windows, and other lists of tokens that stand for nearly the same."""
        return self.quantizer.encode_around(self._latent_of(x, observed))

    def _latent_of(self, x: Tensor, observed: Tensor) -> Tensor:
        return self.latent(self.decompose(reflect(without_gaps(x, self.hidden), observed)))

    def decode(
        self,
        latent: Float[Tensor, "batch latent code_dim"],
        labels: Int[Tensor, " batch"],
        generator: torch.Generator | None = None,
    ) -> DecodedWindow:
        """Parts that a quantised latent sequence stands for."""
        if len(self.class_code):
            latent = latent + self.class_code[labels][:, None]
        fine, *others = self.unfuse(latent).split(latent.shape[-1], dim=-1)
        if self.coarse_decoder is None:
            values, states = self.fine_decoder(fine, None, generator)
            nothing = torch.zeros_like(values)
            return DecodedWindow(Components(nothing, nothing, values), states)
        both = self.coarse_decoder(torch.cat(others), None, generator)
        (trend, coarse), trend_states = both.values.chunk(2), both.states.chunk(2)[0]
        seasonal, states = self.fine_decoder(fine, coarse, generator)
        parts = Components(trend, coarse, seasonal)
        return DecodedWindow(parts, torch.cat([states, trend_states], -1))

    def keep_codes(self, is_used: Bool[Tensor, " codes"]) -> None:
        """Drop the other codes; the ones kept get new numbers in their old order."""
        self.quantizer.keep(is_used)
        self.config["codebook_size"] = len(self.quantizer.codebook.codebook)


def _mean(values: Tensor, observed: Tensor) -> Loss:
    """Mean over features and observed steps."""
    return mean_where(values.mean(-1), observed)
