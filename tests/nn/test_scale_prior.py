"""Stage 2: what a token may depend on, and two ways to the same logits."""

import pytest
import torch

from sktsgen.decoding import GivenNoise, decode
from sktsgen.nn import ScaleDecoder, TrainingStep, log_density, mark, read_tokens
from sktsgen.ops import draw_index
from tests.nn.networks import seeded
from tests.nn.windows import SCALES, new_batch, new_dual_path, new_scale_prior

BOTH = pytest.mark.parametrize("is_parallel", [False, True], ids=["token", "scale"])
N_TOKENS = sum(SCALES)


def log_likelihood(tokenizer, prior, batch, codes):
    tokens = read_tokens(tokenizer, batch)
    changed = tokens._replace(codes=codes, inputs=tokenizer.quantizer.read(codes))
    return prior.log_likelihood(changed).tokens


@BOTH
@pytest.mark.parametrize("changed", range(N_TOKENS))
def test_a_token_depends_on_what_comes_before_it_alone(is_parallel, changed):
    tokenizer, prior, batch = new_dual_path(), new_scale_prior(is_parallel=is_parallel), new_batch()
    codes = read_tokens(tokenizer, batch).codes
    other = codes.clone()
    other[:, changed] = (codes[:, changed] + 1) % 8
    one, two = (log_likelihood(tokenizer, prior, batch, c) for c in (codes, other))
    ends = torch.tensor(SCALES).cumsum(0)
    same = torch.arange(N_TOKENS) < changed
    if is_parallel:  # the others of its scale do not see it either
        scale = int(torch.searchsorted(ends, changed, right=True))
        same = torch.arange(N_TOKENS) < ends[scale]
        same[changed] = False
    torch.testing.assert_close(one[:, same], two[:, same], atol=1e-5, rtol=0)
    differs = (one - two).abs().amax(0) > 1e-5
    assert (differs | same).all()


@BOTH
def test_cached_and_whole_logits_agree(is_parallel):
    tokenizer, prior, batch = new_dual_path(), new_scale_prior(is_parallel=is_parallel), new_batch()
    n_series = len(batch.labels)
    uniforms = torch.rand(n_series, N_TOKENS, 1, generator=seeded(5))
    seen = []

    class Watched(ScaleDecoder):
        def advance(self, states, uniforms):
            seen.append(self.prior.logits(states, self.newest))
            return super().advance(states, uniforms)

    past, about = mark(batch.history, batch.known), prior.about(batch.labels, batch.static)
    decoder = Watched(tokenizer, prior, past, about)
    cache = prior.begin(past, about)
    with torch.no_grad():
        (codes,) = decode(
            decoder, decoder.start(), cache, blocks=prior.blocks, noise=GivenNoise(uniforms)
        )
        cached = torch.cat(seen, 1)
        whole = log_likelihood(tokenizer, prior, batch, codes)
    assert len(prior.blocks) == (len(SCALES) if is_parallel else N_TOKENS)
    chosen = cached.log_softmax(-1).gather(-1, codes[..., None])[..., 0]
    torch.testing.assert_close(chosen, whole, atol=1e-5, rtol=0)
    assert draw_index(cached.flatten(0, 1), uniforms.flatten()).view(codes.shape).equal(codes)


@BOTH
def test_history_that_is_not_known_is_not_read(is_parallel):
    tokenizer, prior = new_dual_path(), new_scale_prior(is_parallel=is_parallel)
    batch = new_batch(n_known=4)
    changed = batch._replace(history=batch.history + ~batch.known[..., None] * 5.0)
    tokens = [read_tokens(tokenizer, b) for b in (batch, changed)]
    parts = [prior.log_likelihood(part) for part in tokens]
    assert parts[0].tokens.equal(parts[1].tokens)
    assert parts[0].values.equal(parts[1].values)
    nearer = batch._replace(history=batch.history + batch.known[..., None] * 5.0)
    other = prior.log_likelihood(read_tokens(tokenizer, nearer))
    assert (other.tokens - parts[0].tokens).abs().max() > 1e-3
    assert (other.values - parts[0].values).abs().max() > 1e-3


def test_noise_is_for_training_alone():
    tokenizer, prior, batch = new_dual_path(), new_scale_prior(), new_batch(64)
    tokens = read_tokens(tokenizer, batch)
    assert prior.loss(tokens).mean().equal(prior.loss(tokens).mean())
    steps = [TrainingStep(seeded(seed), 0.0) for seed in (1, 1, 2)]
    losses = [prior.loss(tokens, step).mean().item() for step in steps]
    assert losses[0] == losses[1] != losses[2]


def test_prior_learns_the_tokens_of_the_histories():
    """Windows are read off their histories, so the tokens can be known almost for certain."""
    tokenizer, prior = new_dual_path(), new_scale_prior()
    batch = new_batch(16)
    with torch.no_grad():
        tokens = read_tokens(tokenizer, batch._replace(history=batch.values))
    start = prior.log_likelihood(tokens).tokens.mean().item()
    prior.trunk.dropout, prior.input_noise = 0.0, 0.0
    optimizer, generator = torch.optim.AdamW(prior.parameters(), lr=3e-3), seeded(2)
    for _ in range(60):
        loss = prior.loss(tokens, TrainingStep(generator, 0.0)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert prior.log_likelihood(tokens).tokens.mean().item() > 0.4 * start


def test_density_of_a_window_is_that_of_its_tokens_and_of_its_values():
    tokenizer, prior, batch = new_dual_path(), new_scale_prior(), new_batch(n_observed=7)
    tokens = read_tokens(tokenizer, batch)
    past, about = mark(batch.history, batch.known), prior.about(batch.labels, batch.static)
    values = prior.emission.log_density(batch.values, tokens.plan, past, about)
    parts = prior.log_likelihood(tokens)
    torch.testing.assert_close(parts.values[:, :7], values[:, :7])
    assert (parts.values[:, 7:] == 0).all()
    expected = parts.tokens.sum(1) + parts.values.sum((1, 2))
    density = log_density(tokenizer, prior, batch)
    torch.testing.assert_close(density.sum(1), expected)
    assert (density[:, 7:] == 0).all()
