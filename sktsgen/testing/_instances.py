"""One small, quickly fitted instance of every estimator, for runs of checks."""

from typing import Any

from sklearn.base import clone

from sktsgen.training import Trainer

_OF_DIFFUSION: dict[str, Any] = {
    "window_length": 4,
    "n_sampling_steps": 1,
    "d_model": 8,
    "n_layers": 2,
    "n_heads": 2,
    "max_epochs": 1,
    "trainer": Trainer(steps_per_epoch=2),
    "batch_size": 32,
    "device": "cpu",
    "random_state": 0,
}

TEST_PARAMS: dict[str, dict[str, Any]] = {
    "FactorizedARGenerator": {
        "n_components": 4,
        "codebook_size": 8,
        "n_codebooks": 2,
        "d_model": 8,
        "n_layers": 1,
        "n_heads": 2,
        "window_length": 4,
        "max_epochs": 1,
        "trainer": Trainer(steps_per_epoch=2),
        "batch_size": 64,
        "device": "cpu",
        "random_state": 0,
    },
    "LatentDiffusionForecaster": _OF_DIFFUSION,
    "LatentDiffusionGenerator": _OF_DIFFUSION,
    "LatentDiffusionImputer": _OF_DIFFUSION,
    "MultiScaleARGenerator": {
        "window_length": 4,
        "scales": (1, 2),
        "codebook_size": 8,
        "kernels": (3,),
        "d_hidden": 8,
        "code_dim": 4,
        "d_model": 8,
        "n_layers": 1,
        "n_heads": 2,
        "max_epochs": 1,
        "trainer": Trainer(steps_per_epoch=2),
        "batch_size": 32,
        "device": "cpu",
        "random_state": 0,
    },
}
"""Parameters by the name of the class."""


def test_instances() -> list[Any]:
    """Build every estimator with its entry of `TEST_PARAMS`.

    Returns
    -------
    instances : list of estimators
        Not fitted; a fit to a few dozen rows takes well below a second on a CPU.
    """
    from sktsgen import estimators  # checks of another library's generators do without ours

    return [clone(getattr(estimators, name)(**params)) for name, params in TEST_PARAMS.items()]


test_instances.__test__ = False  # type: ignore[attr-defined]
