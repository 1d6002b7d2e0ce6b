"""Uniforms keyed by seed and series number."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from sktsgen.decoding import SeriesNoise, class_draws, entropy_of, series_draws
from sktsgen.decoding._noise import off_edges

BLOCKS = st.lists(st.integers(1, 90), min_size=1, max_size=6)


def drawn(series, blocks, *, seed=0, width=3):
    noise = SeriesNoise(seed, series, width)
    return torch.cat([noise.draw(size) for size in blocks], 1)


@given(blocks=BLOCKS, width=st.integers(1, 5))
def test_noise_does_not_depend_on_the_sizes_of_blocks(blocks, width):
    straight = drawn([0, 7], [sum(blocks)], width=width)
    assert drawn([0, 7], blocks, width=width).equal(straight)


def test_noise_of_a_series_does_not_depend_on_its_batch():
    together = drawn(range(10), [30])
    assert drawn([8, 3], [30]).equal(together[[8, 3]])
    assert drawn(np.arange(3, 6), [10, 20]).equal(together[3:6])


def test_a_longer_draw_begins_with_the_shorter_one():
    assert drawn([4], [500])[:, :70].equal(drawn([4], [70]))


def test_series_and_seeds_have_noise_of_their_own():
    values = torch.cat([drawn(range(20), [50], seed=seed).flatten(1) for seed in (0, 1, 2**63)])
    correlation = torch.corrcoef(values).fill_diagonal_(0)
    assert correlation.abs().amax() < 0.4  # 150 numbers each: 5 standard deviations


def test_noise_is_uniform():
    values = drawn(range(20), [300]).flatten()
    assert kstest(values.numpy(), "uniform").pvalue > 0.01


def test_noise_stays_inside_the_open_interval():
    values = drawn(range(200), [2000], width=5)
    assert values.amin() > 0
    assert values.amax() < 1
    assert values.dtype == torch.float32


def test_edges_of_the_interval_are_kept_off():
    """Zero comes once in 2**24 draws, too seldom to wait for it."""
    values = off_edges(np.array([0.0, 0.5, 1.0 - 2.0**-24], np.float32))
    assert values[0] > 0
    assert values[1] == 0.5
    assert values[2] < 1


@given(blocks=BLOCKS, width=st.integers(1, 5), ahead=st.integers(1, 200))
def test_noise_is_that_of_one_philox_a_series(blocks, width, ahead):
    noise = SeriesNoise(11, [3, 2**40], width, n_steps=ahead)
    values = torch.cat([noise.draw(size) for size in blocks], 1)
    for series, number in zip(values, (3, 2**40), strict=True):
        stream = np.random.Generator(np.random.Philox(key=np.array([11, number], np.uint64)))
        expected = stream.random((sum(blocks), width), dtype=np.float32)
        np.testing.assert_array_equal(series.numpy(), off_edges(expected))


@pytest.mark.parametrize("seed", [0, 2**32, 2**64 + 5, -3])
def test_any_whole_number_is_a_seed(seed):
    assert drawn([0], [5], seed=seed).equal(drawn([0], [5], seed=seed))
    assert not drawn([0], [5], seed=seed).equal(drawn([0], [5], seed=seed + 1))


# Classes.


def test_classes_are_drawn_as_often_as_they_are_likely():
    probability = np.tile([0.2, 0.0, 0.5, 0.3], (20_000, 1))
    share = np.bincount(class_draws(probability, 3, np.arange(20_000)), minlength=4) / 20_000
    np.testing.assert_allclose(share, probability[0], rtol=0, atol=0.015)
    assert share[1] == 0


def test_class_of_a_series_does_not_depend_on_its_batch():
    probability = np.full((50, 4), 0.25)
    together = class_draws(probability, 0, np.arange(50))
    alone = [class_draws(probability[:1], 0, [number])[0] for number in range(50)]
    assert together.tolist() == alone
    assert len(set(alone)) == 4


def test_a_sure_class_is_drawn_whatever_the_rounding():
    probability = np.array([[0.0, 1.0 - 1e-9, 0.0]]).repeat(500, 0)
    assert set(class_draws(probability, 1, np.arange(500))) == {1}


def test_classes_have_noise_of_their_own():
    """A class must tell nothing of the first values of its series."""
    classes = class_draws(np.full((2000, 2), 0.5), 0, np.arange(2000))
    first = drawn(range(2000), [1], width=1)[:, 0, 0].numpy()
    assert abs(np.corrcoef(classes, first)[0, 1]) < 0.1


# Seeds.


def test_an_int_is_its_own_entropy():
    assert entropy_of(12) == 12
    assert entropy_of(np.int64(12)) == 12


def test_a_random_state_moves_on():
    state = np.random.RandomState(0)
    first, second = entropy_of(state), entropy_of(state)
    assert first != second
    assert entropy_of(np.random.RandomState(0)) == first


def test_none_is_fresh_and_leaves_numpy_s_own_state_alone():
    before = np.random.get_state()  # noqa: NPY002
    assert entropy_of(None) != entropy_of(None)
    after = np.random.get_state()  # noqa: NPY002
    assert (before[1] == after[1]).all()
    assert before[2] == after[2]


def test_streams_of_a_series_are_apart_and_begin_alike():
    draws = {stream: series_draws(4, [7, 8], 50, stream=stream) for stream in (1, 2)}
    np.testing.assert_array_equal(series_draws(4, [8], 3, stream=2), draws[2][1:, :3])
    everything = np.concatenate([*draws[1], *draws[2]])
    assert len(np.unique(everything)) == 200
    assert kstest(everything, "uniform").pvalue > 0.01
    noise = SeriesNoise(4, [7], 1).draw(50).numpy().ravel()
    assert not np.isin(noise, draws[1].astype(np.float32)).any()
