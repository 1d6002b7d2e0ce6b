"""Seeded data sets with known truth, for examples, tests and benchmarks."""

from sktsgen.datasets._building import make_building_energy
from sktsgen.datasets._holdout import block_holdout
from sktsgen.datasets._linear import (
    ar1_autocovariance,
    ar1_entropy_rate,
    make_ar1,
    make_var1,
    var1_autocovariance,
    var1_entropy_rate,
)
from sktsgen.datasets._mixed import make_mixed_panel
from sktsgen.datasets._panels import make_class_panel, make_sines

__all__ = [
    "ar1_autocovariance",
    "ar1_entropy_rate",
    "block_holdout",
    "make_ar1",
    "make_building_energy",
    "make_class_panel",
    "make_mixed_panel",
    "make_sines",
    "make_var1",
    "var1_autocovariance",
    "var1_entropy_rate",
]
