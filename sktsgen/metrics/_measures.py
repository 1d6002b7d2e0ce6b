"""The measures of a report: what each needs and how it is taken."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sktsgen.metrics._context_fid import context_fid
from sktsgen.metrics._discriminative import discriminative_score
from sktsgen.metrics._levels import (
    correlation_ratio_difference,
    cramers_v_difference,
    total_variation_distance,
)
from sktsgen.metrics._marginal import marginal_distance
from sktsgen.metrics._moments import (
    autocorrelation_difference,
    correlational_score,
    cross_correlation_difference,
    spectral_distance,
)
from sktsgen.metrics._predictive import predictive_score


class Measure(NamedTuple):
    """One row of a report; lower is better.

    Attributes
    ----------
    take : callable
        From real windows, generated windows and an int seed to a number.
    n_numeric, n_discrete, n_steps, n_columns : int
        Columns of numbers, discrete columns, steps and columns of any kind it needs at least.
    has_network : bool
        Whether it trains a network, which takes seconds to minutes.
    """

    take: Callable[[Any, Any, int], Any]
    n_numeric: int = 0
    n_discrete: int = 0
    n_steps: int = 1
    n_columns: int = 1
    has_network: bool = False


def _judge(judge: str) -> Callable[[Any, Any, int], Any]:
    return lambda real, synthetic, seed: discriminative_score(
        real, synthetic, judge=judge, n_repeats=1, random_state=seed
    )


def _plain(metric: Callable[..., Any], **options: Any) -> Callable[[Any, Any, int], Any]:
    return lambda real, synthetic, _: metric(real, synthetic, **options)


def _seeded(metric: Callable[..., Any]) -> Callable[[Any, Any, int], Any]:
    return lambda real, synthetic, seed: metric(real, synthetic, n_repeats=1, random_state=seed)


MEASURES = {
    "discriminative, boosting": Measure(_judge("boosting")),
    "discriminative, gru-small": Measure(_judge("gru-small"), has_network=True),
    "discriminative, gru-strong": Measure(_judge("gru-strong"), has_network=True),
    "discriminative, conv": Measure(_judge("conv"), has_network=True),
    "predictive": Measure(
        _seeded(predictive_score), n_numeric=1, n_steps=2, n_columns=2, has_network=True
    ),
    "context FID": Measure(_seeded(context_fid), has_network=True),
    "marginal, KS": Measure(_plain(marginal_distance), n_numeric=1),
    "marginal, Wasserstein": Measure(_plain(marginal_distance, kind="wasserstein"), n_numeric=1),
    "differences, KS": Measure(_plain(marginal_distance, difference=True), n_numeric=1, n_steps=2),
    "correlational": Measure(_plain(correlational_score), n_numeric=2),
    "cross-correlation": Measure(_plain(cross_correlation_difference), n_steps=2, n_columns=2),
    "autocorrelation": Measure(_plain(autocorrelation_difference), n_steps=2),
    "spectrum": Measure(_plain(spectral_distance), n_steps=2),
    "levels, total variation": Measure(_plain(total_variation_distance), n_discrete=1),
    "transitions, total variation": Measure(
        _plain(total_variation_distance, transitions=True), n_discrete=1, n_steps=2
    ),
    "Cramer's V": Measure(_plain(cramers_v_difference), n_discrete=2),
    "correlation ratio": Measure(_plain(correlation_ratio_difference), n_numeric=1, n_discrete=1),
}


def choose_measures(
    asked: Any, *, n_numeric: int, n_discrete: int, n_steps: int
) -> dict[str, Measure]:
    """Return the measures asked for that the data allows.

    Parameters
    ----------
    asked : {"quick", "all"} or sequence of str
        "quick" leaves out those that train a network.
    n_numeric, n_discrete, n_steps : int
        Columns and steps of the data.

    Returns
    -------
    measures : dict of str to Measure
        In the order of a report.

    Raises
    ------
    ValueError
        If a name is not known, or the data allows none.
    """
    names = [asked] if isinstance(asked, str) and asked not in ("quick", "all") else asked
    if names not in ("quick", "all") and (unknown := [n for n in names if n not in MEASURES]):
        raise ValueError(
            f"measures names {unknown}; choose 'quick', 'all' or from {sorted(MEASURES)}."
        )
    chosen = {
        name: measure
        for name, measure in MEASURES.items()
        if (names == "all" or (names == "quick" and not measure.has_network) or name in names)
        and measure.n_numeric <= n_numeric
        and measure.n_discrete <= n_discrete
        and measure.n_steps <= n_steps
        and measure.n_columns <= n_numeric + n_discrete
    }
    if not chosen:
        raise ValueError(
            f"measures={asked!r} leaves none for {n_numeric} columns of numbers, {n_discrete} "
            f"discrete ones and {n_steps} steps; choose others."
        )
    return chosen
