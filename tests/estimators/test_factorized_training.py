"""Training from the user's side: checkpoints, interrupts, early stops, what is left behind."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import sktsgen
from sktsgen.datasets import make_ar1
from sktsgen.exceptions import NonFiniteLossError, TrainingInterruptedWarning
from sktsgen.nn import FactorizedTokenizer, TokenPrior
from sktsgen.training import Trainer
from tests.estimators.models import EMISSIONS, fitted, panel, small


class PowerCut(Exception):
    """What stops a training from outside."""


def fail_at(monkeypatch, network, n_steps, error):
    """Make the training loss of `network` raise `error` at step number `n_steps`."""
    taken, original = [], network.loss

    def loss(self, batch, step=None):
        if step is not None:
            taken.append(step)
            if len(taken) == n_steps:
                raise error
        return original(self, batch, step)

    monkeypatch.setattr(network, "loss", loss)
    return taken


def fitted_attributes(model):
    return [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize("emission", EMISSIONS)
def test_interrupted_fit_goes_on_to_the_model_of_a_straight_one(emission, tmp_path, monkeypatch):
    X = panel(20)
    straight = fitted(small(emission=emission, max_epochs=4), X)
    trainer = Trainer(steps_per_epoch=3, checkpoint_dir=tmp_path / "here")
    resumed = small(emission=emission, max_epochs=4, trainer=trainer)
    with monkeypatch.context() as patch:
        fail_at(patch, TokenPrior, 8, PowerCut)  # in the third epoch
        with pytest.raises(PowerCut):
            fitted(resumed, X)
    assert fitted_attributes(resumed) == []
    with monkeypatch.context() as patch:
        taken = fail_at(patch, TokenPrior, 10**9, PowerCut)
        fitted(resumed, X)
    assert len(taken) == 6  # two epochs were left
    np.testing.assert_array_equal(resumed.sample(3), straight.sample(3))
    assert resumed.loss_curve_ == straight.loss_curve_
    assert resumed.validation_loss_curve_ == straight.validation_loss_curve_
    assert resumed.score(X) == straight.score(X)


def test_finished_checkpoints_are_not_trained_again(tmp_path, monkeypatch):
    trainer = Trainer(steps_per_epoch=3, checkpoint_dir=str(tmp_path))
    first = fitted(small(trainer=trainer), panel())
    taken = fail_at(monkeypatch, TokenPrior, 10**9, PowerCut)
    second = fitted(small(trainer=trainer), panel())
    assert taken == []
    np.testing.assert_array_equal(second.sample(2), first.sample(2))


def test_checkpoint_of_other_data_is_refused(tmp_path):
    trainer = Trainer(steps_per_epoch=3, checkpoint_dir=tmp_path)
    fitted(small(trainer=trainer), panel())
    model = small(trainer=trainer)
    with pytest.raises(ValueError, match=r"'tokenizer.checkpoint' belongs to another training"):
        fitted(model, panel() ** 3)
    assert fitted_attributes(model) == []


def test_folder_that_cannot_be_written_is_named_and_nothing_is_fitted(tmp_path):
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "checkpoints"
    model = small(trainer=Trainer(checkpoint_dir=folder))
    with pytest.raises(OSError, match=f"checkpoint_dir='{folder}' cannot be written"):
        fitted(model, panel())
    assert fitted_attributes(model) == []
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


def test_interrupt_in_the_first_epoch_leaves_nothing_fitted(monkeypatch):
    model = small()
    fail_at(monkeypatch, FactorizedTokenizer, 2, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        fitted(model, panel())
    assert fitted_attributes(model) == []


def test_interrupt_after_an_epoch_keeps_the_model_so_far(monkeypatch):
    X = panel(20)
    one_epoch = fitted(small(max_epochs=1, early_stopping=False), X)
    model = small(max_epochs=4, early_stopping=False)
    fail_at(monkeypatch, TokenPrior, 5, KeyboardInterrupt)
    with pytest.warns(TrainingInterruptedWarning, match=r"'prior' was interrupted after 1 of 4"):
        fitted(model, X)
    assert model.n_iter_ == len(model.loss_curve_) == len(one_epoch.loss_curve_) == 1
    assert np.isfinite(model.score(X))
    assert model.sample(2, length=5).shape == (2, 5, 2)


def test_failed_refit_leaves_the_former_model_whole(monkeypatch):
    X = panel()
    model = fitted(small(), X)
    before, score = model.sample(2), model.score(X)
    fail_at(monkeypatch, TokenPrior, 1, PowerCut)
    with pytest.raises(PowerCut):
        fitted(model, X[..., :1])
    assert model.n_features_in_ == 2
    np.testing.assert_array_equal(model.sample(2), before)
    assert model.score(X) == score


def test_refit_forgets_names_and_classes():
    model = fitted(small(), panel(), [0, 1, 1, 0])
    fitted(model, panel()[..., :1])
    once = fitted(small(), panel()[..., :1])
    assert sorted(fitted_attributes(model)) == sorted(fitted_attributes(once))
    assert model.classes_ is None
    np.testing.assert_array_equal(model.sample(2), once.sample(2))


def test_loss_that_is_not_finite_stops_with_the_learning_rate_named():
    model = small(learning_rate=1e30, max_epochs=4)
    with pytest.raises(NonFiniteLossError, match=r"learning_rate=1e\+30"):
        fitted(model, panel(20))
    assert fitted_attributes(model) == []


def test_early_stop_ends_before_the_last_epoch():
    noise = np.random.default_rng(0).standard_normal((20, 12, 1))
    patient = small(max_epochs=12, n_iter_no_change=1, tol=10.0)
    assert fitted(patient, noise).n_iter_ == 2  # no later epoch is better than the first by 10
    assert fitted(patient.set_params(early_stopping=False), noise).n_iter_ == 12
    assert patient.validation_loss_curve_ == []


def test_training_lowers_the_losses_of_both_stages():
    X = make_ar1(60, 24, random_state=0)
    trainer = Trainer(steps_per_epoch=8)
    model = fitted(
        small(max_epochs=30, early_stopping=False, learning_rate=1e-2, trainer=trainer), X
    )
    assert model.loss_curve_[-1] < model.loss_curve_[0] - 0.05
    assert model.tokenizer_loss_curve_[-1] < 0.9 * model.tokenizer_loss_curve_[0]


@pytest.mark.parametrize(("verbose", "shown"), [(0, False), (1, True)])
def test_verbose_shows_all_stages_on_bars(verbose, shown, capsys):
    fitted(small(verbose=verbose), panel(20))
    printed = capsys.readouterr()
    assert printed.out == ""
    for stage in ("tokenizer", "prior", "calibration"):
        assert (f"{stage}: 100%" in printed.err) == shown
    assert ("loss=" in printed.err) == shown


def test_parameters_stay_as_they_were_given(panel_model):
    assert panel_model.trainer is not None
    model = small(n_components="auto", batch_size="auto", device="auto", window_length=None)
    before = repr(model)
    fitted(model, panel())
    assert repr(model) == before
    assert model.device_ == str(torch.device(model.device_))


def test_seeds_make_different_models():
    one, other = (fitted(small(random_state=seed), panel()) for seed in (0, 1))
    assert not np.allclose(one.components_, other.components_)
    assert one.score(panel()) != other.score(panel())


def test_pickle_holds_no_torch_object(panel_model):
    content = pickle.dumps(panel_model)
    assert b"torch" not in content
    copy = pickle.loads(content)
    np.testing.assert_array_equal(copy.components_, panel_model.components_)
    np.testing.assert_array_equal(copy.sample(2), panel_model.sample(2))


def test_saved_model_keeps_what_it_learnt(panel_model, tmp_path):
    panel_model.save(tmp_path / "model.sktsgen")
    loaded = sktsgen.load(tmp_path / "model.sktsgen")
    assert repr(loaded) == repr(panel_model)
    assert sorted(fitted_attributes(loaded)) == sorted(fitted_attributes(panel_model))
    np.testing.assert_array_equal(loaded.sample(3), panel_model.sample(3))
    np.testing.assert_array_equal(loaded.transform(panel()), panel_model.transform(panel()))
    np.testing.assert_array_equal(
        loaded.forecast(panel()[0], 3, n_samples=2),
        panel_model.forecast(panel()[0], 3, n_samples=2),
    )


@pytest.mark.parametrize(
    ("dropout", "window_length", "few", "rate"),
    [("auto", 47, 120, 0.1), ("auto", 48, 120, 0.2), ("auto", 8, 121, 0.2), (0.05, 48, 121, 0.05)],
)
def test_long_windows_and_few_values_take_more_dropout(
    dropout, window_length, few, rate, monkeypatch
):
    """60 rows of 2 numbers, which are few below 121."""
    monkeypatch.setattr("sktsgen.estimators._factorized_stages._FEW", few)
    X = np.random.default_rng(0).normal(size=(60, 2))
    model = fitted(small(dropout=dropout, window_length=window_length), X)
    assert model.prior_.config["dropout"] == rate


@pytest.mark.parametrize(
    ("input_noise", "emission", "step", "level"),
    [
        ("auto", "mixture", 1.0, 0.3),
        ("auto", "mixture", 0.1, 0.06),
        ("auto", "mixture", 0.01, 0.03),
        ("auto", "point", 0.01, 0.3),
        (0.2, "mixture", 0.01, 0.2),
    ],
)
def test_smooth_series_are_read_with_less_noise(input_noise, emission, step, level):
    """A move of a sine of `step` radians a step differs by that much from the one before."""
    X = np.sin(step * np.arange(700))[:, None]
    few = Trainer(steps_per_epoch=1)
    model = fitted(small(input_noise=input_noise, emission=emission, trainer=few), X)
    assert model.prior_.config["input_noise"] == pytest.approx(level, rel=0.02)
