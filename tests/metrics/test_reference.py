"""The sines of the literature, where its authors give the figures of their own protocol.

Reported there, on 10,000 windows: discriminative 0.008 +- 0.010, predictive 0.0933 +- 0.0002 (real
data 0.094 +- 0.001), correlational 0.0166 +- 0.0063. Context-FID (0.0080) has the scale of a random
encoder and cannot be compared; only its order of magnitude is looked at.
"""

import numpy as np
import pytest

from sktsgen.datasets import make_sines
from sktsgen.metrics import (
    context_fid,
    correlational_score,
    discriminative_score,
    predictive_score,
)


@pytest.fixture(scope="module")
def sines():
    return make_sines(10_000, random_state=123), make_sines(10_000, random_state=124)


@pytest.fixture(scope="module")
def noisy(sines):
    noise = 0.1 * np.random.default_rng(0).standard_normal(sines[1].shape)
    return np.clip(sines[1] + noise, 0, 1)


def test_correlational_score_of_a_fifth_is_that_of_the_reference(sines):
    """The reference draws a fifth of the windows of either side, with replacement."""
    rng = np.random.default_rng(0)
    scores = [
        correlational_score(*(side[rng.integers(10_000, size=2000)] for side in sines))
        for _ in range(5)
    ]
    assert abs(np.mean(scores) - 0.0166) < 0.0063


def test_a_noisy_copy_leaves_the_range_of_the_reference(sines, noisy):
    assert correlational_score(sines[0], sines[1]) < 0.0166 + 0.0063
    assert correlational_score(sines[0], noisy) > 3 * (0.0166 + 0.0063)


@pytest.mark.slow
def test_small_judge_on_real_windows_is_in_the_range_of_the_reference(sines, noisy):
    real, fresh = (side[:3000] for side in sines)
    assert discriminative_score(real, fresh, random_state=0) < 0.008 + 0.010
    assert discriminative_score(real, noisy[:3000], n_repeats=1, random_state=0) > 0.1


@pytest.mark.slow
def test_predictive_score_of_real_windows_is_that_of_the_reference(sines, noisy):
    """The reference leaves the sines on their half of [0, 1]; ours are stretched over all of it."""
    real, fresh = sines[0], sines[1][:3000]
    stretch = 1 / np.ptp(real[..., -1])
    floor = predictive_score(real, fresh, n_repeats=1, random_state=0)
    assert stretch == pytest.approx(2, rel=1e-3)
    assert abs(floor / stretch - 0.094) < 0.0015
    assert predictive_score(real, noisy[:3000], n_repeats=1, random_state=0) > floor


@pytest.mark.slow
def test_context_fid_of_real_windows_has_the_order_of_the_reference(sines, noisy):
    real, fresh = (side[:3000] for side in sines)
    floor = context_fid(real, fresh, random_state=0)
    assert floor < 0.05
    assert context_fid(real, noisy[:3000], random_state=0) > 10 * floor
