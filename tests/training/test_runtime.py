"""Devices, seeds and ranks."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sktsgen.training import make_generator, resolve_device
from sktsgen.training._ranks import backend_of
from tests.training.toys import Pairs, new_line, new_recipe, train

ROOT = Path(__file__).parents[2]


def test_auto_is_a_device_that_is_there():
    device = resolve_device("auto")
    assert torch.ones(2, device=device).sum() == 2


@pytest.mark.parametrize("device", ["toaster", "cuda:99", "cpu:x", ""])
def test_unknown_device_is_named(device):
    text = f"device={device!r} is not available here; use 'auto', 'cpu'"
    with pytest.raises(ValueError, match=re.escape(text)):
        resolve_device(device)


@pytest.mark.parametrize(
    ("device", "local_rank", "expected"),
    [
        ("auto", None, "cuda"),
        ("cuda", None, "cuda"),
        ("auto", "0", "cuda:0"),
        ("cuda", "1", "cuda:1"),
        ("auto", "2", "cuda:0"),  # more ranks than GPUs
        ("auto", "3", "cuda:1"),
        ("cpu", "1", "cpu"),
    ],
)
def test_ranks_spread_over_the_gpus(monkeypatch, device, local_rank, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    if local_rank is not None:
        monkeypatch.setenv("LOCAL_RANK", local_rank)
    assert resolve_device(device) == torch.device(expected)


@pytest.mark.parametrize(
    ("device", "n_ranks", "expected"),
    [("cpu", 2, "gloo"), ("cuda:0", 1, "nccl"), ("cuda:0", 2, "nccl"), ("cuda:0", 3, "gloo")],
)
def test_ranks_that_share_a_gpu_talk_by_gloo(monkeypatch, device, n_ranks, expected):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(n_ranks))
    assert backend_of(torch.device(device)) == expected


def first_draws(random_state):
    return torch.rand(4, generator=make_generator(random_state))


def test_an_int_gives_the_same_generator_each_time():
    assert first_draws(3).equal(first_draws(3))
    assert not first_draws(3).equal(first_draws(4))


def test_a_random_state_moves_on():
    state = np.random.RandomState(0)
    assert not first_draws(state).equal(first_draws(state))
    again = np.random.RandomState(0)
    assert first_draws(again).equal(first_draws(0))


def test_none_is_fresh_and_leaves_numpy_s_own_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    position = np.random.get_state()[2]  # noqa: NPY002
    assert not first_draws(None).equal(first_draws(None))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert np.random.get_state()[2] == position  # noqa: NPY002


def run_ranks(folder, mode, *, n_ranks=2):
    """Run `worker.py` in several processes; the output of each."""
    arguments = [str(n_ranks), str(folder), mode]
    command = [sys.executable, "-m", "tests.training.worker"]
    processes = [
        subprocess.Popen(
            [*command, str(rank), *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(n_ranks)
    ]
    try:
        outputs = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * n_ranks, outputs
    return [torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in range(n_ranks)]


@pytest.mark.distributed
@pytest.mark.parametrize("mode", ["shared", "whole"])
def test_two_processes_equal_one(tmp_path, mode):
    """Each has half of every batch, or all of it where the network wants it whole."""
    found = run_ranks(tmp_path, mode)
    line = new_line(noise=0.0)
    history = train(line, recipe=new_recipe(n_iter_no_change=2), validation=Pairs(8, seed=1))
    for one in found:
        torch.testing.assert_close(one["weight"], line.weight.detach(), rtol=1e-5, atol=1e-6)
        assert one["losses"] == pytest.approx(history.losses, rel=1e-5)
        assert one["validation_losses"] == pytest.approx(history.validation_losses, rel=1e-5)
        assert one["best_epoch"] == history.best_epoch
    assert found[0]["weight"].equal(found[1]["weight"])


@pytest.mark.distributed
def test_ranks_start_from_the_weights_and_the_seed_of_rank_zero(tmp_path):
    found = run_ranks(tmp_path, "apart")
    assert found[0]["weight"].equal(found[1]["weight"])
    assert found[0]["asked"].equal(found[1]["asked"])


@pytest.mark.distributed
def test_only_rank_zero_writes_checkpoints_and_all_resume_from_them(tmp_path):
    first = run_ranks(tmp_path, "checkpoint")
    again = run_ranks(tmp_path, "checkpoint")
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {
        "training.checkpoint",
        "training.former",
    }
    assert all(one["n_steps"] == 20 for one in first)
    assert all(one["n_steps"] == 0 for one in again)
    assert all(one["weight"].equal(first[0]["weight"]) for one in again)


@pytest.mark.distributed
def test_a_batch_that_cannot_be_shared_is_named(tmp_path):
    found = run_ranks(tmp_path, "uneven")
    message = "batch_size=7 cannot be shared evenly among 2 ranks; choose a multiple of 2."
    assert [one["error"] for one in found] == [message] * 2


@pytest.mark.parametrize(("device", "n_ranks"), [("cuda:0", 2), ("cuda:1", 1)])
def test_one_gpu_named_for_all_ranks_is_refused_where_each_has_its_own(
    monkeypatch, device, n_ranks
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch, "empty", lambda *args, **kwargs: None)
    monkeypatch.setenv("LOCAL_RANK", "1" if n_ranks == 2 else "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(n_ranks))
    with pytest.raises(ValueError, match=f"device='{device}' was asked for by rank"):
        resolve_device(device)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")  # more than GPUs: they share
    assert resolve_device(device) == torch.device(device)


def test_auto_leaves_apple_s_accelerator_aside(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto") == torch.device("cpu")
