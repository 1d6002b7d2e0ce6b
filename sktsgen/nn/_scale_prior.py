"""Stage 2 of TimeMAR: tokens coarse to fine given the history, and values given the tokens."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sktsgen.nn._cache import KVCache
from sktsgen.nn._contract import Network, TrainingStep
from sktsgen.nn._layers import Linear, uniform
from sktsgen.nn._loss import Loss
from sktsgen.nn._multiscale_quantizer import TokenInputs
from sktsgen.nn._transformer import CausalTransformer
from sktsgen.nn._window_batch import WindowBatch, hide_past, overlap_of
from sktsgen.nn._window_emission import Plan, WindowEmission, all_known, mark

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
    plan : Plan
        What they say of the steps of the window.
    """

    window: WindowBatch
    codes: Int[Tensor, "batch token"]
    inputs: TokenInputs
    plan: Plan


class LikelihoodParts(NamedTuple):
    """Log-probabilities of tokens and log densities of values, zero where not observed.

    Values that are given have a density as well, which is that of a window that began earlier.
    """

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
    n_classes, n_static : int
        Number of classes and of features that do not change in time, 0 for none.
    slots : sequence of tuple or None
        What is drawn one after the other within a time step, as `Slot`; None is every feature as
        a number.
    d_model, n_layers, n_heads : int
        Sizes of either transformer: of the tokens, and of the values.
    dropout, input_noise : float
        Dropout rate; largest standard deviation of the noise on what is read, relative to its
        spread, each window being told its own.
    lags : tuple of int
        How many steps back the values are that the density of a value sees as they are,
        descending to 1.
    smallest_scale : float or collection of float, default=0.02
        Least standard deviation of a normal of the density, of each number or of all.
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
        lags: Collection[int] = (3, 2, 1),
        n_static: int = 0,
        slots: Collection[tuple[Any, ...]] | None = None,
        smallest_scale: float | Collection[float] = 0.02,
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
            "lags": tuple(lags),
            "n_static": n_static,
            "slots": None if slots is None else tuple(tuple(slot) for slot in slots),
            "smallest_scale": smallest_scale,
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
            uniform(max(n_classes, 1), d_model, generator=generator, d_in=1, gain=0.5)
        )
        self.from_static = Linear(n_static, d_model, generator) if n_static else None
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
            n_features,
            d_states,
            n_timesteps=n_timesteps,
            has_mixture=has_mixture,
            d_model=d_model,
            n_layers=n_layers,
            n_heads=n_heads,
            dropout=dropout,
            lags=lags,
            slots=slots,
            smallest_scale=smallest_scale,
            generator=generator,
        )

    def loss(self, batch: TokenBatch, step: TrainingStep | None = None) -> Loss:
        """Negative log-likelihood, divided by the number of tokens and observed values."""
        parts = self.log_likelihood(batch, None if step is None else step.generator)
        tokens = parts.tokens * self._share_present(batch.window)
        n_values = batch.window.observed.sum() * parts.values.shape[-1]
        total = -(tokens.sum() + parts.values.sum())[None]
        return Loss(total, (parts.tokens.numel() + n_values)[None].to(total))

    def log_likelihood(
        self, batch: TokenBatch, generator: torch.Generator | None = None
    ) -> LikelihoodParts:
        """Every token given the ones before, every value given all; `generator` adds noise."""
        level = self._noise_level(batch.codes, generator)
        window = hide_past(batch.window, generator)
        past = mark(window.history, window.known)
        about = self.about(window.labels, window.static)
        values = self.emission.log_density(window.values, batch.plan, past, about, level, generator)
        tokens = self._token_likelihood(batch, latest(window), about, level, generator)
        return LikelihoodParts(tokens, values * window.observed[..., None])

    def _share_present(self, window: WindowBatch) -> Tensor | float:
        """Weigh the tokens of a window by how much of it is there, if gaps are not to be drawn."""
        mixture = self.emission.mixture
        if mixture is None or not mixture.is_completing:
            return 1.0
        share = mixture.share_present(window.values.flatten(0, 1)).view(window.observed.shape)
        observed = window.observed.to(share.dtype)
        return (share * observed).sum(1, keepdim=True) / observed.sum(1, keepdim=True)

    def _token_likelihood(
        self,
        batch: TokenBatch,
        past: Tensor,
        about: Tensor,
        level: Tensor | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        embedded = [
            self.embed_history(past, about, level, generator),
            self.embed_tokens(batch.inputs, about, 0, level, generator),
        ]
        last_seen = self.last_seen if self.is_parallel else None
        states = self.trunk(torch.cat(embedded, dim=1), generator, last_seen=last_seen)
        logits = self.logits(states[:, -batch.codes.shape[1] :], self.newest(past))
        log_likelihood = -F.cross_entropy(
            logits.flatten(0, 1), batch.codes.flatten(), reduction="none"
        )
        return log_likelihood.view(batch.codes.shape)

    def about(
        self, labels: Int[Tensor, " batch"], static: Float[Tensor, "batch n_static"]
    ) -> Float[Tensor, "batch 1 d_model"]:
        """Embed what is known of a series as a whole: its class, and what does not change."""
        about = self.class_embedding[labels]
        if self.from_static is not None:
            about = about + self.from_static(static)
        return about[:, None]

    def logits(
        self,
        states: Float[Tensor, "batch token d_model"],
        newest: Float[Tensor, "batch 1 d_newest"],
    ) -> Float[Tensor, "batch token codes"]:
        """Logits of the codes of each token."""
        context = torch.cat([states, newest.expand(-1, states.shape[1], -1)], dim=-1)
        out: Tensor = self.head(context)
        return out

    def newest(self, past: Float[Tensor, "batch past d_step"]) -> Float[Tensor, "batch 1 d_newest"]:
        """Last steps of the history as they are, by no noise and no dropout: a window joins on."""
        return past[:, -self.n_newest :].flatten(1)[:, None]

    def embed_history(
        self,
        past: Float[Tensor, "batch past d_step"],
        about: Float[Tensor, "batch 1 d_model"],
        level: Float[Tensor, "batch 1 1"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch patch d_model"]:
        """Patches of the history as `mark` gives it, the newest last."""
        steps = self.emission.with_noise(past, level, generator)
        n_patches = len(self.patch_place)
        missing = n_patches * self.patch_length - steps.shape[1]
        patches = F.pad(steps, (0, 0, missing, 0)).unflatten(1, (n_patches, -1)).flatten(2)
        embedded: Tensor = self.read_patch(_with_level(patches, level))
        return embedded + self.patch_place + about

    def embed_tokens(
        self,
        inputs: TokenInputs,
        about: Float[Tensor, "batch 1 d_model"],
        first: int,
        level: Float[Tensor, "batch 1 1"] | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch token d_model"]:
        """Embed what the tokens from number `first` on are predicted from."""
        read = self._join(inputs)
        noisy = _with_noise(read, self.spread, level, generator)
        span = slice(first, first + read.shape[1])
        place = self.token_place[span] + self.scale_embedding[self.scale_of[span]]
        embedded: Tensor = self.read_token(_with_level(noisy, level))
        return embedded + place + about

    def begin(
        self,
        past: Float[Tensor, "batch past d_step"],
        about: Float[Tensor, "batch 1 d_model"],
    ) -> KVCache:
        """Cache that holds the history."""
        cache = self.trunk.start(len(past))
        embedded = self.embed_history(past, about)
        self.trunk.extend(embedded, cache, sees_block=self.is_parallel)
        return cache

    @property
    def tokens_per_step(self) -> int:
        """Uniforms that a new step brings for the tokens of its window, coarse to fine."""
        n_timesteps = int(self.config["n_timesteps"])
        return -(-sum(self.scales) // (n_timesteps - overlap_of(n_timesteps)))

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

    def _noise_level(self, codes: Tensor, generator: torch.Generator | None) -> Tensor | None:
        if generator is None or not self.input_noise:
            return None
        share = torch.rand(len(codes), 1, 1, generator=generator, device=codes.device)
        return share * self.input_noise


def latest(window: WindowBatch) -> Float[Tensor, "batch past d_step"]:
    """Last steps before those to be drawn, as `mark` gives them: the given ones come last."""
    history = mark(window.history, window.known)
    steps = torch.cat([history, mark(window.values, all_known(window.values))], dim=1)
    n_past = history.shape[1]
    rows = window.n_given[:, None] + torch.arange(n_past, device=steps.device)
    return steps.take_along_dim(rows[..., None], dim=1)


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
