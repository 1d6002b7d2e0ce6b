"""Density of the values of a window around its decoded points."""

import math

import pytest
import torch

from sktsgen.nn import WindowEmission
from tests.nn.networks import normal, seeded


def new_emission(*, has_mixture=True, n_features=3):
    emission = WindowEmission(n_features, 4, has_mixture=has_mixture, generator=seeded())
    for seed, parameter in enumerate(emission.parameters()):
        parameter.data += 0.1 * normal(*parameter.shape, seed=seed)
    return emission


def new_window(n_steps=6, n_features=3):
    x, points, history = (normal(2, n_steps, n_features, seed=seed) for seed in (1, 2, 3))
    known = torch.tensor([[True] * n_steps, [False] * (n_steps - 1) + [True]])
    return x, points, normal(2, n_steps, 4, seed=4), history, known


def test_errors_before_a_window_are_those_of_its_history_as_far_as_known():
    emission = new_emission()
    _, points, _, history, known = new_window()
    before = emission.errors_before(history, known, points)[:, 0]
    n_past = emission.n_past
    errors, is_known, is_inside = before.split([3 * n_past, n_past, n_past], dim=1)
    errors = errors.view(2, n_past, 3)
    newest_first = history.flip(1)[:, :n_past] - points[:, :1]
    torch.testing.assert_close(errors[0], newest_first[0])
    torch.testing.assert_close(errors[1, 0], newest_first[1, 0])
    assert (errors[1, 1:] == 0).all()
    assert is_known.tolist() == [[1] * n_past, [1] + [0] * (n_past - 1)]
    assert (is_inside == 0).all()


def test_errors_of_a_whole_window_are_those_step_by_step():
    emission = new_emission()
    x, points, _, history, known = new_window()
    before = emission.errors_before(history, known, points)
    together = emission._errors(x - points, before)
    step = before[:, 0]
    for t in range(x.shape[1]):
        torch.testing.assert_close(together[:, t], step)
        step = emission.next_errors(x[:, t] - points[:, t], step)


def test_density_of_a_step_depends_on_nothing_later():
    emission = new_emission()
    x, points, states, history, known = new_window()
    before = emission.errors_before(history, known, points)
    changed = x.clone()
    changed[:, 3:] += 1.0
    one, other = (emission.log_density(v, points, states, before) for v in (x, changed))
    assert one[:, :3].equal(other[:, :3])
    assert (one[:, 3:] - other[:, 3:]).abs().min() > 0


@pytest.mark.parametrize("has_mixture", [True, False])
def test_density_integrates_to_one(has_mixture):
    emission = new_emission(has_mixture=has_mixture, n_features=1)
    grid = torch.linspace(-30, 30, 6001)
    x = torch.zeros(6001, 2, 1)
    x[:, 1, 0] = grid
    points, states = normal(1, 2, 1).expand(6001, -1, -1), normal(1, 2, 4).expand(6001, -1, -1)
    before = torch.zeros(6001, 1, 3 * emission.n_past)
    density = emission.log_density(x, points, states, before)[:, 1, 0].exp()
    assert torch.trapezoid(density, grid).item() == pytest.approx(1.0, abs=1e-3)


def test_draws_follow_the_density():
    """The mean log density of draws is that of the density itself, by integration."""
    emission = new_emission(n_features=1)
    n = 20_000
    points, states, before = (
        normal(1, k, seed=k).expand(n, -1) for k in (1, 4, 3 * emission.n_past)
    )
    uniforms = torch.rand(n, 2, generator=seeded())
    drawn = emission.draw(points, states, before, uniforms)
    grid = torch.linspace(-30, 30, n)[:, None]
    args = points[:, None], states[:, None], before[:, None]
    of_draws, of_grid = (emission.log_density(x[:, None], *args)[:, 0, 0] for x in (drawn, grid))
    entropy = -torch.trapezoid(of_grid.exp() * of_grid, grid[:, 0]).item()
    error = of_draws.std().item() / math.sqrt(n)
    assert -of_draws.mean().item() == pytest.approx(entropy, abs=4 * error + 1e-3)


def test_without_mixture_the_draw_is_the_point():
    emission = new_emission(has_mixture=False)
    points = normal(2, 3)
    assert emission.n_uniforms == 0
    assert emission.draw(
        points, normal(2, 4), normal(2, 5 * emission.n_past), torch.rand(2, 0)
    ).equal(points)


def test_history_shorter_than_what_is_looked_at_is_known_in_part():
    emission = new_emission()
    _, points, _, history, known = new_window()
    short = emission.errors_before(history[:, -2:], known[:, -2:], points)
    hidden = known & (torch.arange(6) >= 4)
    assert short.equal(emission.errors_before(history, hidden, points))
