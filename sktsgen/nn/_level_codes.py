"""Levels of discrete columns as points of a small space."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from sktsgen.ops import draw_index

_WIDEST = 8
# Levels of a column that have a latent each where there is room.
_ROOM = 16
# Noise below this share says for sure which level it was.
_SMALLEST_TIME = 0.05
# Nor does a first guess exclude a level.
_SMALLEST_SHARE = 0.003
# Nor does one that knows how unsure it is: least share of few levels, least logit, least spread.
_SMALLEST_KNOWN = 1e-4
_FARTHEST = -14.0
_SMALLEST_SPREAD = 0.05


class LevelCodes(nn.Module):
    """Features with one-hot levels to latents and back.

    A number is its own latent. The levels of a discrete column are corners of a regular simplex
    where there are few, else points on a sphere: about log2 of their number of latents.

    Parameters
    ----------
    widths : iterable of int
        Features of every block: 1 for a number, the number of levels, at least 2, for a discrete
        one.
    has_room : bool, default=False
        Whether up to 16 levels are corners of a simplex: linear relations with others then say how
        probable each level is.
    """

    matrix: Tensor
    slopes: Tensor
    even: Tensor
    is_level: Tensor
    is_code: Tensor
    is_few: Tensor

    def __init__(self, widths: Any, has_room: bool = False) -> None:
        super().__init__()
        self.widths = list(widths)
        codes = [level_codes(width, has_room) for width in self.widths]
        self.latent_widths = [code.shape[1] for code in codes]
        for name, buffer in zip(("matrix", "slopes", "even"), _maps(codes), strict=True):
            self.register_buffer(name, buffer)
        for name, repeats in (("is_level", self.widths), ("is_code", self.latent_widths)):
            flags = [width > 1 for width in self.widths]
            marked = torch.tensor(flags).repeat_interleave(torch.tensor(repeats))
            self.register_buffer(name, marked, persistent=False)
        self.level_widths = [width for width in self.widths if width > 1]
        # Whether the codes of a column have room for all its levels.
        few = [n == w - 1 for n, w in zip(self.latent_widths, self.widths, strict=True) if w > 1]
        is_few = torch.tensor(few, dtype=torch.bool)
        is_few = is_few.repeat_interleave(torch.tensor(self.level_widths, dtype=torch.int64))
        self.register_buffer("is_few", is_few, persistent=False)

    def points(self, block: int) -> Float[Tensor, "level latent"]:
        """Return the codes of a block."""
        return self.matrix[self._place_of(block)]

    @torch.no_grad()
    def place(self, block: int, points: Float[Tensor, "level latent"]) -> None:
        """Let other points of length 1 be the codes of a block."""
        self.matrix[self._place_of(block)] = points
        maps = _maps([self.points(number) for number in range(len(self.widths))])
        for own, buffer in zip((self.matrix, self.slopes, self.even), maps, strict=True):
            own.copy_(buffer)

    def _place_of(self, block: int) -> tuple[slice, slice]:
        row, column = sum(self.widths[:block]), sum(self.latent_widths[:block])
        return (
            slice(row, row + self.widths[block]),
            slice(column, column + self.latent_widths[block]),
        )

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

    def posterior(
        self,
        mean: Float[Tensor, "*#batch latent"],
        scale: Float[Tensor, "*#batch latent"],
        prior_mean: Float[Tensor, " latent"],
        prior_scale: Float[Tensor, " latent"],
    ) -> Float[Tensor, "*batch level"]:
        """Logits of levels whose codes have a normal law, where `prior_mean` is that of all rows.

        Of few levels the mean says how probable each is. Of more than there is room for it does
        not: there what is known of a window is worth the ratio of both laws at the code of a
        level, beside the share that the level has in all rows.

        Parameters
        ----------
        mean, scale : Tensor of shape (..., latent)
            Of the codes, given what is visible.
        prior_mean, prior_scale : Tensor of shape (latent,)
            Of the codes in all rows.

        Returns
        -------
        logits : Tensor of shape (..., level)
            At most 0, which is that of the most probable level of every column.
        """
        points = self.matrix[self.is_level][:, self.is_code]
        laws = ((mean, scale), (prior_mean, prior_scale))
        (mean, precision), (prior_mean, prior_precision) = (
            (m[..., self.is_code], s[..., self.is_code].clamp(min=_SMALLEST_SPREAD).pow(-2))
            for m, s in laws
        )
        product = precision * mean - prior_precision * prior_mean
        ratio = product @ points.T - 0.5 * (precision - prior_precision) @ points.square().T
        own, usual = (
            (self.even + m @ self.slopes).clamp(min=_SMALLEST_KNOWN).log()
            for m in (mean, prior_mean)
        )
        logits = torch.where(self.is_few, own, ratio + usual).split(self.level_widths, dim=-1)
        below = [part - part.amax(-1, keepdim=True) for part in logits]
        return torch.cat(below, dim=-1).clamp(min=_FARTHEST)

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

    def by_level(
        self, by_column: Shaped[Tensor, "*batch column"]
    ) -> Shaped[Tensor, "*batch level"]:
        """Give every level what its discrete column has."""
        widths = torch.tensor(self.level_widths, device=by_column.device)
        found: Tensor = by_column.repeat_interleave(widths, dim=-1)
        return found

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

    def draw(
        self,
        logits: Float[Tensor, "*batch level"],
        uniforms: Float[Tensor, "*batch column"],
        asked: Collection[int] | None = None,
    ) -> Float[Tensor, "*batch level"]:
        """Choose a level of every discrete column, one-hot, by a number from 0 to 1 for each.

        Zeros where only some columns are `asked` for, by their number among the discrete ones.
        """
        parts = list(logits.split(self.level_widths, dim=-1))
        for number, part in enumerate(parts):
            if asked is not None and number not in asked:
                parts[number] = torch.zeros_like(part)
                continue
            index = draw_index(part.flatten(0, -2), uniforms[..., number].flatten())
            parts[number] = F.one_hot(index, part.shape[-1]).view_as(part).to(part.dtype)
        return torch.cat(parts, dim=-1)

    def spread(
        self, blocks: Bool[Tensor, "*batch block"] | Float[Tensor, "*batch block"]
    ) -> Bool[Tensor, "*batch latent"] | Float[Tensor, "*batch latent"]:
        """Give every latent what its block has."""
        repeats = torch.tensor(self.latent_widths, device=blocks.device)
        spread: Tensor = blocks.repeat_interleave(repeats, dim=-1)
        return spread


def _maps(codes: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Features to latents; latents to shares of levels, as slopes and what is at their origin."""
    discrete = [code for code in codes if len(code) > 1]
    matrix = torch.block_diag(*codes)
    if not discrete:
        return matrix, torch.zeros(0, 0), torch.zeros(0)
    slopes = torch.block_diag(*(torch.linalg.pinv(code - code.mean(0)) for code in discrete))
    means = torch.cat([code.mean(0) for code in discrete])
    even = torch.cat([code.new_full((len(code),), 1.0 / len(code)) for code in discrete])
    return matrix, slopes, even - means @ slopes


def level_codes(n_levels: int, has_room: bool = False) -> Float[Tensor, "level latent"]:
    """Points of length 1 that stand for levels; a single number stands for itself."""
    if n_levels == 1:
        return torch.ones(1, 1)
    narrow = min(math.ceil(math.log2(n_levels)) + 1, _WIDEST)
    width = n_levels - 1 if has_room and n_levels <= _ROOM else min(n_levels - 1, narrow)
    if width == n_levels - 1:
        centred = torch.eye(n_levels) - 1.0 / n_levels
        codes = torch.linalg.svd(centred).U[:, :width]
    else:
        codes = torch.randn(n_levels, width, generator=torch.Generator().manual_seed(n_levels))
    lengths = codes.square().sum(1, keepdim=True).sqrt()
    points: Tensor = codes / lengths
    return points
