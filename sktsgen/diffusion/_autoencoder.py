"""The first stage of the latent system: mixed columns to latents and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sktsgen.diffusion._masks import draw_hidden
from sktsgen.diffusion._problem import FlowBatch
from sktsgen.diffusion._table_network import TableNetwork, normal, seeded
from sktsgen.nn import Decoded, Loss, MixedVAE, TrainingStep, mean_of, mean_where

# Weights of the divergence from the standard normal and of the cells that the decoder is shown.
_DIVERGENCE = 1e-3
_VISIBLE = 0.1


class Autoencoder(TableNetwork):
    """Turn windows into a few latents a step, and hidden cells back from them.

    The decoder is trained with the patterns of hidden cells that the flow is, and shown the
    visible ones. What latents do not say is drawn: normal numbers of a spread measured for each
    column, levels by their probabilities.

    Differs from the paper: what is not observed has no part in any loss, so a table with gaps is
    what it learns from; the weight of the divergence is small and fixed, latents are standardised
    before anything flows, and the spread round the decoded numbers is part of a draw.

    Parameters
    ----------
    widths, columns, n_columns : list of int, list of int, int
        As in `ConditionalFlow`.
    mixture : mapping of str to float
        Share of every pattern of hidden cells in training.
    latent_dim : int
        Latents per time step.
    d_model, dropout : int, float
        Of the networks.
    generator : torch.Generator
        Source of the initial weights.
    """

    center: Tensor
    scale: Tensor
    spread: Tensor

    def __init__(
        self,
        *,
        widths: list[int],
        columns: list[int],
        n_columns: int,
        mixture: Mapping[str, float],
        latent_dim: int,
        d_model: int,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(widths, columns, n_columns)
        self.config = {
            "widths": list(widths),
            "columns": list(columns),
            "n_columns": n_columns,
            "mixture": dict(mixture),
            "latent_dim": latent_dim,
            "d_model": d_model,
            "dropout": dropout,
        }
        self.mixture, self.latent_dim = dict(mixture), latent_dim
        self.vae = MixedVAE(
            self.codes.n_latent,
            sum(self.codes.level_widths),
            latent_dim,
            d_model=d_model,
            dropout=dropout,
            generator=generator,
        )
        self.register_buffer("spread", torch.zeros(self.codes.n_latent))
        self.register_buffer("center", torch.zeros(latent_dim))
        self.register_buffer("scale", torch.ones(latent_dim))

    @property
    def n_noise(self) -> int:
        """Normal numbers that a time step takes to be drawn from its latents."""
        return len(self.codes.widths)

    def loss(self, batch: FlowBatch, step: TrainingStep | None = None) -> Loss:
        """Error of numbers and levels on hidden cells, and the divergence of the latents."""
        features, observed = batch
        generator = seeded(features.device) if step is None else step.generator
        drop = None if step is None else generator
        elsewhere = observed if step is None else step.whole(observed)
        hidden = draw_hidden(observed, self.mixture, generator, elsewhere)
        cells = self.codes.embed(features)
        mean, log_variance = self.vae.encode(cells, drop)
        noise = normal(tuple(mean.shape), generator)
        latents = torch.addcmul(mean, noise, (0.5 * log_variance).exp())
        decoded = self.vae.decode(latents, cells, self.seen(observed & ~hidden), drop)
        error = self._error(decoded, features, observed & hidden)
        seen = self._error(decoded, features, observed & ~hidden)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
        return error + _VISIBLE * seen + _DIVERGENCE * mean_of(divergence)

    def _error(self, decoded: Decoded, features: Tensor, asked: Tensor) -> Loss:
        """Mean error of the cells asked for."""
        by_block = self.by_block(asked, False)
        square = (decoded.numbers - self.codes.embed(features)).square()
        of_numbers = mean_where(square, self.of_numbers(by_block))
        return of_numbers + self.level_loss(decoded.logits, features, by_block)

    @torch.no_grad()
    def standardise(self, latents: Tensor) -> None:
        """Learn mean and standard deviation of latents, (n, latent)."""
        self.center.copy_(latents.mean(0))
        self.scale.copy_(latents.std(0).clamp(min=1e-3))

    def latents(self, features: Tensor) -> Tensor:
        """Latents of whole windows, (batch, time, latent), standardised."""
        mean = self.vae.encode(self.codes.embed(features)).mean
        return (mean - self.center) / self.scale

    def decoded(self, latents: Tensor, features: Tensor, visible: Tensor) -> Decoded:
        """Cells of standardised latents, given the visible ones.

        Parameters
        ----------
        latents : Tensor of shape (batch, time, latent)
            Standardised.
        features : Tensor of shape (batch, time, feature)
            What is not visible is not read.
        visible : BoolTensor of shape (batch, time, column)
            Cells that are given.
        """
        raw = latents * self.scale + self.center
        return self.vae.decode(raw, self.codes.embed(features), self.seen(visible))

    def draw(self, latents: Tensor, features: Tensor, visible: Tensor, noise: Tensor) -> Tensor:
        """Draw the cells of latents.

        Parameters
        ----------
        latents, features, visible : Tensor
            As in `decoded`.
        noise : Tensor of shape (batch, time, n_noise)
            Standard normal noise.

        Returns
        -------
        drawn : Tensor of shape (batch, time, feature)
            Numbers, and levels as one-hot.
        """
        decoded = self.decoded(latents, features, visible)
        drawn = torch.empty_like(features)
        flags = [width > 1 for width in self.codes.widths]
        is_level = torch.tensor(flags, device=noise.device)
        numbers = torch.addcmul(
            decoded.numbers[..., ~self.codes.is_code],
            self.spread[~self.codes.is_code],
            noise[..., ~is_level],
        )
        drawn[..., ~self.codes.is_level] = numbers
        if self.codes.level_widths:
            uniforms = torch.special.ndtr(noise[..., is_level])
            drawn[..., self.codes.is_level] = self.codes.draw(decoded.logits, uniforms)
        return drawn
