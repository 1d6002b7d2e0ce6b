"""Uniforms that are handed on, and steps that cannot be captured."""

import torch

from sktsgen.decoding import GivenNoise, decode


def test_uniforms_come_in_their_order():
    uniforms = torch.arange(12.0).reshape(1, 6, 2)
    noise = GivenNoise(uniforms)
    assert noise.width == 2
    drawn = [noise.draw(n) for n in (1, 3, 2)]
    assert torch.cat(drawn, 1).equal(uniforms)


class Echo:
    """A model that draws its uniforms."""

    n_uniforms, is_stationary = 1, False

    def step(self, inputs, cache):
        return inputs

    def advance(self, states, uniforms):
        return (uniforms,), states

    def state(self):
        return ()


def test_decoding_takes_given_noise():
    uniforms = torch.arange(5.0).reshape(1, 5, 1)
    start = torch.zeros(1, 1, 1)
    (drawn,) = decode(Echo(), start, None, blocks=(1, 3, 1), noise=GivenNoise(uniforms))
    assert drawn.equal(uniforms)
