"""Pure functions on tensors: condition, decompose, draw, drop, quantise, rotate, multiply."""

from sktsgen.ops._autoregression import lag_moments, window_covariance
from sktsgen.ops._carry import carry_forward
from sktsgen.ops._condition import (
    FactorPattern,
    condition,
    deviation,
    factor_pattern,
    factorise,
)
from sktsgen.ops._decompose import moving_average
from sktsgen.ops._draw import draw_index, draw_normal, nucleus
from sktsgen.ops._drop import corrupt_rows, drop
from sktsgen.ops._interpolate import N_SPANS, interpolate, kinds_of_spans, nearest_visible
from sktsgen.ops._linear import fast_fp32, has_fast_fp32, linear
from sktsgen.ops._mixture import mixture_log_density, mixture_log_mass
from sktsgen.ops._precision import full_precision
from sktsgen.ops._quantise import nearest_code, straight_through
from sktsgen.ops._resample import pool, reflect, stretch
from sktsgen.ops._rotate import rotary_factors, rotate
from sktsgen.ops._spectrum import spectral_distance, strongest_bins

__all__ = [
    "N_SPANS",
    "FactorPattern",
    "carry_forward",
    "condition",
    "corrupt_rows",
    "deviation",
    "draw_index",
    "draw_normal",
    "drop",
    "factor_pattern",
    "factorise",
    "fast_fp32",
    "full_precision",
    "has_fast_fp32",
    "interpolate",
    "kinds_of_spans",
    "lag_moments",
    "linear",
    "mixture_log_density",
    "mixture_log_mass",
    "moving_average",
    "nearest_code",
    "nearest_visible",
    "nucleus",
    "pool",
    "reflect",
    "rotary_factors",
    "rotate",
    "spectral_distance",
    "straight_through",
    "stretch",
    "strongest_bins",
    "window_covariance",
]
