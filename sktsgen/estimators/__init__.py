"""Generators: thin shells over the rooms below."""

from sktsgen.estimators._base import BaseGenerator
from sktsgen.estimators._factorized_ar import FactorizedARGenerator
from sktsgen.estimators._latent_diffusion_forecaster import LatentDiffusionForecaster
from sktsgen.estimators._latent_diffusion_generator import LatentDiffusionGenerator
from sktsgen.estimators._latent_diffusion_imputer import LatentDiffusionImputer
from sktsgen.estimators._multiscale_ar import MultiScaleARGenerator

__all__ = [
    "BaseGenerator",
    "FactorizedARGenerator",
    "LatentDiffusionForecaster",
    "LatentDiffusionGenerator",
    "LatentDiffusionImputer",
    "MultiScaleARGenerator",
]
