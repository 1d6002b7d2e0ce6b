"""The decoding loop, with a model that counts."""

import pytest
import torch

from sktsgen.decoding import SeriesNoise, decode


class Counter:
    """A step adds one to what it reads; what is drawn is the sum and the uniforms."""

    n_uniforms = 2

    def __init__(self):
        self.sizes = []

    def step(self, inputs, cache):
        cache.append(inputs.clone())
        return inputs + 1

    def advance(self, states, uniforms):
        assert uniforms.shape == (len(states), self.sizes_left[0], 2)
        size = self.sizes_left.pop(0)
        counts = states + torch.arange(size)[None, :, None]
        return (counts, uniforms), counts[:, -1:]


def run(blocks):
    model, cache = Counter(), []
    model.sizes_left = list(blocks)
    start = torch.tensor([0, 100])[:, None, None]
    return decode(model, start, cache, blocks=blocks, noise=SeriesNoise(0, [5, 6], 2)), cache


@pytest.mark.parametrize("blocks", [(1,) * 7, (1, 4, 2), (7,)])
def test_every_block_goes_on_from_the_one_before(blocks):
    (counts, _), _ = run(blocks)
    assert counts[..., 0].tolist() == [list(range(1, 8)), list(range(101, 108))]


@pytest.mark.parametrize("blocks", [(1,) * 7, (1, 4, 2), (7,)])
def test_every_step_meets_its_own_noise(blocks):
    (_, uniforms), _ = run(blocks)
    assert uniforms.equal(SeriesNoise(0, [5, 6], 2).draw(7))


def test_each_block_is_one_step_of_the_model_with_the_cache_passed_in():
    _, cache = run((1, 4, 2))
    assert [inputs[0].item() for inputs in cache] == [0, 1, 5]


def test_blocks_may_be_a_generator():
    (counts, _), _ = run([2, 1])
    model, start = Counter(), torch.tensor([0, 100])[:, None, None]
    model.sizes_left = [2, 1]
    blocks = (size for size in (2, 1))
    again, _ = decode(model, start, [], blocks=blocks, noise=SeriesNoise(0, [5, 6], 2))
    assert again.equal(counts)


def test_nothing_is_recorded_for_gradients():
    (counts, _), _ = run((1, 1))
    assert counts.is_inference()
