"""Covariance of windows from autoregressions, against processes whose covariance is known."""

import numpy as np
import pytest
import torch

from sktsgen.datasets import make_ar1
from sktsgen.ops import lag_moments, window_covariance


def covariance_of(rows, order, n_timesteps, *, observed=None):
    rows = torch.from_numpy(rows.reshape(-1, rows.shape[-1]) - rows.mean((0, 1)))
    seen = torch.ones_like(rows, dtype=torch.bool) if observed is None else observed
    last = torch.arange(order, len(rows))
    moments = lag_moments(rows, seen, last, order)
    return window_covariance(
        moments, rows.shape[1], n_timesteps, ridge=1e-6, smallest=1e-9, n_rows=1e9
    )


@pytest.mark.parametrize("order", [1, 3])
def test_an_ar1_has_its_geometric_covariance(order):
    rows = make_ar1(1, 50_000, phi=0.8, random_state=0)
    found = covariance_of(rows, order, 6)
    lags = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    np.testing.assert_allclose(found, 0.8**lags / (1 - 0.8**2), atol=0.1)


def test_the_covariance_is_positive_where_the_lagged_ones_are_not():
    """Short windows of a cycle: a table of lagged products has negative eigenvalues."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 2 * np.pi, size=(20, 1))
    rows = np.sin(2 * np.pi * np.arange(16) / 8 + phase)[..., None]
    rows = rows + 0.01 * rng.standard_normal(rows.shape)
    found = covariance_of(rows, 8, 16)
    assert torch.linalg.eigvalsh(found).min() > 0


def test_hidden_cells_are_not_read():
    rows = torch.from_numpy(make_ar1(1, 200, random_state=0)[0])
    observed = torch.rand(rows.shape, generator=torch.Generator().manual_seed(0)) < 0.7
    last = torch.arange(1, 200)
    spoilt = torch.where(observed, rows, 1e9)
    found, expected = (lag_moments(part, observed, last, 1) for part in (spoilt, rows))
    torch.testing.assert_close(found, expected)


def test_few_products_are_drawn_to_zero():
    rows = torch.ones(60, 1).double()
    observed = torch.ones(60, 1, dtype=torch.bool)
    observed[::2] = False  # no two neighbours are seen
    moments = lag_moments(rows, observed, torch.arange(1, 60), 1, strength=20.0)
    np.testing.assert_allclose(moments.diagonal(), 1.0)
    np.testing.assert_allclose(moments[0, 1], 0.0)
