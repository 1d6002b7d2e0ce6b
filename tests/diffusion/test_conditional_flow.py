"""The model of windows, untrained: it draws from its first guess."""

import pickle

import numpy as np
import pytest
import torch

from sktsgen.diffusion import SAMPLERS, ConditionalFlow, FlowBatch
from sktsgen.estimators._latent_diffusion_stretch import deviations
from sktsgen.nn import Network, TrainingStep

MIXTURE = {"cells": 0.5, "future": 0.5}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def new_flow(*, rank=12, metadata=(), condition_noise=0.0, has_rounds=False):
    """Two numbers and a column of three levels, in windows of six steps; an always known number."""
    flow = ConditionalFlow(
        n_timesteps=6,
        widths=[1, 1, 3, 1],
        columns=[0, 1, 2, 3],
        n_columns=3,
        rank=rank,
        mixture=MIXTURE,
        metadata=list(metadata),
        condition_noise=condition_noise,
        d_model=16,
        n_layers=2,
        n_heads=4,
        dropout=0.0,
        is_recalibrated=True,
        has_rounds=has_rounds,
        generator=seeded(),
    )
    if rank:
        distance = (torch.arange(6)[:, None] - torch.arange(6)).abs()
        covariance = torch.kron(0.7**distance, 0.5 * torch.eye(5) + 0.5 * torch.ones(5, 5))
        flow.fill.learn(torch.zeros(5), covariance.double(), smallest=1e-4)
    return flow


def windows(n, seed=1):
    generator = seeded(seed)
    levels = torch.randint(3, (n, 6), generator=generator)
    one_hot = torch.nn.functional.one_hot(levels, 3).float()
    numbers = torch.randn(n, 6, 3, generator=generator)
    features = torch.cat([numbers[..., :2], one_hot, numbers[..., 2:]], dim=-1)
    return features, torch.rand(n, 6, 3, generator=generator) < 0.6


@torch.no_grad()
def drawn(flow, features, visible, n_draws, *, sampler="midpoint", n_steps=8):
    every = features[:, None].expand(-1, n_draws, -1, -1)
    noise = torch.randn(len(features), n_draws, flow.n_noise, generator=seeded(2))
    return flow.draw(every, visible, noise, sampler=SAMPLERS[sampler], n_steps=n_steps)


def loss_of(flow, batch):
    return float(flow.loss(batch).mean().detach())


@pytest.mark.parametrize("has_rounds", [False, True])
@pytest.mark.parametrize("rank", [12, 0])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_visible_cells_come_back_and_levels_are_one_hot(sampler, rank, has_rounds):
    flow = new_flow(rank=rank, has_rounds=has_rounds)
    features, visible = windows(5)
    found = drawn(flow, features, visible, 3, sampler=sampler)
    shown = torch.cat([visible[..., [0, 1, 2, 2, 2]], torch.ones(5, 6, 1, dtype=torch.bool)], -1)
    expected = features[:, None].expand_as(found)
    kept = shown[:, None].expand_as(found)
    assert torch.equal(found[kept], expected[kept])
    np.testing.assert_array_equal(found[..., 2:5].sum(-1), 1.0)


@pytest.mark.parametrize("has_rounds", [False, True])
def test_hidden_cells_are_not_read(has_rounds):
    flow = new_flow(has_rounds=has_rounds)
    features, visible = windows(4)
    spoilt = features.clone()
    spoilt[..., :2][~visible[..., :2]] = 1e6
    hidden_level = ~visible[..., 2]
    spoilt[..., 2:5][hidden_level] = spoilt[..., 2:5][hidden_level].roll(1, dims=-1)
    one, other = (drawn(flow, part, visible, 2) for part in (features, spoilt))
    hidden = ~visible[:, None, :, 0].expand(-1, 2, -1)
    torch.testing.assert_close(one[..., 0][hidden], other[..., 0][hidden])


def test_untrained_draws_have_the_law_of_the_first_guess():
    flow = new_flow()
    features, visible = windows(3)
    found = drawn(flow, features, visible, 1000)
    problem = flow.pose(features[:, None], visible)
    hidden = ~visible[..., 0]
    mean, scale = problem.fill.mean[:, 0, :, 0][hidden], problem.fill.scale[..., 0][hidden]
    cells = found[..., 0].transpose(1, 2)[hidden]
    np.testing.assert_allclose((cells.mean(1) - mean) / scale, 0.0, atol=0.12)
    np.testing.assert_allclose(cells.std(1) / scale, 1.0, atol=0.08)


def test_recalibrated_draws_are_as_far_apart_as_they_are_told():
    """Half of the first guess, and a power of it: one that is too sure where it is surest."""
    flow, (features, visible) = new_flow(), windows(3)
    hidden, scale = ~visible[..., 0], flow.pose(features[:, None], visible).scale[..., 0]
    with torch.no_grad():
        flow.calibration.level_and_power.copy_(torch.tensor([[np.log(0.5)], [-0.3]]))
    found = drawn(flow, features, visible, 1000, n_steps=20)
    cells = found[..., 0].transpose(1, 2)[hidden]
    expected = 0.5 * scale[hidden] ** (1 - 0.3)
    np.testing.assert_allclose(cells.std(1) / expected, 1.0, atol=0.08)


def test_a_first_guess_that_is_too_unsure_is_recalibrated():
    """White numbers: a mean is off by 0.4 of what the guess says, a line by up to 0.5 of it."""
    flow = new_flow(rank=0)
    flow.fill.learn(torch.zeros(5), torch.full((5,), 2.5))
    features, _ = windows(96)
    optimiser = torch.optim.Adam(flow.calibration.parameters(), lr=0.05)
    observed = torch.ones(96, 6, 3, dtype=torch.bool)
    for _ in range(40):
        optimiser.zero_grad()
        flow.loss(FlowBatch(features, observed)).mean().backward()
        optimiser.step()
    problem = flow.pose(features[:1, None], torch.zeros(1, 6, 3, dtype=torch.bool))
    spread = flow.calibration.spread(problem.scale)[0, 0, :2].detach()
    np.testing.assert_allclose(spread, 0.45, rtol=0.25)


def test_levels_that_are_drawn_first_follow_their_chain():
    flow = new_flow(has_rounds=True)
    eye = torch.eye(3).repeat(1000, 1)
    flow.chains.learn(0, eye, eye.roll(1, dims=1))
    visible = torch.zeros(1, 6, 3, dtype=torch.bool)
    found = drawn(flow, torch.zeros(1, 6, 6), visible, 200)[0, ..., 2:5].argmax(-1)
    steps = found.diff(dim=1) % 3
    assert float((steps == 1).float().mean()) > 0.95
    assert len(found[:, 0].unique()) == 3


def test_untrained_levels_have_the_shares_of_the_first_guess():
    flow = new_flow()
    features, visible = windows(3)
    found = drawn(flow, features, visible, 500, n_steps=12)
    expected = flow.point(features[:, None], visible)[:, 0, :, 2:5].detach()
    hidden = ~visible[..., 2]
    shares = found[..., 2:5].mean(1)
    np.testing.assert_allclose(shares[hidden], expected[hidden], atol=0.12)


def test_the_loss_without_a_step_repeats_itself_and_training_lowers_it():
    flow = new_flow()
    features, _ = windows(64)
    features[..., 1] = features[..., 0].square()  # no first guess knows that
    batch = FlowBatch(features, torch.ones(64, 6, 3, dtype=torch.bool))
    before = loss_of(flow, batch)
    assert loss_of(flow, batch) == before
    optimizer = torch.optim.Adam(flow.parameters(), lr=3e-3)
    generator = seeded(5)
    for _ in range(60):
        optimizer.zero_grad()
        flow.loss(batch, TrainingStep(generator, 0.5)).mean().backward()
        optimizer.step()
    assert loss_of(flow, batch) < 0.95 * before


def test_metadata_are_shown_in_most_windows_and_blurred():
    flow = new_flow(metadata=[0], condition_noise=0.5)
    observed = torch.ones(2000, 6, 3, dtype=torch.bool)
    hidden, asked = flow.hiding(observed, seeded())
    assert torch.equal(hidden, asked)
    whole = flow.config["mixture"]
    assert whole == MIXTURE
    shown = ~hidden[..., 0].any(1)
    assert 0.65 < float(shown.float().mean()) < 0.9
    features, _ = windows(500)
    blurred = flow._disturbed(features, seeded(), features)
    assert 0.15 < float((blurred - features)[..., 0].std()) < 0.4
    assert torch.equal(blurred[..., 1:], features[..., 1:])


def test_a_network_is_built_again_from_its_arrays():
    flow = new_flow()
    features, visible = windows(2)
    rebuilt = Network.from_plain(flow.to_plain())
    assert torch.equal(drawn(rebuilt, features, visible, 2), drawn(flow, features, visible, 2))


def test_stretched_draws_are_as_far_from_the_answer_as_they_were_told_and_stay_so_in_a_file():
    flow, (features, visible) = new_flow(), windows(2)
    before = drawn(flow, features, visible, 50)
    sizes = torch.linspace(0.0, 3.0, 100)
    flow.learn_stretch(sizes, 0.5 * sizes)
    after = drawn(flow, features, visible, 50)
    far, near = (deviations(flow, features, visible, cells).detach() for cells in (before, after))
    torch.testing.assert_close(near, 0.5 * far, atol=2e-3, rtol=1e-3)
    assert torch.equal(after[..., 2:5], before[..., 2:5])  # of levels nothing changes
    rebuilt = Network.from_plain(flow.to_plain())
    assert torch.equal(drawn(rebuilt, features, visible, 50), after)


def test_patterns_that_come_again_are_remembered_and_draws_stay_the_same():
    flow = new_flow(has_rounds=True).frozen()
    features, visible = windows(1)
    before = drawn(flow, features, visible, 3)
    assert not flow.fill.derived
    with torch.inference_mode():
        found = [drawn(flow, features, visible, 3) for _ in range(2)]
    assert 1 < len(flow.fill.derived) <= 128
    for one in found:
        assert torch.equal(one, before)
    copied = pickle.loads(pickle.dumps(flow))
    assert not copied.fill.derived
    assert torch.equal(drawn(copied, features, visible, 3), before)
