"""Generators: thin shells over the rooms below."""

from sktsgen.estimators._base import BaseGenerator
from sktsgen.estimators._factorized_ar import FactorizedARGenerator

__all__ = ["BaseGenerator", "FactorizedARGenerator"]
