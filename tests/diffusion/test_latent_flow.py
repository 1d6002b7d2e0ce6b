"""The autoencoder and the flow of its latents."""

import numpy as np
import pytest
import torch

from sktsgen.diffusion import SAMPLERS, Autoencoder, FlowBatch, LatentFlow
from sktsgen.nn import Network, TrainingStep

MIXTURE = {"cells": 0.6, "everything": 0.4}
TABLE = {"widths": [1, 1, 1, 3], "columns": [0, 1, 2, 3], "n_columns": 4}
SIZES = {**TABLE, "mixture": MIXTURE, "d_model": 16, "dropout": 0.0}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def windows(n, seed=1):
    """Three numbers and a level that one hidden number drives."""
    driver = torch.randn(n, 8, 1, generator=seeded(seed))
    numbers = driver * torch.tensor([1.0, -0.5, 0.8])
    level = torch.bucketize(driver[..., 0], torch.tensor([-0.5, 0.5]))
    features = torch.cat([numbers, torch.nn.functional.one_hot(level, 3).float()], dim=-1)
    return features, torch.ones(n, 8, 4, dtype=torch.bool)


def trained(network, data, n_steps=100):
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    generator = seeded(3)
    for _ in range(n_steps):
        optimizer.zero_grad()
        network.loss(data, TrainingStep(generator, 0.5)).mean().backward()
        optimizer.step()
    return network


@pytest.fixture(scope="module")
def autoencoder():
    network = Autoencoder(latent_dim=1, **SIZES, generator=seeded())
    return trained(network, FlowBatch(*windows(64))).frozen()


def new_flow(autoencoder, *, rank):
    flow = LatentFlow(
        n_timesteps=8,
        rank=rank,
        metadata=[],
        n_layers=2,
        n_heads=4,
        autoencoder=autoencoder.config,
        generator=seeded(),
        **SIZES,
    )
    flow.autoencoder.load_state_dict(autoencoder.state_dict())
    return flow


@torch.no_grad()
def drawn(flow, features, visible, n_draws):
    every = features[:, None].expand(-1, n_draws, -1, -1)
    noise = torch.randn(len(features), n_draws, flow.n_noise, generator=seeded(2))
    return flow.draw(every, visible, noise, sampler=SAMPLERS["midpoint"], n_steps=4)


def test_one_latent_says_what_one_number_drives(autoencoder):
    features, observed = windows(100, seed=9)
    decoded = autoencoder.decoded(autoencoder.latents(features), features, observed & False)
    error = (decoded.numbers[..., :3] - features[..., :3]).abs().mean()
    assert error < 0.15  # the mean absolute value is 0.6
    right = decoded.logits.argmax(-1) == features[..., 3:].argmax(-1)
    assert right.float().mean() > 0.9


def test_hidden_cells_are_not_read_by_the_decoder(autoencoder):
    features, observed = windows(5)
    visible = torch.rand(observed.shape, generator=seeded()) < 0.5
    spoilt = torch.where(autoencoder.by_feature(visible, True), features, 1e6)
    latents = autoencoder.latents(features)
    one, other = (autoencoder.decoded(latents, part, visible) for part in (features, spoilt))
    assert torch.equal(one.numbers, other.numbers)
    assert torch.equal(one.logits, other.logits)


def test_draws_are_as_far_from_the_decoded_numbers_as_was_measured(autoencoder):
    spread = torch.tensor([0.1, 0.2, 0.3])
    autoencoder.spread[:3] = spread
    features, observed = windows(200)
    latents, hidden = autoencoder.latents(features), observed & False
    noise = torch.randn(200, 8, autoencoder.n_noise, generator=seeded())
    found = autoencoder.draw(latents, features, hidden, noise)
    decoded = autoencoder.decoded(latents, features, hidden)
    apart = found[..., :3] - decoded.numbers[..., :3]
    np.testing.assert_allclose(apart.std((0, 1)), spread, rtol=0.08)
    shares = decoded.logits.softmax(-1).mean((0, 1))
    np.testing.assert_allclose(found[..., 3:].mean((0, 1)), shares, atol=0.03)


@pytest.mark.parametrize("rank", [8, 0])
def test_visible_cells_come_back_and_levels_are_one_hot(autoencoder, rank):
    flow = new_flow(autoencoder, rank=rank)
    features, observed = windows(6)
    visible = torch.rand(observed.shape, generator=seeded()) < 0.5
    found = drawn(flow, features, visible, 3)
    kept = flow.by_feature(visible, True)[:, None].expand_as(found)
    assert torch.equal(found[kept], features[:, None].expand_as(found)[kept])
    np.testing.assert_array_equal(found[..., 3:].sum(-1), 1.0)


def test_training_the_flow_leaves_the_autoencoder_and_lowers_the_loss(autoencoder):
    flow, data = new_flow(autoencoder, rank=0), FlowBatch(*windows(64))
    before = float(flow.loss(data).mean().detach())
    assert float(flow.loss(data).mean().detach()) == before
    trained(flow, data, n_steps=40)
    assert float(flow.loss(data).mean().detach()) < 0.95 * before
    for name, value in autoencoder.state_dict().items():
        assert torch.equal(flow.autoencoder.state_dict()[name], value)


def test_a_network_is_built_again_from_its_arrays(autoencoder):
    flow = new_flow(autoencoder, rank=8)
    features, observed = windows(2)
    rebuilt = Network.from_plain(flow.to_plain())
    visible = observed & (torch.arange(4) < 2)
    assert torch.equal(drawn(rebuilt, features, visible, 2), drawn(flow, features, visible, 2))
