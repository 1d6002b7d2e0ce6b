"""Checkpoints: a resumed training equals a straight one, and a foreign one is refused."""

import re

import pytest
import torch

from sktsgen.exceptions import TrainingInterruptedWarning
from sktsgen.training import CheckpointStore, Trainer, TrainState
from sktsgen.training import _state as state_module
from tests.training.toys import Line, Pairs, new_line, new_recipe, seeded, train

FILE, FORMER = "training.checkpoint", "training.former"


def fit_line(folder, *, cut_at=None):
    """Train for four epochs of five steps, or until the power is cut in a step."""
    line = new_line()
    line.cut_at = cut_at
    options = {"folder": folder, "validation": Pairs(8, seed=1)}
    if cut_at is not None:
        with pytest.raises(RuntimeError, match="power cut"):
            train(line, **options)
        return None
    history = train(line, **options)
    return line.weight.detach(), history


@pytest.fixture(scope="module")
def straight():
    return fit_line(None)


def assert_equal_to(straight, resumed):
    assert resumed[0].equal(straight[0])
    assert resumed[1] == straight[1]


@pytest.mark.parametrize("cut_at", [2, 5, 7, 19])
def test_resumed_training_equals_straight_training(tmp_path, straight, cut_at):
    """Cut within the first epoch, at an epoch's end, within a later one, and in the last step."""
    fit_line(tmp_path, cut_at=cut_at)
    assert_equal_to(straight, fit_line(tmp_path))


def test_training_may_be_cut_more_than_once(tmp_path, straight):
    for cut_at in (7, 8, 16):
        fit_line(tmp_path, cut_at=cut_at)
    assert_equal_to(straight, fit_line(tmp_path))


def test_checkpoints_change_nothing(tmp_path, straight):
    assert_equal_to(straight, fit_line(tmp_path))


def test_a_finished_training_is_not_repeated(tmp_path, straight):
    fit_line(tmp_path)
    line = new_line()
    line.cut_at = 0  # any step would fail
    history = train(line, folder=tmp_path, validation=Pairs(8, seed=1))
    assert_equal_to(straight, (line.weight.detach(), history))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_checkpoint_falls_back_to_the_former_one(tmp_path, straight, share, caplog):
    fit_line(tmp_path, cut_at=12)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: int(share * len(whole))])
    assert_equal_to(straight, fit_line(tmp_path))
    assert f"{FILE} is damaged" in caplog.text


def test_a_missing_checkpoint_falls_back_to_the_former_one(tmp_path, straight):
    """The names are moved one after the other; a crash may come between."""
    fit_line(tmp_path, cut_at=12)
    (tmp_path / FILE).unlink()
    assert (tmp_path / FORMER).exists()
    assert_equal_to(straight, fit_line(tmp_path))


def test_training_starts_anew_when_both_checkpoints_are_damaged(tmp_path, straight):
    fit_line(tmp_path, cut_at=12)
    for name in (FILE, FORMER):
        (tmp_path / name).write_bytes(b"nothing")
    assert_equal_to(straight, fit_line(tmp_path))


def test_a_checkpoint_executes_nothing(tmp_path):
    class Trap:
        def __reduce__(self):
            return (exec, ("raise SystemExit('executed')",))

    torch.save(Trap(), tmp_path / FILE)
    assert CheckpointStore(tmp_path, "training").load({}) is None


def test_a_failed_write_leaves_the_former_checkpoint_and_nothing_else(tmp_path, monkeypatch):
    store = CheckpointStore(tmp_path, "training")
    store.save(TrainState({"data": "1"}, epoch=1))

    def fail(state, file):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(state_module.torch, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        store.save(TrainState({"data": "1"}, epoch=2))
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert store.load({"data": "1"}).epoch == 1


def test_two_checkpoints_and_no_other_file_are_kept(tmp_path):
    fit_line(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, FORMER]


def test_stages_have_their_own_checkpoints(tmp_path):
    train(new_line(), folder=tmp_path, stage="tokenizer")
    train(Line(n_inputs=3, generator=seeded(9)), folder=tmp_path, stage="prior")
    assert {"tokenizer.checkpoint", "prior.checkpoint"} <= {p.name for p in tmp_path.iterdir()}


def in_another_order(pairs):
    pairs.x, pairs.y = pairs.x.flip(0), pairs.y.flip(0)
    return pairs


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"recipe": new_recipe(max_epochs=6)}, "max_epochs was 4 and is 6."),
        ({"recipe": new_recipe(learning_rate=0.1)}, "learning_rate was 0.05 and is 0.1."),
        ({"steps": 7}, "steps_per_epoch was 5 and is 7."),
        ({"data": Pairs(seed=5)}, "data was "),
        ({"data": in_another_order(Pairs())}, "data was "),
        ({"data": Pairs(41)}, "n_windows was 40 and is 41."),
        ({"network": new_line(seed=4)}, "initial weights was "),
        ({"network": new_line(noise=0.2)}, "network.noise was 0.1 and is 0.2."),
    ],
    ids=["epochs", "rate", "steps", "data", "order", "length", "seed", "size"],
)
def test_a_checkpoint_of_another_training_is_refused_and_the_difference_named(
    tmp_path, change, text
):
    train(new_line(), folder=tmp_path)
    network = change.pop("network", None) or new_line()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        train(network, folder=tmp_path, **change)
    assert "The checkpoint 'training.checkpoint' belongs to another training" in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named_before_training(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "inside"
    line = new_line()
    line.cut_at = 0
    text = f"checkpoint_dir={str(folder)!r} cannot be written"
    with pytest.raises(OSError, match=re.escape(text)):
        train(line, folder=folder)


def test_a_missing_folder_is_made(tmp_path):
    train(new_line(), folder=tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / FILE).exists()


@pytest.mark.parametrize("changed", ["a target", "a held-out target", "a buffer"])
def test_one_other_number_anywhere_is_another_training(tmp_path, changed):
    recipe = new_recipe(max_epochs=1)

    def parts():
        return new_line(), Pairs(500), Pairs(300, seed=1)

    line, data, held_out = parts()
    train(line, data, folder=tmp_path, recipe=recipe, validation=held_out)
    line, data, held_out = parts()
    part = {"a target": data.y[-1:], "a held-out target": held_out.y[-1:]}
    part.get(changed, line.n_seen).add_(1)
    name = {"a target": "data was", "a held-out target": "held-out data was"}
    with pytest.raises(ValueError, match=name.get(changed, "initial weights was")):
        train(line, data, folder=tmp_path, recipe=recipe, validation=held_out)


def test_a_stage_after_one_that_was_cut_short_keeps_no_checkpoint(tmp_path):
    class Interrupted(Line):
        def loss(self, batch, step=None):
            if step is not None and self.n_seen == 7:
                raise KeyboardInterrupt
            return super().loss(batch, step)

    trainer = Trainer(steps_per_epoch=5, checkpoint_dir=tmp_path)
    options = {"generator": seeded(), "stage": "first"}
    with pytest.warns(TrainingInterruptedWarning):
        trainer.fit(Interrupted(noise=0.1, generator=seeded()), Pairs(), new_recipe(), **options)
    trainer.fit(new_line(), Pairs(), new_recipe(), **{**options, "stage": "second"})
    assert [path.name for path in tmp_path.iterdir()] == ["first.checkpoint"]
    options["generator"] = seeded()
    history = trainer.fit(new_line(), Pairs(), new_recipe(), **options)
    assert len(history.losses) == 4
    trainer.fit(new_line(), Pairs(), new_recipe(), **{**options, "stage": "second"})
    assert (tmp_path / "second.checkpoint").exists()
