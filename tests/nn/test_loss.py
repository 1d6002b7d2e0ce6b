"""Losses are sums of means whose parts add up."""

import pytest
import torch

from sktsgen.nn import Loss, mean_of, mean_where
from tests.nn.networks import seeded

ERRORS = torch.rand(7, 4, generator=seeded())
COUNTED = torch.rand(7, 4, generator=seeded(1)) < 0.4


def joined(*parts):
    """Put the losses of shares of a batch together."""
    return Loss(sum(part.totals for part in parts), sum(part.weights for part in parts))


def test_errors_that_count_are_averaged():
    loss = mean_where(ERRORS, COUNTED)
    torch.testing.assert_close(loss.mean(), ERRORS[COUNTED].mean())
    torch.testing.assert_close(mean_of(ERRORS).mean(), ERRORS.mean())


@pytest.mark.parametrize("weights", [COUNTED, ERRORS.flip(0)], ids=["flags", "weights"])
@pytest.mark.parametrize("n_first", [1, 3, 6])
def test_shares_of_a_batch_add_up_to_the_batch(n_first, weights):
    def loss(rows):
        own = ERRORS[rows]
        return mean_where(own, weights[rows]) + 0.5 * mean_of(own.square())

    whole, first, rest = (loss(rows) for rows in (slice(7), slice(n_first), slice(n_first, 7)))
    torch.testing.assert_close(joined(first, rest).mean(), whole.mean())
    assert (first.mean() + rest.mean()) / 2 != whole.mean()


def test_terms_are_summed_with_their_factors():
    loss = mean_of(ERRORS) + 2.0 * mean_of(ERRORS + 1.0)
    torch.testing.assert_close(loss.mean(), 3.0 * ERRORS.mean() + 2.0)


def test_the_mean_of_nothing_is_zero_with_a_gradient_of_zero():
    errors = ERRORS.clone().requires_grad_()
    loss = mean_where(errors, torch.zeros_like(COUNTED)) + mean_of(errors[:0])
    loss.mean().backward()
    assert loss.mean() == 0.0
    assert errors.grad.eq(0.0).all()
