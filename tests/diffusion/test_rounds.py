"""The order in which levels are drawn, and what training shows of it."""

import pytest
import torch

from sktsgen.diffusion import ConditionalFlow
from sktsgen.diffusion._hiding import Hiding
from sktsgen.diffusion._patterns import PatternPool
from sktsgen.diffusion._rounds import LevelRounds
from sktsgen.nn import GaussianFill
from sktsgen.training._ranks import SharedNoise

DISCRETE = [False, True, True]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("n_timesteps", [1, 2, 5, 8, 48])
@pytest.mark.parametrize("discrete", [DISCRETE, [True], [True] * 60])
def test_every_level_is_drawn_in_one_round_and_no_number_in_any(n_timesteps, discrete):
    rounds = LevelRounds(n_timesteps, discrete)
    visible = torch.zeros(2, n_timesteps, len(discrete), dtype=torch.bool)
    times = sum(chosen.int() for chosen in rounds.rounds(visible))
    assert torch.equal(times, torch.tensor(discrete).int().expand_as(times))


def test_what_is_visible_is_not_drawn():
    visible = torch.zeros(1, 8, 3, dtype=torch.bool)
    visible[:, :4] = True
    for chosen in LevelRounds(8, DISCRETE).rounds(visible):
        assert not (chosen & visible).any()


def test_the_first_step_comes_first_column_by_column_then_the_middle():
    rounds = list(LevelRounds(8, DISCRETE).rounds(torch.zeros(1, 8, 3, dtype=torch.bool)))
    cells = [[tuple(cell) for cell in chosen[0].nonzero().tolist()] for chosen in rounds]
    assert cells[:4] == [[(0, 1)], [(0, 2)], [(4, 1)], [(4, 2)]]
    assert cells[4:6] == [[(2, 1), (6, 1)], [(2, 2), (6, 2)]]
    assert len(cells) == 8


def test_training_shows_what_is_drawn_before_a_round_and_asks_for_the_next():
    rounds = LevelRounds(8, DISCRETE)
    hidden, asked = rounds.reveal(torch.ones(4000, 8, 3, dtype=torch.bool), seeded())
    assert hidden[..., 0].all()
    assert asked[..., 0].all()
    of_levels = hidden[..., 1:].flatten(1).any(1)
    assert 0.45 < float(of_levels.float().mean()) < 0.55
    for number, place in enumerate(rounds.places[..., 1:].flatten().tolist()):
        shown = ~hidden[..., 1:].flatten(1)[of_levels, number]
        assert abs(float(shown.float().mean()) - (7 - place) / 8) < 0.05
    assert not (asked & ~hidden).any()
    first = hidden[..., 1:].flatten(1).all(1)
    assert torch.equal(asked[first][:, 1:, 1:], torch.zeros_like(asked[first][:, 1:, 1:]))


def test_a_table_without_numbers_trains_levels_alone():
    hidden, _ = LevelRounds(4, [True]).reveal(torch.ones(50, 4, 1, dtype=torch.bool), seeded())
    assert hidden.flatten(1).any(1).all()


def test_patterns_of_a_pool_are_what_the_first_guess_says_of_them_gaps_or_not():
    fill = GaussianFill(6, 3, 4)
    fill.loadings.copy_(torch.randn(18, 4, generator=seeded()))
    hiding = Hiding({"future": 1.0}, torch.zeros(3, dtype=torch.bool), 0.0, None)
    pool = PatternPool(hiding, fill, lambda visible: visible, (6, 3), 50)
    observed = torch.ones(40, 6, 3, dtype=torch.bool)
    observed[:20, 0, 1] = False
    hidden, asked, pattern = pool.pick(observed, seeded(1))
    assert torch.equal(hidden, asked)
    assert len(torch.unique(hidden, dim=0)) > 5
    expected = fill.pattern(observed & ~hidden)
    for own, other in zip(pattern, expected, strict=True):
        torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-4)


def test_ranks_come_back_to_the_patterns_of_one_process():
    """They are drawn before training, and not as the share of a rank."""
    model = ConditionalFlow(
        n_timesteps=24, widths=[1], columns=[0], n_columns=1, rank=8, n_patterns=16,
        mixture={"cells": 0.5, "future": 0.5}, metadata=[], condition_noise=0.0, d_model=8,
        n_layers=1, n_heads=1, dropout=0.0, has_column_attention=False, generator=seeded(),
    )  # fmt: skip
    model.fill.loadings.copy_(torch.randn(24, 8, generator=seeded()))
    model.prepare()
    patterns = model._pool.hidden.clone()
    observed = torch.ones(64, 24, 1, dtype=torch.bool)
    whole = model._masks(observed, seeded(5), observed).hidden
    for rank in range(2):
        share = slice(rank, None, 2)
        with SharedNoise(rank, 2, 32):
            part = model._masks(observed[share], seeded(5), observed).hidden
        assert torch.equal(part, whole[share])
    assert torch.equal(model._pool.hidden, patterns)
