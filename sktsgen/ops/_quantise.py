"""Nearest codes and the gradient through them."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from sktsgen.ops._linear import linear


def nearest_code(
    z: Float[Tensor, "*batch dim"], codebook: Float[Tensor, "k dim"]
) -> Int[Tensor, "*batch"]:
    """Index of the code closest to each vector in Euclidean distance."""
    # |z|^2 is the same for all codes and is left out.
    return (linear(z, codebook) - 0.5 * codebook.square().sum(-1)).argmax(-1)


def straight_through(
    z: Float[Tensor, "*batch dim"], quantised: Float[Tensor, "*batch dim"]
) -> Float[Tensor, "*batch dim"]:
    """Return `quantised` with the gradient of `z`."""
    return z + (quantised - z).detach()
