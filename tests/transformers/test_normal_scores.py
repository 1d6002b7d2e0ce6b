"""Numbers of any law become normal scores, and come back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from sktsgen.persistence import from_tree, to_tree
from sktsgen.transformers import NormalScores, is_normal

RNG = np.random.default_rng(0)
LAWS = {
    "exponential": RNG.exponential(size=4000),
    "rain": np.where(RNG.random(4000) < 0.6, 0.0, RNG.gamma(0.5, 3.0, 4000)),
    "few": RNG.choice([0.0, 1.0, 2.0, 7.0], p=[0.7, 0.1, 0.1, 0.1], size=4000),
    "two peaks": np.concatenate([RNG.normal(-5, 1, 2000), RNG.normal(5, 1, 2000)]),
}


def test_scores_of_a_continuous_law_are_normal():
    values = LAWS["exponential"]
    assert kstest(NormalScores().fit(values).open(values), "norm").statistic < 0.02


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_come_back_and_keep_their_order(law, dtype):
    values = np.sort(LAWS[law].astype(dtype))
    codec = NormalScores().fit(values)
    scores = codec.open(values)
    np.testing.assert_allclose(codec.close(scores), values, rtol=0, atol=1e-6)
    assert (np.diff(scores) >= 0).all()
    assert (np.diff(scores)[np.diff(values) > 1e-3] > 0).all()


@pytest.mark.parametrize("law", LAWS)
def test_normal_draws_become_the_law(law):
    codec = NormalScores().fit(LAWS[law])
    drawn = codec.close(np.random.default_rng(1).standard_normal(4000))
    levels = np.quantile(LAWS[law], np.linspace(0.0, 1.0, 21))
    shares, expected = ((x[:, None] <= levels).mean(axis=0) for x in (drawn, LAWS[law]))
    np.testing.assert_allclose(shares, expected, atol=0.05)  # straight between quantiles


def test_ties_come_back_to_the_last_digit():
    codec = NormalScores().fit(LAWS["rain"])
    scores = codec.open(np.zeros(1))
    assert (codec.close(scores + np.linspace(-0.3, 0.3, 9)) == 0.0).all()
    assert (codec.open(np.array([1e-9])) > scores + 0.3).all()
    few = NormalScores().fit(LAWS["few"])
    assert set(few.close(np.random.default_rng(2).standard_normal(500))) == {0.0, 1.0, 2.0, 7.0}


def test_beyond_what_was_seen_the_map_goes_on():
    codec = NormalScores().fit(LAWS["exponential"])
    beyond = LAWS["exponential"].max() + np.array([1.0, 2.0])
    scores = codec.open(beyond)
    np.testing.assert_allclose(np.diff(scores), 1.0)
    np.testing.assert_allclose(codec.close(scores), beyond)


def test_rates_are_those_of_the_way_to_numbers():
    codec = NormalScores().fit(LAWS["exponential"])
    scores, step = np.linspace(-3.0, 5.0, 41) + 1e-3, 1e-6
    expected = (codec.close(scores + step) - codec.close(scores - step)) / (2 * step)
    np.testing.assert_allclose(codec.rates(scores), expected, rtol=1e-5)
    assert (NormalScores().fit(LAWS["few"]).rates(np.zeros(1)) == 0.0).all()


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=60, unique=True))
def test_any_numbers_come_back(values):
    numbers = np.array(values, dtype=np.float32)
    codec = NormalScores().fit(numbers)
    near = 1e-5 * np.abs(numbers).max() + 1e-6
    np.testing.assert_allclose(codec.close(codec.open(numbers)), numbers, rtol=0, atol=near)


def test_the_map_is_kept_in_a_file():
    codec = NormalScores().fit(LAWS["rain"])
    again = from_tree(*to_tree(codec))
    scores = np.linspace(-3.0, 3.0, 50)
    assert (again.close(scores) == codec.close(scores)).all()


def test_what_is_taken_for_normal():
    assert is_normal(RNG.standard_normal(500))
    assert is_normal(RNG.random(500))
    assert not is_normal(LAWS["rain"])
    assert is_normal(np.ones(5))
