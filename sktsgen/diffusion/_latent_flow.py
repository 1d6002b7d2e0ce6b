"""The flow of the paper's system: latents of an autoencoder, given visible cells."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sktsgen.diffusion._autoencoder import Autoencoder
from sktsgen.diffusion._conditional_flow import ConditionalFlow
from sktsgen.diffusion._problem import Problem
from sktsgen.nn import Estimate


class LatentFlow(ConditionalFlow):
    """Draw the latents of a window, given its visible cells, and the hidden cells from them.

    Latents and cells have one joint Gaussian as a first guess, so what linear relations say about
    the latents is where the flow starts. The answer of one pass skips the latents: it is that of
    cells.

    Parameters
    ----------
    autoencoder : dict
        Sizes of the `Autoencoder`; its weights are to be loaded, and are not trained here.
    generator : torch.Generator
        Source of the initial weights.
    **sizes
        As in `ConditionalFlow`.
    """

    def __init__(
        self, *, autoencoder: dict[str, Any], generator: torch.Generator, **sizes: Any
    ) -> None:
        sizes = {**sizes, "n_latent": autoencoder["latent_dim"]}
        super().__init__(**sizes, generator=generator)
        self.config = {**self.config, "autoencoder": dict(autoencoder)}
        self.autoencoder = Autoencoder(**autoencoder, generator=generator).frozen()

    @property
    def n_noise(self) -> int:
        """Normal numbers that one draw of a window takes."""
        return super().n_noise + self.n_timesteps * self.autoencoder.n_noise

    def _data(self, features: Tensor, problem: Problem) -> Tensor:
        latents = self.autoencoder.latents(features)
        return (latents - self._states(problem.mean)) / self._states(problem.scale)

    def _flows(self, wanted: Tensor) -> Tensor:
        """Say where the velocity counts: at all steps of windows where anything is wanted."""
        any_wanted = wanted.any(-1, keepdim=True).any(-2, keepdim=True)
        return any_wanted.expand(*wanted.shape[:2], self.n_latent)

    def _says_levels(self, asked: Tensor) -> Tensor:
        return asked

    def logits(self, problem: Problem, estimate: Estimate, x: Tensor, t: Tensor) -> Tensor:
        """Logits of levels for the answer of one pass: first guess and the network's part."""
        if not self.codes.level_widths:
            return estimate.logits
        return problem.levels + estimate.logits

    def _of_codes(self, problem: Problem, estimate: Estimate, x: Tensor, t: Tensor) -> None:
        """Leave the latents as they are: none stands for a level."""

    def _read_off(
        self, latents: Tensor, features: Tensor, visible: Tensor, noise: Tensor
    ) -> Tensor:
        own = noise[..., super().n_noise :].unflatten(-1, (self.n_timesteps, -1))
        n_draws = features.shape[1]
        shown = visible.repeat_interleave(n_draws, dim=0)
        return self.autoencoder.draw(latents, features.flatten(0, 1), shown, own.flatten(0, 1))
