"""Both stages of FAR-TS together: densities, continuations and draws of values."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sktsgen.nn._cache import KVCache
from sktsgen.nn._factorized import FactorizedTokenizer, ResidualDecoder
from sktsgen.nn._token_prior import Rows, TokenPrior

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
# Codes that a density is summed over; steps that are summed together, for memory.
_NEAREST = 16
_STEPS = 1024


class Context(NamedTuple):
    """Where a series stands: what was read, and what the next step is drawn from."""

    cache: KVCache
    inputs: Float[Tensor, "batch 1 d_model"]

    def take(self, rows: Int[Tensor, " series"]) -> Context:
        """Return where some of the series stand, which may come more than once."""
        return Context(self.cache.take(rows), self.inputs[rows])


class FactorizedModel:
    """The trained tokenizer and prior as one autoregressive model p(x_t | x_<t).

    Parameters
    ----------
    tokenizer, prior : FactorizedTokenizer, TokenPrior
        The two stages of [1]_.
    noise_scale : Tensor of shape (n_features,)
        Standard deviation of what the tokens leave over; the density where the prior has no
        mixture emission.
    bounds : Tensor of shape (2, n_features)
        Drawn values are kept between these.

    References
    ----------
    .. [1] "Less Is More: Generating Time Series with LLaMA-Style Autoregression in Simple
       Factorized Latent Spaces", arXiv:2511.04973.
    """

    def __init__(
        self,
        tokenizer: FactorizedTokenizer,
        prior: TokenPrior,
        noise_scale: Float[Tensor, " features"],
        bounds: Float[Tensor, "2 features"],
    ) -> None:
        self.tokenizer, self.prior = tokenizer, prior
        self.noise_scale, self.bounds = noise_scale, bounds

    def log_density(
        self,
        x: Float[Tensor, "batch time features"],
        labels: Int[Tensor, " batch"],
        observed: Bool[Tensor, "batch time"],
        static: Float[Tensor, "batch n_static"] | None = None,
    ) -> Float[Tensor, "batch time"]:
        """Lower bound of log p(x_t | x_<t).

        p(x_t) is a sum over all codes, of which those that stand nearest to x_t are taken; with a
        point emission the one code of x_t. A series longer than the window is read in blocks,
        through the same sliding cache that draws it.
        """
        rows = self.read(x, labels)
        start = self.prior.start(labels, static)
        before = self.prior.embed(rows.inputs[:, :-1], start)
        embedded = torch.cat([start, before], dim=1)
        cache = self.prior.trunk.start(len(x))
        blocks = embedded.split(self.prior.trunk.window, dim=1)
        states = torch.cat([self.prior.trunk.extend(block, cache) for block in blocks], dim=1)
        context = self.prior.with_former(states, rows.inputs)
        if self.prior.emission is None:
            tokens = self.prior.log_likelihood(context, rows).tokens.sum(-1)
            return (tokens + self._normal_density(x, rows.inputs, labels)) * observed
        flat = (context.flatten(0, 1), x.flatten(0, 1), labels.repeat_interleave(x.shape[1]))
        parts = zip(*(part.split(_STEPS) for part in flat), strict=True)
        density = torch.cat([self._mixture_density(*part) for part in parts])
        return density.view(x.shape[:2]) * observed

    def _mixture_density(
        self,
        context: Float[Tensor, "n d_context"],
        x: Float[Tensor, "n features"],
        labels: Int[Tensor, " n"],
    ) -> Float[Tensor, " n"]:
        """Log density of single steps, summed over the codes nearest to each."""
        codes = self._nearest_codes(x)
        n_codes = codes.shape[1]
        coefficients = self.tokenizer.coefficients(codes)
        linear_part = self.tokenizer.combine(coefficients, labels)
        rows = Rows(x[:, None].expand(-1, n_codes, -1), codes, linear_part)
        parts = self.prior.log_likelihood(context[:, None].expand(-1, n_codes, -1), rows)
        return torch.logsumexp(parts.tokens.sum(-1) + parts.values.sum(-1), dim=1)

    def _nearest_codes(self, x: Float[Tensor, "n features"]) -> Int[Tensor, "n nearest depth"]:
        """Code tuples that differ in their last code, which is among the nearest."""
        codebook = self.prior.codebooks[-1]
        n_nearest = min(_NEAREST, len(codebook))
        codes = self.tokenizer.encode(x)[:, None].repeat(1, n_nearest, 1)
        left = self.tokenizer.continuous(x)
        if codes.shape[-1] > 1:
            left = left - self.tokenizer.coefficients(codes[:, 0, :-1])
        distance = codebook.square().sum(-1) - 2.0 * left @ codebook.T
        codes[..., -1] = distance.topk(n_nearest, largest=False).indices
        return codes

    def read(self, x: Float[Tensor, "batch time features"], labels: Int[Tensor, " batch"]) -> Rows:
        """Tokens of given values, what the prior reads, and what the tokens stand for."""
        return read_rows(self.tokenizer, x, labels, reads_values=self.prior.emission is not None)

    def begin(
        self,
        labels: Int[Tensor, " batch"],
        history: Float[Tensor, "batch time features"] | None = None,
        *,
        static: Float[Tensor, "batch n_static"] | None = None,
        has_start: bool = True,
    ) -> Context:
        """Context of the step after `history`.

        Without `has_start` the history is the end of a longer one, whose start is out of reach.
        """
        cache = self.prior.trunk.start(len(labels))
        start = self.prior.start(labels, static)
        if history is None or not history.shape[1]:
            return Context(cache, start)
        embedded = self.prior.embed(self.read(history, labels).inputs, start)
        if has_start:
            embedded = torch.cat([start, embedded], dim=1)
        for block in embedded[:, :-1].split(self.prior.trunk.window, dim=1):
            if block.shape[1]:
                self.prior.trunk.extend(block, cache)
        return Context(cache, embedded[:, -1:])

    def values_of(
        self,
        drawn: tuple[Tensor, Tensor],
        labels: Int[Tensor, " batch"],
        history: Float[Tensor, "batch past features"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """Values of drawn steps; a point emission is decoded now, with the end of the history."""
        coefficients = drawn[1]
        if self.prior.emission is not None:
            return coefficients
        if history is not None:
            past = self.read(history[:, -ResidualDecoder.reach :], labels).inputs
            coefficients = torch.cat([past, coefficients], dim=1)
        decoded = self.tokenizer.decode(coefficients, labels)[:, -drawn[1].shape[1] :]
        return decoded.clamp(*self.bounds)

    def _normal_density(self, x: Tensor, coefficients: Tensor, labels: Tensor) -> Tensor:
        decoded = self.tokenizer.decode(coefficients, labels)
        standardised = (x - decoded) / self.noise_scale
        log_normal = -0.5 * standardised.square() - self.noise_scale.log() - _HALF_LOG_TWO_PI
        return log_normal.sum(-1)


class FactorizedDecoder:
    """One step at a time for the decoding loop.

    Parameters
    ----------
    model : FactorizedModel
        What to draw from.
    labels : Tensor of shape (batch,)
        Class of every series, zeros without classes.
    history : Tensor of shape (batch, time, n_features) or None
        Values before the first step.
    static : Tensor of shape (batch, n_static) or None, default=None
        Features of every series that do not change in time.
    temperature, top_p : float, float or None
        Sharpening of the token distributions.
    """

    def __init__(
        self,
        model: FactorizedModel,
        labels: Int[Tensor, " batch"],
        history: Float[Tensor, "batch time features"] | None = None,
        *,
        static: Float[Tensor, "batch n_static"] | None = None,
        temperature: float = 1.0,
        top_p: float | None = None,
    ) -> None:
        self.model, self.labels = model, labels
        self.start = model.prior.start(labels, static)
        # The last steps, as many as the longest lag; zeros before the series.
        self.former = model.bounds.new_zeros(len(labels), model.prior.lags[0], len(model.bounds[0]))
        if history is not None:
            known = history[:, -self.former.shape[1] :]
            self.former[:, self.former.shape[1] - known.shape[1] :] = known
        self.temperature, self.top_p = temperature, top_p
        self.n_uniforms = model.prior.n_uniforms

    def step(self, inputs: Tensor, cache: KVCache) -> Tensor:
        """State of the next step."""
        return self.model.prior.trunk.step(inputs, cache)

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Codes with values (mixture emission) or coefficients (point), and what is read next."""
        tokenizer, prior = self.model.tokenizer, self.model.prior
        context, depth = states[:, 0], len(prior.codebooks)
        if prior.emission is not None:
            at_lags = [self.former[:, -lag] for lag in prior.lags]
            context = torch.cat([context, *at_lags], dim=-1)
        codes = prior.draw_codes(
            context, uniforms[:, 0, :depth], temperature=self.temperature, top_p=self.top_p
        )
        coefficients = tokenizer.coefficients(codes)[:, None]
        if prior.emission is None:
            return (codes[:, None], coefficients), prior.embed(coefficients, self.start)
        values = prior.emission.draw(
            (tokenizer.combine(coefficients, self.labels)[:, 0], self.former[:, -1]),
            torch.cat([context, coefficients[:, 0]], -1),
            uniforms[:, 0, depth:].unflatten(-1, (-1, 2)),
            self.former[:, -2],
        )
        # A value far outside the data would lead the next steps further and further out.
        values = values.clamp(*self.model.bounds)
        # In place: a captured step reads it at the same address each time.
        values = values[:, None]
        self.former.copy_(torch.cat([self.former[:, 1:], values], dim=1))
        return (codes[:, None], values), prior.embed(values, self.start)

    def state(self) -> tuple[Tensor]:
        """Return what `advance` changes besides the cache."""
        return (self.former,)


def read_rows(
    tokenizer: FactorizedTokenizer,
    x: Float[Tensor, "batch time features"],
    labels: Int[Tensor, " batch"],
    *,
    reads_values: bool,
) -> Rows:
    """Prepare what a prior is trained on: tokens, what it reads, and what the tokens stand for."""
    codes = tokenizer.encode(x)
    coefficients = tokenizer.coefficients(codes)
    if not reads_values:
        return Rows(coefficients, codes, x[..., :0])
    return Rows(x, codes, tokenizer.combine(coefficients, labels))
