"""Stage 2: the prior's loss, its causality, and its draws."""

import pytest
import torch

from sktsgen.nn import TrainingStep
from sktsgen.nn._token_prior import first_steps_weigh_more
from tests.nn.networks import (
    changed_rows,
    likelihood,
    new_prior,
    new_tokenizer,
    normal,
    rows_of,
    seeded,
)
from tests.nn.test_factorized import LABELS, batch_of, loss_and_gradients

EMISSIONS = pytest.mark.parametrize("has_mixture", [True, False], ids=["mixture", "point"])


def networks(has_mixture, **options):
    tokenizer = new_tokenizer(is_quantising=True)
    return tokenizer, new_prior(tokenizer, has_mixture=has_mixture, **options)


def prior_batch(tokenizer, lengths, *, n_steps, has_mixture):
    x, labels, observed = batch_of(lengths, n_steps=n_steps)
    return rows_of(tokenizer, x, labels, has_mixture=has_mixture), labels, observed


def first_series(batch, i, length):
    rows, labels, observed = batch
    cut = type(rows)(*(part[i : i + 1, :length] for part in rows))
    return cut, labels[i : i + 1], observed[i : i + 1, :length]


@EMISSIONS
def test_padding_changes_neither_loss_nor_gradient(has_mixture):
    tokenizer, prior = networks(has_mixture)
    short, long = (
        prior_batch(tokenizer, [5, 7], n_steps=n, has_mixture=has_mixture) for n in (7, 12)
    )
    loss, gradients = loss_and_gradients(prior, short)
    padded_loss, padded = loss_and_gradients(prior, long)
    torch.testing.assert_close(padded_loss, loss)
    torch.testing.assert_close(padded, gradients, rtol=1e-4, atol=1e-6)


@EMISSIONS
def test_loss_of_a_batch_is_the_mean_over_the_steps_of_its_series(has_mixture):
    tokenizer, prior = networks(has_mixture)
    batch = prior_batch(tokenizer, [5, 7], n_steps=9, has_mixture=has_mixture)
    together, gradients = loss_and_gradients(prior, batch)
    expected, total = 0.0, {name: 0.0 for name in gradients}
    for i, length in enumerate((5, 7)):
        loss, parts = loss_and_gradients(prior, first_series(batch, i, length))
        expected += loss * length / 12
        total = {name: total[name] + parts[name] * length / 12 for name in total}
    torch.testing.assert_close(together, expected)
    torch.testing.assert_close(gradients, total, rtol=1e-4, atol=1e-6)


@EMISSIONS
def test_every_weight_learns(has_mixture):
    tokenizer, prior = networks(has_mixture)
    batch = prior_batch(tokenizer, [7, 7], n_steps=7, has_mixture=has_mixture)
    _, gradients = loss_and_gradients(prior, batch)
    assert gradients.keys() == dict(prior.named_parameters()).keys()
    assert all(gradient.abs().amax() > 0 for gradient in gradients.values())


@EMISSIONS
@pytest.mark.parametrize("step", [1, 4, 6])
def test_likelihood_of_a_step_depends_on_it_and_the_past_only(has_mixture, step):
    tokenizer, prior = networks(has_mixture)
    rows, labels, _ = prior_batch(tokenizer, [7, 7], n_steps=7, has_mixture=has_mixture)
    found = []
    for some in (rows, changed_rows(rows, step)):
        parts = likelihood(prior, some, labels)
        found.append(torch.cat([parts.tokens, parts.values], -1))
    torch.testing.assert_close(found[0][:, :step], found[1][:, :step], rtol=0, atol=1e-5)
    assert (found[0][:, step] - found[1][:, step]).abs().amax() > 1e-3


def test_state_before_a_step_does_not_know_it():
    tokenizer, prior = networks(has_mixture=True)
    rows, labels, _ = prior_batch(tokenizer, [7, 7], n_steps=7, has_mixture=True)
    states = [
        prior.trunk(prior._embed_window(some.inputs, prior.start(labels), None))
        for some in (rows, changed_rows(rows, 3))
    ]
    torch.testing.assert_close(states[0][:, :4], states[1][:, :4], rtol=0, atol=1e-6)
    assert (states[0][:, 4] - states[1][:, 4]).abs().amax() > 1e-3


def test_token_probabilities_add_up_to_one():
    tokenizer, prior = networks(has_mixture=False)
    rows, _, _ = prior_batch(tokenizer, [1], n_steps=1, has_mixture=False)
    states = normal(1, 1, 16)
    total = 0.0
    for codes in torch.cartesian_prod(torch.arange(8), torch.arange(8)):
        one = rows._replace(codes=codes.view(1, 1, 2))
        total += prior.log_likelihood(states, one).tokens.sum().exp()
    torch.testing.assert_close(total, torch.tensor(1.0))


def test_codes_are_drawn_as_often_as_they_are_likely():
    tokenizer, prior = networks(has_mixture=False)
    rows, _, _ = prior_batch(tokenizer, [1], n_steps=1, has_mixture=False)
    state, n = normal(1, 16), 20_000
    uniforms = torch.rand(n, 2, generator=seeded())
    with torch.no_grad():
        drawn = prior.draw_codes(state.expand(n, -1), uniforms)
        share = torch.bincount(drawn[:, 0] * 8 + drawn[:, 1], minlength=64) / n
        pairs = torch.cartesian_prod(torch.arange(8), torch.arange(8))
        many = [rows._replace(codes=pair.view(1, 1, 2)) for pair in pairs]
        likelihood = [prior.log_likelihood(state[None], one).tokens.sum().exp() for one in many]
    error = (share - torch.stack(likelihood)).abs()
    assert (error < 4.5 * (torch.stack(likelihood) / n).sqrt()).all()


@EMISSIONS
def test_classes_are_told_apart_at_every_step(has_mixture):
    tokenizer, prior = networks(has_mixture)
    rows, _, _ = prior_batch(tokenizer, [7], n_steps=7, has_mixture=has_mixture)
    first, second = (
        prior.embed(rows.inputs, prior.start(torch.tensor([label]))) for label in (0, 1)
    )
    assert (first - second).abs().amax(-1).amin() > 1e-3


def test_noise_level_is_told():
    _, prior = networks(has_mixture=True)
    inputs, start = normal(2, 5, 3), prior.start(LABELS)
    low, high = (prior.embed(inputs, start, torch.full((2, 1, 1), v)) for v in (0.0, 0.3))
    torch.testing.assert_close(prior.embed(inputs, start), low)
    assert (low - high).abs().amax() > 0.01


def test_training_noise_comes_from_the_generator():
    tokenizer, prior = networks(has_mixture=True)
    batch = prior_batch(tokenizer, [7, 7], n_steps=7, has_mixture=True)
    before = torch.get_rng_state()
    first, again, other = (
        prior.loss(batch, TrainingStep(seeded(s), 0.5)).mean() for s in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert torch.get_rng_state().equal(before)


def test_a_window_of_one_step_can_be_trained_on():
    tokenizer, prior = networks(has_mixture=True)
    batch = prior_batch(tokenizer, [1, 1], n_steps=1, has_mixture=True)
    prior.loss(batch, TrainingStep(seeded(), 0.5)).mean().backward()
    assert prior.start_embedding.grad.abs().sum(-1).amin() > 0


def test_first_steps_of_long_windows_weigh_more_in_training():
    weights = first_steps_weigh_more(96)
    assert weights[0] == pytest.approx(12.0)
    assert (weights.diff() < 0).all()
    assert weights[-1] == pytest.approx(1.0, abs=0.12)
    assert (first_steps_weigh_more(24) == 1.0).all()
