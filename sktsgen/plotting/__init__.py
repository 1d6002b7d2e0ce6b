"""Pictures of real and generated series; matplotlib is imported when one is drawn."""

from sktsgen.plotting._comparison import ComparisonDisplay

__all__ = ["ComparisonDisplay"]
