"""Stage 1 of FAR-TS: a learnt basis, quantised coefficients, a light residual decoder."""

from __future__ import annotations

from collections.abc import Collection

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sktsgen.nn._contract import Network, TrainingStep
from sktsgen.nn._layers import Linear, uniform
from sktsgen.nn._loss import Loss, mean_of, mean_where
from sktsgen.nn._quantizer import ResidualQuantizer
from sktsgen.nn._slots import without_gaps

# Dead codes are left alone for the last share of training, so that codes stop changing meaning.
_SETTLED = 0.7


class FactorizedTokenizer(Network):
    """Every time step becomes `n_codebooks` codes; X = U V^T + D, [1]_ Sections 3.1 and 3.2.

    Parameters
    ----------
    n_features : int
        Width of a time step after encoding.
    n_components : int
        Rank R: number of basis vectors and width of a coefficient vector.
    codebook_size, n_codebooks : int
        Codes per codebook, and residual depth; depth 1 is the paper.
    n_classes : int
        Number of classes with a basis of their own, 0 for none.
    hidden : sequence of (int, int)
        Features that codes do not tell: the level that says "missing", and the one that says
        "present" in its place or -1.
    has_residual_decoder : bool
        Whether the light network D corrects the linear reconstruction.
    d_hidden : int
        Width of the hidden layers of encoder and decoder.
    generator : torch.Generator
        Source of the initial weights.

    References
    ----------
    .. [1] "Less Is More: Generating Time Series with LLaMA-Style Autoregression in Simple
       Factorized Latent Spaces", arXiv:2511.04973.
    """

    learns_from_whole_batch = True
    is_quantising: Tensor

    def __init__(
        self,
        *,
        n_features: int,
        n_components: int,
        codebook_size: int,
        n_codebooks: int,
        n_classes: int = 0,
        hidden: Collection[tuple[int, int]] = (),
        has_residual_decoder: bool = True,
        d_hidden: int = 128,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.config = {
            "n_features": n_features,
            "n_components": n_components,
            "codebook_size": codebook_size,
            "n_codebooks": n_codebooks,
            "n_classes": n_classes,
            "hidden": tuple((int(missing), int(present)) for missing, present in hidden),
            "has_residual_decoder": has_residual_decoder,
            "d_hidden": d_hidden,
        }
        self._hidden = self.config["hidden"]
        # The projection starts as the inverse of the basis and the rest of the encoder at zero:
        # training begins from plain k-means, which random encoders take long to reach.
        self.projection = nn.Parameter(torch.zeros(n_features, n_components))
        self.encoder = nn.Sequential(
            Linear(n_features, d_hidden, generator, bias=True),
            nn.LayerNorm(d_hidden),
            nn.GELU(),
            Linear(d_hidden, d_hidden, generator, bias=True),
            nn.GELU(),
            Linear(d_hidden, n_components, generator, bias=True, gain=0.0),
        )
        self.quantizer = ResidualQuantizer(n_codebooks, codebook_size, n_components)
        self.basis = nn.Parameter(
            uniform(n_components, n_features, generator=generator, d_in=n_components)
        )
        # Differs from [1]: a class has the shared basis plus its own difference, zero at first,
        # so that a class with few series falls back on what all have in common.
        self.class_basis = nn.Parameter(torch.zeros(n_classes, n_components, n_features))
        self.residual_decoder = (
            ResidualDecoder(n_components, n_features, d_hidden, generator)
            if has_residual_decoder
            else None
        )
        self.register_buffer("is_quantising", torch.tensor(False))

    @torch.no_grad()
    def initialise_basis(self, x: Float[Tensor, "n features"]) -> None:
        """Put the principal directions of `x` in front of the random rest of the basis."""
        directions = torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh
        n_kept = min(len(directions), len(self.basis))
        self.basis[:n_kept] = directions[:n_kept]
        self.projection[:, :n_kept] = directions[:n_kept].T

    def loss(
        self,
        batch: tuple[
            Float[Tensor, "batch time features"], Int[Tensor, " batch"], Bool[Tensor, "batch time"]
        ],
        step: TrainingStep | None = None,
    ) -> Loss:
        """Mean squared reconstruction error plus commitment, [1]_ Eq. 7."""
        x, labels, observed = batch
        x = without_gaps(x, self._hidden)
        coefficients = self.continuous(x)
        commitment = x.new_zeros(())
        if step is not None and not self.is_quantising:
            self.quantizer.initialise(coefficients.detach()[observed], step.generator)
            self.is_quantising.fill_(True)
        if self.is_quantising:
            coefficients, commitment = self._quantised(coefficients, observed, step)
        error = (self.decode(coefficients, labels) - x).square().mean(-1)
        return mean_where(error, observed) + mean_of(commitment)

    def _quantised(
        self, coefficients: Tensor, observed: Tensor, step: TrainingStep | None
    ) -> tuple[Tensor, Tensor]:
        generator = None if step is None else step.generator
        revive = step is not None and step.progress < _SETTLED
        quantised = self.quantizer(coefficients[observed], generator, revive=revive)
        values = coefficients.to(quantised.values.dtype)
        values = values.masked_scatter(observed[..., None], quantised.values)
        return values, quantised.loss

    def encode(self, x: Float[Tensor, "*batch features"]) -> Int[Tensor, "*batch depth"]:
        """Codes of every time step, each by itself."""
        return self.quantizer.encode(self.continuous(x))

    def continuous(self, x: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch components"]:
        """Coefficients before quantisation."""
        x = without_gaps(x, self._hidden)
        coefficients: Tensor = x @ self.projection + self.encoder(x)
        return coefficients

    def coefficients(
        self, codes: Int[Tensor, "*batch depth"]
    ) -> Float[Tensor, "*batch components"]:
        """Quantised coefficients of codes."""
        return self.quantizer.decode(codes)

    def combine(
        self, coefficients: Float[Tensor, "batch time components"], labels: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time features"]:
        """Linear part of the reconstruction, [1]_ Eq. 3."""
        linear_part = coefficients @ self.basis
        if len(self.class_basis):
            linear_part = linear_part + torch.bmm(coefficients, self.class_basis[labels])
        return linear_part

    def decode(
        self, coefficients: Float[Tensor, "batch time components"], labels: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time features"]:
        """Linear part plus residual decoder, [1]_ Eq. 5."""
        linear_part = self.combine(coefficients, labels)
        if self.residual_decoder is None:
            return linear_part
        correction: Tensor = self.residual_decoder(coefficients)
        return linear_part + correction


class ResidualDecoder(nn.Module):
    """Two residual blocks of causal convolutions; zero at first, so that the basis leads.

    Differs from the paper: the convolutions look back only, so that a step's values do not
    change when more steps are drawn after it.
    """

    # Steps back that a step depends on: two for each of the three convolutions.
    reach = 6

    def __init__(
        self, n_components: int, n_features: int, d_hidden: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.inward = CausalConv(n_components, d_hidden, generator)
        self.blocks = nn.ModuleList(CausalConv(d_hidden, d_hidden, generator) for _ in range(2))
        self.outward = Linear(d_hidden, n_features, generator, gain=0.0)

    def forward(
        self, coefficients: Float[Tensor, "batch time components"]
    ) -> Float[Tensor, "batch time features"]:
        state = self.inward(coefficients)
        for block in self.blocks:
            state = state + block(F.gelu(state))
        out: Tensor = self.outward(F.gelu(state))
        return out


class CausalConv(nn.Module):
    """Convolution over the current and the two former steps; the first step is repeated."""

    def __init__(self, d_in: int, d_out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.taps = Linear(3 * d_in, d_out, generator, bias=True)

    def forward(self, x: Float[Tensor, "batch time d_in"]) -> Float[Tensor, "batch time d_out"]:
        padded = torch.cat([x[:, :1], x[:, :1], x], dim=1)
        out: Tensor = self.taps(torch.cat([padded[:, :-2], padded[:, 1:-1], x], dim=-1))
        return out
