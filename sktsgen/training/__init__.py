"""The one optimisation loop."""

from sktsgen.training._runtime import make_generator, resolve_device
from sktsgen.training._state import CheckpointStore, TrainState
from sktsgen.training._trainer import Recipe, Trainer, TrainingHistory

__all__ = [
    "CheckpointStore",
    "Recipe",
    "TrainState",
    "Trainer",
    "TrainingHistory",
    "make_generator",
    "resolve_device",
]
