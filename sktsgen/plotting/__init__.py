"""Pictures of real and generated series; matplotlib is imported when one is drawn."""

from sktsgen.plotting._comparison import ComparisonDisplay
from sktsgen.plotting._embedding import EmbeddingDisplay
from sktsgen.plotting._fidelity import FidelityDisplay

__all__ = ["ComparisonDisplay", "EmbeddingDisplay", "FidelityDisplay"]
