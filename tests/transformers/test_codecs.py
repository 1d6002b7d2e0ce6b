"""Numeric channels to features and back."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sktsgen.data import Windows
from sktsgen.transformers import _feature_rows as rows_module
from sktsgen.transformers import _moments as moments_module
from sktsgen.transformers import feature_rows
from sktsgen.transformers._codecs import NumericCodec

CPU = torch.device("cpu")


def fitted(X):
    return NumericCodec().fit(X, ["continuous"] * X.shape[1])


def restored(codec, features):
    values, missing = codec.decode(features)
    assert missing is None
    return values


def finite(bound):
    return st.floats(-bound, bound, allow_nan=False, allow_infinity=False, width=64)


@st.composite
def rows(draw):
    """Channels of any offset and spread, some constant, float or int."""
    shape = (draw(st.integers(2, 12)), draw(st.integers(1, 4)))
    if draw(st.booleans()):
        return draw(hnp.arrays(np.int64, shape, elements=st.integers(-(2**50), 2**50)))
    X = draw(hnp.arrays(np.float64, shape, elements=finite(1.0)))
    powers = st.integers(-300, 300)
    X *= 10.0 ** np.array(draw(st.lists(powers, min_size=shape[1], max_size=shape[1])))
    offsets = st.sampled_from([0.0, 1.0, -1e9, 1e9])
    X += np.array(draw(st.lists(offsets, min_size=shape[1], max_size=shape[1])))
    return X


@given(X=rows())
def test_features_come_back_as_the_values_they_were(X):
    codec = fitted(X)
    found = restored(codec, codec.encode(X))
    exact = X.astype(np.float64)
    spread = np.ptp(exact, axis=0)
    allowed = 2e-6 * spread + 4e-16 * np.abs(exact).max(0) + 1e-300
    # Whole numbers are rounded to whole ones.
    allowed += (X.dtype.kind == "i") * (allowed > 0.5)
    assert (np.abs(found - exact) <= allowed).all()


@given(X=rows())
def test_features_are_standardised_float32(X):
    codec = fitted(X)
    features = codec.encode(X)
    assert features.dtype == np.float32
    assert features.shape == (len(X), codec.n_features)
    kept = features[:, codec.scale_[codec.kept_] > 0].astype(np.float64)
    # A channel a few float64 roundings wide has moments of that grain.
    grain = np.abs(X.astype(np.float64)).max(0)[codec.kept_] * 1e-15
    scale = codec.scale_[codec.kept_]
    wide = (scale > 1e3 * grain)[scale > 0]
    np.testing.assert_allclose(kept.mean(0)[wide], 0, rtol=0, atol=2e-2)
    np.testing.assert_allclose(kept.std(0)[wide], 1, rtol=0, atol=2e-2)


@given(X=rows())
def test_constant_channels_come_back_exactly_and_are_no_features(X):
    X[:, 0] = X[0, 0]
    codec = fitted(X)
    found = restored(codec, codec.encode(X))
    assert (found[:, 0] == X[:, 0]).all()
    varies = np.flatnonzero(np.ptp(X.astype(np.float64), axis=0) > 0)
    assert set(codec.kept_) <= set(varies)


def test_small_changes_on_a_large_offset_survive():
    X = 1e9 + np.array([[0.0], [1e-3], [2e-3], [5e-3]])
    codec = fitted(X)
    features = codec.encode(X)
    expected = (X - X.mean()) / X.std()
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-3)
    np.testing.assert_allclose(restored(codec, features), X, rtol=0, atol=2e-7)


def test_a_spread_whose_square_underflows_survives():
    X = 1e-200 * np.array([[1.0], [2.0], [4.0]])
    codec = fitted(X)
    np.testing.assert_allclose(restored(codec, codec.encode(X)), X, rtol=1e-6)


def test_values_whose_sum_overflows_survive():
    X = np.array([[8e307], [-8e307], [0.0], [8e307], [8e307]])
    codec = fitted(X)
    found = restored(codec, codec.encode(X))
    np.testing.assert_allclose(found, X, rtol=0, atol=1e302)


def test_bounds_are_the_extremes_widened_by_a_twentieth():
    X = np.random.default_rng(0).normal(size=(50, 2)) * [1.0, 100.0] + [1e6, 0.0]
    codec = fitted(X)
    features = codec.encode(X)
    margin = 0.05 * np.ptp(features, axis=0)
    np.testing.assert_allclose(codec.bounds_[0], features.min(0) - margin, rtol=1e-5)
    np.testing.assert_allclose(codec.bounds_[1], features.max(0) + margin, rtol=1e-5)
    assert codec.bounds_.dtype == np.float32


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3)])
def test_rows_may_stand_in_any_number_of_axes(shape):
    X = np.random.default_rng(0).normal(size=(20, 3))
    codec = fitted(X)
    values = np.random.default_rng(1).normal(size=shape)
    features = codec.encode(values)
    assert features.shape == shape
    flat = codec.encode(values.reshape(-1, 3)).reshape(shape)
    np.testing.assert_array_equal(features, flat)
    np.testing.assert_allclose(restored(codec, features), values, rtol=0, atol=1e-5)


def test_moments_do_not_depend_on_the_chunks_they_are_summed_in(monkeypatch):
    X = np.random.default_rng(0).normal(size=(1000, 3)) * [1.0, 1e-9, 1e9] + [0.0, 1.0, 1e12]
    whole = fitted(X)
    monkeypatch.setattr(moments_module, "CHUNK", 21)
    parts = fitted(X)
    np.testing.assert_allclose(parts.mean_, whole.mean_, rtol=1e-14)
    np.testing.assert_allclose(parts.scale_, whole.scale_, rtol=1e-12)
    np.testing.assert_array_equal(parts.bounds_, whole.bounds_)


def test_input_is_not_changed():
    X = np.random.default_rng(0).normal(size=(20, 2))
    before = X.copy()
    codec = fitted(X)
    codec.encode(X)
    assert (before == X).all()


# Rows in memory and on disk.


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_mapped_rows_equal_preloaded_rows(tmp_path, monkeypatch, dtype):
    X = np.memmap(tmp_path / "rows", dtype=dtype, mode="w+", shape=(60, 3))
    X[:] = np.random.default_rng(0).normal(size=(60, 3)) * 100 + (
        10**9 if dtype != np.float32 else 0
    )
    X[:, 1] = 5
    codec = fitted(X)
    loaded = feature_rows(X, codec, CPU)
    assert isinstance(loaded, torch.Tensor)
    monkeypatch.setattr(rows_module, "_PRELOADED", 10)
    mapped = feature_rows(X, codec, CPU)
    assert not isinstance(mapped, torch.Tensor)
    (one, other), mask = Windows((loaded, mapped), [40, 4, 16], 7).gather(torch.tensor([3, 33, 34]))
    assert one.equal(other)
    assert other.dtype == torch.float32
    assert not mask.all()


def test_preloaded_rows_are_the_features_of_all_chunks(monkeypatch):
    X = np.random.default_rng(0).normal(size=(100, 3))
    codec = fitted(X)
    monkeypatch.setattr(moments_module, "CHUNK", 21)
    np.testing.assert_array_equal(feature_rows(X, codec, CPU).numpy(), codec.encode(X))


def test_an_extreme_that_many_rows_share_is_a_limit():
    values = np.concatenate([np.zeros(10), np.linspace(1.0, 5.0, 90)])[:, None]
    codec = fitted(values)
    lowest, highest = restored(codec, codec.bounds_)[:, 0]
    assert lowest == pytest.approx(0.0, abs=1e-6)
    assert highest == pytest.approx(5.25, abs=1e-5)
