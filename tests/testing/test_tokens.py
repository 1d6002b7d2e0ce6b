"""Series made token by token."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import find, given, settings

from sktsgen.testing import fit_once, token_series
from sktsgen.testing._tokens import _plainest_first
from tests.estimators import multiscale_models
from tests.estimators.models import EMISSIONS, hourly_frame, panel, small
from tests.testing.canned import CannedGenerator

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
SEARCH = settings(database=None, deadline=None, max_examples=100, derandomize=True)


def fitted(X, y=None, **params):
    return fit_once(small(**params), X, y)


def plainest(strategy):
    """Give the example that Hypothesis tries first and shrinks to."""
    found = []

    @settings(max_examples=1, database=None, deadline=None)
    @given(strategy)
    def collect(X):
        found.append(X)

    collect()
    return found[0]


@pytest.mark.parametrize("emission", EMISSIONS)
def test_numbering_codes_anew_leaves_the_model_as_it_is(emission):
    generator = fitted(panel(), emission=emission)
    renumbered = _plainest_first(generator)
    assert renumbered.score(panel()) == pytest.approx(generator.score(panel()), abs=1e-5)
    np.testing.assert_allclose(renumbered.transform(panel()), generator.transform(panel()))
    books = [level.codebook for level in renumbered.tokenizer_.quantizer.levels]
    for book in books:
        size = (book @ renumbered.tokenizer_.basis).square().sum(1)
        assert (size.diff() >= 0).all()


@pytest.mark.parametrize("emission", EMISSIONS)
def test_the_plainest_example_has_the_plainest_token_everywhere(emission):
    generator = fitted(panel(), emission=emission)
    X = plainest(token_series(generator, length=(3, 6)))
    assert X.shape == (3, 2)
    tokens = _plainest_first(generator).tokenize(X)
    if emission == "point":
        assert (tokens[:, 0] == 0).all()
    # What the tokens leave open is in the middle of its distribution: nothing jumps about.
    assert np.abs(np.diff(X, axis=0)).max() < np.ptp(panel(), axis=(0, 1)).max() / 3


def test_a_deviation_shrinks_to_few_steps():
    generator = fitted(panel())
    high = plainest(token_series(generator, length=3))[:, 0].max() + 0.5
    strategy = token_series(generator, length=(2, 5))
    X = find(strategy, lambda X: len(X) >= 3 and X[:, 0].max() > high, settings=SEARCH)
    assert X.shape == (3, 2)
    assert 1 <= (X[:, 0] > high).sum() <= 2


@pytest.mark.parametrize("decoding", multiscale_models.DECODINGS)
def test_tokens_of_windows_are_chosen_and_shrink_to_the_plainest(decoding):
    generator = fit_once(multiscale_models.small(decoding=decoding), panel())
    renumbered = _plainest_first(generator)
    book = renumbered.tokenizer_.quantizer.codebook.codebook
    assert (book.square().sum(1).diff() >= 0).all()
    assert renumbered.score(panel()) == pytest.approx(generator.score(panel()), abs=1e-5)
    strategy = token_series(generator, length=(3, 12))
    plain = plainest(strategy)
    assert plain.shape == (3, 2)
    found = find(strategy, lambda X: len(X) > 3 and X[3, 0] > plain[:, 0].max(), settings=SEARCH)
    assert found.shape == (4, 2)


@pytest.mark.parametrize("make", [small, multiscale_models.small])
def test_frames_come_as_frames(make):
    generator = fit_once(make(), hourly_frame())

    @settings(max_examples=10, deadline=None, database=None)
    @given(token_series(generator, length=(2, 5)))
    def check(X):
        expected = generator.sample(1, length=len(X)).droplevel(0)
        pd.testing.assert_index_equal(X.index, expected.index)
        pd.testing.assert_series_equal(X.dtypes, expected.dtypes)

    check()


def test_classes_are_drawn():
    generator = fitted(panel(), [0, 0, 1, 1])
    X = plainest(token_series(generator, length=2))
    assert X.shape == (2, 2)


def test_the_generator_stays_as_it_is():
    generator = fitted(panel())
    before, own = generator.sample(2, random_state=1), dict(vars(generator))
    plainest(token_series(generator, length=2))
    assert vars(generator).keys() == own.keys()
    np.testing.assert_array_equal(generator.sample(2, random_state=1), before)


def test_a_new_fit_gives_new_tokens():
    generator = small().fit(panel())
    strategy = token_series(generator, length=3)
    near = plainest(strategy)
    generator.fit(panel() + 100.0)
    assert (plainest(strategy) - near > 50.0).all()


def test_generators_without_tokens_are_refused():
    text = "CannedGenerator draws no tokens step by step; use `time_series`"
    with pytest.raises(TypeError, match=re.escape(text)):
        plainest(token_series(CannedGenerator()))


def test_bad_lengths_are_named():
    with pytest.raises(ValueError, match="length=0 must be a whole number"):
        token_series(CannedGenerator(), length=0)
