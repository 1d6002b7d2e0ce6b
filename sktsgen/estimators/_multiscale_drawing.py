"""Windows drawn one after the other, each overlapping with what came before it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sktsgen.decoding import GivenNoise, decode
from sktsgen.estimators._multiscale_data import CHUNK
from sktsgen.nn import (
    Components,
    DecodedWindow,
    DualPathTokenizer,
    Plan,
    ScaleDecoder,
    ScalePrior,
    ValueDecoder,
    all_known,
    mark,
    overlap_of,
)


class WindowDecoder:
    """One window a step for the decoding loop, which draws its tokens and values as well.

    A block has the steps of a window that are new; those before them are given.

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
        # New steps of a window that has as many given ones as there may be.
        self.n_new = self.n_timesteps - overlap_of(self.n_timesteps)
        self.n_shared = prior.tokens_per_step
        self.n_uniforms = self.n_shared + prior.emission.n_uniforms

    def step(self, inputs: Tensor, cache: None) -> Tensor:
        """Return the former window as it is."""
        return inputs

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return new values of a window and their parts, and what the next one is drawn from."""
        of_tokens, of_values = uniforms.tensor_split([self.n_shared], dim=-1)
        tokens = of_tokens.flatten(1)[:, : self.n_tokens, None]
        decoded, n_new = self._decoded(states, tokens), uniforms.shape[1]
        values = self._values(decoded, states, of_values)
        past = torch.cat([states, mark(values, all_known(values))], dim=1)
        parts = (part[:, -n_new:] for part in decoded.parts)
        return (values, *parts), past[:, n_new:]

    def state(self) -> tuple[Tensor, ...]:
        """Return nothing: no step of it is captured."""
        return ()

    def _decoded(self, past: Tensor, uniforms: Tensor) -> DecodedWindow:
        decoder = ScaleDecoder(self.tokenizer, self.prior, past, self.about, **self.options)
        cache = self.prior.begin(past, self.about)
        noise = GivenNoise(uniforms)
        (codes,) = decode(decoder, decoder.start(), cache, blocks=self.prior.blocks, noise=noise)
        return self._of_codes(codes)

    def _of_codes(self, codes: Tensor) -> DecodedWindow:
        """Decode tokens, on a CPU no more windows at a time than its cache holds."""
        size = CHUNK if codes.device.type == "cpu" else len(codes)
        latents = self.tokenizer.quantizer.decode(codes).split(size)
        parts = [
            self.tokenizer.decode(*some)
            for some in zip(latents, self.labels.split(size), strict=True)
        ]
        series, states = zip(*parts, strict=True)
        together = (torch.cat(kind) for kind in zip(*series, strict=True))
        return DecodedWindow(Components(*together), torch.cat(states))

    def _values(self, decoded: DecodedWindow, past: Tensor, uniforms: Tensor) -> Tensor:
        emission, n_new = self.prior.emission, uniforms.shape[1]
        given, plan = Plan.of(decoded.values, decoded.states).split(self.n_timesteps - n_new)
        if emission.mixture is None:
            return plan.points.clamp(*self.bounds)
        decoder = ValueDecoder(emission, plan, past, self.about, self.bounds)
        cache, steps = emission.begin(past, given, self.about), (1,) * n_new
        noise = GivenNoise(uniforms)
        (values,) = decode(decoder, decoder.start(), cache, blocks=steps, noise=noise)
        return values
