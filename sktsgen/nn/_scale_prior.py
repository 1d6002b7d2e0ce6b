"""Stage 2 of TimeMAR: tokens coarse to fine given the history, and values given the tokens."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sktsgen.nn._cache import KVCache
from sktsgen.nn._contract import Network, TrainingStep
from sktsgen.nn._layers import Linear, uniform
from sktsgen.nn._multiscale_quantizer import TokenInputs
from sktsgen.nn._transformer import CausalTransformer
from sktsgen.nn._window_batch import WindowBatch, hide_history
from sktsgen.nn._window_emission import WindowEmission

# Last steps of the history that the heads see directly.
_NEWEST = 3


class TokenBatch(NamedTuple):
    """Windows with their tokens, what each token is predicted from, and what all stand for.

    Attributes
    ----------
    window : WindowBatch
        Windows, and what came before them.
    codes : Tensor of shape (batch, token)
        Tokens, coarse to fine.
    inputs : TokenInputs
        What each is predicted from.
    points, states : Tensor of shape (batch, time, n_features) and (batch, time, d_states)
        What the tokens decode to, and hidden states of the decoder.
    """

    window: WindowBatch
    codes: Int[Tensor, "batch token"]
    inputs: TokenInputs
    points: Float[Tensor, "batch time features"]
    states: Float[Tensor, "batch time d_states"]


class LikelihoodParts(NamedTuple):
    """Log-probabilities of tokens and log densities of values, zero where not observed."""

    tokens: Float[Tensor, "batch token"]
    values: Float[Tensor, "batch time features"]


class ScalePrior(Network):
    """Decoder-only transformer over the history of a window and its tokens [1]_.

    The history comes first, in as many patches as the finest scale has tokens. A token is read as
    the sum of the scales before its own, at its place, and the vector of the token before it;
    never as an embedding of its own, which would learn the windows by heart. With `is_parallel`
    the tokens of a scale see each other's places, not each other, and are drawn in one step, as
    in [2]_.

    Parameters
    ----------
    n_features, n_timesteps : int
        Width and length of a window, and of its history.
    scales : tuple of int
        Tokens per scale.
    codebook_size, code_dim, d_states : int
        Number of codes and their width, and width of the decoder's hidden states.
    has_mixture : bool
        Whether values have a learnt density around the decoded points, in place of one spread.
    is_parallel : bool
        Whether the tokens of a scale are drawn together.
    n_classes : int
        Number of classes, 0 for none.
    d_model, n_layers, n_heads : int
        Sizes of the transformer.
    dropout, input_noise : float
        Dropout rate; largest standard deviation of the noise on what is read, relative to its
        spread, each window being told its own.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] "TimeMAR: Multi-Scale Autoregressive Modeling for Unconditional Time Series
       Generation", arXiv:2601.11184.
    .. [2] K. Tian et al., "Visual Autoregressive Modeling: Scalable Image Generation via
       Next-Scale Prediction", arXiv:2404.02905.
    """

    spread: Tensor
    scale_of: Tensor
    last_seen: Tensor

    def __init__(
        self,
        *,
        n_features: int,
        n_timesteps: int,
        scales: Collection[int],
        codebook_size: int,
        code_dim: int,
        d_states: int,
        has_mixture: bool,
        is_parallel: bool,
        n_classes: int,
        d_model: int,
        n_layers: int,
        n_heads: int,
        dropout: float,
        input_noise: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.scales = scales = tuple(scales)
        self.config = {
            "n_features": n_features,
            "n_timesteps": n_timesteps,
            "scales": scales,
            "codebook_size": codebook_size,
            "code_dim": code_dim,
            "d_states": d_states,
            "has_mixture": has_mixture,
            "is_parallel": is_parallel,
            "n_classes": n_classes,
            "d_model": d_model,
            "n_layers": n_layers,
            "n_heads": n_heads,
            "dropout": dropout,
            "input_noise": input_noise,
        }
        self.is_parallel, self.n_classes = is_parallel, n_classes
        self.input_noise = input_noise
        n_tokens, n_patches = sum(scales), scales[-1]
        self.patch_length = -(-n_timesteps // n_patches)
        self.register_buffer("spread", torch.ones(2 * code_dim))
        sizes = torch.tensor(scales)
        scale_of = torch.arange(len(scales)).repeat_interleave(sizes)
        self.register_buffer("scale_of", scale_of, persistent=False)
        ends = n_patches + sizes.cumsum(0) - 1
        last_seen = torch.cat([torch.full((n_patches,), n_patches - 1), ends[scale_of]])
        self.register_buffer("last_seen", last_seen, persistent=False)
        d_patch = self.patch_length * (n_features + 1) + 1
        self.read_patch = Linear(d_patch, d_model, generator, bias=True)
        self.read_token = Linear(2 * code_dim + 1, d_model, generator, bias=True)
        self.patch_place = nn.Parameter(
            uniform(n_patches, d_model, generator=generator, d_in=1, gain=0.1)
        )
        self.token_place = nn.Parameter(
            uniform(n_tokens, d_model, generator=generator, d_in=1, gain=0.1)
        )
        self.scale_embedding = nn.Parameter(
            uniform(len(scales), d_model, generator=generator, d_in=1, gain=0.5)
        )
        self.class_embedding = nn.Parameter(
            uniform(n_classes, d_model, generator=generator, d_in=1)
        )
        self.trunk = CausalTransformer(
            d_model,
            n_layers,
            n_heads,
            1,
            window=n_patches + n_tokens,
            dropout=dropout,
            generator=generator,
        )
        self.n_newest = min(_NEWEST, n_timesteps)
        d_context = d_model + self.n_newest * (n_features + 1)
        self.head = nn.Sequential(
            Linear(d_context, 2 * d_model, generator, bias=True),
            nn.SiLU(),
            Linear(2 * d_model, codebook_size, generator, bias=True, gain=0.5),
        )
        self.emission = WindowEmission(
            n_features, d_states, has_mixture=has_mixture, generator=generator
        )

    def loss(self, batch: TokenBatch, step: TrainingStep | None = None) -> Float[Tensor, ""]:
        """Negative log-likelihood, divided by the number of tokens and observed values."""
        parts = self.log_likelihood(batch, None if step is None else step.generator)
        n_values = batch.window.observed.sum() * parts.values.shape[-1]
        return -(parts.tokens.sum() + parts.values.sum()) / (parts.tokens.numel() + n_values)

    def log_likelihood(
        self, batch: TokenBatch, generator: torch.Generator | None = None
    ) -> LikelihoodParts:
        """Every token given the ones before, every value given all; `generator` adds noise."""
        known = hide_history(batch.window.known, generator)
        window = batch.window._replace(known=known)
        before = self.emission.errors_before(window.history, known, batch.points)
        values = self.emission.log_density(window.values, batch.points, batch.states, before)
        tokens = self._token_likelihood(batch._replace(window=window), generator)
        return LikelihoodParts(tokens, values * window.observed[..., None])

    def _token_likelihood(self, batch: TokenBatch, generator: torch.Generator | None) -> Tensor:
        level = self._noise_level(batch.codes, generator)
        _, _, history, known, labels = batch.window
        embedded = [
            self.embed_history(history, known, labels, level, generator),
            self.embed_tokens(batch.inputs, labels, 0, level, generator),
        ]
        last_seen = self.last_seen if self.is_parallel else None
        states = self.trunk(torch.cat(embedded, dim=1), generator, last_seen=last_seen)
        newest = self.newest(history, known)
        logits = self.logits(states[:, -batch.codes.shape[1] :], newest)
        log_likelihood = -F.cross_entropy(
            logits.flatten(0, 1), batch.codes.flatten(), reduction="none"
        )
        return log_likelihood.view(batch.codes.shape)

    def logits(
        self,
        states: Float[Tensor, "batch token d_model"],
        newest: Float[Tensor, "batch 1 d_newest"],
    ) -> Float[Tensor, "batch token codes"]:
        """Logits of the codes of each token."""
        context = torch.cat([states, newest.expand(-1, states.shape[1], -1)], dim=-1)
        out: Tensor = self.head(context)
        return out

    def newest(
        self, history: Float[Tensor, "batch past features"], known: Bool[Tensor, "batch past"]
    ) -> Float[Tensor, "batch 1 d_newest"]:
        """Last steps of the history as they are, by no noise and no dropout: a window joins on."""
        return _masked(history, known)[:, -self.n_newest :].flatten(1)[:, None]

    def embed_history(
        self,
        history: Float[Tensor, "batch past features"],
        known: Bool[Tensor, "batch past"],
        labels: Int[Tensor, " batch"],
        level: Float[Tensor, "batch 1 1"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch patch d_model"]:
        """Patches of the history, the newest last; steps not known are zero and say so."""
        steps = _masked(_with_noise(history, 1.0, level, generator), known)
        n_patches = len(self.patch_place)
        missing = n_patches * self.patch_length - steps.shape[1]
        patches = F.pad(steps, (0, 0, missing, 0)).unflatten(1, (n_patches, -1)).flatten(2)
        embedded = self.read_patch(_with_level(patches, level)) + self.patch_place
        return self._with_class(embedded, labels)

    def embed_tokens(
        self,
        inputs: TokenInputs,
        labels: Int[Tensor, " batch"],
        first: int,
        level: Float[Tensor, "batch 1 1"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch token d_model"]:
        """Embed what the tokens from number `first` on are predicted from."""
        read = self._join(inputs)
        noisy = _with_noise(read, self.spread, level, generator)
        span = slice(first, first + read.shape[1])
        place = self.token_place[span] + self.scale_embedding[self.scale_of[span]]
        embedded = self.read_token(_with_level(noisy, level)) + place
        return self._with_class(embedded, labels)

    def begin(
        self,
        history: Float[Tensor, "batch past features"],
        known: Bool[Tensor, "batch past"],
        labels: Int[Tensor, " batch"],
    ) -> KVCache:
        """Cache that holds the history."""
        cache = self.trunk.start(len(labels))
        embedded = self.embed_history(history, known, labels)
        self.trunk.extend(embedded, cache, sees_block=self.is_parallel)
        return cache

    @property
    def blocks(self) -> Collection[int]:
        """Tokens that are drawn in one step, step by step."""
        return self.scales if self.is_parallel else (1,) * sum(self.scales)

    def _join(self, inputs: TokenInputs) -> Tensor:
        former = inputs.former
        if self.is_parallel:
            # The former token is known only where it is of a coarser scale: the sum holds it.
            former = torch.zeros_like(former)
        return torch.cat([inputs.partial, former], dim=-1)

    def _with_class(self, embedded: Tensor, labels: Tensor) -> Tensor:
        return embedded + self.class_embedding[labels][:, None] if self.n_classes else embedded

    def _noise_level(self, codes: Tensor, generator: torch.Generator | None) -> Tensor | None:
        if generator is None or not self.input_noise:
            return None
        share = torch.rand(len(codes), 1, 1, generator=generator, device=codes.device)
        return share * self.input_noise


def _masked(steps: Tensor, known: Tensor) -> Tensor:
    """Set what is not known to zero, and say so beside it."""
    return torch.cat([steps * known[..., None], known[..., None].to(steps.dtype)], dim=-1)


def _with_noise(
    x: Tensor, spread: Tensor | float, level: Tensor | None, generator: torch.Generator | None
) -> Tensor:
    if level is None:
        return x
    return x + level * spread * torch.randn(x.shape, generator=generator, device=x.device)


def _with_level(x: Tensor, level: Tensor | None) -> Tensor:
    """Tell the noise level beside each entry; drawing and scoring tell none."""
    told = x.new_zeros(1, 1, 1) if level is None else level
    return torch.cat([x, told.expand(*x.shape[:2], 1)], dim=-1)
