"""Pure functions on tensors: decompose, draw, drop, quantise, rotate, multiply."""

from sktsgen.ops._decompose import moving_average
from sktsgen.ops._draw import draw_index, draw_normal, nucleus
from sktsgen.ops._drop import corrupt_rows, drop
from sktsgen.ops._linear import fast_fp32, has_fast_fp32, linear
from sktsgen.ops._quantise import nearest_code, straight_through
from sktsgen.ops._rotate import rotary_factors, rotate

__all__ = [
    "corrupt_rows",
    "draw_index",
    "draw_normal",
    "drop",
    "fast_fp32",
    "has_fast_fp32",
    "linear",
    "moving_average",
    "nearest_code",
    "nucleus",
    "rotary_factors",
    "rotate",
    "straight_through",
]
