import functools
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV

from sktsgen import metrics
from sktsgen.datasets import make_var1
from sktsgen.metrics import (
    GeneratorScorer,
    _context_fid,
    _judges,
    discriminative_score,
    marginal_distance,
    neg_autocorrelation_difference,
    neg_context_fid,
    neg_correlational_score,
    neg_discriminative_score,
    neg_marginal_distance,
)

X = make_var1(60, 20, cov=[[1.0, 0.5], [0.5, 1.0]], random_state=0)


class Resampler(BaseEstimator):
    """Draw training windows, scaled by `spread`."""

    def __init__(self, spread=1.0):
        self.spread = spread

    def fit(self, X, y=None):
        self.series_ = np.asarray(X)
        self.window_length_ = 12
        return self

    def sample(self, n_samples=1, *, length=None, random_state=None):
        rng = np.random.default_rng(random_state)
        return self.spread * self.series_[rng.integers(len(self.series_), size=n_samples), :length]


def test_score_is_the_negative_distance_of_a_seeded_draw():
    generator = Resampler().fit(X[:40])
    drawn = generator.sample(20 * 9, length=12, random_state=0)
    assert neg_marginal_distance(generator, X[40:]) == -marginal_distance(X[40:], drawn)
    assert neg_marginal_distance(generator, X[40:]) == neg_marginal_distance(generator, X[40:])


@pytest.mark.parametrize(
    "scorer",
    [neg_marginal_distance, neg_autocorrelation_difference, neg_discriminative_score],
)
def test_search_chooses_the_right_spread(scorer, monkeypatch):
    quick = _judges.RecurrentJudge(8, 1, 40, 2e-2)
    monkeypatch.setitem(_judges.JUDGES, "gru-strong", quick)
    search = GridSearchCV(Resampler(), {"spread": [0.2, 1.0, 3.0]}, scoring=scorer, cv=2)
    scores = search.fit(X).cv_results_["mean_test_score"]
    if scorer is neg_autocorrelation_difference:  # a matter of order in time, not of spread
        np.testing.assert_allclose(scores, scores[0])
    else:
        assert search.best_params_ == {"spread": 1.0}
        assert scores.max() <= 0


def test_all_scorers_rank_data_above_noise(monkeypatch):
    monkeypatch.setattr(_context_fid, "N_ITERATIONS", 30)
    good = Resampler().fit(X[:40])
    bad = Resampler().fit(np.random.default_rng(0).standard_normal((40, 20, 2)).cumsum(1))
    for scorer in (neg_correlational_score, neg_context_fid):
        assert scorer(good, X[40:, :12]) > scorer(bad, X[40:, :12])


def test_a_perfect_generator_of_fewer_windows_is_a_coin_to_a_judge():
    """3,000 held-out windows and 1,000 drawn: a guess is right three times in four."""
    law = np.random.default_rng(0).standard_normal
    params = {"judge": "boosting", "n_repeats": 1, "random_state": 0}
    scorer = GeneratorScorer(
        discriminative_score,
        metric_params=params,
        sample=lambda estimator, n, *, length, random_state: law((n, length, 1)),
    )
    assert scorer(object(), law((3000, 6, 1))) > -0.1


def test_length_is_never_beyond_the_held_out_series():
    generator = Resampler().fit(X)
    lengths = []
    scorer = GeneratorScorer(lambda real, drawn: lengths.append(drawn.shape[1]) or 0.0)
    scorer(generator, X[:, :7])
    scorer(generator, X)
    GeneratorScorer(scorer.metric, length=5)(generator, X)
    assert lengths == [7, 12, 5]


def test_one_long_series_scores():
    long = pd.DataFrame(X[0], columns=["p", "q"])
    assert -1 < neg_marginal_distance(Resampler().fit(X), long) < 0


def test_a_function_that_draws_is_used():
    scorer = GeneratorScorer(
        marginal_distance,
        is_loss=False,
        sample=lambda estimator, n, *, length, random_state: X[:n, :length],
    )
    assert scorer(object(), X[:, :12]) == pytest.approx(0.0)


def test_an_estimator_that_cannot_draw_is_named():
    with pytest.raises(TypeError, match="BaseEstimator has no sample; build it with"):
        neg_marginal_distance(BaseEstimator(), X)


def test_a_scorer_says_how_it_was_made():
    assert repr(neg_marginal_distance) == "GeneratorScorer(marginal_distance, is_loss=True)"


def test_a_scorer_of_a_partial_says_how_it_was_made():
    scorer = GeneratorScorer(functools.partial(marginal_distance, kind="wasserstein"))
    assert repr(scorer).startswith("GeneratorScorer(functools.partial(<function marginal_distance")


def test_a_length_beyond_the_held_out_series_is_named():
    scorer = GeneratorScorer(marginal_distance, length=21)
    with pytest.raises(ValueError, match="length=21, and the longest held-out series has 20 steps"):
        scorer(Resampler().fit(X), X)


@pytest.mark.parametrize("name", [name for name in metrics.__all__ if name.startswith("neg_")])
def test_each_scorer_has_a_docstring_of_its_own(name):
    scorer = getattr(metrics, name)
    assert scorer.__doc__.startswith(f"Score by the negative of `{name[4:]}`.")
    assert pickle.loads(pickle.dumps(scorer)).__doc__ == scorer.__doc__
