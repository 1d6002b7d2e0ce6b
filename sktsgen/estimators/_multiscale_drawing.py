"""Windows drawn one after the other, each given the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from sktsgen.decoding import GivenNoise, decode
from sktsgen.nn import (
    DecodedWindow,
    DualPathTokenizer,
    Plan,
    ScaleDecoder,
    ScalePrior,
    ValueDecoder,
    all_known,
    mark,
)


def tokens_per_step(scales: Sequence[int], n_timesteps: int) -> int:
    """Uniforms that a time step brings for the tokens of its window, coarse to fine."""
    return -(-sum(scales) // n_timesteps)


class WindowDecoder:
    """One window a step for the decoding loop, which draws its tokens and values as well.

    Parameters
    ----------
    tokenizer, prior : DualPathTokenizer, ScalePrior
        The two stages.
    labels : Tensor of shape (batch,)
        Class of every series, zeros without classes.
    static : Tensor of shape (batch, n_static)
        Features of every series that do not change in time.
    bounds : Tensor of shape (2, n_features)
        Drawn values are kept between these.
    options : dict
        Sharpening of the token distributions.
    """

    is_stationary = False

    def __init__(
        self,
        tokenizer: DualPathTokenizer,
        prior: ScalePrior,
        labels: Tensor,
        static: Tensor,
        bounds: Tensor,
        options: dict[str, Any],
    ) -> None:
        self.tokenizer, self.prior = tokenizer, prior
        self.labels, self.bounds, self.options = labels, bounds, options
        self.about = prior.about(labels, static)
        self.n_timesteps = int(tokenizer.config["n_timesteps"])
        self.n_tokens = sum(prior.scales)
        self.n_shared = tokens_per_step(prior.scales, self.n_timesteps)
        self.n_uniforms = self.n_shared + prior.emission.n_uniforms

    def step(self, inputs: Tensor, cache: None) -> Tensor:
        """Return the former window as it is."""
        return inputs

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Values and parts of a window, and itself as the history of the next one."""
        of_tokens, of_values = uniforms.tensor_split([self.n_shared], dim=-1)
        tokens = of_tokens.flatten(1)[:, : self.n_tokens, None]
        decoded = self._decoded(states, tokens)
        values = self._values(decoded, states, of_values)
        return (values, *decoded.parts), mark(values, all_known(values))

    def state(self) -> tuple[Tensor, ...]:
        """Return nothing: no step of it is captured."""
        return ()

    def _decoded(self, past: Tensor, uniforms: Tensor) -> DecodedWindow:
        decoder = ScaleDecoder(self.tokenizer, self.prior, past, self.about, **self.options)
        cache = self.prior.begin(past, self.about)
        noise = GivenNoise(uniforms)
        (codes,) = decode(decoder, decoder.start(), cache, blocks=self.prior.blocks, noise=noise)
        return self.tokenizer.decode(self.tokenizer.quantizer.decode(codes), self.labels)

    def _values(self, decoded: DecodedWindow, past: Tensor, uniforms: Tensor) -> Tensor:
        emission = self.prior.emission
        plan = Plan(decoded.values, decoded.states)
        if emission.mixture is None:
            return plan.points.clamp(*self.bounds)
        decoder = ValueDecoder(emission, plan, past, self.about, self.bounds)
        cache, steps = emission.begin(past, self.about), (1,) * self.n_timesteps
        noise = GivenNoise(uniforms)
        (values,) = decode(decoder, decoder.start(), cache, blocks=steps, noise=noise)
        return values
