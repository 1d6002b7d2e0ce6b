"""Laws on the draws: which series come out, and that nothing but the seed decides."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import numpy as np

from sktsgen.testing._expectations import (
    N_CHANNELS,
    N_TIMESTEPS,
    fitted,
    panel_array,
    refusal,
    require,
    require_same,
)


def check_seed_decides_the_draw(estimator: Any) -> None:
    """Check that equal seeds draw equal series; other seeds, and other series of a draw, differ."""
    generator = fitted(estimator)
    first, again, other = (generator.sample(3, random_state=seed) for seed in (7, 7, 8))
    require_same(again, first, "random_state=7 drew two different samples.")
    require(not np.allclose(first, other), "random_state=7 and random_state=8 drew the same.")
    require(not np.allclose(first[0], first[1]), "Two series of one draw are the same.")


def check_own_seed_is_the_default(estimator: Any) -> None:
    """Check that without `random_state` the constructor's int is used, again in each call."""
    generator = fitted(estimator)
    first, second = generator.sample(2), generator.sample(2)
    require_same(second, first, "The constructor's random_state=0 did not repeat the draw.")
    named = generator.sample(2, random_state=0)
    require_same(named, first, "random_state=0 of the call and the constructor differ.")


def check_draw_is_prefix_stable_in_n(estimator: Any) -> None:
    """Check that the first k of n series are those that a draw of k gives."""
    generator = fitted(estimator)
    five = generator.sample(5, random_state=2)
    for k in (1, 3):
        few = generator.sample(k, random_state=2)
        require_same(few, five[:k], f"sample(5)[:{k}] differs from sample({k}).")


def check_draw_is_prefix_stable_in_time(estimator: Any) -> None:
    """Check that the first steps of a long draw are the short draw, where the estimator says so.

    It says so by an attribute `_prefix_stable_in_time` that is True.
    """
    if not getattr(estimator, "_prefix_stable_in_time", False):
        return
    generator = fitted(estimator)
    long = generator.sample(2, length=2 * N_TIMESTEPS, random_state=2)
    for length in (1, N_TIMESTEPS // 2, N_TIMESTEPS):
        short = generator.sample(2, length=length, random_state=2)
        require_same(short, long[:, :length], f"The first {length} steps depend on the length.")


def check_length_is_what_was_asked(estimator: Any) -> None:
    """Check that any length comes out; without one, that of the training series."""
    generator = fitted(estimator)
    for length in (1, N_TIMESTEPS // 2, 3 * N_TIMESTEPS):
        shape = generator.sample(2, length=length).shape
        require(shape == (2, length, N_CHANNELS), f"length={length} gave the shape {shape}.")
    shape = generator.sample().shape
    expected = 1, N_TIMESTEPS, N_CHANNELS
    require(shape == expected, f"sample() gave the shape {shape} instead of {expected}.")


def check_batches_make_one_draw(estimator: Any) -> None:
    """Check that `sample_batches` is an iterator over the same series, whatever the batch size."""
    generator = fitted(estimator)
    whole = generator.sample(7, length=6, random_state=4)
    for size in (1, 3, 7, 10):
        batches = generator.sample_batches(7, batch_size=size, length=6, random_state=4)
        require(iter(batches) is batches, "sample_batches must return an iterator.")
        parts = list(batches)
        sizes = [len(part) for part in parts]
        expected = [min(size, 7 - start) for start in range(0, 7, size)]
        require(sizes == expected, f"batch_size={size} gave batches of {sizes} series.")
        require_same(np.concatenate(parts), whole, f"batch_size={size} changed the draw.")


def check_threads_draw_alike(estimator: Any) -> None:
    """Check that four draws at the same time are the four draws one after the other."""
    generator = fitted(estimator)

    def draw(seed: int) -> Any:
        return generator.sample(3, length=10, random_state=seed)

    serial = [draw(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for parallel, one in zip(pool.map(draw, range(4)), serial, strict=True):
            require_same(parallel, one, "A draw depends on other threads.")


def check_n_jobs_does_not_change_the_draw(estimator: Any) -> None:
    """Check that `n_jobs=2` draws what `n_jobs=None` draws."""
    generator = fitted(estimator)
    serial = generator.sample(5, length=6, random_state=4)
    with joblib.parallel_config(backend="threading"):
        parallel = generator.sample(5, length=6, random_state=4, n_jobs=2)
    require_same(parallel, serial, "n_jobs=2 changed the draw.")


def check_bad_counts_are_refused(estimator: Any) -> None:
    """Check that what is no positive whole number raises a ValueError that names it."""
    generator = fitted(estimator)
    for value in (0, -3, 1.5):
        with refusal(ValueError, f"n_samples={value}", "n_samples", value):
            generator.sample(value)
        with refusal(ValueError, f"length={value}", "length", value):
            generator.sample(2, length=value)
        with refusal(ValueError, f"batch_size={value}", "batch_size", value):
            list(generator.sample_batches(2, batch_size=value))


def check_bad_sharpening_is_refused(estimator: Any) -> None:
    """Check that impossible `temperature` and `top_p`, where offered, raise a ValueError.

    Their default is off: 1 changes nothing.
    """
    generator = fitted(estimator)
    offered = inspect.signature(generator.sample).parameters
    plain = generator.sample(3, random_state=5)
    for name, values in {"temperature": (0.0, -1.0), "top_p": (0.0, 1.5)}.items():
        if name not in offered:
            continue
        unchanged = generator.sample(3, random_state=5, **{name: 1.0})
        require_same(unchanged, plain, f"{name}=1.0 changed the draw.")
        for value in values:
            with refusal(ValueError, f"{name}={value}", name, value):
                generator.sample(1, **{name: value})


def check_labels_are_obeyed(estimator: Any) -> None:
    """Check that labels given to `fit` can be drawn, and wrong ones are refused."""
    X = panel_array()
    generator = fitted(estimator, X, [10, 20, 20])
    shape = generator.sample(2, y=[20, 10], random_state=0).shape
    require(shape == X[:2].shape, f"sample(2, y=[20, 10]) gave the shape {shape}.")
    one = generator.sample(2, y=[20, 20], random_state=0)
    other = generator.sample(2, y=[10, 20], random_state=0)
    require_same(one[1], other[1], "The label of one series changed another series.")
    with refusal(ValueError, "An unseen label 30", 30):
        generator.sample(2, y=[10, 30])
    with refusal(ValueError, "Three labels for two series", 3, 2):
        generator.sample(2, y=[10, 20, 10])
    with refusal(ValueError, "fit with two labels for three series", 2, 3):
        fitted(estimator, X, [10, 20])


SAMPLING_LAWS = (
    check_seed_decides_the_draw,
    check_own_seed_is_the_default,
    check_draw_is_prefix_stable_in_n,
    check_draw_is_prefix_stable_in_time,
    check_length_is_what_was_asked,
    check_batches_make_one_draw,
    check_threads_draw_alike,
    check_n_jobs_does_not_change_the_draw,
    check_bad_counts_are_refused,
    check_bad_sharpening_is_refused,
    check_labels_are_obeyed,
)
