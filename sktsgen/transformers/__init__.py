"""Columns to float features and back."""

from sktsgen.transformers._codecs import NumericCodec, feature_rows

__all__ = ["NumericCodec", "feature_rows"]
