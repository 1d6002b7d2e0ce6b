"""Columns to float features and back."""

from sktsgen.transformers._blocks import FeatureBlock
from sktsgen.transformers._decomposition import SeasonalTrendDecomposer
from sktsgen.transformers._feature_rows import feature_rows
from sktsgen.transformers._mixed_type import MixedTypeEncoder
from sktsgen.transformers._normal_scores import NormalScores, is_normal
from sktsgen.transformers._periods import find_periods

__all__ = [
    "FeatureBlock",
    "MixedTypeEncoder",
    "NormalScores",
    "SeasonalTrendDecomposer",
    "feature_rows",
    "find_periods",
    "is_normal",
]
