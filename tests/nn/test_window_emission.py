"""Density of the values of a window given its plan, step by step."""

import math

import pytest
import torch

from sktsgen.decoding import GivenNoise, decode
from sktsgen.nn import Plan, ValueDecoder, WindowEmission, all_known, mark
from tests.nn.networks import normal, seeded

D_MODEL = 8


def new_emission(*, has_mixture=True, n_features=3, n_timesteps=6, **options):
    emission = WindowEmission(
        n_features,
        4,
        n_timesteps=n_timesteps,
        has_mixture=has_mixture,
        d_model=D_MODEL,
        n_layers=2,
        n_heads=2,
        generator=seeded(),
        **options,
    )
    for seed, parameter in enumerate(emission.parameters()):
        parameter.data += 0.1 * normal(*parameter.shape, seed=seed)
    return emission


def new_window(n_steps=6, n_features=3, n_series=2):
    values, points, history = (
        normal(n_series, n_steps, n_features, seed=seed) for seed in (1, 2, 3)
    )
    known = (torch.arange(n_steps) >= n_steps - 2).expand(n_series, -1).clone()
    known[0] = True
    plan = Plan.of(points, normal(n_series, n_steps, 4, seed=4))
    return values, plan, mark(history, known), normal(n_series, 1, D_MODEL, seed=5)


@pytest.mark.parametrize(("n_timesteps", "n_given"), [(1, 0), (2, 0), (6, 0), (6, 1), (40, 10)])
def test_stepwise_and_whole_states_agree(n_timesteps, n_given):
    """Also where the history is longer than what is read of it, and steps are given."""
    emission = new_emission(n_timesteps=n_timesteps)
    values, plan, past, about = new_window(n_timesteps)
    seen = []

    class Watched(ValueDecoder):
        def advance(self, states, uniforms):
            seen.append(states)
            return super().advance(states, uniforms)

    bounds = torch.tensor([[-9.0] * 3, [9.0] * 3])
    steps = (1,) * (n_timesteps - n_given)
    noise = GivenNoise(torch.rand(2, len(steps), emission.n_uniforms, generator=seeded()))
    given, new = plan.split(n_given)
    values = mark(values[:, :n_given], all_known(values[:, :n_given]))
    latest = torch.cat([past, values], 1)[:, n_given:]
    with torch.no_grad():
        decoder = Watched(emission, new, latest, about, bounds)
        cache = emission.begin(latest, given, about)
        (drawn,) = decode(decoder, decoder.start(), cache, blocks=steps, noise=noise)
        both = torch.cat([past, values, mark(drawn, all_known(drawn))], 1)
        whole = emission._states(both, plan, about, None, None)
    torch.testing.assert_close(torch.cat(seen, 1), whole[:, n_given:], atol=1e-5, rtol=0)


def test_draws_of_a_step_stay_within_the_bounds():
    emission = new_emission()
    values, plan, past, about = new_window(n_series=50)
    bounds = torch.tensor([[-1.0] * 3, [1.5] * 3])
    decoder = ValueDecoder(emission, plan, past, about, bounds)
    noise = GivenNoise(torch.rand(50, 6, emission.n_uniforms, generator=seeded()))
    cache = emission.begin(past, plan.split(0)[0], about)
    (drawn,) = decode(decoder, decoder.start(), cache, blocks=(1,) * 6, noise=noise)
    assert drawn.shape == values.shape
    assert drawn.min() == -1.0
    assert drawn.max() == 1.5


def test_density_of_a_step_depends_on_nothing_later():
    """On no later value and on no later part of the plan."""
    emission = new_emission()
    values, plan, past, about = new_window()
    changed = values.clone()
    changed[:, 3:] += 1.0
    later = Plan(plan.points.clone(), plan.states.clone(), plan.moves)
    later.states[:, 4:] += 1.0
    one = emission.log_density(values, plan, past, about)
    other = emission.log_density(changed, plan, past, about)
    assert one[:, :3].equal(other[:, :3])
    assert (one[:, 3:] - other[:, 3:]).abs().min() > 0
    other = emission.log_density(values, later, past, about)
    torch.testing.assert_close(one[:, :4], other[:, :4])
    assert (one[:, 4:] - other[:, 4:]).abs().max() > 1e-3


def test_first_step_depends_on_the_history_as_far_as_known_and_on_the_series():
    emission = new_emission()
    values, plan, past, about = new_window()
    one = emission.log_density(values, plan, past, about)[1, 0]
    for step, is_seen in [(-1, True), (-2, True)]:
        changed = past.clone()
        changed[:, step, :-1] += 1.0
        other = emission.log_density(values, plan, changed, about)[1, 0]
        assert ((one - other).abs().max() > 1e-4) == is_seen
    other = emission.log_density(values, plan, past, about + 1.0)[1, 0]
    assert (one - other).abs().max() > 1e-3


@pytest.mark.parametrize("has_mixture", [True, False])
def test_density_integrates_to_one(has_mixture):
    emission = new_emission(has_mixture=has_mixture, n_features=1, n_timesteps=2)
    grid = torch.linspace(-30, 30, 6001)
    _, plan, past, about = (part for part in new_window(2, 1, 1))
    plan = Plan(*(part.expand(6001, -1, -1) for part in plan))
    past, about = past.expand(6001, -1, -1), about.expand(6001, -1, -1)
    values = torch.zeros(6001, 2, 1)
    values[:, 1, 0] = grid
    density = emission.log_density(values, plan, past, about)[:, 1, 0].exp()
    assert torch.trapezoid(density, grid).item() == pytest.approx(1.0, abs=1e-3)


def test_draws_follow_the_density():
    """The mean log density of draws is that of the density itself, by integration."""
    emission = new_emission(n_features=1, n_timesteps=1)
    n = 20_000
    _, plan, past, about = new_window(1, 1, 1)
    plan = Plan(*(part.expand(n, -1, -1) for part in plan))
    past, about = past.expand(n, -1, -1), about.expand(n, -1, -1)
    noise = GivenNoise(torch.rand(n, 1, emission.n_uniforms, generator=seeded()))
    far = torch.tensor([[-99.0], [99.0]])
    with torch.no_grad():
        decoder = ValueDecoder(emission, plan, past, about, far)
        cache = emission.begin(past, plan.split(0)[0], about)
        (drawn,) = decode(decoder, decoder.start(), cache, blocks=(1,), noise=noise)
        grid = torch.linspace(-30, 30, n)[:, None, None]
        of_draws, of_grid = (
            emission.log_density(x, plan, past, about)[:, 0, 0] for x in (drawn, grid)
        )
    entropy = -torch.trapezoid(of_grid.exp() * of_grid, grid[:, 0, 0]).item()
    error = of_draws.std().item() / math.sqrt(n)
    assert -of_draws.mean().item() == pytest.approx(entropy, abs=4 * error + 1e-3)


def test_noise_is_on_what_is_known_alone_and_relative_to_its_spread():
    emission = new_emission()
    emission.spread.copy_(torch.tensor([0.0, 1.0, 2.0]))
    _, _, past, _ = new_window()
    level = torch.full((2, 1, 1), 0.5)
    moved = emission.with_noise(past, level, seeded()) - past
    assert (moved[..., 0] == 0).all()
    assert (moved[..., -1] == 0).all()
    assert (moved[1, :4] == 0).all()
    assert (moved[0, :, 1:3].abs() > 0).all()
    assert emission.with_noise(past, None, None) is past
