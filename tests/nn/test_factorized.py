"""Stage 1: basis, quantised coefficients, residual decoder."""

import pytest
import torch

from sktsgen.nn import ResidualDecoder, TrainingStep
from tests.nn.networks import new_tokenizer, normal, seeded

LABELS = torch.tensor([0, 1])


def new_decoder():
    decoder = ResidualDecoder(4, 3, 16, seeded())
    decoder.outward.weight.data.copy_(normal(3, 16))
    return decoder


def batch_of(lengths, *, n_steps):
    """Series of `lengths`, padded with noise up to `n_steps`."""
    x = normal(len(lengths), n_steps, 3)
    for i, length in enumerate(lengths):
        x[i, :length] = normal(length, 3, seed=10 + i)
    observed = torch.arange(n_steps) < torch.tensor(lengths)[:, None]
    return x, LABELS[: len(lengths)], observed


def loss_and_gradients(network, batch):
    network.zero_grad()
    loss = network.loss(batch).mean()
    loss.backward()
    gradients = {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}
    return loss.detach(), gradients


@pytest.mark.parametrize("is_quantising", [False, True])
def test_padding_changes_neither_loss_nor_gradient(is_quantising):
    tokenizer = new_tokenizer(is_quantising=is_quantising)
    loss, gradients = loss_and_gradients(tokenizer, batch_of([5, 9], n_steps=9))
    padded_loss, padded = loss_and_gradients(tokenizer, batch_of([5, 9], n_steps=14))
    torch.testing.assert_close(padded_loss, loss)
    torch.testing.assert_close(padded, gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("is_quantising", [False, True])
def test_loss_of_a_batch_is_the_mean_over_the_steps_of_its_series(is_quantising):
    tokenizer = new_tokenizer(is_quantising=is_quantising)
    together, gradients = loss_and_gradients(tokenizer, batch_of([5, 9], n_steps=12))
    x, labels, observed = batch_of([5, 9], n_steps=12)
    expected, total = 0.0, {name: 0.0 for name in gradients}
    for i, length in enumerate((5, 9)):
        alone = (x[i : i + 1, :length], labels[i : i + 1], observed[i : i + 1, :length])
        loss, parts = loss_and_gradients(tokenizer, alone)
        expected += loss * length / 14
        total = {name: total[name] + parts[name] * length / 14 for name in total}
    torch.testing.assert_close(together, expected)
    torch.testing.assert_close(gradients, total, rtol=1e-4, atol=1e-6)


def test_quantisation_begins_with_training():
    tokenizer, batch = new_tokenizer(), batch_of([30, 30], n_steps=30)
    tokenizer.loss(batch)
    assert not tokenizer.is_quantising
    tokenizer.loss(batch, TrainingStep(seeded(), 0.5))
    assert tokenizer.is_quantising
    with torch.no_grad():
        coefficients = tokenizer.continuous(batch[0]).flatten(0, 1)
    error = coefficients - tokenizer.quantizer(coefficients).values
    assert error.square().mean() < 0.2 * coefficients.square().mean()


def test_codebooks_never_learn_from_padding():
    tokenizer = new_tokenizer(is_quantising=True)
    other = new_tokenizer(is_quantising=True)
    step = TrainingStep(seeded(), 0.9)
    tokenizer.loss(batch_of([5, 9], n_steps=9), step)
    other.loss(batch_of([5, 9], n_steps=30), step)
    torch.testing.assert_close(
        tokenizer.quantizer.codebooks(), other.quantizer.codebooks(), rtol=0, atol=1e-6
    )


def test_evaluation_changes_nothing():
    tokenizer = new_tokenizer(is_quantising=True)
    before = {name: t.clone() for name, t in tokenizer.state_dict().items()}
    first = tokenizer.loss(batch_of([5, 9], n_steps=9)).mean()
    assert tokenizer.loss(batch_of([5, 9], n_steps=9)).mean() == first
    assert all(t.equal(before[name]) for name, t in tokenizer.state_dict().items())


def test_a_time_step_is_encoded_by_itself():
    tokenizer, x = new_tokenizer(is_quantising=True), normal(2, 7, 3)
    codes = tokenizer.encode(x)
    assert codes[1, 4].equal(tokenizer.encode(x[1, 4]))


def test_decoded_codes_are_coefficients_times_basis_plus_residual_decoder():
    tokenizer, x = new_tokenizer(is_quantising=True, n_classes=0), normal(2, 7, 3)
    coefficients = tokenizer.coefficients(tokenizer.encode(x))
    expected = coefficients @ tokenizer.basis + tokenizer.residual_decoder(coefficients)
    torch.testing.assert_close(tokenizer.decode(coefficients, LABELS), expected)


def test_classes_agree_until_their_bases_differ():
    tokenizer, coefficients = new_tokenizer(), normal(2, 5, 4)
    first, second = (tokenizer.combine(coefficients, torch.full((2,), c)) for c in (0, 1))
    assert first.equal(second)
    tokenizer.class_basis.data[1] = normal(4, 3)
    changed = tokenizer.combine(coefficients, LABELS)
    torch.testing.assert_close(changed[0], first[0])
    expected = first[1] + coefficients[1] @ normal(4, 3)
    torch.testing.assert_close(changed[1], expected)


def test_basis_begins_with_the_principal_directions():
    tokenizer = new_tokenizer()
    x = normal(500, 3) * torch.tensor([5.0, 1.0, 0.2]) + 7.0
    tokenizer.initialise_basis(x)
    covariance = torch.cov((x @ tokenizer.basis[:3].T).T)
    variances = covariance.diag()
    torch.testing.assert_close(covariance, variances.diag(), rtol=0, atol=1e-3)
    assert (variances.diff() < 0).all()


# The residual decoder.


def test_residual_decoder_is_zero_at_first():
    assert not ResidualDecoder(4, 3, 16, seeded())(normal(2, 9, 4)).any()


def test_residual_decoder_looks_back_as_far_as_its_reach():
    decoder, coefficients = new_decoder(), normal(1, 30, 4)
    other = coefficients.clone()
    other[0, 12] += 1.0
    felt = (decoder(coefficients) - decoder(other))[0].abs().amax(-1) > 1e-6
    assert torch.nonzero(felt)[:, 0].tolist() == list(range(12, 12 + ResidualDecoder.reach + 1))


def test_residual_decoder_of_a_longer_series_begins_alike():
    decoder, coefficients = new_decoder(), normal(2, 30, 4)
    torch.testing.assert_close(decoder(coefficients)[:, :11], decoder(coefficients[:, :11]))
