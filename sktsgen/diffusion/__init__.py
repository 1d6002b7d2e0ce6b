"""The one noise process: what is hidden, how noise becomes data, and by which steps."""

from sktsgen.diffusion._autoencoder import Autoencoder
from sktsgen.diffusion._conditional_flow import ConditionalFlow
from sktsgen.diffusion._latent_flow import LatentFlow
from sktsgen.diffusion._masks import MASKS, draw_hidden
from sktsgen.diffusion._noise import content_key, window_noise
from sktsgen.diffusion._problem import FlowBatch, Problem
from sktsgen.diffusion._sampler import (
    SAMPLERS,
    DDIMSampler,
    DPMSolverSampler,
    EulerSampler,
    MidpointSampler,
    Sampler,
    integrate,
)
from sktsgen.diffusion._schedule import CosineSchedule, StraightSchedule

__all__ = [
    "MASKS",
    "SAMPLERS",
    "Autoencoder",
    "ConditionalFlow",
    "CosineSchedule",
    "DDIMSampler",
    "DPMSolverSampler",
    "EulerSampler",
    "FlowBatch",
    "LatentFlow",
    "MidpointSampler",
    "Problem",
    "Sampler",
    "StraightSchedule",
    "content_key",
    "draw_hidden",
    "integrate",
    "window_noise",
]
