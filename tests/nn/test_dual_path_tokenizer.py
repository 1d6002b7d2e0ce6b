"""Stage 1: windows to tokens and back, and the loss of both."""

import pytest
import torch

from sktsgen.nn import Network, TrainingStep
from tests.nn.networks import seeded
from tests.nn.windows import new_batch, new_dual_path, walks


def train(tokenizer, n_steps=60):
    """Take steps on random walks; return the losses."""
    optimizer = torch.optim.AdamW(tokenizer.parameters(), lr=5e-3)
    generator, losses = seeded(2), []
    for step in range(n_steps):
        loss = tokenizer.loss(new_batch(8), TrainingStep(generator, step / n_steps)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_training_reconstructs_better_and_places_the_codes():
    tokenizer, batch = new_dual_path(is_quantising=False), new_batch(8)
    losses = train(tokenizer)
    assert tokenizer.is_quantising
    assert losses[-1] < 0.5 * losses[0]
    codes = tokenizer.encode(batch.values, batch.observed)
    decoded = tokenizer.decode(tokenizer.quantizer.decode(codes), batch.labels)
    assert (decoded.values - batch.values).var() < 0.6 * batch.values.var()


def test_values_that_are_not_observed_do_not_matter():
    tokenizer, batch = new_dual_path(), new_batch(n_observed=7)
    changed = batch._replace(values=batch.values + ~batch.observed[..., None] * 5.0)
    assert tokenizer.loss(batch).mean().equal(tokenizer.loss(changed).mean())
    codes = [tokenizer.encode(b.values, b.observed) for b in (batch, changed)]
    assert codes[0].equal(codes[1])


def test_trend_and_seasonal_part_add_up_and_the_coarse_one_guides():
    tokenizer, batch = new_dual_path(), new_batch()
    latent = tokenizer.latent(tokenizer.decompose(batch.values))
    decoded = tokenizer.decode(latent, batch.labels)
    trend, coarse, seasonal = decoded.parts
    assert decoded.values.equal(trend + seasonal)
    assert not coarse.allclose(seasonal)
    # Another coarse part leads to another seasonal one, through the guide alone.
    fine = tokenizer.unfuse(latent + tokenizer.class_code[batch.labels][:, None])[..., :4]
    with_guide = tokenizer.fine_decoder(fine, coarse).values
    torch.testing.assert_close(with_guide, seasonal)
    assert (tokenizer.fine_decoder(fine, coarse + 1.0).values - seasonal).abs().max() > 1e-3


def test_classes_decode_differently():
    tokenizer, batch = new_dual_path(), new_batch()
    latent = tokenizer.latent(tokenizer.decompose(batch.values))
    one, other = (
        tokenizer.decode(latent, labels).values for labels in (batch.labels, 1 - batch.labels)
    )
    assert (one - other).abs().amax((1, 2)).min() > 1e-3


@pytest.mark.parametrize("options", [{"kernels": ()}, {"has_guidance": False}, {"scales": (3,)}])
def test_each_part_can_be_left_out(options):
    tokenizer, batch = new_dual_path(**options), new_batch()
    codes = tokenizer.encode(batch.values, batch.observed)
    assert codes.shape == (5, sum(tokenizer.config["scales"]))
    decoded = tokenizer.decode(tokenizer.quantizer.decode(codes), batch.labels)
    if not tokenizer.config["kernels"]:
        assert (decoded.parts.trend == 0).all()
        assert decoded.values.equal(decoded.parts.seasonal)
    tokenizer.loss(batch, TrainingStep(seeded(), 0.5)).mean().backward()


@pytest.mark.parametrize(
    ("n_timesteps", "scales"), [(1, (1,)), (2, (1, 2)), (3, (2,)), (13, (1, 4))]
)
def test_any_length_is_encoded_and_decoded(n_timesteps, scales):
    tokenizer = new_dual_path(n_timesteps=n_timesteps, scales=scales)
    x = walks(4, n_timesteps)
    codes = tokenizer.encode(x, torch.ones(x.shape[:2], dtype=torch.bool))
    decoded = tokenizer.decode(tokenizer.quantizer.decode(codes), torch.zeros(4, dtype=torch.long))
    assert decoded.values.shape == x.shape


def test_network_with_dropped_codes_can_be_built_again():
    tokenizer, batch = new_dual_path(), new_batch()
    tokenizer.keep_codes(torch.arange(8) % 2 == 0)
    again = Network.from_plain(tokenizer.to_plain())
    assert again.config["codebook_size"] == 4
    assert again.encode(batch.values, batch.observed).equal(
        tokenizer.encode(batch.values, batch.observed)
    )
