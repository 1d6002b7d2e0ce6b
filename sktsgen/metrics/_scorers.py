"""Scorers for searches over the parameters of generators, without labels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sktsgen.data import check_panel
from sktsgen.metrics._context_fid import context_fid
from sktsgen.metrics._discriminative import discriminative_score
from sktsgen.metrics._marginal import marginal_distance
from sktsgen.metrics._moments import autocorrelation_difference, correlational_score

DEFAULT_LENGTH = 96  # steps, where the estimator names no window


class GeneratorScorer:
    """Score a fitted generator by what it draws.

    A callable for `scoring=` of `GridSearchCV` and its like: it draws with a fixed seed as many
    windows as the held-out data has, takes a measure of both, and returns it with the sign that
    makes higher better.

    Parameters
    ----------
    metric : callable
        Takes real and generated series and returns a float, such as the functions of this module.
    is_loss : bool, default=True
        Whether lower values of `metric` are better; the score is then its negative.
    n_samples : int or None, default=None
        Series to draw; None draws one for each window of the held-out data, 1,000 at most. Judges
        take as many of the held-out windows; distances take all of them.
    length : int or None, default=None
        Steps of a series; None takes the estimator's `window_length_` (96 where it has none), or
        the longest held-out series where that is shorter.
    metric_params : mapping or None, default=None
        Keyword arguments of `metric`.
    sample : callable or None, default=None
        ``sample(estimator, n_samples, length=..., random_state=...)`` draws the series. None calls
        the estimator's own `sample`; give `sktsgen.sample` to score a plain scikit-learn Pipeline.
    random_state : int, default=0
        Seed of the draw.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sktsgen import FactorizedARGenerator
    >>> from sktsgen.metrics import GeneratorScorer, marginal_distance
    >>> scorer = GeneratorScorer(marginal_distance, metric_params={"kind": "wasserstein"})
    >>> search = GridSearchCV(FactorizedARGenerator(), {"n_components": [4, 8]}, scoring=scorer)
    """

    def __init__(
        self,
        metric: Callable[..., Any],
        *,
        is_loss: bool = True,
        n_samples: int | None = None,
        length: int | None = None,
        metric_params: Mapping[str, Any] | None = None,
        sample: Callable[..., Any] | None = None,
        random_state: int = 0,
    ) -> None:
        self.metric = metric
        self.is_loss = is_loss
        self.n_samples = n_samples
        self.length = length
        self.metric_params = metric_params
        self.sample = sample
        self.random_state = random_state

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted generator, or pipeline that ends in one.
        X : array-like, list or DataFrame
            Held-out series.
        y : None
            Ignored; searches pass it.

        Returns
        -------
        score : float
            Higher is better.

        Raises
        ------
        TypeError
            If the estimator has no `sample` and none was given.
        ValueError
            If no held-out series has `length` steps.
        """
        lengths = check_panel(X, min_rows=1, mixed=True, missing=True).lengths
        length = self._length(estimator, lengths)
        if length > lengths.max():
            raise ValueError(
                f"length={length}, and the longest held-out series has {lengths.max()} steps; give "
                "no more than that, or None."
            )
        n_windows = int(np.maximum(lengths - length + 1, 0).sum())
        n_samples = min(n_windows, 1000) if self.n_samples is None else self.n_samples
        synthetic = self._draw(estimator, n_samples, length)
        value = self.metric(X, synthetic, **(self.metric_params or {}))
        return float(-value if self.is_loss else value)

    def _length(self, estimator: Any, lengths: Any) -> int:
        if self.length is not None:
            return self.length
        window = getattr(estimator, "window_length_", DEFAULT_LENGTH)
        return min(int(window), int(lengths.max()))

    def _draw(self, estimator: Any, n_samples: int, length: int) -> Any:
        options = {"length": length, "random_state": self.random_state}
        if self.sample is not None:
            return self.sample(estimator, n_samples, **options)
        if not hasattr(estimator, "sample"):
            raise TypeError(
                f"{type(estimator).__name__} has no sample; build it with "
                "make_generator_pipeline, or give GeneratorScorer sample=sktsgen.sample."
            )
        return estimator.sample(n_samples, **options)

    def __repr__(self) -> str:
        """Return how the scorer was made."""
        name = getattr(self.metric, "__name__", None) or repr(self.metric)
        return f"GeneratorScorer({name}, is_loss={self.is_loss})"


neg_marginal_distance = GeneratorScorer(marginal_distance)
neg_marginal_distance.__doc__ = """Score by the negative of `marginal_distance`.

A `GeneratorScorer` for `scoring=`; higher is better, at most 0.
"""
neg_autocorrelation_difference = GeneratorScorer(autocorrelation_difference)
neg_autocorrelation_difference.__doc__ = """Score by the negative of `autocorrelation_difference`.

A `GeneratorScorer` for `scoring=`; higher is better, at most 0.
"""
neg_correlational_score = GeneratorScorer(correlational_score)
neg_correlational_score.__doc__ = """Score by the negative of `correlational_score`.

A `GeneratorScorer` for `scoring=`; higher is better, at most 0.
"""
neg_discriminative_score = GeneratorScorer(
    discriminative_score, metric_params={"judge": "gru-strong", "n_repeats": 1, "random_state": 0}
)
neg_discriminative_score.__doc__ = """Score by the negative of `discriminative_score`.

A `GeneratorScorer` for `scoring=`, with one judge "gru-strong" of seed 0; higher is better, from
-0.5 to 0.
"""
neg_context_fid = GeneratorScorer(context_fid, metric_params={"random_state": 0})
neg_context_fid.__doc__ = """Score by the negative of `context_fid`.

A `GeneratorScorer` for `scoring=`, with one encoder of seed 0; higher is better, at most 0.
"""
