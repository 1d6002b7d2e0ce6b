"""What files and the training loop rely on."""

import numpy as np
import pytest
import torch

from sktsgen.nn import Network
from tests.nn.networks import new_prior, new_tokenizer, seeded
from tests.nn.test_factorized import batch_of
from tests.nn.test_token_prior import prior_batch


def test_plain_form_of_a_tokenizer_gives_the_same_network():
    tokenizer = new_tokenizer(is_quantising=True)
    again = Network.from_plain(tokenizer.to_plain())
    batch = batch_of([5, 9], n_steps=9)
    assert type(again) is type(tokenizer)
    assert again.config == tokenizer.config
    assert again.is_quantising
    assert again.loss(batch).mean() == tokenizer.loss(batch).mean()


@pytest.mark.parametrize("has_mixture", [True, False])
def test_plain_form_of_a_prior_gives_the_same_network(has_mixture):
    tokenizer = new_tokenizer(is_quantising=True)
    prior = new_prior(tokenizer, has_mixture=has_mixture)
    prior.spread.fill_(2.0)
    again = Network.from_plain(prior.to_plain())
    batch = prior_batch(tokenizer, [5, 7], n_steps=8, has_mixture=has_mixture)
    assert again.config == prior.config
    assert again.loss(batch).mean() == prior.loss(batch).mean()
    assert again.spread.equal(prior.spread)


def test_plain_form_holds_copies_of_numpy_arrays():
    tokenizer = new_tokenizer()
    arrays = tokenizer.to_plain()["arrays"]
    assert {type(array) for array in arrays.values()} == {np.ndarray}
    arrays["basis"][:] = 7.0
    assert not (tokenizer.basis == 7.0).any()


def test_weights_follow_from_the_generator_alone():
    before = torch.get_rng_state()
    torch.testing.assert_close(new_tokenizer().state_dict(), new_tokenizer().state_dict())
    assert torch.get_rng_state().equal(before)
    other = type(new_tokenizer())(**new_tokenizer().config, generator=seeded(5))
    assert not other.basis.equal(new_tokenizer().basis)


def test_frozen_networks_do_not_learn():
    tokenizer = new_tokenizer()
    assert tokenizer.frozen() is tokenizer
    assert not any(parameter.requires_grad for parameter in tokenizer.parameters())
    assert not tokenizer.training
