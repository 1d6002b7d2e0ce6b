"""Generators of multivariate time series with the habits of scikit-learn."""

# First, because the rooms below write it into the files they save.
__version__ = "0.1.0"

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sktsgen.compose import (
        GeneratorPipeline,
        PanelKFold,
        make_generator_pipeline,
        sample,
    )
    from sktsgen.data import as_panel
    from sktsgen.estimators import (
        FactorizedARGenerator,
        LatentDiffusionForecaster,
        LatentDiffusionGenerator,
        LatentDiffusionImputer,
        MultiScaleARGenerator,
    )
    from sktsgen.persistence import load
    from sktsgen.transformers import MixedTypeEncoder, SeasonalTrendDecomposer

_ROOMS = (
    "compose",
    "data",
    "datasets",
    "exceptions",
    "metrics",
    "plotting",
    "testing",
    "transformers",
)
# Names and rooms are imported when they are first asked for: `import sktsgen` is quick, and so
# are the tools that look at installed packages when they start, as pytest does for its plugins.
_HOMES = {
    "FactorizedARGenerator": "estimators",
    "GeneratorPipeline": "compose",
    "LatentDiffusionForecaster": "estimators",
    "LatentDiffusionGenerator": "estimators",
    "LatentDiffusionImputer": "estimators",
    "MixedTypeEncoder": "transformers",
    "MultiScaleARGenerator": "estimators",
    "PanelKFold": "compose",
    "SeasonalTrendDecomposer": "transformers",
    "as_panel": "data",
    "load": "persistence",
    "make_generator_pipeline": "compose",
    "sample": "compose",
}

__all__ = [
    "FactorizedARGenerator",
    "GeneratorPipeline",
    "LatentDiffusionForecaster",
    "LatentDiffusionGenerator",
    "LatentDiffusionImputer",
    "MixedTypeEncoder",
    "MultiScaleARGenerator",
    "PanelKFold",
    "SeasonalTrendDecomposer",
    "__version__",
    "as_panel",
    "load",
    "make_generator_pipeline",
    "sample",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"sktsgen.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'sktsgen' has no attribute {name!r}")
    if name == "load":  # a file may name what these rooms register, and nothing else
        importlib.import_module("sktsgen.estimators")
    globals()[name] = getattr(importlib.import_module(f"sktsgen.{_HOMES[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_HOMES})
