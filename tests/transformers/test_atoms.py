"""Numbers that recur come back to the last digit, and so do those of few decimals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sktsgen
from sktsgen.transformers import MixedTypeEncoder
from sktsgen.transformers._atoms import count_decimals


def rain(n_rows=4000, dtype=np.float64):
    """Zeros and amounts that begin at nothing, so that no gap tells them apart."""
    rng = np.random.default_rng(0)
    return np.where(rng.random(n_rows) < 0.6, 0.0, rng.gamma(0.5, 3.0, n_rows)).astype(dtype)


def column(values):
    return MixedTypeEncoder().fit(values[:, None])


def round_trip(encoder, values):
    return encoder.decode(encoder.encode(values[:, None]))[:, 0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_zeros_are_zeros_and_nothing_else_is(dtype):
    values = rain(dtype=dtype)
    restored = round_trip(column(values), values)
    assert restored.dtype == dtype
    np.testing.assert_array_equal(restored == 0, values == 0)
    np.testing.assert_allclose(restored, values, rtol=0, atol=1e-6 * values.max())


def test_a_network_may_blur_zeros_by_a_tenth_of_a_deviation():
    values = rain()
    encoder = column(values)
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (4000, 1))
    blurred = encoder.decode(encoder.encode(values[:, None]) + noise)[:, 0]
    assert (blurred[values == 0] == 0).all()
    assert (blurred[values > 1e-3] != 0).all()


def test_room_leaves_features_in_order_and_standard():
    values = np.sort(rain())
    features = column(values).encode(values[:, None])[:, 0].astype(np.float64)
    assert (np.diff(features) >= 0).all()
    assert features.mean() == pytest.approx(0.0, abs=1e-6)
    assert features.std() == pytest.approx(1.0, abs=1e-6)
    assert features[values > 0].min() - features[0] > 0.3


def test_several_atoms_with_values_between_and_beyond_them():
    rng = np.random.default_rng(0)
    frequent = np.repeat([-3.0, 40.0, 40.5], 500)
    values = np.concatenate([frequent, rng.normal(20.0, 30.0, 1000)])
    encoder = column(values)
    restored = round_trip(encoder, values)
    np.testing.assert_array_equal(restored[:1500], frequent)
    np.testing.assert_allclose(restored, values, rtol=0, atol=1e-5)
    unseen = np.array([-500.0, -4.0, 19.999, 39.99999, 41.0, 300.0])
    np.testing.assert_allclose(round_trip(encoder, unseen), unseen, rtol=0, atol=1e-3)


def test_slopes_are_those_of_the_stretched_way():
    """Beside an atom features run faster; the density of values follows."""
    values = rain()
    encoder = column(values)
    for at in (0.5 * values[values > 0].min(), np.median(values[values > 0]), 8.0):
        step = 1e-4 * at
        ends = encoder.codec_._parts[0].codec._features(np.array([[at - step], [at + step]]))
        slope = (ends[1, 0] - ends[0, 0]) / (2 * step)
        found = encoder.log_slopes(encoder.encode(np.array([[at]])))[0, 0]
        assert found == pytest.approx(np.log(slope), abs=1e-3)


def test_mean_and_scale_are_value_and_slope_at_feature_zero():
    values = np.append(rain(), -rain())
    encoder = column(values - 0.25)
    at_zero, near = encoder.decode(np.array([[0.0], [1e-3]]))[:, 0]
    assert at_zero == pytest.approx(encoder.mean_[0])
    assert at_zero == -0.25
    assert near == -0.25  # within the room of the atom
    assert encoder.scale_[0] > 0


@given(
    levels=st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=50, unique=True),
    power=st.integers(-9, 9),
)
def test_a_column_of_few_values_has_no_others(levels, power):
    values = np.resize(np.array(levels) * 10.0**power, 1000) / 3.0
    encoder = column(values)
    np.testing.assert_array_equal(round_trip(encoder, values), values)
    wild = np.random.default_rng(0).normal(0.0, 2.0, (200, 1))
    drawn = encoder.decode(wild.astype(np.float32))[:, 0]
    assert np.isin(drawn, values).all()


def test_few_values_stay_where_they_are():
    values = np.resize(np.arange(30) ** 1.5, 3000)
    standard = (values - values.mean()) / values.std()
    np.testing.assert_allclose(column(values).encode(values[:, None])[:, 0], standard, atol=1e-6)


def test_the_nearer_value_is_taken():
    values = np.resize([0.0, 1.0, 10.0], 300)
    encoder = column(values)
    near = (np.array([[-7.0], [0.4], [0.6], [5.4], [5.6], [99.0]]) - values.mean()) / values.std()
    assert encoder.decode(near)[:, 0].tolist() == [0.0, 0.0, 1.0, 1.0, 10.0, 10.0]


@pytest.mark.parametrize("decimals", [-2, 0, 2, 6])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_come_back_with_the_decimals_of_the_column(decimals, dtype):
    rng = np.random.default_rng(0)
    values = np.round(rng.normal(0.0, 200.0 * 10.0**-decimals, 3000), decimals).astype(dtype)
    encoder = column(values)
    np.testing.assert_array_equal(round_trip(encoder, values), values)
    drawn = encoder.decode(rng.normal(size=(500, 1)).astype(np.float32))[:, 0]
    np.testing.assert_array_equal(np.round(drawn.astype(np.float64), decimals).astype(dtype), drawn)


def test_cents_of_a_nullable_column_with_gaps_are_exact():
    rng = np.random.default_rng(0)
    cents = pd.array(np.round(rng.lognormal(3.0, 1.5, 1000), 2), dtype="Float64")
    cents[::7] = pd.NA
    table = pd.DataFrame({"amount": cents, "level": np.resize(["a", "b"], 1000)})
    encoder = MixedTypeEncoder().fit(table)
    pd.testing.assert_frame_equal(
        encoder.inverse_transform(encoder.transform(table)), table, check_exact=True
    )


def test_fewest_decimals_are_counted_over_all_parts():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 9, 400) * 50.0, rng.normal(size=400), np.full(400, 0.125)])
    X[3, 0], X[:301, 2] = np.nan, np.nan
    assert count_decimals(np.array_split(X, 4), 3) == {0: -1}  # too few numbers in the last one
    X[399, 0] = 0.25
    assert count_decimals(np.array_split(X, 4), 3) == {0: 2}
    assert count_decimals([X[:99]], 3) == {}


def test_numbers_too_large_for_decimals_have_none():
    X = np.random.default_rng(0).normal(size=(200, 1)) * 1e250
    assert count_decimals([X], 1) == {}


def test_ordinary_columns_are_left_alone():
    X = np.random.default_rng(0).normal(size=(500, 2)) / 3.0
    codec = MixedTypeEncoder().fit(X).codec_._parts[0].codec
    assert not codec.atoms_
    assert not codec.decimals_


def test_arrays_and_frames_have_the_same_atoms():
    X = np.column_stack([rain(), np.round(rain() + 1.0, 1)])
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(level="x")
    of_frame = MixedTypeEncoder().fit(frame)
    of_array = MixedTypeEncoder().fit(X)
    features = of_array.encode(X)
    np.testing.assert_array_equal(of_frame.encode(frame)[:, :2], features)
    np.testing.assert_array_equal(of_frame.decode(features)[["a", "b"]], of_array.decode(features))


def test_a_file_keeps_atoms_and_decimals(tmp_path):
    X = np.column_stack([rain(), np.round(rain() + 1.0, 1), np.resize([0.1, 0.7], 4000)])
    encoder = MixedTypeEncoder().fit(X)
    encoder.save(tmp_path / "encoder.sktsgen")
    loaded = sktsgen.load(tmp_path / "encoder.sktsgen")
    wild = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    np.testing.assert_array_equal(loaded.encode(X), encoder.encode(X))
    np.testing.assert_array_equal(loaded.decode(wild), encoder.decode(wild))


def test_numbers_lie_between_the_digits_of_fit():
    """What is taken apart, as into trend and season, is not rounded to cents and zeros."""
    n = 3000
    table = pd.DataFrame(
        {
            "cents": np.round(rain(n) + 1.0, 2),
            "rain": rain(n),
            "few": np.resize([0.1, 0.7], n),
            "whole": np.resize([3, 9, 200], n),
            "level": np.resize(["a", "b"], n),
        }
    )
    encoder = MixedTypeEncoder().fit(table)
    features = encoder.encode(table)
    exact = encoder.numbers(features)
    np.testing.assert_allclose(exact[:, :4], table.iloc[:, :4], rtol=0, atol=2e-4)
    assert np.isnan(exact[:, 4]).all()
    between = encoder.numbers((features[:1] + features[1:2]) / 2)[0]
    assert between[2] == pytest.approx(0.4)
    assert between[3] == pytest.approx(6.0, abs=1e-4)


@pytest.mark.parametrize("largest", [1.8e304, np.finfo(np.float64).max])
def test_numbers_too_large_for_decimals_have_none_and_warn_of_nothing(largest):
    cells = np.append(np.zeros(150), largest)[:, None]
    assert count_decimals([cells], 1) == {}


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_half_precision_has_decimals_and_warns_of_nothing(size):
    X = (size * np.random.default_rng(0).normal(size=(200, 1))).astype(np.float16)
    X = np.concatenate([X, np.round(np.resize([0.1, 0.7, 3.2], 200), 1)[:, None]], 1, dtype="f2")
    assert count_decimals([X], 2)[1] == 1
    encoder = MixedTypeEncoder().fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    assert restored.dtype == np.float16
    np.testing.assert_allclose(restored, X, rtol=2e-3, atol=1e-5 * size)
