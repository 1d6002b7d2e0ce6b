"""Stage 2: what a token may depend on, and two ways to the same logits."""

import numpy as np
import pytest
import torch

from sktsgen.decoding import GivenNoise, decode
from sktsgen.nn import ScaleDecoder, TrainingStep, WindowBatch, log_density, mark, read_tokens
from sktsgen.nn._window_batch import hide_past
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


@BOTH
def test_tokens_see_the_given_steps_of_their_window_and_no_later_one(is_parallel):
    tokenizer, prior = new_dual_path(), new_scale_prior(is_parallel=is_parallel)
    batch = new_batch(n_given=3)
    codes = read_tokens(tokenizer, batch).codes
    found = log_likelihood(tokenizer, prior, batch, codes)
    for step, is_seen in [(0, True), (2, True), (3, False), (11, False)]:
        changed = batch.values.clone()
        changed[:, step] += 1.0
        other = log_likelihood(tokenizer, prior, batch._replace(values=changed), codes)
        assert ((other - found).abs().max() > 1e-4) == is_seen


def test_what_comes_before_is_hidden_beginning_with_the_oldest():
    """A history that is left reaches into the window, which has a quarter of its steps to give."""
    batch = new_batch(2000)
    hidden = hide_past(batch, seeded())
    n_known = hidden.known.sum(1)
    assert hidden.known[:, :-1].le(hidden.known[:, 1:]).all()
    assert ((hidden.n_given == 3) | (n_known == 0)).all()
    shares = [((n_known + hidden.n_given) == n).double().mean().item() for n in range(13)]
    np.testing.assert_allclose(shares, [0.5 + 0.2 / 12, *[0.2 / 12] * 11, 0.3], atol=0.04)
    assert hide_past(batch, None) is batch


def test_a_short_window_keeps_a_step_to_draw():
    hidden = hide_past(new_batch(200, n_observed=3, n_known=0), seeded())
    assert hidden.n_given.unique().tolist() == [0, 1, 2]


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


def test_values_that_are_not_observed_have_no_density():
    tokenizer, prior, batch = new_dual_path(), new_scale_prior(), new_batch(n_observed=7)
    tokens = read_tokens(tokenizer, batch)
    past, about = mark(batch.history, batch.known), prior.about(batch.labels, batch.static)
    values = prior.emission.log_density(batch.values, tokens.plan, past, about)
    parts = prior.log_likelihood(tokens)
    torch.testing.assert_close(parts.values[:, :7], values[:, :7])
    assert (parts.values[:, 7:] == 0).all()


@pytest.mark.parametrize("n_given", [0, 3])
def test_density_is_between_that_of_the_tokens_of_a_window_and_that_of_all_lists(n_given):
    tokenizer, prior = new_dual_path(scales=(1, 2)), new_scale_prior(scales=(1, 2))
    batch = new_batch(1, n_observed=7, n_given=n_given)
    (usual,) = tokenizer.encode(batch.values, batch.observed).tolist()
    every = torch.cartesian_prod(*[torch.arange(8)] * 3)
    many = WindowBatch(*(part.repeat_interleave(len(every), 0) for part in batch))
    with torch.no_grad():
        parts = prior.log_likelihood(read_tokens(tokenizer, many, every))
        (density,) = log_density(tokenizer, prior, batch)
    by_list = parts.tokens.sum(1) + parts.values[:, n_given:].sum((1, 2))
    of_usual, of_all = by_list[every.tolist().index(usual)], by_list.logsumexp(0)
    assert of_usual + 1e-3 < density.sum() < of_all - 1e-3
    assert (density[:n_given] == 0).all()
    assert (density[7:] == 0).all()
