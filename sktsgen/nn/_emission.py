"""Likelihood of the values of a time step, given its tokens and the past."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sktsgen.nn._layers import Linear, uniform
from sktsgen.ops import draw_index, draw_normal

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class MixtureEmission(nn.Module):
    """Mixture of normals per feature, around a point between two guesses.

    The guesses are what the tokens stand for and the value of the step before; a gate chooses
    the mix by the context. Slow features follow their last value closely, which the tokens of
    a step cannot say; a convex mix cannot run away. Each feature is also given how far the
    features before it fell from their points, so that all of a step are drawn jointly.
    Training evaluates all features in one masked pass; drawing goes through them one by one.

    Parameters
    ----------
    n_features : int
        Width of a time step.
    d_context : int
        Width of what the density depends on.
    n_mixture : int
        Number of normals per feature.
    d_hidden : int
        Hidden width per feature.
    smallest_scale : float
        Lower bound of a normal's standard deviation, in units of the features.
    generator : torch.Generator
        Source of the initial weights.
    """

    earlier: Tensor

    def __init__(
        self,
        n_features: int,
        d_context: int,
        *,
        n_mixture: int,
        d_hidden: int,
        smallest_scale: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_features, self.n_mixture = n_features, n_mixture
        self.d_hidden, self.smallest_scale = d_hidden, smallest_scale
        self.gate = Linear(d_context, n_features, generator, bias=True, gain=0.3)
        self.from_context = Linear(d_context, n_features * d_hidden, generator, bias=True)
        self.from_earlier = nn.Parameter(
            uniform(n_features, n_features, d_hidden, generator=generator, d_in=n_features)
        )
        self.out = nn.Parameter(
            uniform(
                n_features, d_hidden, 3 * n_mixture, generator=generator, d_in=d_hidden, gain=0.3
            )
        )
        means = torch.linspace(-0.5, 0.5, n_mixture)
        start = torch.cat([torch.zeros(n_mixture), means, torch.full((n_mixture,), -1.0)])
        self.out_bias = nn.Parameter(start.expand(n_features, -1).clone())
        below = torch.ones(n_features, n_features).tril(-1)
        self.register_buffer("earlier", below[..., None], persistent=False)

    def log_density(
        self,
        values: Float[Tensor, "n features"],
        guesses: tuple[Float[Tensor, "n features"], Float[Tensor, "n features"]],
        context: Float[Tensor, "n d_context"],
    ) -> Float[Tensor, "n features"]:
        """Log density of every feature given the ones before it."""
        residual = values - self._points(guesses, context)
        # Weights (from, to, hidden), zero where a feature would see itself or a later one.
        weights = (self.from_earlier * self.earlier).transpose(0, 1).flatten(1)
        hidden = F.silu(self.from_context(context) + residual @ weights)
        hidden = hidden.unflatten(-1, (self.n_features, self.d_hidden))
        parameters = torch.einsum("nfh,fhk->nfk", hidden, self.out) + self.out_bias
        logits, means, raw_scales = parameters.chunk(3, dim=-1)
        scales = self._scale(raw_scales)
        standardised = (residual[..., None] - means) / scales
        log_normal = -0.5 * standardised.square() - scales.log() - _HALF_LOG_TWO_PI
        return torch.logsumexp(logits.log_softmax(-1) + log_normal, -1)

    def draw(
        self,
        guesses: tuple[Float[Tensor, "n features"], Float[Tensor, "n features"]],
        context: Float[Tensor, "n d_context"],
        uniforms: Float[Tensor, "n features 2"],
    ) -> Float[Tensor, "n features"]:
        """Draw all features, one after the other, from two uniforms each."""
        hidden = self.from_context(context).unflatten(-1, (self.n_features, self.d_hidden))
        normal = draw_normal(uniforms[..., 1])
        residual: list[Tensor] = []
        for feature in range(self.n_features):
            state = F.silu(hidden[:, feature])
            parameters = torch.addmm(self.out_bias[feature], state, self.out[feature])
            logits, means, raw_scales = parameters.chunk(3, dim=-1)
            chosen = draw_index(logits, uniforms[:, feature, 0])[:, None]
            scale = self._scale(raw_scales.gather(1, chosen))
            drawn = means.gather(1, chosen) + scale * normal[:, feature, None]
            residual.append(drawn[:, 0])
            weights = self.from_earlier[feature + 1 :, feature]  # (later, hidden)
            hidden[:, feature + 1 :] += residual[-1][:, None, None] * weights
        return self._points(guesses, context) + torch.stack(residual, -1)

    def _points(self, guesses: tuple[Tensor, Tensor], context: Tensor) -> Tensor:
        of_tokens, former = guesses
        # In float32 whatever the layers compute in: it is values of the data that are mixed.
        return torch.lerp(of_tokens.float(), former, torch.sigmoid(self.gate(context).float()))

    def _scale(self, raw: Tensor) -> Tensor:
        return F.softplus(raw) + self.smallest_scale
