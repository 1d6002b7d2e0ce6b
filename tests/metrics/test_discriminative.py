import numpy as np
import pytest
import torch

from sktsgen.metrics import _discriminative as module
from sktsgen.metrics import discriminative_score

JUDGES = ["gru-small", "gru-strong"]


@pytest.fixture
def quick(monkeypatch):
    """Train judges for an eighth of their iterations, at a learning rate that makes up for it."""
    quick = {
        name: judge._replace(n_iterations=judge.n_iterations // 8, learning_rate=1e-2)
        for name, judge in module.JUDGES.items()
    }
    monkeypatch.setattr(module, "JUDGES", quick)


def test_protocols_are_those_of_the_docs():
    assert module.JUDGES["gru-small"] == (None, 1, 2000, 1e-3)
    assert module.JUDGES["gru-strong"] == (32, 2, 800, 2e-3)


@pytest.mark.parametrize("judge", JUDGES)
def test_real_against_real_is_near_the_coin(judge, quick, real, fresh):
    score = discriminative_score(real, fresh, judge=judge, n_repeats=2, random_state=0)
    assert score < 0.1


@pytest.mark.parametrize("judge", JUDGES)
def test_a_shift_is_caught(judge, quick, real, fresh):
    score = discriminative_score(real, fresh + 8, judge=judge, n_repeats=1, random_state=0)
    assert score > 0.45


def test_shuffled_time_is_caught_by_the_strong_judge(quick, real, shuffled):
    strong = discriminative_score(real, shuffled, judge="gru-strong", n_repeats=1, random_state=0)
    assert strong > 0.15


def test_score_grows_with_the_noise(quick, real, fresh):
    noise = np.random.default_rng(3).standard_normal(fresh.shape)
    scores = [
        discriminative_score(
            real, fresh + level * noise, judge="gru-strong", n_repeats=1, random_state=0
        )
        for level in (0, 1, 4)
    ]
    assert scores == sorted(scores)
    assert scores[-1] > 0.3


def test_an_int_repeats_the_score_and_repeats_differ(quick, real, fresh):
    first, again = (
        discriminative_score(real, fresh, n_repeats=2, random_state=4, return_std=True)
        for _ in range(2)
    )
    assert first == again
    assert first[1] > 0


def test_global_streams_are_left_alone(quick, real, fresh):
    before = torch.get_rng_state()
    discriminative_score(real, fresh, n_repeats=1, random_state=0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("n_channels", "width"), [(1, 1), (7, 3), (28, 14)])
def test_the_small_judge_is_half_as_wide_as_the_data(n_channels, width, quick):
    X = np.random.default_rng(0).standard_normal((10, 3, n_channels))
    sides = (torch.tensor(X, dtype=torch.float32),) * 2
    judge = module.JUDGES["gru-small"]._replace(n_iterations=1)
    network = module._train(sides, judge, torch.Generator().manual_seed(0))
    assert network.recurrence.hidden_size == width


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"judge": "human"}, r"judge='human' is not known; choose from \['gru-small'"),
        ({"n_repeats": 0}, "n_repeats=0; give at least 1"),
    ],
)
def test_bad_arguments_are_named(arguments, message, real):
    with pytest.raises(ValueError, match=message):
        discriminative_score(real, real, **arguments)


def test_too_few_windows_are_refused(real):
    with pytest.raises(ValueError, match="X_synthetic has 4 windows; a split needs at least 5"):
        discriminative_score(real, real[:4])
