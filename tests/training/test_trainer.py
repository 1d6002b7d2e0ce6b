"""Epochs, averages, early stopping, interrupts."""

import math
import re

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sktsgen.exceptions import NonFiniteLossError, TrainingInterruptedWarning
from sktsgen.training import Trainer
from tests.training.toys import Line, Pairs, Scripted, new_line, new_recipe, seeded, train


def test_training_finds_the_line():
    line = new_line(noise=0.0)
    recipe = new_recipe(max_epochs=30, weight_decay=0.0, average_decay=0.9)
    history = train(line, steps=20, recipe=recipe)
    torch.testing.assert_close(
        line.weight.detach(), torch.tensor([1.0, -2.0, 0.5]), rtol=0, atol=1e-3
    )
    assert len(history.losses) == 30
    assert history.losses[-1] < 1e-4 < history.losses[0]


def test_every_item_is_seen_once_before_any_is_seen_again():
    data = Pairs(40)
    train(new_line(), data, recipe=new_recipe(max_epochs=1))
    assert sorted(torch.cat(data.asked).tolist()) == list(range(40))


def test_batches_larger_than_the_data_repeat_it_evenly():
    data = Pairs(3)
    train(new_line(), data, steps=4, recipe=new_recipe(max_epochs=1, batch_size=300))
    assert [len(indices) for indices in data.asked] == [300] * 4
    assert torch.bincount(torch.cat(data.asked)).tolist() == [400] * 3


def test_epochs_are_shuffled_differently():
    data = Pairs(40)
    train(new_line(), data, recipe=new_recipe(max_epochs=2))
    first, second = torch.cat(data.asked).split(40)
    assert not first.equal(second)


def steps_taken(recipe, *, steps=5):
    """Fall of the scripted weight at each step: AdamW moves it by the learning rate."""
    network = Scripted()
    train(network, steps=steps, recipe=recipe)
    return -np.diff(network.trained)


def test_learning_rate_warms_up_and_falls_along_a_cosine():
    recipe = new_recipe(max_epochs=20, warm_up_steps=10, weight_decay=0.0, learning_rate=0.1)
    taken = steps_taken(recipe)
    step = np.arange(99)
    cosine = 0.505 + 0.495 * np.cos(np.pi * step / 100)
    np.testing.assert_allclose(taken, 0.1 * np.minimum(1, (step + 1) / 10) * cosine, rtol=1e-3)


def test_no_warm_up_begins_at_the_peak():
    taken = steps_taken(new_recipe(warm_up_steps=0, weight_decay=0.0))
    np.testing.assert_allclose(taken[0], 0.05, rtol=1e-3)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.995])
def test_moving_average_is_what_is_left(decay):
    network = Scripted()
    train(network, recipe=new_recipe(average_decay=decay))
    raw = Scripted()
    train(raw, recipe=new_recipe(average_decay=0.0))
    after_step = [*network.trained[1:], raw.weight.item()]
    average = 0.0
    for step, weight in enumerate(after_step):
        kept = min(decay, (step + 1) / (step + 10))
        average = kept * average + (1 - kept) * weight
    assert network.weight.item() == pytest.approx(average, rel=1e-5)


# Early stopping.


def test_early_stop_keeps_the_weights_of_the_lowest_validation_loss():
    network = Scripted([5.0, 4.0, 3.0, 3.5, 3.4, 3.3, 1.0])
    recipe = new_recipe(max_epochs=20, n_iter_no_change=3)
    history = train(network, recipe=recipe, validation=Pairs(8))
    assert history.validation_losses == [5.0, 4.0, 3.0, 3.5, pytest.approx(3.4), pytest.approx(3.3)]
    assert history.best_epoch == 3
    assert network.weight.item() == network.validated[2]


def test_improvements_below_tol_do_not_prolong_the_training_and_are_kept():
    network = Scripted([1.0, 0.95, 0.90, 0.85])
    recipe = new_recipe(max_epochs=20, n_iter_no_change=3, tol=0.5)
    history = train(network, recipe=recipe, validation=Pairs(8))
    assert len(history.losses) == 4
    assert history.best_epoch == 4
    assert network.weight.item() == network.validated[3]


def test_slow_improvement_adds_up():
    losses = [1.0 - 0.04 * epoch for epoch in range(12)]
    recipe = new_recipe(max_epochs=12, n_iter_no_change=3, tol=0.1)
    assert len(train(Scripted(losses), recipe=recipe, validation=Pairs(8)).losses) == 12


def test_without_early_stopping_all_epochs_run_and_the_best_is_kept():
    network = Scripted([2.0, 1.0, 3.0, 4.0])
    recipe = new_recipe(early_stopping=False, n_iter_no_change=1)
    history = train(network, recipe=recipe, validation=Pairs(8))
    assert (len(history.losses), history.best_epoch) == (4, 2)
    assert network.weight.item() == network.validated[1]


@pytest.mark.parametrize("validation", [None, Pairs(0)], ids=["none", "empty"])
def test_without_a_validation_part_the_last_average_is_kept(validation):
    network = Scripted()
    history = train(network, recipe=new_recipe(n_iter_no_change=1), validation=validation)
    assert history.validation_losses == []
    assert history.best_epoch == 4


def test_validation_is_the_mean_over_all_items():
    line, held_out = new_line(noise=0.0), Pairs(70, seed=1, weight=(0.0, 0.0, 0.0))
    recipe = new_recipe(max_epochs=1, average_decay=0.0)
    history = train(line, recipe=recipe, validation=held_out)
    expected = line.loss((held_out.x, held_out.y)).mean().item()
    assert history.validation_losses == [pytest.approx(expected, rel=1e-5)]


# What goes wrong.


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_loss_that_is_not_finite_is_named(value):
    data = Pairs()
    data.y[3] = value
    text = (
        f"The loss of stage 'prior' became {value} after 0 whole epochs; lower learning_rate=0.05"
    )
    with pytest.raises(NonFiniteLossError, match=re.escape(text)):
        train(new_line(), data, stage="prior")


def test_validation_loss_that_is_not_finite_is_named():
    text = "The validation loss of stage 'training' became nan after 1 whole epochs"
    with pytest.raises(NonFiniteLossError, match=text):
        train(Scripted([math.nan]), validation=Pairs(8))


class InterruptedLine(Line):
    """The user presses Ctrl-C in a given step."""

    def loss(self, batch, step=None):
        if step is not None and self.n_seen == 12:
            raise KeyboardInterrupt
        return super().loss(batch, step)


def test_interrupt_keeps_the_best_weights_so_far():
    interrupted = InterruptedLine(generator=seeded())
    message = "Stage 'prior' was interrupted after 2 of 9 epochs; the best weights so far are kept."
    recipe = new_recipe(max_epochs=9)
    with pytest.warns(TrainingInterruptedWarning, match=re.escape(message)):
        history = train(interrupted, recipe=recipe, validation=Pairs(8, seed=1), stage="prior")
    assert len(history.losses) == len(history.validation_losses) == 2
    held_out = Pairs(8, seed=1)
    found = interrupted.loss((held_out.x, held_out.y)).mean().item()
    assert found == pytest.approx(min(history.validation_losses), rel=1e-5)


def test_interrupt_before_the_first_epoch_ends_stops_everything():
    with pytest.raises(KeyboardInterrupt):
        train(InterruptedLine(generator=seeded()), steps=20)


@pytest.mark.parametrize(
    ("parameter", "value", "allowed"),
    [
        ("steps_per_epoch", 0, "an int in the range [1, inf)"),
        ("steps_per_epoch", 2.5, "an int in the range [1, inf)"),
        ("precision", "fp16", "a str among"),
        ("compile", "yes", "an instance of 'bool'"),
        ("checkpoint_dir", 3, "an instance of 'str'"),
    ],
)
def test_bad_parameter_is_named(parameter, value, allowed):
    trainer = Trainer(**{parameter: value})
    message = f"The '{parameter}' parameter of Trainer must be {allowed}"
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        trainer.fit(new_line(), Pairs(), new_recipe(), generator=seeded())
    assert f"Got {value!r} instead" in str(caught.value)


def test_data_without_items_are_named():
    with pytest.raises(ValueError, match="The data of stage 'prior' has no items"):
        train(new_line(), Pairs(0), stage="prior")


# How the machine runs it.


def test_trainer_can_be_cloned_and_set():
    trainer = clone(Trainer(steps_per_epoch=7)).set_params(precision="bf16")
    assert trainer.get_params() == {
        "steps_per_epoch": 7,
        "precision": "bf16",
        "compile": False,
        "checkpoint_dir": None,
    }


class TypedLine(Line):
    """Remembers the dtype of its products."""

    def loss(self, batch, step=None):
        self.dtype = (batch[0] @ self.weight[:, None]).dtype
        return super().loss(batch, step)


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_precision_is_that_of_the_products(precision, dtype):
    line = TypedLine(generator=seeded())
    trainer = Trainer(steps_per_epoch=2, precision=precision)
    trainer.fit(line, Pairs(), new_recipe(max_epochs=1), generator=seeded())
    assert line.dtype == dtype
    assert line.weight.dtype == torch.float32


def test_same_seed_gives_the_same_weights():
    lines = [new_line(), new_line(), new_line()]
    histories = [train(line, seed=seed) for line, seed in zip(lines, (1, 1, 2), strict=True)]
    assert lines[0].weight.equal(lines[1].weight)
    assert histories[0] == histories[1]
    assert not lines[0].weight.equal(lines[2].weight)


def test_no_global_generator_is_read_or_moved():
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    line = new_line()
    train(line, validation=Pairs(8))
    assert torch.get_rng_state().equal(torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002
    torch.rand(1)
    again = new_line()
    train(again, validation=Pairs(8))
    assert again.weight.equal(line.weight)


def test_silent_unless_asked(capsys):
    train(new_line())
    assert capsys.readouterr() == ("", "")


def test_progress_bar_shows_stage_and_losses(capsys):
    train(Scripted([2.0, 1.0, 0.5, 0.25]), validation=Pairs(8), stage="prior", verbose=1)
    shown = capsys.readouterr().err
    assert "prior: 100%" in shown
    assert "4/4" in shown
    assert "validation=0.2500" in shown


@pytest.mark.compile
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while it compiles
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # where the wrappers of checks cut graphs
def test_compiled_training_equals_eager_training():
    eager, compiled = new_line(noise=0.0), new_line(noise=0.0)
    for line, is_compiled in ((eager, False), (compiled, True)):
        trainer = Trainer(steps_per_epoch=5, compile=is_compiled)
        trainer.fit(line, Pairs(), new_recipe(), generator=seeded())
    torch.testing.assert_close(compiled.weight, eager.weight, rtol=0, atol=1e-5)
