"""The one autoregressive loop."""

from sktsgen.decoding._decode import BlockModel, decode
from sktsgen.decoding._noise import GivenNoise, SeriesNoise, class_draws, entropy_of, series_draws

__all__ = [
    "BlockModel",
    "GivenNoise",
    "SeriesNoise",
    "class_draws",
    "decode",
    "entropy_of",
    "series_draws",
]
