"""How `sample` draws: sharpening, length, batches, workers, and nobody's random state."""

import random

import joblib
import numpy as np
import pytest
import torch

from tests.estimators.models import EMISSIONS, fitted, hourly_frame, panel, small


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def entropy(tokens):
    """Give the entropy of the tokens of all steps, in nats."""
    _, counts = np.unique(tokens.reshape(-1, tokens.shape[-1]), axis=0, return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log(share)).sum())


@pytest.fixture(scope="module")
def point_model():
    """A step is its tokens alone, so that what is drawn can be read back from the values."""
    return fitted(small(emission="point", n_codebooks=1, codebook_size=8), panel())


def test_lower_temperature_has_less_entropy(point_model):
    entropies = [
        entropy(np.round(point_model.sample(100, length=1, temperature=t, random_state=0), 4))
        for t in (4.0, 1.0, 0.25, 0.01)
    ]
    assert (np.diff(entropies) < 0).all()
    assert entropies[-1] < 0.2


def test_lower_temperature_has_less_entropy_with_a_mixture_too(ar1_model):
    """Of the codes of six steps together."""
    entropies = []
    for temperature in (2.0, 1.0, 0.5, 0.1):
        drawn = ar1_model.sample(300, length=6, temperature=temperature, random_state=0)
        entropies.append(entropy(ar1_model.tokenize(drawn)[..., 0]))
    assert (np.diff(entropies) < 0).all()
    assert entropies[-1] < 0.75 * entropies[1]


def test_small_top_p_leaves_the_likeliest_code(point_model):
    drawn = point_model.sample(50, length=3, top_p=1e-6, random_state=0)
    assert (np.ptp(drawn, axis=0) < 1e-5).all()


def test_top_p_keeps_codes_that_were_drawn_without_it(point_model):
    plain, kept = (
        np.unique(np.round(point_model.sample(200, length=1, top_p=p, random_state=0), 4), axis=0)
        for p in (None, 0.5)
    )
    assert 1 <= len(kept) < len(plain)
    assert (kept[:, np.newaxis] == plain[np.newaxis]).all((2, 3)).any(1).all()


@pytest.mark.parametrize("emission", EMISSIONS)
def test_values_stay_within_a_margin_of_the_data_at_any_length(emission):
    X = panel()
    drawn = fitted(small(emission=emission), X).sample(3, length=300)
    assert drawn.shape == (3, 300, 2)
    lowest, highest = X.min((0, 1)), X.max((0, 1))
    margin = 0.06 * (highest - lowest)
    assert (drawn >= lowest - margin).all()
    assert (drawn <= highest + margin).all()
    assert (drawn[:, 200:].std(1) > 0.1 * X.std((0, 1))).all()  # and it does not freeze


def test_marginals_do_not_drift_beyond_the_window(ar1_model):
    """Standard deviation of the 16 steps of a window, and 10 windows later."""
    drawn = ar1_model.sample(200, length=176)[..., 0]
    early, late = drawn[:, :16], drawn[:, 160:]
    assert late.std() == pytest.approx(early.std(), rel=0.15)
    assert abs(late.mean() - early.mean()) < 0.5


@pytest.mark.parametrize("batch_size", [1, 3, 7, 50])
def test_batches_together_are_the_draw(panel_model, batch_size):
    whole = panel_model.sample(7, length=5, random_state=3)
    batches = panel_model.sample_batches(7, batch_size=batch_size, length=5, random_state=3)
    same(np.concatenate(list(batches)), whole)


def test_batches_without_a_seed_are_one_draw_of_different_series():
    model = fitted(small(random_state=None), panel())
    series = np.concatenate(list(model.sample_batches(6, batch_size=2, length=4)))
    assert len(np.unique(series.round(6), axis=0)) == 6


def test_identifiers_go_on_from_batch_to_batch(frame_model):
    batches = list(frame_model.sample_batches(5, batch_size=2, length=3))
    ids = [batch.index.get_level_values(0).unique().tolist() for batch in batches]
    assert ids == [[0, 1], [2, 3], [4]]


def test_batches_with_classes_are_the_draw():
    model = fitted(small(), panel(), [0, 1, 1, 0])
    whole = model.sample(6, length=4, random_state=2)
    same(
        np.concatenate(list(model.sample_batches(6, batch_size=4, length=4, random_state=2))), whole
    )


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_draw_what_one_draws(ar1_model, backend):
    """Both workers have some of the series."""
    serial = ar1_model.sample(600, length=3, random_state=2)
    with joblib.parallel_config(backend=backend):
        parallel = ar1_model.sample(600, length=3, random_state=2, n_jobs=2)
    same(parallel, serial)


def test_more_series_than_are_drawn_together_begin_with_a_smaller_draw(ar1_model):
    many = ar1_model.sample(510, length=3, random_state=2)
    same(many[:20], ar1_model.sample(20, length=3, random_state=2))
    assert len(np.unique(many.round(6), axis=0)) == 510


@pytest.mark.parametrize("emission", EMISSIONS)
def test_global_random_states_stay_as_they_were(emission):
    def states():
        numpy_state = np.random.get_state()  # noqa: NPY002 - watched, not used
        return random.getstate(), numpy_state[1].tolist(), torch.get_rng_state().tolist()

    before = states()
    for seed in (0, None, np.random.RandomState(3)):
        model = fitted(small(emission=emission, random_state=seed), panel())
        model.sample(2, length=4)
        model.sample(2, length=4, random_state=5)
        list(model.sample_batches(2, batch_size=1, length=4))
        model.forecast(panel()[0], 3, n_samples=2)
        model.score(panel())
    assert states() == before


def test_no_seed_draws_afresh():
    model = fitted(small(random_state=None), panel())
    assert not np.allclose(model.sample(2), model.sample(2))


def test_random_state_object_goes_on():
    model = fitted(small(random_state=0), panel())
    state = np.random.RandomState(4)
    first, second = (model.sample(2, random_state=state) for _ in range(2))
    assert not np.allclose(first, second)
    again = model.sample(2, random_state=np.random.RandomState(4))
    same(again, first)


def test_numpy_integers_are_counts_and_seeds(panel_model):
    drawn = panel_model.sample(np.int64(2), length=np.int32(4), random_state=np.int64(1))
    same(drawn, panel_model.sample(2, length=4, random_state=1))


def test_number_of_threads_stays_as_it_was(panel_model):
    before = torch.get_num_threads()
    panel_model.sample(2, length=4)
    assert torch.get_num_threads() == before


def test_frame_draws_differ_between_series(frame_model):
    drawn = frame_model.sample(3, length=6)
    series = [drawn.loc[number].to_numpy() for number in range(3)]
    assert not np.allclose(series[0], series[1])
    assert drawn.std().between(0.2 * hourly_frame().std(), 3 * hourly_frame().std()).all()
