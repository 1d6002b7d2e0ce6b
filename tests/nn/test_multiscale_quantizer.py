"""One codebook, several scales."""

import pytest
import torch

from sktsgen.nn import MultiScaleQuantizer
from sktsgen.ops import pool
from tests.nn.networks import normal, seeded

SCALES = (1, 2, 4)


def new_quantizer(scales=SCALES, n_codes=32, *, refined=True):
    quantizer = MultiScaleQuantizer(scales, n_codes, 3, generator=seeded())
    quantizer.initialise(normal(200, scales[-1], 3, seed=4), seeded())
    if refined:
        for seed, parameter in enumerate(quantizer.parameters()):
            parameter.data += 0.1 * normal(*parameter.shape, seed=seed)
    return quantizer


def test_tokens_of_training_are_those_of_encode_and_decode_back():
    quantizer, z = new_quantizer(), normal(10, 4, 3)
    quantised = quantizer(z)
    codes = quantizer.encode(z)
    assert codes.shape == (10, 7)
    assert quantised.codes[..., 0].equal(codes)
    torch.testing.assert_close(quantised.values, quantizer.decode(codes))


def test_refinement_starts_as_the_identity():
    quantizer, x = new_quantizer(refined=False), normal(2, 4, 3)
    torch.testing.assert_close(quantizer.refine(2, x), x)


def test_every_scale_brings_the_sum_closer():
    quantizer, z = new_quantizer(refined=False), normal(300, 4, 3)
    codes = quantizer.encode(z)
    errors = [(quantizer.decode(codes, n) - z).square().mean().item() for n in (1, 2, 3)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.25 * z.var().item()


def test_a_single_scale_is_plain_vector_quantisation():
    quantizer, z = new_quantizer((4,), refined=False), normal(10, 4, 3)
    codes = quantizer.encode(z)
    assert codes.equal(quantizer.codebook.encode(z))
    torch.testing.assert_close(quantizer.decode(codes), quantizer.codebook.decode(codes))


def test_inputs_of_a_token_are_the_coarser_sum_at_its_place_and_the_token_before():
    quantizer = new_quantizer()
    codes = quantizer.encode(normal(5, 4, 3))
    inputs = quantizer.read(codes)
    assert (inputs.partial[:, 0] == 0).all()
    torch.testing.assert_close(inputs.partial[:, 1:3], pool(quantizer.decode(codes, 1), 2))
    torch.testing.assert_close(inputs.partial[:, 3:], quantizer.decode(codes, 2))
    assert (inputs.former[:, 0] == 0).all()
    torch.testing.assert_close(inputs.former[:, 1:], quantizer.codebook.decode(codes[:, :-1]))


def test_dropping_unused_codes_keeps_what_the_others_stand_for():
    quantizer, z = new_quantizer(n_codes=64), normal(20, 4, 3)
    codes = quantizer.encode(z)
    is_used = torch.bincount(codes.flatten(), minlength=64) > 0
    before = quantizer.decode(codes)
    quantizer.keep(is_used)
    again = quantizer.encode(z)
    assert again.unique().tolist() == list(range(int(is_used.sum())))
    torch.testing.assert_close(quantizer.decode(again), before)


def test_codebook_learns_from_all_scales():
    """Every update assigns one vector a token."""
    quantizer, z = new_quantizer(refined=False), normal(50, 4, 3)
    start = quantizer.codebook.counts.sum()
    for _ in range(200):
        quantizer(z, seeded(), revive=False)
    # The averages went from 1,400 initial vectors to the 350 of each batch.
    assert start.item() == pytest.approx(1400)
    assert quantizer.codebook.counts.sum().item() == pytest.approx(350, rel=1e-2)


def test_gradient_goes_straight_through_and_refinements_learn():
    quantizer = new_quantizer()
    z = normal(6, 4, 3).requires_grad_()
    quantised = quantizer(z)
    (grad,) = torch.autograd.grad(quantised.values.sum(), z, retain_graph=True)
    assert grad.equal(torch.ones_like(z))
    quantised.loss.backward()
    assert all(p.grad.abs().sum() > 0 for p in quantizer.parameters())


def test_loss_is_the_mean_over_scales_of_both_pulls():
    quantizer, z = new_quantizer(), normal(6, 4, 3)
    codes = quantizer.encode(z)
    errors = [(quantizer.decode(codes, n) - z).square().mean() for n in (1, 2, 3)]
    torch.testing.assert_close(quantizer(z).loss, 1.25 * torch.stack(errors).mean())


def test_tokens_are_the_usual_ones_when_none_is_taken_wrongly():
    quantizer, z = new_quantizer(), normal(10, 4, 3)
    uniforms = torch.rand(10, 7, 2, generator=seeded(1))
    codes, taken = quantizer.encode_loosely(z, uniforms, 0.0)
    assert codes.equal(quantizer.encode(z))
    assert taken.equal(codes)


def test_finer_scales_make_up_for_what_was_taken_wrongly():
    """Only the first scale is wrong: decoding is better than with the others left as they were."""
    quantizer, z = new_quantizer(refined=False), normal(300, 4, 3)
    uniforms = torch.rand(300, 7, 2, generator=seeded(1))
    uniforms[:, 1:, 0] = 1.0
    codes, taken = quantizer.encode_loosely(z, uniforms, 1.0 - 1e-6)
    plain = quantizer.encode(z)
    assert codes[:, 0].equal(plain[:, 0])
    assert (taken[:, 0] != plain[:, 0]).float().mean() > 0.8
    assert taken[:, 1:].equal(codes[:, 1:])
    unaware = torch.cat([taken[:, :1], plain[:, 1:]], 1)
    errors = [(quantizer.decode(c) - z).square().mean() for c in (plain, taken, unaware)]
    assert errors[0] < errors[1] < 0.5 * errors[2]


def test_lists_around_the_tokens_differ_and_stand_for_nearly_the_same():
    quantizer, z = new_quantizer(), normal(6, 4, 3)
    lists = quantizer.encode_around(z)
    assert lists[0].equal(quantizer.encode(z))
    for codes in lists.unbind(1):
        assert len(codes.unique(dim=0)) == 1 + sum(quantizer.scales)
    near = [quantizer.decode(codes) for codes in lists]
    elsewhere = quantizer.decode(lists[0].roll(1, 0))
    far = (elsewhere - z).square().mean()
    assert all((decoded - z).square().mean() < 0.5 * far for decoded in near)


def test_share_of_wrong_tokens_is_the_rate():
    quantizer, z = new_quantizer(), normal(300, 4, 3)
    uniforms = torch.rand(300, 7, 2, generator=seeded(1))
    codes, taken = quantizer.encode_loosely(z, uniforms, 0.4)
    # One wrong draw in sixteen is the nearest code after all.
    assert (codes != taken).float().mean().item() == pytest.approx(0.4 * 15 / 16, abs=0.03)
