"""Which discrete columns say when others change, and what that does for draws."""

import numpy as np
import pandas as pd
import torch

from sktsgen import LatentDiffusionGenerator
from sktsgen.estimators._latent_diffusion_parents import Steps, choose_parents
from tests.estimators.diffusion_models import honest

N_HOURS, N_DAYS = 12, 7


def steps_of(levels, n_levels):
    one_hot = torch.eye(n_levels)[torch.as_tensor(levels)]
    return Steps(one_hot[:-1], one_hot[1:], torch.ones(len(levels) - 1, dtype=torch.bool))


def days(n_rows=4000):
    """Hours, and days that change at midnight."""
    hour = np.arange(n_rows) % N_HOURS
    return hour, np.arange(n_rows) // N_HOURS % N_DAYS


def test_days_change_by_the_hour_and_hours_by_nothing():
    hour, day = days()
    assert choose_parents([steps_of(day, N_DAYS), steps_of(hour, N_HOURS)]) == [[1], []]


def test_parents_are_found_among_some_of_many_steps(monkeypatch):
    monkeypatch.setattr("sktsgen.estimators._latent_diffusion_parents._MOST_STEPS", 2000)
    hour, day = days(8000)
    assert choose_parents([steps_of(day, N_DAYS), steps_of(hour, N_HOURS)]) == [[1], []]


def test_what_says_nothing_is_no_parent_however_many_levels_it_has():
    rng = np.random.default_rng(0)
    weather = np.cumsum(rng.random(600) < 0.2) % 3
    code = rng.integers(0, 30, 600)
    assert choose_parents([steps_of(weather, 3), steps_of(code, 30)]) == [[], []]


def test_two_tell_what_one_does_not_and_there_are_no_cycles():
    """Work stops at weekends: days change by the hour, and work by hour and day."""
    hour, day = days()
    steps = [steps_of((day < 5).astype(int), 2), steps_of(hour, N_HOURS), steps_of(day, N_DAYS)]
    work, *others = choose_parents(steps)
    assert others == [[], [1]]
    assert sorted(work) in ([2], [1, 2])


def test_days_that_are_drawn_change_at_midnight_and_go_on():
    """Days stand before the hours that tell when they change."""
    hour, day = days()
    load = np.sin(2 * np.pi * hour / N_HOURS)
    table = pd.DataFrame({"day": pd.Categorical(day), "hour": hour, "load": load})
    model = honest(LatentDiffusionGenerator, window_length=24, max_epochs=2)
    drawn = model.fit(table).sample(60, length=48, random_state=0)
    changes = [
        (series["hour"].iloc[1:], series["day"].astype(int).diff().iloc[1:] % N_DAYS)
        for _, series in drawn.groupby(level=0)
    ]
    hours, moves = (np.concatenate(part) for part in zip(*changes, strict=True))
    assert (moves[hours == 0] == 1).mean() > 0.9
    assert (moves[hours != 0] == 0).mean() > 0.98
