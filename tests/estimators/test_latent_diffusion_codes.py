"""Points of levels that are placed as the levels follow each other."""

import numpy as np
import pytest
import torch

from sktsgen.diffusion import ConditionalFlow
from sktsgen.estimators._latent_diffusion_codes import learn_levels
from sktsgen.estimators._latent_diffusion_rows import Rows
from sktsgen.nn import LevelCodes

N_LEVELS = 24


def placed(levels, *, observed=None):
    n_rows = len(levels)
    one_hot = torch.eye(N_LEVELS)[levels]
    features = torch.cat([torch.zeros(n_rows, 1), one_hot], dim=1)
    observed = np.ones((n_rows, 2), dtype=bool) if observed is None else observed
    network = ConditionalFlow(
        n_timesteps=4,
        widths=[1, N_LEVELS],
        columns=[0, 1],
        n_columns=2,
        rank=0,
        mixture={"everything": 1.0},
        metadata=[],
        d_model=4,
        n_layers=1,
        n_heads=1,
        dropout=0.0,
        has_rounds=True,
        generator=torch.Generator().manual_seed(0),
    )
    learn_levels(network, Rows(features.numpy(), observed, np.array([n_rows])))
    return network.codes, features


def test_hours_of_the_day_move_along_by_one_linear_map():
    hours = np.arange(1000) % N_LEVELS
    codes, features = placed(hours)
    points = codes.embed(features)[:, 1:].double()
    step = torch.linalg.lstsq(points[:-1], points[1:]).solution
    ahead = points[:-12] @ torch.linalg.matrix_power(step, 12)
    torch.testing.assert_close(ahead, points[12:], atol=0.02, rtol=0)
    usual = LevelCodes([1, N_LEVELS]).embed(features)[:, 1:].double()
    step = torch.linalg.lstsq(usual[:-1], usual[1:]).solution
    assert (usual[:-1] @ step - usual[1:]).abs().max() > 0.3


def test_placed_levels_are_found_again_and_have_length_one():
    codes, features = placed(np.arange(1000) % N_LEVELS)
    torch.testing.assert_close(codes.nearest(codes.embed(features)), features)
    lengths = codes.points(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(N_LEVELS))
    rows = codes.embed(features)
    found = codes.posterior(rows, torch.full_like(rows, 0.01), rows.mean(0), rows.std(0))
    assert torch.equal(found.argmax(-1), features[:, 1:].argmax(-1))


@pytest.mark.parametrize("kind", ["unseen pairs", "one after all"])
def test_levels_that_would_be_hard_to_tell_apart_keep_their_points(kind):
    usual = LevelCodes([1, N_LEVELS]).points(1)
    levels = np.repeat(np.arange(N_LEVELS), 2)
    observed = np.ones((len(levels), 2), dtype=bool)
    if kind == "unseen pairs":
        observed[::2, 1] = False
    else:  # all levels are followed by the first: none is told by what follows
        levels[::2], levels[1::2] = 0, np.arange(N_LEVELS)
    codes, _ = placed(levels, observed=observed)
    torch.testing.assert_close(codes.points(1), usual)


def test_few_levels_say_by_their_mean_how_probable_each_is():
    codes = LevelCodes([1, 12], has_room=True)
    shares = torch.rand(5, 12).softmax(-1)
    mean = codes.embed(torch.cat([torch.zeros(5, 1), shares], dim=1))
    prior = torch.zeros(12), torch.ones(12)
    found = codes.posterior(mean, torch.ones(5, 12), *prior).softmax(-1)
    torch.testing.assert_close(found, shares, atol=1e-5, rtol=1e-4)
