"""Torch modules: architecture, nothing else."""

from sktsgen.nn._attention import CausalAttention, attend, sliding_mask
from sktsgen.nn._cache import KVCache, StaticKVCache
from sktsgen.nn._contract import Network, TrainingStep
from sktsgen.nn._emission import MixtureEmission
from sktsgen.nn._factorized import FactorizedTokenizer, ResidualDecoder
from sktsgen.nn._factorized_ar import (
    Context,
    FactorizedDecoder,
    FactorizedModel,
    read_rows,
)
from sktsgen.nn._layers import Linear, RMSNorm, SwiGLU
from sktsgen.nn._quantizer import Quantized, ResidualQuantizer, VectorQuantizer
from sktsgen.nn._token_prior import DepthHeads, LogLikelihood, Rows, TokenPrior
from sktsgen.nn._transformer import CausalTransformer

__all__ = [
    "CausalAttention",
    "CausalTransformer",
    "Context",
    "DepthHeads",
    "FactorizedDecoder",
    "FactorizedModel",
    "FactorizedTokenizer",
    "KVCache",
    "Linear",
    "LogLikelihood",
    "MixtureEmission",
    "Network",
    "Quantized",
    "RMSNorm",
    "ResidualDecoder",
    "ResidualQuantizer",
    "Rows",
    "StaticKVCache",
    "SwiGLU",
    "TokenPrior",
    "TrainingStep",
    "VectorQuantizer",
    "attend",
    "read_rows",
    "sliding_mask",
]
