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
    """Mixture of normals per feature, each given the context and the features before it.

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
        self.from_context = Linear(d_context, n_features * d_hidden, generator, bias=True)
        self.from_earlier = nn.Parameter(
            uniform(n_features, n_features, d_hidden, generator=generator, d_in=n_features)
        )
        self.out = nn.Parameter(
            uniform(n_features, d_hidden, 3 * n_mixture, generator=generator, d_in=d_hidden, gain=0.3)
        )
        spread = torch.cat([torch.zeros(n_mixture), torch.linspace(-1.5, 1.5, n_mixture), torch.zeros(n_mixture)])
        self.out_bias = nn.Parameter(spread.expand(n_features, -1).clone())
        below = torch.ones(n_features, n_features).tril(-1)
        self.register_buffer("earlier", below[..., None], persistent=False)

    def log_density(
        self, residual: Float[Tensor, "n features"], context: Float[Tensor, "n d_context"]
    ) -> Float[Tensor, "n features"]:
        """Log density of every feature given the ones before it."""
        weights = (self.from_earlier * self.earlier).transpose(0, 1).flatten(1)  # (from, to * hidden)
        hidden = self.from_context(context) + residual @ weights
        hidden = F.silu(hidden).unflatten(-1, (self.n_features, self.d_hidden))
        parameters = torch.einsum("nfh,fhk->nfk", hidden, self.out) + self.out_bias
        logits, means, scales = self._split(parameters)
        standardised = (residual[..., None] - means) / scales
        log_normal = -0.5 * standardised.square() - scales.log() - _HALF_LOG_TWO_PI
        return torch.logsumexp(logits.log_softmax(-1) + log_normal, -1)

    def draw(
        self, context: Float[Tensor, "n d_context"], uniforms: Float[Tensor, "n features 2"]
    ) -> Float[Tensor, "n features"]:
        """Draw all features, one after the other, from two uniforms each."""
        hidden = self.from_context(context).unflatten(-1, (self.n_features, self.d_hidden))
        normal = draw_normal(uniforms[..., 1])
        drawn: list[Tensor] = []
        for feature in range(self.n_features):
            state = F.silu(hidden[:, feature])
            parameters = state @ self.out[feature] + self.out_bias[feature]
            logits, means, scales = self._split(parameters)
            chosen = draw_index(logits, uniforms[:, feature, 0])[:, None]
            mean, scale = means.gather(1, chosen)[:, 0], scales.gather(1, chosen)[:, 0]
            drawn.append(mean + scale * normal[:, feature])
            weights = self.from_earlier[feature + 1 :, feature]  # (later, hidden)
            hidden[:, feature + 1 :] += drawn[-1][:, None, None] * weights
        return torch.stack(drawn, -1)

    def _split(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, means, scales = parameters.chunk(3, dim=-1)
        return logits, means, F.softplus(scales) + self.smallest_scale
