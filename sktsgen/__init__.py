"""Generators of multivariate time series with the habits of scikit-learn."""

# First, because the rooms below write it into the files they save.
__version__ = "0.1.0"

import importlib
from typing import Any

from sktsgen.data import as_panel
from sktsgen.estimators import FactorizedARGenerator
from sktsgen.persistence import load

_ROOMS = ("data", "datasets", "exceptions", "metrics", "plotting", "testing", "transformers")

__all__ = ["FactorizedARGenerator", "__version__", "as_panel", "load"]


def __getattr__(name: str) -> Any:
    # Rooms are imported when they are first asked for: `import sktsgen` stays quick.
    if name in _ROOMS:
        return importlib.import_module(f"sktsgen.{name}")
    raise AttributeError(f"module 'sktsgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
