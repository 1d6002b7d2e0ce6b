"""Vector quantisation: codebooks kept by moving averages, one or several deep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sktsgen.ops import full_precision, linear, nearest_code, straight_through


class Quantized(NamedTuple):
    """What a quantizer makes of a batch of vectors."""

    values: Float[Tensor, "*batch dim"]
    codes: Int[Tensor, "*batch depth"]
    loss: Float[Tensor, ""]


class VectorQuantizer(nn.Module):
    """One codebook, learnt as the moving average of the vectors that chose each code.

    Parameters
    ----------
    codebook_size, code_dim : int
        Number of codes and their width.
    decay : float, default=0.95
        Decay of the moving averages per update.
    revive_below : float, default=0.05
        A code whose average count falls below this share of the uniform count is put where a
        vector of the current batch is.
    """

    codebook: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(
        self, codebook_size: int, code_dim: int, *, decay: float = 0.95, revive_below: float = 0.05
    ) -> None:
        super().__init__()
        self.decay, self.revive_below = decay, revive_below
        self.register_buffer("codebook", torch.zeros(codebook_size, code_dim))
        self.register_buffer("counts", torch.zeros(codebook_size))
        self.register_buffer("sums", torch.zeros(codebook_size, code_dim))

    def encode(self, z: Float[Tensor, "*batch dim"]) -> Int[Tensor, "*batch"]:
        return nearest_code(z, self.codebook)

    def nearest(self, z: Float[Tensor, "*batch dim"], n_codes: int) -> Int[Tensor, "*batch few"]:
        """Give the `n_codes` codes closest to each vector, or all there are, closest first."""
        closeness = linear(z, self.codebook) - 0.5 * self.codebook.square().sum(-1)
        return closeness.topk(min(n_codes, len(self.codebook)), dim=-1).indices

    def decode(self, codes: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch dim"]:
        return F.embedding(codes, self.codebook)

    @torch.no_grad()
    def initialise(
        self, z: Float[Tensor, "n dim"], generator: torch.Generator, n_rounds: int = 10
    ) -> None:
        """Place the codes by Lloyd's algorithm, started from vectors drawn from `z`.

        Fewer vectors than codes are used again with a little noise added.
        """
        n_codes = len(self.codebook)
        order = torch.randperm(len(z), generator=generator, device=z.device)
        chosen = order.repeat(-(-n_codes // len(z)))[:n_codes]
        jitter = torch.randn(n_codes, z.shape[1], generator=generator, device=z.device)
        spread = z.std(0, unbiased=False)
        self.codebook.copy_(z[chosen] + 0.01 * spread * jitter)
        for _ in range(n_rounds):
            counts, sums = self._assign(z, self.encode(z))
            used = counts > 0
            self.codebook[used] = sums[used] / counts[used, None]
        share = len(z) / n_codes
        self.counts.fill_(share)
        self.sums.copy_(self.codebook * share)

    @torch.no_grad()
    def update(
        self,
        z: Float[Tensor, "n dim"],
        codes: Int[Tensor, " n"],
        generator: torch.Generator,
        *,
        revive: bool,
    ) -> None:
        """Move every code towards the mean of its vectors; revive the unused ones."""
        counts, sums = self._assign(z, codes)
        self.counts.lerp_(counts, 1.0 - self.decay)
        self.sums.lerp_(sums, 1.0 - self.decay)
        # Laplace smoothing keeps rarely used codes from jumping.
        total, n_codes = self.counts.sum(), len(self.counts)
        smooth = (self.counts + 1e-5) / (total + n_codes * 1e-5) * total
        self.codebook.copy_(self.sums / smooth[:, None])
        if revive:
            self._revive(z, generator)

    def _revive(self, z: Tensor, generator: torch.Generator) -> None:
        share = len(z) / len(self.counts)
        dead = self.counts < self.revive_below * share
        drawn = z[torch.randint(len(z), dead.shape, generator=generator, device=z.device)]
        self.codebook.copy_(torch.where(dead[:, None], drawn, self.codebook))
        self.counts.masked_fill_(dead, share)
        self.sums.copy_(torch.where(dead[:, None], drawn * share, self.sums))

    def _assign(self, z: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        counts = torch.bincount(codes, minlength=len(self.codebook)).to(z.dtype)
        sums = torch.zeros_like(self.codebook).index_add_(0, codes, z)
        return counts, sums


class ResidualQuantizer(nn.Module):
    """`n_codebooks` quantizers, each taking what the ones before it left over [1]_.

    Depth 1 is plain vector quantisation.

    References
    ----------
    .. [1] N. Zeghidour et al., "SoundStream: An End-to-End Neural Audio Codec", Section III-C,
       DOI 10.1109/TASLP.2021.3129994.
    """

    levels: Sequence[VectorQuantizer]  # an nn.ModuleList, which has no type of its items

    def __init__(
        self, n_codebooks: int, codebook_size: int, code_dim: int, *, commitment: float = 0.25
    ) -> None:
        super().__init__()
        self.commitment = commitment
        self.levels = nn.ModuleList(  # type: ignore[assignment]
            VectorQuantizer(codebook_size, code_dim) for _ in range(n_codebooks)
        )

    @full_precision
    def forward(
        self,
        z: Float[Tensor, "n dim"],
        generator: torch.Generator | None = None,
        *,
        revive: bool = True,
    ) -> Quantized:
        """Quantise `z`; with a generator the codebooks learn from it."""
        residual, codes = z.detach(), []
        for level in self.levels:
            code = level.encode(residual)
            left = residual - level.decode(code)
            if generator is not None:
                level.update(residual, code, generator, revive=revive)
            residual = left
            codes.append(code)
        values = z.detach() - residual
        loss = self.commitment * F.mse_loss(z, values)
        return Quantized(straight_through(z, values), torch.stack(codes, -1), loss)

    @full_precision
    def encode(self, z: Float[Tensor, "*batch dim"]) -> Int[Tensor, "*batch depth"]:
        codes = []
        for level in self.levels:
            codes.append(level.encode(z))
            z = z - level.decode(codes[-1])
        return torch.stack(codes, -1)

    def decode(self, codes: Int[Tensor, "*batch depth"]) -> Float[Tensor, "*batch dim"]:
        values = self.levels[0].decode(codes[..., 0])
        for depth in range(1, codes.shape[-1]):
            values = values + self.levels[depth].decode(codes[..., depth])
        return values

    @full_precision
    @torch.no_grad()
    def initialise(self, z: Float[Tensor, "n dim"], generator: torch.Generator) -> None:
        """Place all codebooks by k-means, depth by depth."""
        for level in self.levels:
            level.initialise(z, generator)
            z = z - level.decode(level.encode(z))

    def codebooks(self) -> Float[Tensor, "depth codes dim"]:
        """Stack all codebooks."""
        return torch.stack([level.codebook for level in self.levels])

    def spread(self) -> Float[Tensor, " dim"]:
        """Estimate the standard deviation of quantised vectors, the depths taken as independent."""
        variance = torch.zeros_like(self.levels[0].codebook[0])
        for level in self.levels:
            share = level.counts / level.counts.sum()
            mean = share @ level.codebook
            variance = variance + share @ (level.codebook - mean).square()
        return variance.sqrt()
