"""Stage 2 of FAR-TS: an autoregressive prior over the tokens, and the emission beside it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sktsgen.nn._contract import Network, TrainingStep
from sktsgen.nn._depth_heads import DepthHeads
from sktsgen.nn._emission import MixtureEmission
from sktsgen.nn._layers import Linear, uniform
from sktsgen.nn._loss import Loss, mean_where
from sktsgen.nn._slots import read_slots
from sktsgen.nn._transformer import CausalTransformer
from sktsgen.ops import corrupt_rows, draw_index, nucleus

# Share of training windows that do not see where they start, as when a series goes on beyond
# the window and its start has left the cache.
_STARTLESS = 0.25
# How much more the first step weighs in training for every time that a window is longer than a
# short one.
_FIRST, _SHORT = 11.0 / 3.0, 24


class Rows(NamedTuple):
    """What the prior reads of a window: one entry per time step.

    Attributes
    ----------
    inputs : Tensor of shape (batch, time, d_input)
        What the next step is predicted from: the values of a step (mixture emission) or its
        quantised coefficients.
    codes : Tensor of shape (batch, time, depth)
        Tokens of the step.
    linear_part : Tensor of shape (batch, time, n_features)
        What the tokens stand for, U v; empty without a mixture emission.
    """

    inputs: Float[Tensor, "batch time d_input"]
    codes: Int[Tensor, "batch time depth"]
    linear_part: Float[Tensor, "batch time n_linear"]


class PriorBatch(NamedTuple):
    """Windows as the prior is trained on them.

    Attributes
    ----------
    rows : Rows
        Their steps.
    labels : Tensor of shape (batch,)
        Class of each window, zeros without classes.
    observed : Tensor of shape (batch, time)
        Where a window has a step.
    static : Tensor of shape (batch, n_static) or None, default=None
        Features of the series that do not change in time.
    """

    rows: Rows
    labels: Int[Tensor, " batch"]
    observed: Bool[Tensor, "batch time"]
    static: Float[Tensor, "batch n_static"] | None = None


class LogLikelihood(NamedTuple):
    """Log-probabilities of the tokens and log densities of the values, step by step."""

    tokens: Float[Tensor, "batch time depth"]
    values: Float[Tensor, "batch time slots"]


class TokenPrior(Network):
    """Decoder-only transformer over time steps, [1]_ Sections 3.3 to 3.5.

    A step is read as continuous values, never as an embedding per code: with several codes per
    step nearly every row has a combination of its own, and embeddings memorise.
    The codes of a step are drawn one after the other, each given the sum of the former ones.

    Parameters
    ----------
    d_input, n_features : int
        Width of a step as it is read, and of its values.
    codebooks : tuple of int
        Depth, codes per codebook, and their width.
    has_mixture : bool
        Whether values have a learnt density given the tokens and the past, in place of a
        decoded point.
    n_classes, n_static : int
        Number of classes and of features that do not change in time, 0 for none.
    slots : sequence of tuple or None
        What is drawn one after the other within a step, as `Slot`; None is every feature as a
        number.
    d_model, n_layers, n_heads, n_kv_heads, window : int
        Sizes of the transformer.
    dropout, input_noise, corruption : float
        Dropout rate; largest standard deviation of the noise on what is read, relative to its
        spread, each window being told its own;
        share of the steps that are read wrongly.
    n_mixture, smallest_scale : int, float or collection of float
        Normals per feature of the mixture emission, and the least standard deviation of one, of
        each number or of all.
    lags : tuple of int
        How many steps back the steps are that the heads see as they are, the last one 1; with a
        mixture emission only.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] "Less Is More: Generating Time Series with LLaMA-Style Autoregression in Simple
       Factorized Latent Spaces", arXiv:2511.04973.
    """

    codebooks: Tensor
    spread: Tensor

    def __init__(
        self,
        *,
        d_input: int,
        n_features: int,
        codebooks: tuple[int, int, int],
        has_mixture: bool,
        n_classes: int,
        d_model: int,
        n_layers: int,
        n_heads: int,
        n_kv_heads: int,
        window: int,
        dropout: float,
        input_noise: float,
        corruption: float,
        n_mixture: int = 8,
        smallest_scale: float | Collection[float] = 0.02,
        lags: Collection[int] = (3, 2, 1),
        n_static: int = 0,
        slots: Collection[tuple[Any, ...]] | None = None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.config = {
            "d_input": d_input,
            "n_features": n_features,
            "codebooks": tuple(codebooks),
            "has_mixture": has_mixture,
            "n_classes": n_classes,
            "d_model": d_model,
            "n_layers": n_layers,
            "n_heads": n_heads,
            "n_kv_heads": n_kv_heads,
            "window": window,
            "dropout": dropout,
            "input_noise": input_noise,
            "corruption": corruption,
            "n_mixture": n_mixture,
            "smallest_scale": smallest_scale,
            "lags": tuple(lags),
            "n_static": n_static,
            "slots": None if slots is None else tuple(tuple(slot) for slot in slots),
        }
        depth, codebook_size, code_dim = codebooks
        self.lags = tuple(lags)
        self.n_classes, self.dropout = n_classes, dropout
        self.input_noise, self.corruption = input_noise, corruption
        self.register_buffer("codebooks", torch.zeros(depth, codebook_size, code_dim))
        self.register_buffer("spread", torch.ones(d_input))
        self.start_embedding = nn.Parameter(
            uniform(max(n_classes, 1), d_model, generator=generator, d_in=1, gain=0.5)
        )
        self.read = nn.Sequential(
            Linear(d_input + 1, 2 * d_model, generator, bias=True),
            nn.SiLU(),
            Linear(2 * d_model, d_model, generator, bias=True),
        )
        self.trunk = CausalTransformer(
            d_model,
            n_layers,
            n_heads,
            n_kv_heads,
            window=window,
            dropout=dropout,
            generator=generator,
        )
        d_context = d_model + len(lags) * n_features if has_mixture else d_model
        self.heads = DepthHeads(d_context, 2 * d_model, depth, codebook_size, code_dim, generator)
        self.emission = (
            MixtureEmission(
                n_features,
                d_context + code_dim,
                n_mixture=n_mixture,
                d_hidden=64 if len(read_slots(slots, n_features)) <= 10 else 32,
                smallest_scale=smallest_scale,
                slots=slots,
                dropout=dropout,
                generator=generator,
            )
            if has_mixture
            else None
        )
        self.from_static = Linear(n_static, d_model, generator) if n_static else None

    def loss(self, batch: PriorBatch | tuple[Any, ...], step: TrainingStep | None = None) -> Loss:
        """Negative log-likelihood per time step, divided by the number of things predicted."""
        rows, labels, observed, static = PriorBatch(*batch)
        generator = None if step is None else step.generator
        states = self.trunk(
            self._embed_window(rows.inputs, self.start(labels, static), step),
            generator,
            self._hidden_start(rows.inputs, generator),
        )
        parts = self.log_likelihood(self.with_former(states, rows.inputs), rows, generator)
        n_terms = parts.tokens.shape[-1] + parts.values.shape[-1]
        per_step = parts.tokens.sum(-1) * self._share_present(rows) + parts.values.sum(-1)
        weights = observed.to(per_step.dtype)
        if step is not None:
            weights = weights * first_steps_weigh_more(weights.shape[1]).to(weights)
        return mean_where(-per_step / n_terms, weights)

    def _share_present(self, rows: Rows) -> Tensor | float:
        """Weigh the tokens of a step by how much of it is there, if gaps are not to be drawn."""
        if self.emission is None or not self.emission.is_completing:
            return 1.0
        share = self.emission.share_present(rows.inputs.flatten(0, 1))
        return share.view(rows.inputs.shape[:2])

    def with_former(
        self,
        states: Float[Tensor, "batch time d_model"],
        inputs: Float[Tensor, "batch time d_input"],
    ) -> Float[Tensor, "batch time d_context"]:
        """Put the values of the steps at `lags` beside each state, zeros before the series.

        They come by no noise and no dropout, which would weaken how a step depends on the ones
        just before it, above all how a sudden move is taken back, and on those a season ago; the
        states bring the longer past.
        """
        if self.emission is None:
            return states
        longest, n_steps = self.lags[0], inputs.shape[1]
        padded = F.pad(inputs, (0, 0, longest, 0))
        former = [padded[:, longest - lag : longest - lag + n_steps] for lag in self.lags]
        return torch.cat([states, *former], dim=-1)

    def log_likelihood(
        self,
        context: Float[Tensor, "batch time d_context"],
        rows: Rows,
        generator: torch.Generator | None = None,
    ) -> LogLikelihood:
        """Log-likelihood of every step given what came before it; `generator` is for dropout."""
        partial = self._partial_sums(rows.codes)
        logits = self.heads(context, partial[..., :-1, :])
        tokens = -F.cross_entropy(
            logits.flatten(0, -2), rows.codes.flatten(), reduction="none"
        ).view(rows.codes.shape)
        if self.emission is None:
            return LogLikelihood(tokens, tokens[..., :0])
        n_features = rows.inputs.shape[-1]
        values = self.emission.log_density(
            rows.inputs.flatten(0, 1),
            self._guesses(context, rows),
            torch.cat([context, partial[..., -1, :]], -1).flatten(0, 1),
            context[..., -2 * n_features : -n_features].flatten(0, 1),
            generator,
        )
        return LogLikelihood(tokens, values.unflatten(0, rows.codes.shape[:2]))

    def _guesses(self, context: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        former = context[..., -rows.inputs.shape[-1] :]
        return rows.linear_part.flatten(0, 1), former.flatten(0, 1)

    def embed(
        self,
        inputs: Float[Tensor, "batch time d_input"],
        start: Float[Tensor, "batch 1 d_model"],
        level: Float[Tensor, "#batch 1 1"] | None = None,
    ) -> Float[Tensor, "batch time d_model"]:
        """Turn given steps into what the transformer reads, told how noisy they are.

        What `start` says of the series stands in every step: told only at the start it would be
        lost when the start leaves the cache.
        """
        # Noise of no level has been added to what is drawn or scored.
        told = inputs.new_zeros(1, 1, 1) if level is None else level / self.input_noise
        told = told.expand(*inputs.shape[:2], 1)
        embedded: Tensor = self.read(torch.cat([inputs, told], dim=-1))
        return embedded + start if self.n_classes or self.from_static is not None else embedded

    def start(
        self,
        labels: Int[Tensor, " batch"],
        static: Float[Tensor, "batch n_static"] | None = None,
    ) -> Float[Tensor, "batch 1 d_model"]:
        """Put what is known of a series before its first step: one learnt vector a class."""
        start = self.start_embedding[labels]
        if self.from_static is not None:
            assert static is not None
            start = start + self.from_static(static)
        return start[:, None]

    def draw_codes(
        self,
        context: Float[Tensor, "batch d_context"],
        uniforms: Float[Tensor, "batch depth"],
        *,
        temperature: float = 1.0,
        top_p: float | None = None,
    ) -> Int[Tensor, "batch depth"]:
        """Draw the tokens of one step, depth by depth, given what came before it."""
        depth = len(self.codebooks)
        partial, codes = context.new_zeros(len(context), self.codebooks.shape[-1]), []
        shared = self.heads.from_context(context).unflatten(-1, (depth, -1))
        for level in range(depth):
            logits = self.heads.level(level, shared[:, level], partial)
            codes.append(draw_index(nucleus(logits, temperature, top_p), uniforms[:, level]))
            partial = partial + self.codebooks[level][codes[-1]]
        return torch.stack(codes, -1)

    @property
    def n_uniforms(self) -> int:
        """Number of uniforms that one time step takes."""
        n_values = 0 if self.emission is None else 2 * self.emission.n_slots
        return len(self.codebooks) + n_values

    def _embed_window(self, inputs: Tensor, start: Tensor, step: TrainingStep | None) -> Tensor:
        before, level = inputs[:, :-1], None
        generator = None if step is None else step.generator
        if step is not None and self.corruption:
            before = corrupt_rows(before, self.corruption, step.generator, step.whole(before))
        if generator is not None and self.input_noise:
            level = before.new_empty(len(before), 1, 1)
            level.uniform_(0.0, self.input_noise, generator=generator)
            noise = torch.randn(before.shape, generator=generator, device=before.device)
            before = before + level * self.spread * noise
        return torch.cat([start, self.embed(before, start, level)], dim=1)

    def _hidden_start(
        self, inputs: Tensor, generator: torch.Generator | None
    ) -> Bool[Tensor, " batch"] | None:
        if generator is None:
            return None
        draws = torch.rand(len(inputs), generator=generator, device=inputs.device)
        return draws < _STARTLESS

    def _partial_sums(self, codes: Int[Tensor, "batch time depth"]) -> Tensor:
        """Sum the first 0, 1, ... depth code vectors: (batch, time, depth + 1, code_dim)."""
        vectors = [F.embedding(codes[..., i], book) for i, book in enumerate(self.codebooks)]
        total = [torch.zeros_like(vectors[0])]
        for vector in vectors:
            total.append(total[-1] + vector)
        return torch.stack(total, -2)


def first_steps_weigh_more(n_steps: int) -> Float[Tensor, " time"]:
    """Weights of the steps of a window in the loss of training.

    Where a draw starts is decided by its first steps, which are hard to tell and of which every
    window has one each: left at one share in a long window they are learnt last. Short windows
    have enough of them, and weights made their later steps worse.
    """
    extra = _FIRST * max(0.0, n_steps / _SHORT - 1.0)
    return 1.0 + extra / torch.arange(1.0, n_steps + 1.0)
