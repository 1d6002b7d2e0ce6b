"""A user's script: fit, then write what came of it: ``folder engine name [checkpoints [die_at]]``.

It knows nothing of ranks; `torchrun` starts it as it is.
"""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

import sktsgen.estimators
import sktsgen.nn
from sktsgen.datasets import make_var1
from sktsgen.testing import TEST_PARAMS
from sktsgen.training import Trainer

torch.set_num_threads(1)
warnings.simplefilter("ignore")


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


def main(folder, engine, name, checkpoints=None, die_at="0", seed="0"):
    rank = os.environ.get("RANK", "0")
    if int(die_at) and rank == "1":
        die_in_epoch(int(die_at))
    trainer = Trainer(steps_per_epoch=5, checkpoint_dir=checkpoints)
    params = {"max_epochs": 3, "trainer": trainer, "random_state": int(seed), "batch_size": 16}
    generator = getattr(sktsgen.estimators, engine)(**{**TEST_PARAMS[engine], **params})
    X = make_var1(6, 40, random_state=0)
    generator.fit(X)
    np.savez(
        Path(folder) / f"{name}{rank}.npz",
        losses=generator.loss_curve_,
        sample=generator.sample(4, length=12),
        score=generator.score(X),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
