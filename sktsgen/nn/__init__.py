"""Torch modules: architecture, nothing else."""

from sktsgen.nn._attention import CausalAttention, attend, sliding_mask
from sktsgen.nn._cache import KVCache, StaticKVCache
from sktsgen.nn._contract import Network, TrainingStep
from sktsgen.nn._depth_heads import DepthHeads
from sktsgen.nn._dual_path import Components, MovingAverageMixture, outline
from sktsgen.nn._dual_path_tokenizer import DecodedWindow, DualPathTokenizer
from sktsgen.nn._emission import MixtureEmission
from sktsgen.nn._factorized import FactorizedTokenizer, ResidualDecoder
from sktsgen.nn._factorized_ar import (
    Context,
    FactorizedDecoder,
    FactorizedModel,
    read_rows,
)
from sktsgen.nn._latent_denoiser import Estimate, LatentDenoiser, velocity_skip
from sktsgen.nn._layers import Linear, RMSNorm, SwiGLU
from sktsgen.nn._level_chains import SMOOTHING, LevelChains, count_steps, side_by_side
from sktsgen.nn._level_codes import LevelCodes
from sktsgen.nn._loss import Loss, mean_of, mean_where
from sktsgen.nn._mixed_vae import Code, Decoded, MixedVAE
from sktsgen.nn._multiscale_ar import (
    ScaleDecoder,
    ValueDecoder,
    log_density,
    plan_of,
    read_tokens,
)
from sktsgen.nn._multiscale_quantizer import MultiScaleQuantizer, TokenInputs
from sktsgen.nn._quantizer import Quantized, ResidualQuantizer, VectorQuantizer
from sktsgen.nn._scale_prior import ScalePrior, TokenBatch
from sktsgen.nn._slots import Slot, without_gaps
from sktsgen.nn._token_prior import LogLikelihood, PriorBatch, Rows, TokenPrior
from sktsgen.nn._transformer import CausalTransformer
from sktsgen.nn._window_batch import WindowBatch, overlap_of
from sktsgen.nn._window_emission import Plan, WindowEmission, all_known, mark
from sktsgen.nn._window_fill import Fill, GaussianFill, LinearFill, new_fill

__all__ = [
    "SMOOTHING",
    "CausalAttention",
    "CausalTransformer",
    "Code",
    "Components",
    "Context",
    "Decoded",
    "DecodedWindow",
    "DepthHeads",
    "DualPathTokenizer",
    "Estimate",
    "FactorizedDecoder",
    "FactorizedModel",
    "FactorizedTokenizer",
    "Fill",
    "GaussianFill",
    "KVCache",
    "LatentDenoiser",
    "LevelChains",
    "LevelCodes",
    "Linear",
    "LinearFill",
    "LogLikelihood",
    "Loss",
    "MixedVAE",
    "MixtureEmission",
    "MovingAverageMixture",
    "MultiScaleQuantizer",
    "Network",
    "Plan",
    "PriorBatch",
    "Quantized",
    "RMSNorm",
    "ResidualDecoder",
    "ResidualQuantizer",
    "Rows",
    "ScaleDecoder",
    "ScalePrior",
    "Slot",
    "StaticKVCache",
    "SwiGLU",
    "TokenBatch",
    "TokenInputs",
    "TokenPrior",
    "TrainingStep",
    "ValueDecoder",
    "VectorQuantizer",
    "WindowBatch",
    "WindowEmission",
    "all_known",
    "attend",
    "count_steps",
    "log_density",
    "mark",
    "mean_of",
    "mean_where",
    "new_fill",
    "outline",
    "overlap_of",
    "plan_of",
    "read_rows",
    "read_tokens",
    "side_by_side",
    "sliding_mask",
    "velocity_skip",
    "without_gaps",
]
