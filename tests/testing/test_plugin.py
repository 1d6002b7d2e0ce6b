"""What pytest and Hypothesis see of an installed sktsgen: one fit, and exact replays."""

import importlib
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sktsgen import make_generator_pipeline
from sktsgen.testing import fit_once
from tests.estimators.models import panel, small

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

TESTS = """
    import hashlib
    from hypothesis import given, settings
    from sktsgen.testing import time_series
    from tests.estimators.models import panel, small

    def test_replay(fit_once):
        generator = fit_once(small(), panel())
        assert fit_once(small(), panel()) is generator
        n_seen = []

        @settings(deadline=None)
        @given(time_series(generator, length=(2, 30), extremes=True))
        def check(X):
            n_seen.append(hashlib.sha256(X.tobytes()).hexdigest())
            assert abs(X[-1] - X[0]).max() < 3.0

        try:
            check()
        finally:
            print("first", n_seen[0], "last", n_seen[-1], "of", len(n_seen))
"""


def run_pytest(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-W", "ignore"]
    path = str(folder / "test_inner.py")
    result = subprocess.run(
        [*command, path, "--rootdir", str(folder), "-c", "/dev/null"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in result.stdout.splitlines() if line.startswith("first ")]
    assert lines, result.stdout + result.stderr
    _, first, _, last, _, n_seen = lines[0]
    return first, last, int(n_seen)


@pytest.mark.slow
def test_a_failure_replays_exactly_in_a_new_process(tmp_path):
    (tmp_path / "test_inner.py").write_text(textwrap.dedent(TESTS))
    _, smallest, n_seen = run_pytest(tmp_path)
    (saved,) = (tmp_path / ".pytest_cache" / "d" / "sktsgen").iterdir()
    written = saved.stat().st_mtime_ns
    replayed_first, replayed_last, n_replayed = run_pytest(tmp_path)
    assert replayed_first == replayed_last == smallest
    assert n_replayed < 10 < n_seen
    assert saved.stat().st_mtime_ns == written  # fitted once, over both


@pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
def test_one_fit_for_equal_arguments(tmp_path):
    first = fit_once(small(random_state=12), panel(), folder=tmp_path)
    assert fit_once(small(random_state=12), panel(), folder=tmp_path) is first
    assert len(list(tmp_path.iterdir())) == 1
    assert fit_once(small(random_state=1), panel()) is not first
    assert fit_once(small(), panel(), [0, 1, 0, 1]) is not first
    assert fit_once(small(), panel(3)) is not first


@pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
def test_random_states_are_told_apart_by_what_they_are(tmp_path):
    fits = [fit_once(small(random_state=np.random.RandomState(s)), panel()) for s in range(4)]
    assert len({id(fit) for fit in fits}) == 4
    assert fit_once(small(random_state=np.random.RandomState(2)), panel()) is fits[2]


@pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
def test_what_cannot_be_saved_is_kept_by_the_process(tmp_path):
    pipeline = make_generator_pipeline(StandardScaler(), small())
    assert fit_once(pipeline, panel(), folder=tmp_path) is fit_once(pipeline, panel())
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
def test_files_of_fitted_generators_are_read(tmp_path, monkeypatch):
    from sktsgen.testing import _fit_once

    generator = small(random_state=11)
    first = fit_once(generator, panel(), folder=tmp_path)
    monkeypatch.setattr(_fit_once, "_fitted", {})
    monkeypatch.setattr(type(generator), "fit", None)
    second = fit_once(generator, panel(), folder=tmp_path)
    assert second is not first
    assert (second.sample(2) == first.sample(2)).all()


def test_entry_points_lead_somewhere():
    (target,) = PROJECT["entry-points"]["pytest11"].values()
    plugin = importlib.import_module(target)
    assert plugin.fit_once is not None
    assert "Framework :: Hypothesis" in PROJECT["classifiers"]


def test_plugin_brings_neither_torch_nor_hypothesis():
    heavy = "{'torch', 'hypothesis', 'pandas'}"
    code = f"import sys, sktsgen.testing._plugin; print({heavy} & {{*sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_missing_hypothesis_names_the_extra(monkeypatch):
    import sktsgen.testing

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"panels needs Hypothesis.*'sktsgen\[hypothesis\]'"):
        sktsgen.testing.panels  # noqa: B018
