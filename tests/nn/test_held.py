"""Numbers that stand still: a mass at the value of the step before, a density of all else."""

import math

import pytest
import torch
from scipy.stats import kstest

from sktsgen.nn import MixtureEmission
from tests.nn.networks import normal, seeded

GRID = torch.linspace(-12.0, 12.0, 2400)
STEP = (GRID[1] - GRID[0]).item()
# The first number may be held, the second may not.
SLOTS = ((0, 0, 0, -1, 0.0, 0.0, 0.0, True), (1,))


@pytest.fixture
def emission():
    emission = MixtureEmission(
        2, 4, n_mixture=3, d_hidden=6, smallest_scale=0.02, slots=SLOTS, generator=seeded()
    )
    emission.out.data *= 6.0
    emission.from_earlier.data *= 2.0
    emission.stay.weight.data = normal(1, 6)
    return emission.requires_grad_(False)


def setting(n_rows, former=None):
    guesses = [normal(2, seed=seed).expand(n_rows, -1) for seed in (1, 2)]
    if former is not None:
        guesses[1] = torch.tensor(former).expand(n_rows, -1)
    return tuple(guesses), normal(4, seed=3).expand(n_rows, -1)


def mass_of_staying(emission):
    guesses, context = setting(1)
    return emission.log_density(guesses[1].clone(), guesses, context)[0, 0].exp()


def test_mass_and_density_add_up_to_one(emission):
    values = torch.stack([GRID, torch.zeros_like(GRID)], -1)
    density = emission.log_density(values, *setting(len(GRID)))[:, 0].exp().sum() * STEP
    stays = mass_of_staying(emission)
    assert 0.1 < stays < 0.9
    torch.testing.assert_close(density + stays, torch.tensor(1.0), rtol=0, atol=1e-4)


def test_draws_stay_as_often_as_they_should_and_follow_the_density_else(emission):
    n = 4000
    guesses, context = setting(n)
    values = emission.draw(guesses, context, torch.rand(n, 2, 2, generator=seeded(4)))
    stays = values[:, 0] == guesses[1][:, 0]
    share = mass_of_staying(emission).item()
    assert abs(stays.float().mean() - share) < 4 * math.sqrt(share * (1 - share) / n)
    moved = values[~stays][:500]
    rows = torch.stack([GRID, torch.zeros_like(GRID)], -1)
    weights = emission.log_density(rows, *setting(len(GRID)))[:, 0].exp() * STEP / (1 - share)
    ranks = (weights * (moved[:, :1] > GRID)).sum(1).numpy()
    assert kstest(ranks, "uniform").pvalue > 0.01


def test_a_number_that_may_not_be_held_never_is(emission):
    guesses, context = setting(1000)
    values = emission.draw(guesses, context, torch.rand(1000, 2, 2, generator=seeded(5)))
    assert not (values[:, 1] == guesses[1][:, 1]).any()


def test_nothing_is_held_before_the_first_step(emission):
    emission.stay.bias += 20.0
    guesses, context = setting(200, former=(0.0, 0.0))
    values = emission.draw(guesses, context, torch.rand(200, 2, 2, generator=seeded(6)))
    assert not (values[:, 0] == 0.0).any()


def test_training_starts_with_the_share_that_is_seen(emission):
    emission.stay.weight.zero_()
    emission.start_held(torch.tensor([[0.3, 0.5], [0.8, 0.5]]))
    torch.testing.assert_close(mass_of_staying(emission), torch.tensor(0.3))
    guesses, context = setting(1)
    stood = emission.log_density(guesses[1].clone(), guesses, context, guesses[1])
    torch.testing.assert_close(stood[0, 0].exp(), torch.tensor(0.8))


def test_what_is_held_goes_together_in_density_and_draws():
    slots = tuple((i, 0, 0, -1, 0.0, 0.0, 0.0, True) for i in range(2))
    emission = MixtureEmission(
        2, 4, n_mixture=3, d_hidden=6, smallest_scale=0.02, slots=slots, generator=seeded()
    ).requires_grad_(False)
    emission.stay.from_earlier[1, 0] = 3.0
    emission.stay.from_earlier[0, 1] = 9.0  # of a later number: is not seen
    n = 4000
    guesses, context = setting(n)
    values = emission.draw(guesses, context, torch.rand(n, 2, 2, generator=seeded(7)))
    stays = values == guesses[1]
    probability = torch.sigmoid(torch.tensor(3.0))
    assert abs(stays[:, 0].float().mean() - 0.5) < 0.04
    assert abs(stays[stays[:, 0], 1].float().mean() - probability) < 0.02
    guesses, context = setting(1)
    both = emission.log_density(guesses[1].clone(), guesses, context)[0]
    torch.testing.assert_close(both.exp(), torch.stack([torch.tensor(0.5), probability]))
