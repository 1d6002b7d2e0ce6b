"""Files of real estimators: damage is found, nothing runs, and old files stay readable."""

import copy
import hashlib
import itertools
import json
import pickle
import resource
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch
from joblib import Parallel, delayed

import sktsgen
from sktsgen.exceptions import FileFormatError
from tests.citizen.asking import ESTIMATORS, GENERATORS, NETWORKS, answer, fitted
from tests.citizen.tables import calendar_panel

ROOT = Path(__file__).parents[1]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.sktsgen"))

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")


def same_draw(one, other):
    pd.testing.assert_frame_equal(answer(one), answer(other))


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return fitted(request.param)


@pytest.fixture(scope="module", params=GENERATORS)
def generator(request):
    return fitted(request.param)


@pytest.fixture(scope="module")
def content(generator, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "model.sktsgen"
    generator.save(path)
    return path.read_bytes()


def loaded(content, tmp_path):
    path = tmp_path / "model.sktsgen"
    path.write_bytes(content)
    return sktsgen.load(path)


def document_of(content):
    n_header = int.from_bytes(content[:8], "little")
    return json.loads(json.loads(content[8 : 8 + n_header])["__metadata__"]["sktsgen"])


def signed(document, tensors):
    """Give a file with a right checksum, as somebody would who knows the format."""
    text = json.dumps({**document, "sha256": "0" * 64}, separators=(",", ":"))
    data = safetensors.numpy.save(tensors, {"sktsgen": text})
    return data.replace(b"0" * 64, hashlib.sha256(data).hexdigest().encode(), 1)


def test_whole_file_gives_the_same_draws(estimator, tmp_path):
    estimator.save(tmp_path / "model.sktsgen")
    same_draw(sktsgen.load(tmp_path / "model.sktsgen"), estimator)


def test_a_thousand_flipped_bits_are_found(generator, content, tmp_path):
    # One format for all: the first engine stands for the others.
    n_flips = 1000 if type(generator).__name__ == GENERATORS[0] else 100
    rng = np.random.default_rng(0)
    n_header = int.from_bytes(content[:8], "little")
    for i in range(n_flips):
        damaged = bytearray(content)
        # A half of them in the header, which is the smaller part of a large model.
        position = rng.integers(8 + n_header if i % 2 else len(content))
        damaged[position] ^= 1 << rng.integers(8)
        with pytest.raises(FileFormatError, match=r"model\.sktsgen"):
            loaded(bytes(damaged), tmp_path)


def test_every_length_that_is_too_short_is_found(content, tmp_path):
    for n_bytes in (0, 7, 8, *np.linspace(9, len(content) - 1, 60).astype(int)):
        with pytest.raises(FileFormatError):
            loaded(content[:n_bytes], tmp_path)


def test_signed_damage_never_ends_in_anything_else(content, tmp_path):
    """Changed values may make another model; they never make another error or half of one."""
    rng = np.random.default_rng(1)
    tensors = safetensors.numpy.load(content)
    text = json.dumps(document_of(content), separators=(",", ":"))
    n_refused = 0
    for _ in range(100):
        damaged = bytearray(text.encode())
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(7)
        try:
            document = json.loads(damaged.decode())
            model = loaded(signed(document, tensors), tmp_path)
        except FileFormatError:
            n_refused += 1
        except (ValueError, UnicodeError):  # no JSON: the forger's own mistake
            continue
        else:
            assert type(model).__name__ in ESTIMATORS
    assert n_refused > 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class": "subprocess.Popen"}, "holds a 'subprocess.Popen', which is not among"),
        ({"class": "Trainer"}, "announces a Trainer and holds a"),
        (
            {"format_version": 99},
            "format version 99, and this version reads up to 1; install a new",
        ),
        ({"format_version": "1"}, "format version is '1' instead of a whole number"),
        ({"tree": []}, "announces a .* and holds a list"),
    ],
)
def test_signed_nonsense_is_named(content, tmp_path, changes, message):
    document = {**document_of(content), **changes}
    with pytest.raises(FileFormatError, match=message):
        loaded(signed(document, safetensors.numpy.load(content)), tmp_path)


def test_an_oversized_header_is_refused_unread(content, tmp_path):
    with pytest.raises(FileFormatError, match="announces a header of 1099511627776 bytes"):
        loaded((2**40).to_bytes(8, "little") + content[8:], tmp_path)


def test_exchanged_tensors_are_found(content, tmp_path):
    tensors = safetensors.numpy.load(content)
    shapes = {}
    for name, array in tensors.items():
        shapes.setdefault((array.shape, array.dtype.str), []).append(name)
    first, second = next(
        pair
        for group in shapes.values()
        for pair in itertools.pairwise(group)
        if tensors[pair[0]].tobytes() != tensors[pair[1]].tobytes()
    )
    tensors[first], tensors[second] = tensors[second], tensors[first]
    text = json.dumps(document_of(content), separators=(",", ":"))
    with pytest.raises(FileFormatError, match="checksum"):
        loaded(safetensors.numpy.save(tensors, {"sktsgen": text}), tmp_path)


@pytest.mark.slow
def test_loading_imports_runs_and_writes_nothing(content, tmp_path):
    """Watch a fresh process that has loaded one file already: an audit hook stays on."""
    path = tmp_path / "model.sktsgen"
    path.write_bytes(content)
    script = """
        import os, sys
        from sktsgen import load

        load(sys.argv[1])
        seen, watching = [], True
        WATCHED = ("import", "exec", "compile", "os.system", "os.exec", "os.fork", "os.rename",
                   "os.remove", "os.posix_spawn", "subprocess.Popen", "socket.connect",
                   "ctypes.dlopen", "pickle.find_class", "shutil.rmtree", "os.mkdir")

        def watch(event, args):
            if watching and event in WATCHED:
                seen.append((event, str(args[0])))
            if watching and event == "open" and isinstance(args[2], int):
                if args[2] & (os.O_WRONLY | os.O_RDWR):
                    seen.append((event, str(args[0])))

        sys.addaudithook(watch)
        before = set(sys.modules)
        load(sys.argv[1])
        watching = False
        print(seen, sorted(set(sys.modules) - before))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "[] []"


# A full disk.


@contextmanager
def room_for(n_bytes):
    """Let no file grow beyond a size: writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_file(generator, content, tmp_path):
    path = tmp_path / "model.sktsgen"
    path.write_bytes(content)
    with room_for(len(content) // 2), pytest.raises(OSError, match="File too large"):
        generator.save(path)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.sktsgen"]
    generator.save(path)
    same_draw(sktsgen.load(path), generator)


# Other ways to copy an estimator.


def test_pickle_joblib_and_deepcopy_draw_alike(estimator, tmp_path):
    same_draw(pickle.loads(pickle.dumps(estimator)), estimator)
    same_draw(copy.deepcopy(estimator), estimator)
    joblib.dump(estimator, tmp_path / "model.joblib")
    same_draw(joblib.load(tmp_path / "model.joblib"), estimator)


def test_arrays_mapped_by_joblib_draw_alike(estimator, tmp_path):
    joblib.dump(estimator, tmp_path / "model.joblib")
    same_draw(joblib.load(tmp_path / "model.joblib", mmap_mode="r"), estimator)


def test_a_pickle_names_no_device_and_no_torch_class(estimator):
    assert b"torch" not in pickle.dumps(estimator)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to open it on")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_of_a_device_that_is_missing_opens_on_the_processor(name, tmp_path):
    elsewhere = copy.deepcopy(fitted(name))
    elsewhere.device_ = "cuda:99"
    elsewhere.save(tmp_path / "model.sktsgen")
    for model in (sktsgen.load(tmp_path / "model.sktsgen"), pickle.loads(pickle.dumps(elsewhere))):
        assert model.device_ == "cpu"
        same_draw(model, fitted(name))
    elsewhere.device = "cuda:99"
    with pytest.warns(UserWarning, match="fitted with device='cuda:99', which is not here"):
        model = pickle.loads(pickle.dumps(elsewhere))
    same_draw(model, fitted(name))


@pytest.mark.slow
def test_loky_workers_draw_alike(estimator):
    answers = Parallel(n_jobs=2, backend="loky")(delayed(answer)(estimator) for _ in range(2))
    for there in answers:
        pd.testing.assert_frame_equal(there, answer(estimator))


@pytest.mark.slow
def test_skops_files_draw_alike(estimator):
    """Beside our own classes and the types of arrays nothing asks for trust."""
    io = pytest.importorskip("skops.io")
    data = io.dumps(estimator)
    unknown = io.get_untrusted_types(data=data)
    others = {name for name in unknown if not name.startswith("sktsgen.")}
    assert others <= {"numpy.dtype"}
    same_draw(io.loads(data, trusted=unknown), estimator)


# Files of earlier releases.


def test_this_release_has_golden_files_of_every_estimator():
    expected = {f"{name}-{sktsgen.__version__}.sktsgen" for name in ESTIMATORS}
    assert expected <= {path.name for path in GOLDEN}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files_answer_as_they_did(path):
    model = sktsgen.load(path)
    expected = np.loadtxt(path.with_suffix(".csv"), delimiter=",")
    drawn = answer(model)
    np.testing.assert_allclose(drawn.to_numpy(np.float64), expected, rtol=1e-4, atol=1e-4)
    assert [name for name in drawn.index.names if name != "sample"] == ["site", "time"]
    assert str(drawn.index.levels[-1].tz) == "Europe/Berlin"
    if hasattr(model, "score"):
        pd.testing.assert_series_equal(drawn.dtypes, calendar_panel().dtypes)
        assert np.isfinite(model.score(calendar_panel()))
