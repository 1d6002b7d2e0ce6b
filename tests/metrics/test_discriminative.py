from unittest.mock import Mock

import numpy as np
import pytest
import torch

from sktsgen.metrics import _judges as module
from sktsgen.metrics import discriminative_score
from sktsgen.metrics._discriminative import _one_verdict as one_verdict
from sktsgen.metrics._discriminative import _split_both as split_both
from sktsgen.metrics._discriminative import _thinned as thinned

JUDGES = ["gru-small", "gru-strong", "conv", "boosting"]


@pytest.fixture
def quick(monkeypatch):
    """Train judges for a few iterations, at a learning rate that makes up for it."""
    for name, n_iterations in (("gru-small", 200), ("gru-strong", 60)):
        quick = module.JUDGES[name]._replace(n_iterations=n_iterations, learning_rate=1e-2)
        monkeypatch.setitem(module.JUDGES, name, quick)
    quick = module.JUDGES["conv"]._replace(max_iterations=75, learning_rate=5e-3, patience=3)
    monkeypatch.setitem(module.JUDGES, "conv", quick)
    monkeypatch.setitem(module.JUDGES, "boosting", module.BoostingJudge(40))


def test_protocols_are_those_of_the_docs():
    assert module.JUDGES["gru-small"] == (None, 1, 2000, 1e-3)
    assert module.JUDGES["gru-strong"] == (32, 2, 800, 2e-3)


@pytest.mark.parametrize("judge", JUDGES)
def test_real_against_real_is_near_the_coin(judge, quick, real, fresh):
    score = discriminative_score(real, fresh, judge=judge, n_repeats=1, random_state=0)
    assert score < 0.12


@pytest.mark.parametrize("judge", JUDGES)
def test_a_shift_is_caught(judge, quick, real, fresh):
    score = discriminative_score(real, fresh + 8, judge=judge, n_repeats=1, random_state=0)
    assert score > 0.45


@pytest.mark.parametrize("judge", JUDGES[1:])
def test_shuffled_time_is_caught_by_a_judge_that_sees(judge, quick, real, shuffled):
    score = discriminative_score(real, shuffled, judge=judge, n_repeats=1, random_state=0)
    assert score > 0.15


@pytest.mark.parametrize("judge", JUDGES)
def test_score_lies_between_where_half_of_the_windows_are_shifted(judge, quick, real, fresh):
    """Between the floor and the shift above: what is not spoilt is a coin to any judge."""
    half = np.concatenate((fresh[:200] + 8, fresh[200:]))
    score = discriminative_score(real, half, judge=judge, n_repeats=1, random_state=0)
    assert score == pytest.approx(0.25, abs=0.1)


def test_score_grows_with_the_noise(quick, real, fresh):
    noise = np.random.default_rng(3).standard_normal(fresh.shape)
    scores = [
        discriminative_score(
            real, fresh + level * noise, judge="gru-strong", n_repeats=1, random_state=0
        )
        for level in (0, 4)
    ]
    assert scores == sorted(scores)
    assert scores[-1] > 0.3


@pytest.fixture
def hasty(monkeypatch):
    """Train the default judge a few iterations only, where what it finds does not matter."""
    hasty = module.JUDGES["gru-small"]._replace(n_iterations=40, learning_rate=1e-2)
    monkeypatch.setitem(module.JUDGES, "gru-small", hasty)


def test_an_int_repeats_the_score_and_repeats_differ(hasty, real, fresh):
    first, again = (
        discriminative_score(real, fresh, n_repeats=2, random_state=4, return_std=True)
        for _ in range(2)
    )
    assert first == again
    assert first[1] > 0


def test_global_streams_are_left_alone(hasty, real, fresh):
    before = torch.get_rng_state()
    discriminative_score(real, fresh, n_repeats=1, random_state=0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("n_channels", "width"), [(1, 1), (7, 3), (28, 14)])
def test_the_small_judge_is_half_as_wide_as_the_data(n_channels, width):
    generator = torch.Generator().manual_seed(0)
    network = module.JUDGES["gru-small"].build(n_channels, generator)
    assert network.recurrence.hidden_size == width


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"judge": "human"}, r"judge='human' is not known; choose from \['boosting'"),
        ({"n_repeats": 0}, "n_repeats=0; give at least 1"),
    ],
)
def test_bad_arguments_are_named(arguments, message, real):
    with pytest.raises(ValueError, match=message):
        discriminative_score(real, real, **arguments)


def test_too_few_windows_are_refused(real):
    with pytest.raises(ValueError, match="X_synthetic has 4 windows; a split needs at least 5"):
        discriminative_score(real, real[:4])


@pytest.mark.parametrize("n_windows", [5, 6, 7])
@pytest.mark.parametrize("judge", ["conv", "boosting"])
def test_five_windows_are_enough(n_windows, judge, quick, real, fresh):
    """What a judge keeps back to stop by must not be less than a window a side."""
    sides = real[:n_windows], fresh[:n_windows] + 8
    assert 0 <= discriminative_score(*sides, judge=judge, n_repeats=2, random_state=0) <= 0.5


def with_levels(seed, n_blocks=30, per_block=20):
    """Windows of blocks that each have a level of their own in every channel."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.standard_normal((n_blocks, 3)), per_block, axis=0)[:, None]
    return level + 0.01 * rng.standard_normal((n_blocks * per_block, 4, 3))


def test_blocks_kept_apart_cannot_be_recognised():
    """Each block has its own level: told at once where it was learnt, not where it is new."""
    real, other = with_levels(0), with_levels(1)
    blocks = np.repeat(np.arange(30), 20)
    arguments = {"judge": "boosting", "n_repeats": 1, "random_state": 0}
    mixed = discriminative_score(real, other, **arguments)
    apart = discriminative_score(real, other, groups=(blocks, 100 + blocks), **arguments)
    assert mixed > 0.45
    assert apart < 0.25


def test_a_block_is_on_one_side_of_the_split_on_both_sides():
    blocks = [torch.arange(20).repeat_interleave(5), torch.arange(20).repeat_interleave(3)]
    sides = tuple(block.float()[:, None, None] for block in blocks)
    generator = torch.Generator().manual_seed(0)
    parts = split_both(sides, blocks, generator)
    learnt, judged = ({*torch.cat(part).ravel().tolist()} for part in zip(*parts, strict=True))
    assert learnt.isdisjoint(judged)
    assert learnt | judged == set(range(20))
    assert len(judged) == 4


@pytest.mark.parametrize("judge", JUDGES[1:])
def test_more_windows_of_one_side_are_no_difference(judge, quick, fresh):
    """Whoever guessed the larger of 400 and 40 would be right 91 % of the time."""
    few = fresh[::10]
    for sides in ((fresh[1::2], few), (few, fresh[1::2])):
        assert discriminative_score(*sides, judge=judge, n_repeats=4, random_state=0) < 0.2


def test_the_larger_side_is_thinned_out_evenly_and_takes_its_blocks_along():
    sides = np.arange(100.0)[:, None, None], np.arange(40.0)[:, None, None]
    (real, synthetic), (blocks, _) = thinned(sides, [np.arange(100) // 10])
    assert len(real) == len(real.unique()) == len(synthetic) == 40
    assert real.ravel().diff().max() <= 5
    assert (blocks == real.ravel() // 10).all()


def test_a_judge_that_knows_nothing_is_a_coin_in_blocks_of_any_size():
    """The block judged holds 90 of the real windows, and of the generated ones a fifth is."""
    ignorant = Mock(verdicts=lambda train, test, _: [torch.ones(len(s)).bool() for s in test])
    sides = torch.zeros(100, 4, 1), torch.zeros(100, 4, 1)
    blocks = [torch.arange(100) // 90, None]
    assert one_verdict(sides, ignorant, blocks, torch.Generator().manual_seed(0)) == 0


def test_a_list_of_two_arrays_is_a_pair(hasty, real, fresh):
    blocks = np.arange(400) // 40
    scores = [
        discriminative_score(real, fresh, groups=pair, n_repeats=1, random_state=0)
        for pair in ((blocks, blocks), [blocks, blocks], [[*blocks], [*blocks]])
    ]
    assert scores[0] == scores[1] == scores[2]
    alone = [
        discriminative_score(real, fresh, groups=group, n_repeats=1, random_state=0)
        for group in (blocks, [*blocks], (*blocks,))
    ]
    assert alone[0] == alone[1] == alone[2]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0, 1], r"groups has shape \(2,\) for 400 windows"),
        (np.zeros(400), "groups has 1 block; give at least 2"),
        ([np.arange(400), np.arange(3)], r"groups has shape \(3,\) for 400 windows"),
        ((np.arange(400),) * 3, "groups has 3 parts; give the blocks of the real windows, or a"),
    ],
)
def test_bad_groups_are_named(groups, message, real):
    with pytest.raises(ValueError, match=message):
        discriminative_score(real, real, groups=groups)


def test_statistics_of_a_window_of_one_step_are_finite():
    assert np.isfinite(module.window_statistics(np.ones((4, 1, 3)))).all()


def test_statistics_of_a_known_window():
    window = np.array([[[0.0, 0.0], [1.0, -2.0], [2.0, -4.0], [3.0, -6.0]]])
    statistics = module.window_statistics(window)
    assert statistics.shape == (1, 14 * 2 + 1)
    assert statistics[0, :6].tolist() == [0, 0, 3, -6, 1.5, -3]
    assert statistics[0, -1] == pytest.approx(-1)
