"""On a GPU: the answers of a processor, files that open without one, memory that runs out."""

import copy
import os
import pickle
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from sktsgen.datasets import make_var1
from sktsgen.decoding._cuda_graph import SHORTEST_CAPTURE
from sktsgen.exceptions import OutOfMemoryError
from sktsgen.testing import check_generator
from tests.citizen.asking import ESTIMATORS, GENERATORS, NETWORKS, answer, fitted
from tests.citizen.tables import calendar_panel

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning"),
]
ROOT = Path(__file__).parents[1]
MIB = 2**20


def on_gpu(name):
    return copy.deepcopy(fitted(name)).to_device("cuda")


def new(name, **params):
    return clone(ESTIMATORS[name]).set_params(device="cuda", **params)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_gpu_answers_as_the_processor_does(name):
    pd.testing.assert_frame_equal(answer(on_gpu(name)), answer(fitted(name)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_gpu_draws_long_series_as_the_processor_does(name):
    """Long enough for steps that are recorded to pay."""
    length = 2 * SHORTEST_CAPTURE + 1
    there = on_gpu(name).sample(2, length=length, random_state=1)
    here = fitted(name).sample(2, length=length, random_state=1)
    pd.testing.assert_frame_equal(there, here, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_of_a_gpu_opens_without_one(name, tmp_path):
    """Files and pickles made on a GPU are read by a process that sees none, and answer alike."""
    model = on_gpu(name)
    model.save(tmp_path / "model.sktsgen")
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    script = """
        import pickle, sys
        from pathlib import Path
        from sktsgen import load
        from tests.citizen.asking import answer

        folder = Path(sys.argv[1])
        pickled = pickle.loads((folder / "model.pickle").read_bytes())
        for number, model in enumerate([load(folder / "model.sktsgen"), pickled]):
            assert model.device_ == "cpu"
            answer(model).to_pickle(folder / f"{number}.frame")
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, env=environment, check=True, cwd=ROOT)
    for number in range(2):
        found = pd.read_pickle(tmp_path / f"{number}.frame")
        pd.testing.assert_frame_equal(found, answer(fitted(name)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_keep_their_laws(name):
    check_generator(new(name))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fit_is_repeated_by_its_seed(name):
    first, second = (new(name).fit(calendar_panel()) for _ in range(2))
    assert first.device_.startswith("cuda")
    np.testing.assert_allclose(first.loss_curve_, second.loss_curve_, rtol=1e-4)
    pd.testing.assert_frame_equal(answer(first), answer(second), rtol=1e-3, atol=1e-3)


@contextmanager
def room_for(n_bytes):
    """Let this process have that much more memory of the GPU than it has now."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + n_bytes) / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def peak_of(work):
    """Give what `work` returns and the memory it took beyond what was there before."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_reserved()
    result = work()
    return result, torch.cuda.max_memory_reserved() - before


@pytest.mark.parametrize("name", GENERATORS)
def test_what_does_not_fit_is_drawn_in_halves(name):
    model = new(name, d_model=64).fit(make_var1(3, 24, random_state=0))

    def draw():
        return model.sample(1000, length=96, random_state=1)

    expected, needed = peak_of(draw)
    with room_for(needed // 3):
        drawn, taken = peak_of(draw)
    assert taken <= needed // 3
    np.testing.assert_allclose(drawn, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_that_does_not_fit_is_named(name):
    model = new(name, batch_size=100_000)
    with room_for(64 * MIB), pytest.raises(OutOfMemoryError, match="lower batch_size"):
        model.fit(make_var1(3, 200, random_state=0))
    torch.cuda.empty_cache()
    model.set_params(batch_size=32).fit(make_var1(3, 24, random_state=0))
