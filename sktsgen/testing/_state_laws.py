"""Laws on what fitting, drawing and saving may change."""

import copy
import pickle
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from sklearn.exceptions import NotFittedError

from sktsgen.persistence import load
from sktsgen.testing._expectations import (
    N_SERIES,
    fit_quietly,
    fitted,
    fresh,
    newly_fitted,
    panel_array,
    panel_frame,
    refusal,
    require,
    require_same,
)


def check_unfitted_use_is_refused(estimator: Any) -> None:
    """Check that drawing and scoring before `fit` raise NotFittedError."""
    X = panel_array()
    uses: dict[str, Callable[[Any], object]] = {
        "sample": lambda generator: generator.sample(1),
        "sample_batches": lambda generator: list(generator.sample_batches(1, batch_size=1)),
        "score": lambda generator: generator.score(X),
        "score_samples": lambda generator: generator.score_samples(X),
    }
    for name, use in uses.items():
        if hasattr(estimator, name):
            with refusal(NotFittedError, f"{name} before fit"):
                use(fresh(estimator))


def check_fit_and_sample_leave_input_alone(estimator: Any) -> None:
    """Check that `fit` and `score` read their input and no more, be it read-only or writeable."""
    X = panel_array()
    frame = panel_frame(X)
    for given in (X, frame, list(X), X[0]):
        before = copy.deepcopy(given)
        newly_fitted(estimator, given).score(given)
        require_same(given, before, "fit or score changed its input.")
    X.flags.writeable = False
    newly_fitted(estimator, X).score(X)


def check_sample_leaves_estimator_alone(estimator: Any) -> None:
    """Check that drawing and scoring change no attribute, not even a cache."""
    generator = fitted(estimator)
    attributes, content = dict(generator.__dict__), _digest(generator)
    generator.sample(2, length=5, random_state=1)
    generator.score(panel_array())
    changed = {
        name
        for name in {*attributes, *generator.__dict__}
        if attributes.get(name, ...) is not generator.__dict__.get(name, ...)
    }
    require(not changed, f"sample or score changed the attributes {sorted(changed)}.")
    require(_digest(generator) == content, "sample or score changed the inside of an attribute.")


def check_global_random_states_are_left_alone(estimator: Any) -> None:
    """Check that the global generators of Python, numpy and torch are not used and not read."""
    draws = []
    for seed in (1, 2):
        with _global_states(seed):
            before = _read_global_states()
            generator = newly_fitted(estimator)
            draws.append(generator.sample(2, length=5))
            generator.score(panel_array())
            require(_read_global_states() == before, "A global random state was used.")
    require_same(draws[1], draws[0], "fit or sample read a global random state.")


def check_refit_equals_fit(estimator: Any) -> None:
    """Check that `fit` after another `fit` gives the model of one `fit`."""
    X = panel_array()
    once = newly_fitted(estimator, X)
    again = fit_quietly(newly_fitted(estimator, X[:2, :12] - 3.0), X)
    _require_same_model(again, once, X, "fit depends on an earlier fit.")


def check_copies_draw_alike(estimator: Any) -> None:
    """Check that a pickle and a deep copy draw and score like the original."""
    X = panel_array()
    generator = newly_fitted(estimator, X)
    _require_same_model(pickle.loads(pickle.dumps(generator)), generator, X, "A pickle differs.")
    _require_same_model(copy.deepcopy(generator), generator, X, "A deep copy differs.")


def check_saved_file_draws_alike(estimator: Any) -> None:
    """Check that what `save` writes and `load` reads draws and scores like the original."""
    for X in (panel_array(), panel_frame(panel_array())):
        generator = fitted(estimator, X)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "generator.sktsgen"
            generator.save(path)
            loaded = load(path)
        require(type(loaded) is type(generator), f"load gave a {type(loaded).__name__}.")
        _require_same_model(loaded, generator, X, "A loaded file differs.")


def _require_same_model(actual: Any, expected: Any, X: Any, broken: str) -> None:
    drawn, original = (model.sample(N_SERIES, random_state=3) for model in (actual, expected))
    require_same(drawn, original, broken)
    require_same(actual.score(X), expected.score(X), broken)


def _digest(generator: Any) -> str:
    return str(joblib.hash(generator.__getstate__()))


def _read_global_states() -> tuple[object, str, list[bytes]]:
    numpy_state = joblib.hash(np.random.get_state())  # noqa: NPY002 - watched, not used
    of_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    of_torch = [state.numpy().tobytes() for state in (torch.get_rng_state(), *of_gpus)]
    return random.getstate(), str(numpy_state), of_torch


@contextmanager
def _global_states(seed: int) -> Iterator[None]:
    """Put the global generators into a known state, and back at the end."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    random.setstate(random.Random(seed).getstate())
    np.random.set_state(np.random.RandomState(seed).get_state())  # noqa: NPY002
    torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])


STATE_LAWS = (
    check_unfitted_use_is_refused,
    check_fit_and_sample_leave_input_alone,
    check_sample_leaves_estimator_alone,
    check_global_random_states_are_left_alone,
    check_refit_equals_fit,
    check_copies_draw_alike,
    check_saved_file_draws_alike,
)
