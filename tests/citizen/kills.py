"""Kill a training at random moments and run it again: ``python -m tests.citizen.kills 20``.

Prints one json object: how often it was killed, and whether every model that came of it is the
one of a training nobody disturbed.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import torch

import sktsgen.estimators
from sktsgen.testing import TEST_PARAMS
from sktsgen.training import Trainer
from tests.citizen.asking import answer
from tests.citizen.tables import calendar_panel


def fit(engine, folder, result):
    """Fit with checkpoints and write all that was learnt."""
    warnings.simplefilter("ignore")
    trainer = Trainer(steps_per_epoch=5, checkpoint_dir=folder)
    params = {"max_epochs": 20, "trainer": trainer, "random_state": 0, "early_stopping": True}
    estimator = getattr(sktsgen.estimators, engine)(**{**TEST_PARAMS[engine], **params})
    estimator.fit(calendar_panel())
    arrays = {name: array for _, network in networks(estimator) for name, array in network}
    np.savez(
        result,
        answer=answer(estimator),
        losses=estimator.loss_curve_,
        validation_losses=estimator.validation_loss_curve_,
        **arrays,
    )


def networks(estimator):
    """Weights of all fitted networks by name."""
    for name, value in vars(estimator).items():
        if isinstance(value, torch.nn.Module):
            weights = value.state_dict().items()
            yield name, [(f"{name}{part}", tensor.numpy()) for part, tensor in weights]


def run_to_end(engine, folder, result, moments):
    """Run in child processes, killed at the moments given; return how many were killed."""
    n_kills = 0
    while not result.exists():
        child = os.fork()
        if not child:
            fit(engine, folder, result.with_suffix(".part.npz"))
            result.with_suffix(".part.npz").rename(result)
            os._exit(0)
        alarm = threading.Timer(next(moments), os.kill, (child, signal.SIGKILL))
        alarm.start()
        _, status = os.waitpid(child, 0)
        alarm.cancel()
        n_kills += os.WIFSIGNALED(status)
        if not os.WIFSIGNALED(status) and status:
            raise RuntimeError(f"the training failed with status {status}")
    return n_kills


def lengthening(rng, longest):
    """Give random moments, later and later: a machine may become slower than it was."""
    while True:
        yield float(rng.uniform(0.0, longest))
        longest *= 1.1


def main(n_wanted, engine="FactorizedARGenerator", seed=0):
    """Kill trainings until there were enough, comparing the result of each."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        started = time.perf_counter()
        run_to_end(engine, here / "undisturbed", here / "straight.npz", iter([3600.0]))
        duration = time.perf_counter() - started
        straight = dict(np.load(here / "straight.npz"))
        n_kills, n_trainings, n_equal = 0, 0, 0
        while n_kills < n_wanted:
            moments = lengthening(rng, 0.6 * duration)
            result = here / f"{n_trainings}.npz"
            n_kills += run_to_end(engine, here / "checkpoints", result, moments)
            shutil.rmtree(here / "checkpoints")
            found = dict(np.load(result))
            n_trainings += 1
            n_equal += found.keys() == straight.keys() and all(
                found[name].tobytes() == straight[name].tobytes() for name in straight
            )
    counts = {"kills": n_kills, "trainings": n_trainings, "equal": n_equal, "seconds": duration}
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:3])
