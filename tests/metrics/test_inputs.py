import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen.metrics import (
    autocorrelation_difference,
    copying,
    correlational_score,
    marginal_distance,
)
from sktsgen.metrics._inputs import as_windows, random_stream, unit_scaled

X = np.random.default_rng(0).standard_normal((6, 5, 2))
INDEX = pd.MultiIndex.from_product([list("abcdef"), range(5)], names=["series", "time"])
FRAME = pd.DataFrame(X.reshape(30, 2), index=INDEX, columns=["p", "q"])
METRICS = [correlational_score, autocorrelation_difference, marginal_distance]


@pytest.mark.parametrize(
    "container",
    [list(X), tuple(X), FRAME, [pd.DataFrame(series) for series in X], X.tolist()],
    ids=["list", "tuple", "panel frame", "list of frames", "nested lists"],
)
@pytest.mark.parametrize("metric", METRICS)
def test_equal_data_has_equal_value_in_any_container(metric, container):
    other = X[::-1] ** 2
    assert metric(container, other) == metric(X, other) > 0


def test_input_is_not_changed():
    before = X.copy()
    marginal_distance(X, X + 1)
    copying(X, X, X)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (X[0], r"X_real has shape \(5, 2\)"),
        (X[:0], r"X_real has shape \(0, 5, 2\)"),
        ([X[0], X[1, :3]], r"X_real mixes shapes \(3, 2\) and \(5, 2\)"),
        (np.where(X[2, 1, 0] == X, np.nan, X), r"X_real holds nan at \(2, 1, 0\)"),
        (np.where(X[3, 0, 1] == X, -np.inf, X), r"X_real holds -inf at \(3, 0, 1\)"),
        (pd.DataFrame(X[0]), "X_real is a frame with 1 index level"),
        (X[:, :4], r"X_synthetic has windows of \(5, 2\) .* X_real of \(4, 2\)"),
        (X[:, :, :1], r"X_synthetic has windows of \(5, 2\) .* X_real of \(5, 1\)"),
    ],
)
def test_bad_input_is_named(bad, message):
    with pytest.raises(ValueError, match=message):
        correlational_score(bad, X)


def test_marginals_of_other_lengths_compare():
    assert marginal_distance(X, X[:, :3]) < marginal_distance(X, X[:, :3] + 1)


def test_scale_comes_from_the_reference_and_constants_are_shifted():
    reference = np.stack([X[..., 0], np.full((6, 5), 7.0)], axis=-1)
    scaled, other = unit_scaled(reference, reference + 1)
    assert scaled[..., 0].min() == 0
    assert scaled[..., 0].max() == 1
    np.testing.assert_array_equal(scaled[..., 1], 0)
    np.testing.assert_array_equal(other[..., 1], 1)


def test_no_random_state_leaves_the_global_streams_alone():
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    torch_state = torch.get_rng_state()
    drawn = [random_stream(None).random() for _ in range(2)]
    assert drawn[0] != drawn[1]
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)


@pytest.mark.parametrize("make", [int, np.random.default_rng, np.random.RandomState])
def test_equal_seeds_give_equal_streams(make):
    streams = [random_stream(make(5)).spawn(2)[1].random() for _ in range(2)]
    assert streams[0] == streams[1]


def test_integers_become_floats():
    assert as_windows(np.ones((2, 3, 1), dtype=int), "X").dtype == np.float64
