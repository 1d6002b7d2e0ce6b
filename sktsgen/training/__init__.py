"""The one optimisation loop."""

from sktsgen.training._ranks import generator_of_ranks, progress_bar
from sktsgen.training._recipe import Recipe, TrainingData, TrainingHistory
from sktsgen.training._runtime import make_generator, resolve_device
from sktsgen.training._state import CheckpointStore, TrainState
from sktsgen.training._trainer import Trainer
from sktsgen.training._warm_start import go_on_from

__all__ = [
    "CheckpointStore",
    "Recipe",
    "TrainState",
    "Trainer",
    "TrainingData",
    "TrainingHistory",
    "generator_of_ranks",
    "go_on_from",
    "make_generator",
    "progress_bar",
    "resolve_device",
]
