"""Trainings that are killed, interrupted or cut short end where an undisturbed one does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sktsgen import FactorizedARGenerator, LatentDiffusionImputer, MultiScaleARGenerator
from sktsgen.datasets import make_ar1
from sktsgen.diffusion import Autoencoder
from sktsgen.exceptions import TrainingInterruptedWarning
from sktsgen.nn import DualPathTokenizer, FactorizedTokenizer, TokenPrior
from sktsgen.testing import TEST_PARAMS
from sktsgen.training import Trainer
from tests.estimators.models import fitted, panel, small
from tests.estimators.multiscale_models import small as small_multiscale

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("engine", TEST_PARAMS)
def test_twenty_kills_change_no_bit(engine):
    run = subprocess.run(
        [sys.executable, "-m", "tests.citizen.kills", "20", engine],
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


@pytest.fixture
def listening():
    """Listen to SIGINT, which a shell tells its background jobs to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listening")
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


# A fit that goes on from the one before.


def test_warm_start_goes_on_where_the_fit_before_ended():
    X = make_ar1(40, 24, random_state=0)
    options = {"early_stopping": False, "learning_rate": 5e-3, "max_epochs": 12}
    cold = fitted(small(**options), X)
    warm = fitted(small(warm_start=True, **options), X)
    assert warm.loss_curve_ == cold.loss_curve_  # there was nothing to go on from
    first, score = cold.loss_curve_, cold.score(X)
    fitted(warm, X)
    assert warm.loss_curve_[0] < first[0] - 0.5 * (first[0] - first[-1])
    assert warm.score(X) > score
    assert fitted(cold, X).loss_curve_ == first


def test_warm_start_takes_new_data_of_the_same_kind():
    model = fitted(small(warm_start=True), panel(4))
    fitted(model, panel(6, 25) + 1.0)
    assert model.sample(2, length=5).shape == (2, 5, 2)
    assert np.isfinite(model.score(panel(6, 25) + 1.0))


@pytest.mark.parametrize("generator", [small, small_multiscale])
def test_warm_start_takes_more_of_the_same_data(generator):
    """What a fit measures in data, as how fine numbers are, is that of the fit before."""
    t = np.arange(310)
    noise = np.random.default_rng(0).normal(scale=0.02, size=310).cumsum()
    X = np.column_stack([np.sin(t / 9) + noise, np.cos(t / 15)])
    model = fitted(generator(warm_start=True), X[:300])
    config = model.prior_.config
    for n_rows in (301, 310):
        assert fitted(model, X[:n_rows]).prior_.config == config


@pytest.mark.parametrize(
    ("change", "text"),
    [({"d_model": 16}, "d_model was 8 and is 16"), ({"n_components": 5}, "n_components was 3 and")],
)
def test_warm_start_of_other_sizes_is_refused_and_the_model_kept(change, text):
    model = fitted(small(warm_start=True), panel())
    before = model.sample(2)
    with pytest.raises(ValueError, match=f"warm_start=True goes on from the fit before.*{text}"):
        fitted(model.set_params(**change), panel())
    np.testing.assert_array_equal(model.sample(2), before)


@pytest.mark.parametrize(
    ("engine", "network", "n_steps"),
    [
        (FactorizedARGenerator, FactorizedTokenizer, 5),
        (MultiScaleARGenerator, DualPathTokenizer, 5),
        (LatentDiffusionImputer, Autoencoder, 5),
    ],
)
@pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
def test_a_first_stage_that_was_interrupted_goes_on_where_it_was(
    engine, network, n_steps, tmp_path, monkeypatch
):
    """What the second stage has learnt of a cut one is no part of the training that goes on."""
    params = {**TEST_PARAMS[engine.__name__], "max_epochs": 30, "random_state": 0}
    if engine is LatentDiffusionImputer:
        params["latent"] = "vae"

    def new(folder=None):
        return engine(**{**params, "trainer": Trainer(steps_per_epoch=3, checkpoint_dir=folder)})

    X = make_ar1(8, 24, random_state=0)
    straight = new().fit(X)
    taken, original = [], network.loss

    def loss(self, batch, step=None):
        if step is not None:
            taken.append(step)
            if len(taken) == n_steps:  # in the second epoch
                raise KeyboardInterrupt
        return original(self, batch, step)

    with monkeypatch.context() as patch:
        patch.setattr(network, "loss", loss)
        with pytest.warns(TrainingInterruptedWarning, match="was interrupted after 1 of"):
            new(tmp_path).fit(X)
    resumed = new(tmp_path).fit(X)
    assert resumed.loss_curve_ == straight.loss_curve_
    assert resumed.score(X) == straight.score(X)
