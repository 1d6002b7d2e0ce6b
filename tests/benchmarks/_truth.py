"""Truth: the score where the best possible one is known."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm

from sktsgen.datasets import ar1_entropy_rate, make_ar1
from tests.benchmarks._data import Array
from tests.benchmarks._plan import Plan
from tests.benchmarks._rows import Row

PHI, SIGMA = 0.8, 1.0


def truth(plan: Plan) -> Iterator[Row]:
    """Score new series of a first-order autoregression beside the process itself."""
    series, test = (
        list(make_ar1(n, 400, phi=PHI, sigma=SIGMA, random_state=stream))
        for stream, n in enumerate((plan.size(50, 5), 20))
    )
    exact = float(np.mean([_log_density(x[:, 0]) for x in test]))
    for seed in plan.seeds:
        estimator, figures = plan.fit(series, seed=seed, window_length=plan.window)
        score = float(estimator.score(test))
        yield plan.row(
            "truth",
            "AR(1)",
            dataset="ar1",
            seed=seed,
            n_series=len(series),
            score=score,
            process_on_same_series=exact,
            negative_entropy_rate=-ar1_entropy_rate(SIGMA),
            gap=exact - score,
            **figures,
        )


def _log_density(x: Array) -> float:
    """Return the mean log-density per step of a series under the process."""
    first = norm.logpdf(x[0], scale=SIGMA / np.sqrt(1 - PHI**2))
    return float((first + norm.logpdf(x[1:], x[:-1] * PHI, SIGMA).sum()) / len(x))
