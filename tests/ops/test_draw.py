"""Indices and normal values by inverse CDF."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sktsgen.ops import draw_index, draw_normal, nucleus

SIZES = pytest.mark.parametrize("n_codes", [1, 16, 256, 300])


def logits_of(n_codes, batch=1, *, seed=0):
    return 2 * torch.randn(batch, n_codes, generator=torch.Generator().manual_seed(seed))


def even_grid(n):
    """Middles of `n` equal parts of (0, 1)."""
    return (torch.arange(n) + 0.5) / n


@SIZES
def test_share_of_each_index_is_its_probability(n_codes):
    logits, grid = logits_of(n_codes), even_grid(40_000)
    drawn = draw_index(logits.expand(len(grid), -1), grid)
    share = torch.bincount(drawn, minlength=n_codes) / len(grid)
    torch.testing.assert_close(share, logits.softmax(-1)[0], rtol=0, atol=5e-5)


@SIZES
def test_drawn_index_is_where_the_cdf_passes_the_uniform(n_codes):
    logits = logits_of(n_codes, 500)
    uniform = torch.rand(500, generator=torch.Generator().manual_seed(1))
    cdf = logits.double().softmax(-1).cumsum(-1)
    expected = torch.searchsorted(cdf, uniform[:, None].double(), right=True)[:, 0]
    edge = (cdf - uniform[:, None]).abs().amin(-1) < 1e-6  # a rounding decides
    assert edge.sum() < 50
    assert (draw_index(logits, uniform) == expected)[~edge].all()


@SIZES
def test_a_larger_uniform_never_draws_a_smaller_index(n_codes):
    grid = even_grid(20_000)
    drawn = draw_index(logits_of(n_codes).expand(len(grid), -1), grid)
    assert (drawn.diff() >= 0).all()


@SIZES
def test_a_draw_does_not_depend_on_its_batch(n_codes):
    logits = logits_of(n_codes, 64)
    uniform = torch.rand(64, generator=torch.Generator().manual_seed(2))
    alone = torch.cat([draw_index(logits[i : i + 1], uniform[i : i + 1]) for i in range(64)])
    assert draw_index(logits, uniform).tolist() == alone.tolist()


@SIZES
@pytest.mark.parametrize("uniform", [0.0, 2.0**-25, 1.0 - 2.0**-24])
def test_an_index_without_probability_is_never_drawn(n_codes, uniform):
    logits = logits_of(n_codes, 2000, seed=3)
    allowed = torch.rand(logits.shape, generator=torch.Generator().manual_seed(4)) < 0.3
    allowed[:, n_codes // 2] = True
    drawn = draw_index(logits.masked_fill(~allowed, -math.inf), torch.full((2000,), uniform))
    assert allowed.gather(1, drawn[:, None]).all()


@pytest.mark.parametrize("n_codes", [4, 256])
def test_the_only_possible_index_is_drawn(n_codes):
    logits = torch.full((3, n_codes), -math.inf)
    logits[:, 2] = -80.0
    assert draw_index(logits, torch.tensor([0.0, 0.5, 1.0 - 2.0**-24])).tolist() == [2, 2, 2]


def test_half_precision_logits_are_drawn_from_in_single_precision():
    logits = logits_of(256, 400).bfloat16()
    uniform = even_grid(400)
    assert draw_index(logits, uniform).tolist() == draw_index(logits.float(), uniform).tolist()


def test_normal_draws_have_the_moments_of_a_normal():
    drawn = draw_normal(even_grid(200_000).double())
    moments = [drawn.mean(), drawn.square().mean(), (drawn**3).mean(), (drawn**4).mean()]
    torch.testing.assert_close(
        torch.stack(moments), torch.tensor([0.0, 1.0, 0.0, 3.0]).double(), rtol=0, atol=2e-3
    )


@pytest.mark.parametrize("uniform", [2.0**-25, 1.0 - 2.0**-24])
def test_normal_draws_are_finite_at_the_outermost_uniforms(uniform):
    assert 5 < abs(draw_normal(torch.tensor([uniform])).item()) < 5.6


# Temperature and nucleus.


@given(seed=st.integers(0, 1000), top_p=st.floats(0.01, 0.99))
def test_nucleus_keeps_the_fewest_indices_that_reach_the_mass(seed, top_p):
    logits = logits_of(20, seed=seed)
    kept = nucleus(logits, top_p=top_p)[0].isfinite()
    probability = logits[0].softmax(-1)
    assert probability[kept].sum() >= top_p - 1e-5
    assert probability[kept].sum() - probability[kept].min() < top_p + 1e-5
    assert not kept.all() or probability.min() > 1 - top_p - 1e-5
    assert kept.all() or probability[kept].min() >= probability[~kept].max()


def test_nucleus_leaves_kept_logits_as_they_are():
    logits = logits_of(20)
    cut = nucleus(logits, top_p=0.7)
    assert (cut[cut.isfinite()] == logits[cut.isfinite()]).all()


@pytest.mark.parametrize("top_p", [1e-12, 1e-3])
def test_nucleus_always_keeps_the_likeliest_index(top_p):
    logits = logits_of(20, 5)
    kept = nucleus(logits, top_p=top_p).isfinite()
    assert kept.sum(-1).tolist() == [1] * 5
    assert (kept.int().argmax(-1) == logits.argmax(-1)).all()


@pytest.mark.parametrize("top_p", [None, 1.0])
def test_nucleus_is_the_identity_by_default(top_p):
    logits = logits_of(20)
    assert nucleus(logits, 1.0, top_p) is logits


def test_temperature_raises_probabilities_to_a_power():
    logits = logits_of(10)
    expected = logits.softmax(-1).pow(1 / 0.5)
    expected /= expected.sum()
    torch.testing.assert_close(nucleus(logits, 0.5).softmax(-1), expected)


def test_the_smallest_temperature_draws_the_likeliest_index():
    logits = 1e4 * logits_of(10)
    drawn = draw_index(nucleus(logits, 1e-36), torch.tensor([0.99]))
    assert drawn.tolist() == logits.argmax(-1).tolist()
