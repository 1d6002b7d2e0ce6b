"""Other numbers of steps for the same span."""

import pytest
import torch

from sktsgen.ops import pool, reflect, stretch


def ramp(n_steps):
    """Values of a line at the middles of `n_steps` equal spans of [0, 1]."""
    return ((torch.arange(n_steps) + 0.5) / n_steps)[None, :, None]


@pytest.mark.parametrize(("n_steps", "n_pooled"), [(12, 4), (12, 6), (6, 6), (7, 1)])
def test_pool_of_a_line_is_the_line(n_steps, n_pooled):
    torch.testing.assert_close(pool(ramp(n_steps), n_pooled), ramp(n_pooled))


@pytest.mark.parametrize(("n_steps", "n_pooled"), [(7, 3), (13, 5), (2, 5), (1, 3)])
def test_pool_takes_any_two_lengths_and_stays_between_the_extremes(n_steps, n_pooled):
    x = torch.randn(2, n_steps, 3, generator=torch.Generator().manual_seed(0))
    pooled = pool(x, n_pooled)
    assert pooled.shape == (2, n_pooled, 3)
    assert (pooled <= x.amax(1, keepdim=True) + 1e-6).all()
    assert (pooled >= x.amin(1, keepdim=True) - 1e-6).all()


def test_stretch_of_a_line_is_the_line_between_the_outermost_middles():
    stretched = stretch(ramp(4), 12)
    torch.testing.assert_close(stretched[:, 1:-1], ramp(12)[:, 1:-1])
    assert stretched[0, 0, 0] == ramp(4)[0, 0, 0]


def test_stretch_to_the_same_length_changes_nothing():
    assert stretch(ramp(5), 5).equal(ramp(5))


def test_reflect_runs_back_and_forth():
    x = torch.tensor([1.0, 2.0, 3.0, 9.0, 9.0, 9.0, 9.0, 9.0])[None, :, None]
    observed = (torch.arange(8) < 3)[None]
    assert reflect(x, observed)[0, :, 0].tolist() == [1, 2, 3, 2, 1, 2, 3, 2]


def test_reflect_leaves_whole_windows_alone_and_repeats_single_steps():
    x = torch.arange(8.0).reshape(2, 4, 1)
    observed = torch.tensor([[True] * 4, [True, False, False, False]])
    assert reflect(x, observed)[..., 0].tolist() == [[0, 1, 2, 3], [4, 4, 4, 4]]


def test_reflect_of_nothing_observed_is_finite():
    x = torch.arange(3.0).reshape(1, 3, 1)
    assert reflect(x, torch.zeros(1, 3, dtype=torch.bool))[0, :, 0].tolist() == [0, 0, 0]
