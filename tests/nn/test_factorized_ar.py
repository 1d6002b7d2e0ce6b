"""Both stages as one model: densities, continuations and draws agree."""

import pytest
import torch

from sktsgen.decoding import SeriesNoise, decode
from sktsgen.nn import FactorizedDecoder, FactorizedModel, ResidualDecoder, Rows
from sktsgen.nn import _factorized_ar as model_module
from tests.nn.networks import likelihood, new_prior, new_tokenizer, normal

EMISSIONS = pytest.mark.parametrize("has_mixture", [True, False], ids=["mixture", "point"])
LABELS = torch.tensor([0, 1, 1])


def new_model(has_mixture=True, *, n_layers=1, bound=50.0, **sizes):
    tokenizer = new_tokenizer(is_quantising=True, **sizes).frozen()
    prior = new_prior(tokenizer, has_mixture=has_mixture, n_layers=n_layers)
    n_features = tokenizer.config["n_features"]
    bounds = torch.tensor([-bound, bound])[:, None].expand(2, n_features)
    return FactorizedModel(tokenizer, prior.frozen(), torch.full((n_features,), 0.5), bounds)


def draw(model, n_steps, *, history=None, has_start=True, skipped=0):
    """Draw after `history`, whose own steps took the first `skipped` steps of the noise."""
    context = model.begin(LABELS, history, has_start=has_start)
    decoder = FactorizedDecoder(model, LABELS, history)
    noise = SeriesNoise(3, range(3), decoder.n_uniforms)
    if skipped:
        noise.draw(skipped)
    blocks = (1,) * n_steps
    parts = decode(decoder, context.inputs, context.cache, blocks=blocks, noise=noise)
    return parts[0], model.values_of(parts, LABELS, history)


def density(model, x):
    with torch.no_grad():
        return model.log_density(x, LABELS, torch.ones(x.shape[:2], dtype=torch.bool))


def test_point_density_within_the_window_is_that_of_training_and_the_noise():
    model, x = new_model(has_mixture=False, n_layers=2), normal(3, 8, 3)
    coefficients = model.tokenizer.coefficients(model.tokenizer.encode(x))
    decoded = model.tokenizer.decode(coefficients, LABELS)
    of_values = torch.distributions.Normal(decoded, 0.5).log_prob(x).sum(-1)
    of_tokens = likelihood(model.prior, model.read(x, LABELS), LABELS).tokens.sum(-1)
    torch.testing.assert_close(density(model, x), of_tokens + of_values, rtol=0, atol=1e-4)


def mixture_density(model, x):
    """Sum over all codes of the last depth, one after the other."""
    rows, parts = model.read(x, LABELS), []
    for code in range(8):
        codes = rows.codes.clone()
        codes[..., -1] = code
        linear_part = model.tokenizer.combine(model.tokenizer.coefficients(codes), LABELS)
        found = likelihood(model.prior, Rows(x, codes, linear_part), LABELS)
        parts.append(found.tokens.sum(-1) + found.values.sum(-1))
    return torch.logsumexp(torch.stack(parts), 0)


@pytest.mark.parametrize("n_steps", [8, 30])
def test_mixture_density_is_a_sum_over_the_last_code(n_steps):
    """Beyond the window of 8 through a banded mask, which the cache equals."""
    model, x = new_model(n_layers=2), normal(3, n_steps, 3)
    torch.testing.assert_close(density(model, x), mixture_density(model, x), rtol=0, atol=1e-4)


def test_a_sum_over_fewer_codes_is_a_lower_bound(monkeypatch):
    model, x = new_model(n_layers=2), normal(3, 8, 3)
    monkeypatch.setattr(model_module, "_NEAREST", 2)
    assert (density(model, x) < mixture_density(model, x)).all()


@pytest.mark.parametrize("history", [0, 5, 20])
def test_density_of_a_step_given_the_past_integrates_to_one(history):
    model = new_model(n_features=1, n_codebooks=1, n_layers=2)
    grid = torch.linspace(-9.0, 9.0, 1801)
    x = normal(1, history + 1, 1).repeat(len(grid), 1, 1)
    x[:, -1, 0] = grid
    labels, observed = torch.zeros(len(x), dtype=torch.int64), torch.ones(x.shape[:2]).bool()
    with torch.no_grad():
        found = model.log_density(x, labels, observed)[:, -1]
    total = found.exp().sum() * (grid[1] - grid[0])
    torch.testing.assert_close(total, torch.tensor(1.0), rtol=0, atol=1e-3)


@EMISSIONS
def test_density_of_the_first_steps_does_not_depend_on_the_rest(has_mixture):
    model, x = new_model(has_mixture, n_layers=2), normal(3, 30, 3)
    torch.testing.assert_close(
        density(model, x)[:, :13], density(model, x[:, :13]), rtol=0, atol=1e-4
    )


def test_unobserved_steps_have_no_density():
    model, x = new_model(), normal(3, 9, 3)
    observed = torch.arange(9) < torch.tensor([9, 4, 1])[:, None]
    found = model.log_density(x, LABELS, observed)
    assert (found != 0).equal(observed)


@pytest.mark.parametrize("n_before", [1, 5, 8, 20])
def test_a_draw_goes_on_from_its_own_history(n_before):
    """A history shorter and longer than the window of 8."""
    model = new_model(n_layers=2)
    _, straight = draw(model, 26)
    _, rest = draw(model, 26 - n_before, history=straight[:, :n_before], skipped=n_before)
    torch.testing.assert_close(rest, straight[:, n_before:], rtol=0, atol=1e-4)


def test_the_end_of_a_history_is_enough_beyond_the_reach():
    model = new_model(n_layers=2)
    reach = model.prior.trunk.reach
    history = normal(3, 40, 3)
    _, whole = draw(model, 5, history=history)
    _, end = draw(model, 5, history=history[:, -reach:], has_start=False)
    torch.testing.assert_close(end, whole, rtol=0, atol=1e-4)


@EMISSIONS
def test_a_longer_draw_begins_with_the_shorter_one(has_mixture):
    model = new_model(has_mixture, n_layers=2)
    (codes, values), (more_codes, more_values) = draw(model, 11), draw(model, 25)
    assert codes.equal(more_codes[:, :11])
    torch.testing.assert_close(values, more_values[:, :11], rtol=0, atol=1e-5)


def test_point_emission_decodes_its_codes():
    model = new_model(has_mixture=False)
    codes, values = draw(model, 15)
    coefficients = model.tokenizer.coefficients(codes)
    torch.testing.assert_close(
        values, model.tokenizer.decode(coefficients, LABELS), rtol=0, atol=1e-5
    )


def test_point_emission_is_decoded_with_the_end_of_the_history():
    model, history = new_model(has_mixture=False), normal(3, 12, 3)
    codes, values = draw(model, 4, history=history)
    read = model.tokenizer.encode(history)
    coefficients = model.tokenizer.coefficients(torch.cat([read, codes], 1))
    expected = model.tokenizer.decode(coefficients, LABELS)[:, 12:]
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-5)
    assert history.shape[1] > ResidualDecoder.reach


@EMISSIONS
def test_drawn_values_stay_within_the_bounds(has_mixture):
    _, values = draw(new_model(has_mixture, bound=0.4), 20)
    assert values.abs().amax() == 0.4


def test_labels_change_what_is_drawn():
    model = new_model()
    model.tokenizer.class_basis.data[1] = 2.0
    _, values = draw(model, 6)
    model.tokenizer.class_basis.data.zero_()
    _, without = draw(model, 6)
    assert values[0].equal(without[0])
    assert (values[1:] - without[1:]).abs().amax() > 0.1
