"""Windows drawn one after the other, each given the one before it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sktsgen.decoding import GivenNoise, decode
from sktsgen.nn import DecodedWindow, DualPathTokenizer, ScaleDecoder, ScalePrior, ValueDecoder


class WindowDecoder:
    """One window a step for the decoding loop, which draws its tokens and values as well.

    Parameters
    ----------
    tokenizer, prior : DualPathTokenizer, ScalePrior
        The two stages.
    labels : Tensor of shape (batch,)
        Class of every series, zeros without classes.
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
        bounds: Tensor,
        options: dict[str, Any],
    ) -> None:
        self.tokenizer, self.prior = tokenizer, prior
        self.labels, self.bounds, self.options = labels, bounds, options
        self.n_timesteps = int(tokenizer.config["n_timesteps"])
        self.n_tokens = sum(prior.scales)
        # Uniforms are keyed by time step; each brings its share of those of the tokens.
        self.n_shared = -(-self.n_tokens // self.n_timesteps)
        self.n_uniforms = self.n_shared + prior.emission.n_uniforms

    def step(self, inputs: Tensor, cache: None) -> Tensor:
        """Return the former window and its mask as they are."""
        return inputs

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Values and parts of a window, and itself as the history of the next one."""
        history, known = states[..., :-1], states[..., -1] > 0
        of_tokens, of_values = uniforms.tensor_split([self.n_shared], dim=-1)
        tokens = of_tokens.flatten(1)[:, : self.n_tokens, None]
        decoded = self._decoded(history, known, tokens)
        values = self._values(decoded, history, known, of_values)
        return (values, *decoded.parts), as_history(values)

    def state(self) -> tuple[Tensor, ...]:
        """Return nothing: no step of it is captured."""
        return ()

    def _decoded(self, history: Tensor, known: Tensor, uniforms: Tensor) -> DecodedWindow:
        newest = self.prior.newest(history, known)
        decoder = ScaleDecoder(self.tokenizer, self.prior, self.labels, newest, **self.options)
        cache = self.prior.begin(history, known, self.labels)
        noise = GivenNoise(uniforms)
        (codes,) = decode(decoder, decoder.start(), cache, blocks=self.prior.blocks, noise=noise)
        return self.tokenizer.decode(self.tokenizer.quantizer.decode(codes), self.labels)

    def _values(
        self, decoded: DecodedWindow, history: Tensor, known: Tensor, uniforms: Tensor
    ) -> Tensor:
        decoder = ValueDecoder(self.prior.emission, decoded, self.bounds)
        first, steps = decoder.start(history, known), (1,) * self.n_timesteps
        (values,) = decode(decoder, first, None, blocks=steps, noise=GivenNoise(uniforms))
        return values


def as_history(values: Tensor, known: Tensor | None = None) -> Tensor:
    """Put the mask of what is known behind the values; None is all of it."""
    mask = torch.ones_like(values[..., :1]) if known is None else known[..., None]
    return torch.cat([values, mask.to(values.dtype)], dim=-1)
