"""Two ranks under torchrun train the model of one process; a lost rank ends the job clearly."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sktsgen.diffusion import MASKS, draw_hidden
from sktsgen.ops import corrupt_rows
from sktsgen.testing import TEST_PARAMS
from sktsgen.training._ranks import SharedNoise

ROOT = Path(__file__).parents[1]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]


def run_script(folder, *options, ranks=None):
    """Run the same script on its own or on some ranks."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable] if ranks is None else [*TORCHRUN, f"--nproc-per-node={ranks}"]
    script = str(ROOT / "tests" / "citizen" / "fit_script.py")
    return subprocess.run(
        [*command, script, str(folder), *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def results(folder, name):
    with np.load(folder / f"{name}.npz") as archive:
        return dict(archive)


@pytest.mark.distributed
def test_a_group_of_one_equals_a_process_without_any(tmp_path):
    for ranks, name in ((None, "alone_"), (1, "group_")):
        run = run_script(tmp_path, "LatentDiffusionGenerator", name, ranks=ranks)
        assert run.returncode == 0, run.stderr
    alone, group = results(tmp_path, "alone_0"), results(tmp_path, "group_0")
    assert (alone.pop("backend"), group.pop("backend")) == ("none", "gloo")
    for name in alone:
        np.testing.assert_allclose(group[name], alone[name], rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.distributed
@pytest.mark.parametrize("engine", TEST_PARAMS)
def test_two_ranks_equal_one(tmp_path, engine):
    """Series end inside windows and cells are missing: ranks have unlike shares of a batch."""
    for ranks in (None, 2):
        run = run_script(tmp_path, engine, f"ranks{ranks}_", ranks=ranks)
        assert run.returncode == 0, run.stderr
    alone = results(tmp_path, "ranksNone_0")
    first, second = (results(tmp_path, f"ranks2_{rank}") for rank in (0, 1))
    for name in alone.keys() - {"backend"}:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
        np.testing.assert_allclose(first[name], alone[name], rtol=1e-4, atol=1e-4, err_msg=name)
    assert len(alone["losses"]) == 3


@pytest.mark.distributed
@pytest.mark.parametrize(
    "engine", ["FactorizedARGenerator", "MultiScaleARGenerator", "LatentDiffusionImputer"]
)
def test_ranks_without_a_seed_have_one_in_common(tmp_path, engine):
    run = run_script(tmp_path, engine, "fresh_", "", "0", "", ranks=2)
    assert run.returncode == 0, run.stderr
    first, second = (results(tmp_path, f"fresh_{rank}") for rank in (0, 1))
    for name in ("losses", "score"):
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@pytest.mark.distributed
def test_ranks_come_back_to_the_patterns_of_one_process(tmp_path):
    """As they do where windows are large."""
    for ranks in (None, 2):
        run = run_script(tmp_path, "LatentDiffusionGenerator", f"{ranks}_", "", "0", "0", "cpu",
                         "96", ranks=ranks)  # fmt: skip
        assert run.returncode == 0, run.stderr
    alone, rank = results(tmp_path, "None_0"), results(tmp_path, "2_0")
    np.testing.assert_allclose(rank["losses"], alone["losses"], rtol=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("engine", TEST_PARAMS)
def test_ranks_on_a_gpu_equal_a_process_without_any(tmp_path, engine, ranks):
    """A rank with a GPU of its own talks by nccl; ranks that share one by gloo."""
    n_own = torch.cuda.device_count() // ranks
    for n, name in ((None, "alone_"), (ranks, "ranks_")):
        run = run_script(tmp_path, engine, name, "", "0", "0", "cuda", ranks=n)
        assert run.returncode == 0, run.stderr
    alone = results(tmp_path, "alone_0")
    assert alone["backend"] == "none"
    for rank in range(ranks):
        found = results(tmp_path, f"ranks_{rank}")
        assert found["backend"] == ("nccl" if n_own else "gloo")
        for name in ("losses", "numbers", "levels", "score"):
            close = {"rtol": 1e-3, "atol": 1e-3, "err_msg": name}
            np.testing.assert_allclose(found[name], alone[name], **close)


@pytest.mark.distributed
def test_a_rank_that_dies_ends_the_job_and_leaves_the_last_checkpoint(tmp_path):
    folder = tmp_path / "checkpoints"
    run = run_script(tmp_path, "FactorizedARGenerator", "died_", str(folder), "2", ranks=2)
    assert run.returncode != 0
    assert "RankLostError: Rank 0 of 2 could not speak to the others" in run.stderr
    assert "it goes on from the last whole epoch" in run.stderr.replace("\n", " ")
    state = torch.load(folder / "prior.checkpoint", weights_only=True)
    assert state["epoch"] == 2
    again = run_script(tmp_path, "FactorizedARGenerator", "again_", str(folder), ranks=2)
    assert again.returncode == 0, again.stderr
    straight = run_script(tmp_path, "FactorizedARGenerator", "straight_", ranks=2)
    assert straight.returncode == 0, straight.stderr
    expected = results(tmp_path, "straight_0")
    for name, value in results(tmp_path, "again_0").items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


@pytest.mark.distributed
def test_a_refused_checkpoint_is_refused_on_every_rank(tmp_path):
    folder = tmp_path / "checkpoints"
    first = run_script(tmp_path, "FactorizedARGenerator", "one_", str(folder), ranks=2)
    assert first.returncode == 0, first.stderr
    other = run_script(tmp_path, "FactorizedARGenerator", "two_", str(folder), "0", "7", ranks=2)
    assert other.returncode != 0
    assert "belongs to another training" in other.stderr


def noise_of_ranks(draw, n_items, n_ranks=2):
    """Give what the ranks draw, put together in the order of the batch."""
    whole = [None] * (n_items * n_ranks)
    for rank in range(n_ranks):
        generator = torch.Generator().manual_seed(3)
        with SharedNoise(rank, n_ranks, n_items):
            drawn = draw(generator, n_items)
        for i, row in enumerate(drawn.unflatten(0, (n_items, -1))):
            whole[rank + i * n_ranks] = row
    return torch.stack(whole).flatten(0, 1)


@pytest.mark.parametrize(
    "draw",
    [
        lambda g, n: torch.rand(n, generator=g),
        lambda g, n: torch.rand((n, 5), generator=g, device="cpu"),
        lambda g, n: torch.rand(n * 4, generator=g),
        lambda g, n: torch.randn(torch.Size([n, 3, 7]), generator=g),
        lambda g, n: torch.randint(9, (n, 2), generator=g),
        lambda g, n: torch.randint(-3, 9, (n,), generator=g),
        lambda g, n: torch.empty(n, 1, 1).uniform_(0.0, 0.3, generator=g),
        lambda g, n: torch.empty(n, 6).normal_(1.0, 2.0, generator=g),
        lambda g, n: torch.empty(n).bernoulli_(0.3, generator=g),
        lambda g, n: torch.randperm(n, generator=g),
    ],
)
@pytest.mark.parametrize("n_items", [1, 4, 16])
def test_ranks_together_draw_the_noise_of_one(draw, n_items):
    alone = draw(torch.Generator().manual_seed(3), 2 * n_items)
    assert noise_of_ranks(draw, n_items).equal(alone)


READ_BESIDE_OTHERS = {
    "corrupted steps": lambda x, g, whole: corrupt_rows(x, 0.5, g, whole),
    **{
        name: lambda x, g, whole, name=name: draw_hidden(x < 0.6, {name: 1.0}, g, whole < 0.6)
        for name in MASKS
    },
}


@pytest.mark.parametrize("name", READ_BESIDE_OTHERS)
def test_ranks_together_read_one_item_beside_another_as_one_would(name):
    """An item may meet one that another rank has."""
    read = READ_BESIDE_OTHERS[name]
    whole = torch.rand(8, 12, 3, generator=torch.Generator().manual_seed(0))
    alone = read(whole, torch.Generator().manual_seed(3), whole)
    for rank in range(2):
        with SharedNoise(rank, 2, 4):
            part = read(whole[rank::2], torch.Generator().manual_seed(3), whole)
        assert part.equal(alone[rank::2])


def test_noise_for_all_items_is_the_same_on_every_rank():
    def draw(rank):
        with SharedNoise(rank, 2, 4):
            return torch.randn(3, 4, generator=torch.Generator().manual_seed(0))

    assert draw(0).equal(draw(1))
    assert draw(0).equal(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)))


def test_what_takes_no_generator_is_left_alone():
    with SharedNoise(1, 2, 4):
        assert torch.ones(4, 2).sum() == 8
        assert torch.arange(4).tolist() == [0, 1, 2, 3]
