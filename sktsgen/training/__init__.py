"""The one optimisation loop."""

from sktsgen.training._recipe import Recipe, TrainingData, TrainingHistory
from sktsgen.training._runtime import make_generator, resolve_device
from sktsgen.training._state import CheckpointStore, TrainState
from sktsgen.training._trainer import Trainer

__all__ = [
    "CheckpointStore",
    "Recipe",
    "TrainState",
    "Trainer",
    "TrainingData",
    "TrainingHistory",
    "make_generator",
    "resolve_device",
]
