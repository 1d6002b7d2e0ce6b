"""A user's script: fit, then write what came of it.

``folder engine name [checkpoints [die_at [seed [device [window]]]]]``, no seed for a fresh one

It knows nothing of ranks; `torchrun` starts it as it is.
"""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

import sktsgen.estimators
import sktsgen.nn
from sktsgen.testing import TEST_PARAMS
from sktsgen.training import Trainer
from tests.citizen.tables import gappy_panel

torch.set_num_threads(1)
warnings.simplefilter("ignore")

# What lets one item of a batch be read beside another, in every engine that does so.
OPTIONS = {
    "FactorizedARGenerator": {"corruption": 0.3},
    "LatentDiffusionGenerator": {"metadata_columns": ["state"], "condition_noise": 1.0},
    "LatentDiffusionImputer": {"latent": "vae"},
}


def die_in_epoch(number):
    """End this process without a word in epoch `number` of the last stage, if it is rank 1."""
    network = sktsgen.nn.TokenPrior
    taken, original = [], network.loss

    def loss(self, batch, step=None):
        if step is not None:
            taken.append(step)
            if len(taken) > 5 * number:
                os._exit(1)
        return original(self, batch, step)

    network.loss = loss


def answer(estimator, X):
    """Ask a fitted estimator what it is for."""
    if hasattr(estimator, "sample"):
        return estimator.sample(4, length=12)
    return estimator.transform(X) if hasattr(estimator, "transform") else estimator.forecast(X, 4)


def main(folder, engine, name, checkpoints="", die_at="0", seed="0", device="cpu", window="8"):
    rank = os.environ.get("RANK", "0")
    if int(die_at) and rank == "1":
        die_in_epoch(int(die_at))
    trainer = Trainer(steps_per_epoch=5, checkpoint_dir=checkpoints or None)
    params = {"max_epochs": 3, "trainer": trainer, "batch_size": 16}
    params["random_state"] = int(seed) if seed else None
    own = {"window_length": int(window), "device": device, **OPTIONS.get(engine, {})}
    params = {**TEST_PARAMS[engine], **own, **params}
    estimator = getattr(sktsgen.estimators, engine)(**params)
    X = gappy_panel()
    estimator.fit(X)
    answered = answer(estimator, X)
    np.savez(
        Path(folder) / f"{name}{rank}.npz",
        losses=estimator.loss_curve_,
        numbers=answered["load"],
        levels=answered["state"].cat.codes,
        score=estimator.score(X),
        backend=dist.get_backend() if dist.is_initialized() else "none",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
