"""The static step, and the captured one, against the eager step."""

from functools import partial

import pytest
import torch

from sktsgen.decoding import SeriesNoise, decode
from sktsgen.decoding._cuda_graph import CapturedStep, StaticStep, _stream_of
from sktsgen.nn import FactorizedDecoder, FactorizedModel
from tests.nn.networks import new_prior, new_tokenizer

N_SERIES, WINDOW, LENGTH = 3, 8, 21


def new_model(*, has_mixture, device="cpu"):
    tokenizer = new_tokenizer(is_quantising=True).to(device)
    prior = new_prior(tokenizer, has_mixture=has_mixture, window=WINDOW).to(device)
    bounds = torch.tensor([[-3.0] * 3, [3.0] * 3], device=device)
    model = FactorizedModel(tokenizer, prior, torch.ones(3, device=device), bounds)
    return model, torch.zeros(N_SERIES, dtype=torch.long, device=device)


def drawn(model, labels, step_of=None):
    """Codes and values of a draw, by the loop or by a step of one's own."""
    decoder, context = FactorizedDecoder(model, labels), model.begin(labels)
    noise = SeriesNoise(0, range(N_SERIES), decoder.n_uniforms, device=labels.device)
    if step_of is None:
        return decode(decoder, context.inputs, context.cache, blocks=(1,) * LENGTH, noise=noise)
    step, inputs, parts = step_of(decoder, context, noise.width), context.inputs, []
    for _ in range(LENGTH):
        part, inputs = step(inputs, noise.draw(1))
        parts.append(part)
    return tuple(torch.cat(part, dim=1) for part in zip(*parts, strict=True))


@pytest.mark.parametrize("has_mixture", [True, False])
@torch.inference_mode()
def test_static_step_draws_what_the_eager_step_draws_beyond_the_window(has_mixture):
    model, labels = new_model(has_mixture=has_mixture)
    codes, values = drawn(model, labels)
    static_codes, static_values = drawn(
        model, labels, lambda decoder, context, width: StaticStep(decoder, *context[::-1], width)
    )
    assert static_codes.equal(codes)
    torch.testing.assert_close(static_values, values, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_static_step_goes_on_from_a_history():
    model, labels = new_model(has_mixture=True)
    history = torch.randn(N_SERIES, 5, 3, generator=torch.Generator().manual_seed(1))
    steps = []
    for is_static in (False, True):
        decoder = FactorizedDecoder(model, labels, history)
        context = model.begin(labels, history)
        noise = SeriesNoise(0, range(N_SERIES), decoder.n_uniforms)
        if is_static:
            step = StaticStep(decoder, context.inputs, context.cache, noise.width)
            parts, _ = step(context.inputs, noise.draw(1))
        else:
            states = decoder.step(context.inputs, context.cache)
            parts, _ = decoder.advance(states, noise.draw(1))
        steps.append(parts[1])
    torch.testing.assert_close(steps[0], steps[1], rtol=0, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("has_mixture", [True, False])
@torch.inference_mode()
def test_captured_step_draws_what_the_eager_step_draws(has_mixture):
    model, labels = new_model(has_mixture=has_mixture, device="cuda")

    def eager(decoder, context, width):
        return lambda inputs, uniforms: decoder.advance(
            decoder.step(inputs, context.cache), uniforms
        )

    codes, values = drawn(model, labels)  # the loop captures on a GPU
    eager_codes, eager_values = drawn(model, labels, eager)
    assert codes.equal(eager_codes)
    torch.testing.assert_close(values, eager_values, rtol=0, atol=1e-4)


def test_steps_are_recorded_and_replayed_on_the_device_of_the_model(monkeypatch):
    """Not on the current one; the warm-up and the record share one stream of it."""
    calls, device = [], torch.device("cpu")

    class Call:
        def __init__(self, name, *args, **kwargs):
            self.name, self.args = name, (*args, *kwargs.values())

        def __enter__(self):
            calls.append((self.name, *self.args))

        def __exit__(self, *error):
            calls.append((f"end of {self.name}",))

        def wait_stream(self, other):
            pass

        def replay(self):
            calls.append(("replay",))

    for name in ("device", "stream", "graph", "CUDAGraph", "Stream"):
        monkeypatch.setattr(torch.cuda, name, partial(Call, name))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: Call("current"))
    _stream_of.cache_clear()
    model, labels = new_model(has_mixture=True)
    decoder, context = FactorizedDecoder(model, labels), model.begin(labels)
    with torch.inference_mode():
        step = CapturedStep(decoder, context.inputs, context.cache, decoder.n_uniforms)
    names = [name for name, *_ in calls]
    assert names == [
        "device", "stream", "end of stream", "graph", "end of graph", "end of device",
    ]  # fmt: skip
    assert calls[0] == ("device", device)
    (_, warm_up), (_, _, recorded, mode) = calls[1], calls[3]
    assert (warm_up is recorded, warm_up.args, mode) == (True, (device,), "thread_local")
    calls.clear()
    step._run()
    assert [name for name, *_ in calls] == ["device", "replay", "end of device"]
    _stream_of.cache_clear()
