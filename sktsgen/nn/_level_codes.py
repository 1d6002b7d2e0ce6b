"""Levels of discrete columns as points of a small space."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

_WIDEST = 8
# Noise below this share says for sure which level it was.
_SMALLEST_TIME = 0.05
# Nor does a first guess exclude a level.
_SMALLEST_SHARE = 0.003


class LevelCodes(nn.Module):
    """Features with one-hot levels to latents and back.

    A number is its own latent. The levels of a discrete column are corners of a regular simplex
    where there are few, else points on a sphere: about log2 of their number of latents.

    Parameters
    ----------
    widths : iterable of int
        Features of every block: 1 for a number, the number of levels, at least 2, for a discrete
        one.
    """

    matrix: Tensor
    slopes: Tensor
    even: Tensor
    is_level: Tensor
    is_code: Tensor

    def __init__(self, widths: Any) -> None:
        super().__init__()
        self.widths = list(widths)
        codes = [level_codes(width) for width in self.widths]
        self.latent_widths = [code.shape[1] for code in codes]
        self.register_buffer("matrix", torch.block_diag(*codes))
        discrete = [code for code in codes if len(code) > 1]
        centred = [code - code.mean(0) for code in discrete]
        slopes = torch.block_diag(*(torch.linalg.pinv(code) for code in centred))
        self.register_buffer("slopes", slopes if discrete else torch.zeros(0, 0))
        means = torch.cat([code.mean(0) for code in discrete]) if discrete else torch.zeros(0)
        even = [torch.full((len(code),), 1.0 / len(code)) for code in discrete]
        even_share = torch.cat(even) if discrete else torch.zeros(0)
        self.register_buffer("even", even_share - means @ self.slopes)
        for name, repeats in (("is_level", self.widths), ("is_code", self.latent_widths)):
            flags = [width > 1 for width in self.widths]
            marked = torch.tensor(flags).repeat_interleave(torch.tensor(repeats))
            self.register_buffer(name, marked, persistent=False)
        self.level_widths = [width for width in self.widths if width > 1]

    @property
    def n_latent(self) -> int:
        """Width of the latents."""
        return self.matrix.shape[1]

    def embed(self, features: Float[Tensor, "*batch feature"]) -> Float[Tensor, "*batch latent"]:
        """Latents of features; of probabilities of levels, their mean."""
        return features @ self.matrix

    def expected(self, logits: Float[Tensor, "*batch level"]) -> Float[Tensor, "*batch code"]:
        """Mean of the codes of all discrete columns under the logits of their levels."""
        return self.probabilities(logits) @ self.matrix[self.is_level][:, self.is_code]

    def probabilities(self, logits: Float[Tensor, "*batch level"]) -> Float[Tensor, "*batch level"]:
        """Softmax within every discrete column."""
        if not self.level_widths:
            return logits
        parts = logits.split(self.level_widths, dim=-1)
        return torch.cat([part.softmax(-1) for part in parts], dim=-1)

    def prior(self, mean: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch level"]:
        """Log-probabilities of levels whose codes have this mean: the most even ones."""
        shares = self.even + mean[..., self.is_code] @ self.slopes
        return shares.clamp(min=_SMALLEST_SHARE).log()

    def evidence(
        self,
        x: Float[Tensor, "batch time latent"],
        mean: Float[Tensor, "batch time latent"],
        scale: Float[Tensor, "batch time latent"],
        t: Float[Tensor, " batch"],
    ) -> Float[Tensor, "batch time level"]:
        """Log-likelihood of every level by its own noisy code alone, up to a constant.

        The code of a level, less `mean` and in units of `scale`, was mixed with standard normal
        noise: x = (1 - t) code + t noise.
        """
        points = self.matrix[self.is_level][:, self.is_code]
        x, mean, scale = (part[..., self.is_code] for part in (x, mean, scale))
        noise = t.clamp(min=_SMALLEST_TIME)[:, None, None]
        share = (1.0 - noise) / noise
        product = (share / noise) * (x / scale) + share.square() * mean / scale.square()
        square = share.square() / scale.square()
        return product @ points.T - 0.5 * square @ points.square().T

    def cross_entropy(
        self, logits: Float[Tensor, "*batch level"], features: Float[Tensor, "*batch feature"]
    ) -> Float[Tensor, "*batch column"]:
        """Of every discrete column, as a share of what an even guess costs."""
        parts = logits.split(self.level_widths, dim=-1)
        truths = features[..., self.is_level].split(self.level_widths, dim=-1)
        losses = [
            -(part.log_softmax(-1) * truth).sum(-1) / math.log(part.shape[-1])
            for part, truth in zip(parts, truths, strict=True)
        ]
        return torch.stack(losses, dim=-1)

    def nearest(self, latents: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch feature"]:
        """Features of latents: numbers as they are, the level with the nearest code as one-hot."""
        # All codes have length 1: the nearest is the one of the largest product.
        scores = latents @ self.matrix.T
        return torch.cat(
            [
                part if width == 1 else F.one_hot(part.argmax(-1), width).to(part.dtype)
                for part, width in zip(scores.split(self.widths, dim=-1), self.widths, strict=True)
            ],
            dim=-1,
        )

    def spread(
        self, blocks: Bool[Tensor, "*batch block"] | Float[Tensor, "*batch block"]
    ) -> Bool[Tensor, "*batch latent"] | Float[Tensor, "*batch latent"]:
        """Give every latent what its block has."""
        repeats = torch.tensor(self.latent_widths, device=blocks.device)
        spread: Tensor = blocks.repeat_interleave(repeats, dim=-1)
        return spread


def level_codes(n_levels: int) -> Float[Tensor, "level latent"]:
    """Points of length 1 that stand for levels; a single number stands for itself."""
    if n_levels == 1:
        return torch.ones(1, 1)
    width = min(n_levels - 1, math.ceil(math.log2(n_levels)) + 1, _WIDEST)
    if width == n_levels - 1:
        centred = torch.eye(n_levels) - 1.0 / n_levels
        codes = torch.linalg.svd(centred).U[:, :width]
    else:
        codes = torch.randn(n_levels, width, generator=torch.Generator().manual_seed(n_levels))
    lengths = codes.square().sum(1, keepdim=True).sqrt()
    points: Tensor = codes / lengths
    return points
