"""How like the real series the generated ones are, and how like copies."""

from sktsgen.metrics._context_fid import context_fid
from sktsgen.metrics._copying import Copying, copying
from sktsgen.metrics._discriminative import discriminative_score
from sktsgen.metrics._errors import (
    crps,
    interval_coverage,
    interval_width,
    mae,
    pinball_loss,
    rmse,
)
from sktsgen.metrics._evaluate import evaluate
from sktsgen.metrics._level_errors import balanced_error, error_rate, level_log_loss
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
from sktsgen.metrics._report import FidelityReport
from sktsgen.metrics._scorers import (
    GeneratorScorer,
    neg_autocorrelation_difference,
    neg_context_fid,
    neg_correlational_score,
    neg_discriminative_score,
    neg_marginal_distance,
)

__all__ = [
    "Copying",
    "FidelityReport",
    "GeneratorScorer",
    "autocorrelation_difference",
    "balanced_error",
    "context_fid",
    "copying",
    "correlation_ratio_difference",
    "correlational_score",
    "cramers_v_difference",
    "cross_correlation_difference",
    "crps",
    "discriminative_score",
    "error_rate",
    "evaluate",
    "interval_coverage",
    "interval_width",
    "level_log_loss",
    "mae",
    "marginal_distance",
    "neg_autocorrelation_difference",
    "neg_context_fid",
    "neg_correlational_score",
    "neg_discriminative_score",
    "neg_marginal_distance",
    "pinball_loss",
    "predictive_score",
    "rmse",
    "spectral_distance",
    "total_variation_distance",
]
