"""Trainings that are killed, interrupted or cut short end where an undisturbed one does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sktsgen.exceptions import TrainingInterruptedWarning
from sktsgen.nn import TokenPrior
from sktsgen.training import Trainer
from tests.estimators.models import fitted, panel, small

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_twenty_kills_change_no_bit():
    run = subprocess.run(
        [sys.executable, "-m", "tests.citizen.kills", "20"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    counts = json.loads(run.stdout.splitlines()[-1])
    assert counts["kills"] >= 20
    assert counts["equal"] == counts["trainings"] >= 1


def test_truncated_checkpoint_of_an_estimator_falls_back(tmp_path, caplog):
    def trainer():
        return Trainer(steps_per_epoch=3, checkpoint_dir=tmp_path)

    straight = fitted(small(max_epochs=4), panel(20))
    fitted(small(max_epochs=4, trainer=trainer()), panel(20))
    path = tmp_path / "prior.checkpoint"
    path.write_bytes(path.read_bytes()[:2000])
    resumed = fitted(small(max_epochs=4, trainer=trainer()), panel(20))
    assert "prior.checkpoint is damaged" in caplog.text
    np.testing.assert_array_equal(resumed.sample(3), straight.sample(3))
    assert resumed.loss_curve_ == straight.loss_curve_


def test_sigint_keeps_the_best_model_so_far(monkeypatch):
    """What Ctrl-C in a terminal and the stop button of a notebook send."""
    taken, original = [], TokenPrior.loss

    def loss(self, batch, step=None):
        if step is not None:
            taken.append(step)
            if len(taken) == 8:  # in the third epoch
                os.kill(os.getpid(), signal.SIGINT)
        return original(self, batch, step)

    monkeypatch.setattr(TokenPrior, "loss", loss)
    model = small(max_epochs=9)
    with pytest.warns(TrainingInterruptedWarning, match="'prior' was interrupted after 2 of 9"):
        fitted(model, panel(20))
    assert model.n_iter_ == 2
    assert np.isfinite(model.score(panel(20)))


def test_sigint_handler_is_left_as_it_was():
    before = signal.getsignal(signal.SIGINT)
    fitted(small(), panel())
    assert signal.getsignal(signal.SIGINT) is before
