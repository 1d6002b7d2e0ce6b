"""Gaussian variables of few factors, conditioned on some of them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sktsgen.ops._linear import fast_fp32, has_fast_route, linear
from sktsgen.ops._precision import full_precision

_SMALLEST_HALF = 24
# Size from which on not all eigenvectors are worked out, spare ones, and turns.
_LARGE, _SPARE, _ROUNDS = 1500, 16, 3


class FactorPattern(NamedTuple):
    """What conditioning on some of the variables takes, whatever their values.

    Attributes
    ----------
    scale : Tensor of shape (batch, dim)
        Standard deviation of every variable; 0 of a visible one.
    root : Tensor of shape (batch, rank, rank)
        Lower Cholesky factor of the precision of the factors.
    """

    scale: Float[Tensor, "batch dim"]
    root: Float[Tensor, "batch rank rank"]


@full_precision
def condition(
    loadings: Float[Tensor, "dim rank"],
    variances: Float[Tensor, " dim"],
    values: Float[Tensor, "batch draws dim"],
    visible: Bool[Tensor, "batch dim"],
    pattern: FactorPattern,
) -> Float[Tensor, "batch draws dim"]:
    """Condition x = loadings f + noise on its visible variables, f standard normal.

    Only systems of the size of the rank are solved, whatever the number of variables.

    Parameters
    ----------
    loadings : Tensor of shape (dim, rank)
        Weight of every factor in every variable.
    variances : Tensor of shape (dim,)
        Variance of the noise of every variable, above 0.
    values : Tensor of shape (batch, draws, dim)
        Variables, less their mean, several times for one pattern of what is visible; what is not
        visible is not read.
    visible : Tensor of shape (batch, dim)
        True where a value is given.
    pattern : FactorPattern
        What `factor_pattern` says of these visible variables.

    Returns
    -------
    mean : Tensor of shape (batch, draws, dim)
        Mean of every variable given the visible ones; a visible one is its value.
    """
    read = torch.where(visible[:, None], values, 0.0)
    pulled = ((visible / variances)[:, None] * read) @ loadings
    factors = torch.cholesky_solve(pulled.transpose(1, 2), pattern.root).transpose(1, 2)
    return torch.where(visible[:, None], values, factors @ loadings.T)


@full_precision
def factor_pattern(
    loadings: Float[Tensor, "dim rank"],
    variances: Float[Tensor, " dim"],
    visible: Bool[Tensor, "batch dim"],
) -> FactorPattern:
    """Work out for `condition` what depends on nothing but which variables are visible.

    Parameters
    ----------
    loadings, variances, visible : Tensor
        As in `condition`.

    Returns
    -------
    pattern : FactorPattern
    """
    precisions = visible / variances
    precision = _gram(loadings * precisions.sqrt()[..., None])
    precision.diagonal(dim1=1, dim2=2).add_(1.0)
    root = torch.linalg.cholesky(precision)
    # The inverse of the root is small: one product with it is faster than a solve for each cell.
    spread = linear(_inverse(root), loadings)
    variance = spread.square().sum(1) + variances
    return FactorPattern(variance.sqrt() * ~visible, root)


def _gram(x: Tensor) -> Tensor:
    """Products of the columns of every matrix of a batch, through the fast route on a CPU."""
    if not has_fast_route(x):
        return torch.bmm(x.transpose(1, 2), x)
    with fast_fp32():
        return torch.bmm(x.transpose(1, 2), x)


def _inverse(root: Tensor) -> Tensor:
    """Inverse of lower triangular matrices, by halves: products are faster than solves."""
    size = root.shape[1]
    if size <= _SMALLEST_HALF:
        unit = torch.eye(size, dtype=root.dtype, device=root.device).expand_as(root)
        solved: Tensor = torch.linalg.solve_triangular(root, unit, upper=False)
        return solved
    half = size // 2
    first, last = _inverse(root[:, :half, :half]), _inverse(root[:, half:, half:])
    inverse = torch.zeros_like(root)
    inverse[:, :half, :half], inverse[:, half:, half:] = first, last
    inverse[:, half:, :half] = -(last @ (root[:, half:, :half] @ first))
    return inverse


@full_precision
def deviation(
    loadings: Float[Tensor, "dim rank"],
    variances: Float[Tensor, " dim"],
    root: Float[Tensor, "batch rank rank"],
    visible: Bool[Tensor, "batch dim"],
    factor_noise: Float[Tensor, "batch draws rank"],
    cell_noise: Float[Tensor, "batch draws dim"],
) -> Float[Tensor, "batch draws dim"]:
    """Turn standard normal noise into draws of a posterior, less its mean.

    Parameters
    ----------
    loadings, variances : Tensor of shape (dim, rank) and (dim,)
        As in `condition`.
    root : Tensor of shape (batch, rank, rank)
        Of the pattern of what is visible.
    visible : Tensor of shape (batch, dim)
        True where a value is given: draws deviate by 0 there.
    factor_noise, cell_noise : Tensor of shape (batch, draws, rank) and (batch, draws, dim)
        Standard normal noise.

    Returns
    -------
    deviation : Tensor of shape (batch, draws, dim)
        Jointly distributed as the hidden variables round their mean.
    """
    turned = torch.linalg.solve_triangular(
        root.transpose(1, 2), factor_noise.transpose(1, 2), upper=True
    )
    drawn = torch.matmul(loadings, turned).transpose(1, 2) + variances.sqrt() * cell_noise
    return drawn * ~visible[:, None]


def factorise(
    covariance: Float[Tensor, "dim dim"], rank: int, *, smallest: float, n_rounds: int = 8
) -> tuple[Float[Tensor, "dim rank"], Float[Tensor, " dim"]]:
    """Split a covariance into the loadings of few factors and the variances of the rest.

    Principal factors: the leading eigenvectors of the covariance in units of the remaining
    noise, and the noise they leave, in turns. Unlike principal components they treat exact
    relations between variables well, because a variable that is explained has little noise left.

    Parameters
    ----------
    covariance : Tensor of shape (dim, dim)
        Symmetric; negative eigenvalues, as estimates from gappy data have, are left out.
    rank : int
        Number of factors, from 1 to dim.
    smallest : float
        Least variance of the noise.
    n_rounds : int, default=8
        Turns.

    Returns
    -------
    loadings : Tensor of shape (dim, rank)
        Weight of every factor in every variable.
    variances : Tensor of shape (dim,)
        Variance of the noise of every variable.
    """
    total = covariance.diagonal()
    variances = (0.1 * total).clamp(min=smallest)
    loadings = vectors = covariance.new_zeros(len(covariance), 0)
    for _ in range(n_rounds):
        units = variances.sqrt()
        eigenvalues, vectors = _leading(covariance / units / units[:, None], rank, vectors)
        weights = (eigenvalues[-rank:] - 1.0).clamp(min=0.0).sqrt()
        loadings = units[:, None] * vectors[:, -rank:] * weights
        variances = (total - loadings.square().sum(1)).clamp(min=smallest)
    return loadings, variances


def _leading(matrix: Tensor, rank: int, start: Tensor) -> tuple[Tensor, Tensor]:
    """Return the greatest eigenvalues of a symmetric matrix, increasing, and their vectors.

    Of a large one by subspace iteration [1]_ from vectors that lead nearly there, if there are.

    References
    ----------
    .. [1] Y. Saad, "Numerical Methods for Large Eigenvalue Problems", SIAM 2011, section 5.1.
    """
    size, width = len(matrix), min(rank + _SPARE, len(matrix))
    if size < _LARGE or 2 * width > size:
        found = torch.linalg.eigh(matrix)
        return found.eigenvalues, found.eigenvectors
    n_rounds = _ROUNDS
    if not start.shape[1]:
        noise = torch.randn(size, width, generator=torch.Generator().manual_seed(0))
        start, n_rounds = noise.to(matrix), 4 * _ROUNDS
    for _ in range(n_rounds):
        start = torch.linalg.qr(matrix @ start).Q
    small = torch.linalg.eigh(start.T @ matrix @ start)
    return small.eigenvalues, start @ small.eigenvectors
