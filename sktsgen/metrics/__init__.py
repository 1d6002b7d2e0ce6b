"""How like the real series the generated ones are, and how like copies."""

from sktsgen.metrics._context_fid import context_fid
from sktsgen.metrics._copying import Copying, copying
from sktsgen.metrics._discriminative import discriminative_score
from sktsgen.metrics._marginal import marginal_distance
from sktsgen.metrics._moments import autocorrelation_difference, correlational_score
from sktsgen.metrics._predictive import predictive_score

__all__ = [
    "Copying",
    "autocorrelation_difference",
    "context_fid",
    "copying",
    "correlational_score",
    "discriminative_score",
    "marginal_distance",
    "predictive_score",
]
