"""Covariance of whole windows from autoregressions of growing order."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_CHUNK = 2**13


def lag_moments(
    rows: Float[Tensor, "n channel"],
    observed: Bool[Tensor, "n channel"],
    last: Int[Tensor, " m"],
    order: int,
    *,
    strength: float = 20.0,
) -> Float[Tensor, "size size"]:
    """Mean products of channels up to `order` steps apart.

    Parameters
    ----------
    rows : Tensor of shape (n, channel)
        Rows of all series, one below the other, less their mean.
    observed : Tensor of shape (n, channel)
        True where a value is given; nothing else is read.
    last : Tensor of shape (m,)
        Rows that have `order` rows of their series before them.
    order : int
        Largest distance.
    strength : float, default=20.0
        A mean that rests on as many products is halved, save for squares: with few, it is drawn
        to 0. Without effect where everything is observed.

    Returns
    -------
    moments : Tensor of shape ((order + 1) * channel, (order + 1) * channel)
        Of the row, the one before it, and so on.
    """
    n_channels = rows.shape[1]
    size = (order + 1) * n_channels
    sums, counts = rows.new_zeros(size, size), rows.new_zeros(size, size)
    back = torch.arange(order + 1, device=rows.device)
    for part in last.split(_CHUNK):
        taken = (part[:, None] - back).flatten()
        shown = observed[taken].view(len(part), size).to(rows.dtype)
        values = rows[taken].view(len(part), size) * shown
        sums += values.T @ values
        counts += shown.T @ shown
    if bool(observed.all()):
        return sums / counts.clamp(min=1.0)
    damped = sums / (counts + strength)
    diagonal = sums.diagonal() / counts.diagonal().clamp(min=1.0)
    return damped - damped.diagonal().diag() + diagonal.diag()


def window_covariance(
    moments: Float[Tensor, "size size"],
    n_channels: int,
    n_timesteps: int,
    *,
    ridge: float,
    smallest: float,
    n_rows: float,
) -> Float[Tensor, "cells cells"]:
    """Covariance of all cells of a window whose rows follow autoregressions.

    Step t of a window depends on the steps before it, up to the order of `moments`; what the
    regressions leave over is independent (a block modified Cholesky factor [1]_). The result is
    positive definite whatever the moments are estimated from, which the plain table of lagged
    covariances is not.

    Parameters
    ----------
    moments : Tensor of shape ((order + 1) * channel, (order + 1) * channel)
        As from `lag_moments`; positive semidefinite.
    n_channels, n_timesteps : int
        Size of a window.
    ridge : float
        Added to the squares of the predictors, in their units.
    smallest : float
        Least variance that the steps before leave to a cell.
    n_rows : float
        Rows the moments rest on: the variances left over are those of a sample of so many.

    Returns
    -------
    covariance : Tensor of shape (time * channel, time * channel)

    References
    ----------
    .. [1] M. Pourahmadi, "Joint mean-covariance models with applications to longitudinal data",
       Biometrika 86 (1999), 677-690.
    """
    order = len(moments) // n_channels - 1
    size = n_timesteps * n_channels
    past = moments.new_zeros(size, size)
    left = moments.new_zeros(size, size)
    for step in range(n_timesteps):
        here = slice(step * n_channels, (step + 1) * n_channels)
        n_lags = min(step, order)
        if step <= order:
            weights, rest = _regress(moments, n_channels, n_lags, ridge)
            freedom = max(0.5, 1.0 - n_lags * n_channels / n_rows)
            rest = rest / freedom + smallest * torch.eye(n_channels).to(rest)
        left[here, here] = rest
        # The row before comes first in the moments and last in the window.
        lagged = weights.view(n_lags, n_channels, n_channels).flip(0)
        past[here, (step - n_lags) * n_channels : here.start] = lagged.flatten(0, 1).T
    root = torch.linalg.inv(torch.eye(size).to(past) - past)
    covariance: Tensor = root @ left @ root.T
    return covariance


def _regress(moments: Tensor, n_channels: int, n_lags: int, ridge: float) -> tuple[Tensor, Tensor]:
    """Weights of the lagged channels, one below the other, and the covariance they leave."""
    own = moments[:n_channels, :n_channels]
    end = (n_lags + 1) * n_channels
    cross = moments[n_channels:end, :n_channels]
    if not n_lags:
        return cross, own
    among = moments[n_channels:end, n_channels:end]
    among = among + ridge * torch.eye(len(among)).to(among)
    weights = torch.linalg.solve(among, cross)
    rest = own - cross.T @ weights
    return weights, 0.5 * (rest + rest.T)
