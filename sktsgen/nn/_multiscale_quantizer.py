"""Residual quantisation from coarse to fine, one codebook for all scales."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sktsgen.nn._convolution import Convolution
from sktsgen.nn._quantizer import Quantized, VectorQuantizer
from sktsgen.ops import full_precision, pool, straight_through, stretch

# Codes that one taken wrongly is drawn from.
_FEW = 16


class TokenInputs(NamedTuple):
    """What each token of a window is predicted from, in the order of the tokens.

    Attributes
    ----------
    partial : Tensor of shape (batch, token, code_dim)
        Sum of the coarser scales, averaged over the span of the token.
    former : Tensor of shape (batch, token, code_dim)
        Code vector of the token before; zero for the first one.
    """

    partial: Float[Tensor, "batch token code_dim"]
    former: Float[Tensor, "batch token code_dim"]


class Refinement(nn.Module):
    """Smooth the stretched codes of a scale: half the input, half a convolution of it [1]_.

    It starts as the identity.

    References
    ----------
    .. [1] K. Tian et al., "Visual Autoregressive Modeling: Scalable Image Generation via
       Next-Scale Prediction", arXiv:2404.02905.
    """

    def __init__(self, code_dim: int, generator: torch.Generator) -> None:
        super().__init__()
        self.convolution = Convolution(code_dim, code_dim, generator, gain=0.0)
        with torch.no_grad():
            self.convolution.taps.weight[:, code_dim : 2 * code_dim] = torch.eye(code_dim)

    def forward(self, x: Float[Tensor, "batch time dim"]) -> Float[Tensor, "batch time dim"]:
        out: Tensor = 0.5 * (x + self.convolution(x))
        return out


class MultiScaleQuantizer(nn.Module):
    """A sequence of vectors as tokens at several scales, each scale refining the coarser ones.

    Scale k averages what is left over to ``scales[k]`` steps, replaces each by its nearest code,
    stretches the codes back and refines them, [1]_ Algorithms 1 and 2. All scales share one
    codebook, whose moving averages and revivals see the vectors of all of them.

    Parameters
    ----------
    scales : tuple of int
        Tokens per scale, ascending; the last one is the length of the sequence.
    codebook_size, code_dim : int
        Number of codes and their width.
    commitment : float, default=0.25
        Weight of the pull on the input.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] K. Tian et al., "Visual Autoregressive Modeling: Scalable Image Generation via
       Next-Scale Prediction", arXiv:2404.02905.
    .. [2] J. Han et al., "Infinity: Scaling Bitwise AutoRegressive Modeling for High-Resolution
       Image Synthesis", arXiv:2412.04431.
    """

    def __init__(
        self,
        scales: Collection[int],
        codebook_size: int,
        code_dim: int,
        *,
        commitment: float = 0.25,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.scales, self.commitment = tuple(scales), commitment
        self.codebook = VectorQuantizer(codebook_size, code_dim)
        self.refinements = nn.ModuleList(Refinement(code_dim, generator) for _ in self.scales)

    @full_precision
    def forward(
        self,
        z: Float[Tensor, "batch time dim"],
        generator: torch.Generator | None = None,
        *,
        revive: bool = True,
    ) -> Quantized:
        """Quantise `z`; with a generator the codebook learns from it."""
        target, total = z.detach(), torch.zeros_like(z)
        vectors, codes, losses = [], [], []
        for scale, size in enumerate(self.scales):
            vectors.append(self._rest(target - total.detach(), size))
            codes.append(self.codebook.encode(vectors[-1]))
            total = total + self.refine(scale, self.codebook.decode(codes[-1]))
            pull = self.commitment * F.mse_loss(z, total.detach())
            losses.append(pull + F.mse_loss(total, target))
        tokens = torch.cat(codes, dim=1)
        if generator is not None:
            rest = torch.cat(vectors, dim=1).flatten(0, 1)
            self.codebook.update(rest, tokens.flatten(), generator, revive=revive)
        loss = torch.stack(losses).mean()
        return Quantized(straight_through(z, total), tokens[..., None], loss)

    @full_precision
    def encode(self, z: Float[Tensor, "batch time dim"]) -> Int[Tensor, "batch token"]:
        """Tokens of all scales, coarse to fine."""
        rest, codes = z, []
        for scale, size in enumerate(self.scales):
            codes.append(self.codebook.encode(self._rest(rest, size)))
            rest = rest - self.refine(scale, self.codebook.decode(codes[-1]))
        return torch.cat(codes, dim=1)

    @full_precision
    def encode_loosely(
        self,
        z: Float[Tensor, "batch time dim"],
        uniforms: Float[Tensor, "batch token 2"],
        rate: float,
    ) -> tuple[Int[Tensor, "batch token"], Int[Tensor, "batch token"]]:
        """Tokens when a share `rate` of the ones before was taken wrongly, and those taken.

        A wrong token is one of the nearest few; the finer scales go on from what was taken, and so
        make up for it, as they must for what is drawn, [2]_.
        """
        is_wrong, ranks = uniforms[..., 0] < rate, (uniforms[..., 1] * _FEW).long()
        rest, codes, taken = z, [], []
        places = zip(is_wrong.split(self.scales, 1), ranks.split(self.scales, 1), strict=True)
        for scale, (wrong, rank) in enumerate(places):
            near = self.codebook.nearest(self._rest(rest, self.scales[scale]), _FEW)
            others = near.gather(-1, rank[..., None] % near.shape[-1])[..., 0]
            codes.append(near[..., 0])
            taken.append(torch.where(wrong, others, codes[-1]))
            rest = rest - self.refine(scale, self.codebook.decode(taken[-1]))
        return torch.cat(codes, dim=1), torch.cat(taken, dim=1)

    def encode_around(self, z: Float[Tensor, "batch time dim"]) -> Int[Tensor, "list batch token"]:
        """Tokens, then for each of them the list with it taken as the next nearest code.

        No two lists are the same: what comes before the token of one is as usual.
        """
        n_tokens = sum(self.scales)
        has_others = len(self.codebook.codebook) > 1
        is_kept = torch.ones(1 + n_tokens * has_others, n_tokens, device=z.device)
        is_kept[1:].fill_diagonal_(0.0)
        second = torch.full_like(is_kept, 1.5 / _FEW)
        lists = torch.stack([is_kept, second], dim=-1)[:, None].expand(-1, len(z), -1, -1)
        return torch.stack([self.encode_loosely(z, uniforms, 0.5)[1] for uniforms in lists])

    @full_precision
    def decode(
        self, codes: Int[Tensor, "batch token"], n_scales: int | None = None
    ) -> Float[Tensor, "batch time dim"]:
        """Sum of the first `n_scales` scales; None is all."""
        vectors = self.codebook.decode(codes).split(self.scales, dim=1)[:n_scales]
        total = self.refine(0, vectors[0])
        for scale, part in enumerate(vectors[1:], start=1):
            total = total + self.refine(scale, part)
        return total

    def refine(
        self, scale: int, vectors: Float[Tensor, "batch step dim"]
    ) -> Float[Tensor, "batch time dim"]:
        """Turn the code vectors of one scale into what they add to the sequence."""
        added: Tensor = self.refinements[scale](stretch(vectors, self.scales[-1]))
        return added

    @full_precision
    def read(self, codes: Int[Tensor, "batch token"]) -> TokenInputs:
        """Collect what each token is predicted from, given all tokens."""
        vectors = self.codebook.decode(codes)
        total = vectors.new_zeros(len(codes), self.scales[-1], vectors.shape[-1])
        partial = []
        for scale, part in enumerate(vectors.split(self.scales, dim=1)):
            partial.append(pool(total, self.scales[scale]))
            total = total + self.refine(scale, part)
        former = F.pad(vectors[:, :-1], (0, 0, 1, 0))
        return TokenInputs(torch.cat(partial, dim=1), former)

    @full_precision
    @torch.no_grad()
    def initialise(self, z: Float[Tensor, "batch time dim"], generator: torch.Generator) -> None:
        """Place the codes by k-means on what each scale adds when nothing is quantised."""
        vectors, total = [], torch.zeros_like(z)
        for size in self.scales:
            vectors.append(pool(z - total, size))
            total = total + stretch(vectors[-1], self.scales[-1])
        self.codebook.initialise(torch.cat(vectors, dim=1).flatten(0, 1), generator)

    def keep(self, is_used: Bool[Tensor, " codes"]) -> None:
        """Drop the other codes; the ones kept get new numbers in their old order."""
        for name, values in self.codebook.named_buffers():
            self.codebook.register_buffer(name, values[is_used])

    def _rest(self, rest: Tensor, size: int) -> Tensor:
        return rest if size == self.scales[-1] else pool(rest, size)
