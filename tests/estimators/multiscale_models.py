"""Small multi-scale generators: untrained ones for laws, trained ones for truths."""

from sktsgen import MultiScaleARGenerator
from sktsgen.training import Trainer

DECODINGS = ("token", "scale")


def small(**params):
    """Give a generator that fits in a moment: for laws that hold whatever was learnt."""
    chosen = {
        "window_length": 8,
        "scales": (1, 2, 4),
        "codebook_size": 8,
        "kernels": (3, 5),
        "d_hidden": 8,
        "code_dim": 4,
        "d_model": 8,
        "n_layers": 1,
        "n_heads": 2,
        "max_epochs": 1,
        "batch_size": 16,
        "device": "cpu",
        "random_state": 0,
        "trainer": Trainer(steps_per_epoch=3),
    }
    return MultiScaleARGenerator(**{**chosen, **params})


def honest(**params):
    """Give a generator that learns simple dynamics in a few seconds."""
    chosen = {
        "scales": (1, 2),
        "d_model": 16,
        "dropout": 0.0,
        "max_epochs": 4,
        "batch_size": 32,
        "learning_rate": 5e-3,
        "trainer": Trainer(steps_per_epoch=75),
    }
    return small(**{**chosen, **params})
