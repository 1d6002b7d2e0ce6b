"""Laws on the score."""

from typing import Any

import numpy as np

from sktsgen.testing._expectations import (
    N_SERIES,
    N_TIMESTEPS,
    fitted,
    panel_array,
    panel_frame,
    require,
    require_same,
)


def check_score_is_a_finite_float(estimator: Any) -> None:
    """Check that `score` is a Python float, for every container, and repeats itself."""
    X = panel_array()
    for given in (X, X[0], list(X), panel_frame(X)):
        generator = fitted(estimator, given)
        score = generator.score(given)
        require(isinstance(score, float), f"score gave a {type(score).__name__}.")
        require(np.isfinite(score), f"The score of the training data is {score}.")
        require(generator.score(given) == score, "A second call of score gave another value.")


def check_score_prefers_training_data(estimator: Any) -> None:
    """Check that training data scores higher than the same data under ten times the noise."""
    X = panel_array()
    noise = np.random.default_rng(1).standard_normal(X.shape) * 10.0 * X.std(axis=(0, 1))
    generator = fitted(estimator, X)
    scores = generator.score(X), generator.score(X + noise)
    require(scores[0] > scores[1], f"Training data scored {scores[0]}, noise {scores[1]}.")


def check_score_samples_adds_up(estimator: Any) -> None:
    """Check that `score_samples` has a value a series, or a row, and `score` is its mean a step."""
    if not hasattr(estimator, "score_samples"):
        return
    X = panel_array()
    generator = fitted(estimator, X)
    containers: dict[str, Any] = {
        "3-D array": X,
        "list": list(X),
        "ragged list": [X[0], X[1, :7], X[2, :1]],
    }
    for name, given in containers.items():
        values = np.asarray(generator.score_samples(given))
        shape = values.shape
        require(shape == (N_SERIES,), f"score_samples of a {name} has the shape {shape}.")
        mean = values.sum() / sum(len(series) for series in given)
        require_same(float(mean), generator.score(given), f"score_samples and score of a {name}.")
    rows = np.asarray(generator.score_samples(X[0]))
    shape = rows.shape
    require(shape == (N_TIMESTEPS,), f"score_samples of a 2-D array has the shape {shape}.")
    require_same(float(rows.mean()), generator.score(X[0]), "score_samples and score of rows.")


SCORE_LAWS = (
    check_score_is_a_finite_float,
    check_score_prefers_training_data,
    check_score_samples_adds_up,
)
