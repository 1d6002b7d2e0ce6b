"""Trend, coarse and fine parts, and what each scale adds."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_ar1, make_mixed_panel
from tests.estimators.models import PHI, fitted, hourly_frame, panel
from tests.estimators.multiscale_models import small


def test_parts_of_data_add_up_to_it(scale_model):
    X = panel()
    parts = scale_model.decompose(X)
    assert list(parts) == ["trend", "coarse", "fine"]
    np.testing.assert_allclose(parts.trend + parts.coarse + parts.fine, X, atol=1e-5)
    # Averages vary less than what they are taken of.
    assert (np.diff(parts.trend, axis=1).std((0, 1)) < 0.7 * np.diff(X, axis=1).std((0, 1))).all()


def test_parts_keep_the_container():
    X = hourly_frame()
    parts = fitted(small(), X).decompose(X)
    pd.testing.assert_index_equal(parts.coarse.index, X.index)
    pd.testing.assert_frame_equal(parts.trend + parts.coarse + parts.fine, X, atol=1e-5)
    ragged = [panel()[0], panel()[1][:3], panel()[2][:1]]
    of_list = fitted(small(), ragged).decompose(ragged)
    assert [part.shape for part in of_list.fine] == [(20, 2), (3, 2), (1, 2)]


@pytest.mark.parametrize("length", [5, 20])
def test_parts_of_a_draw_add_up_to_it(scale_model, length):
    X, parts = scale_model.sample(3, length=length, return_components=True, random_state=1)
    np.testing.assert_allclose(X, scale_model.sample(3, length=length, random_state=1), rtol=1e-5)
    assert list(parts) == ["trend", "coarse", "fine", "residual"]
    np.testing.assert_allclose(sum(parts.values()), X, rtol=1e-6, atol=1e-6)
    assert all(part.std() > 0 for part in parts.values())


def test_parts_of_continued_integers_are_floats():
    X = np.round(10 * panel()).astype(np.int64)
    drawn, parts = fitted(small(), X).sample(2, prefix=X[:1], length=4, return_components=True)
    assert drawn.dtype == np.int64
    assert parts.trend.dtype == np.float64
    np.testing.assert_array_equal(np.round(sum(parts.values())), drawn)


def test_parts_of_drawn_frames_are_frames():
    X = hourly_frame()
    drawn, parts = fitted(small(), X).sample(2, length=9, prefix=X, return_components=True)
    pd.testing.assert_frame_equal(sum(parts.values()), drawn, atol=1e-6)


def test_every_scale_brings_the_reconstruction_closer(scale_ar1_model):
    X = make_ar1(50, 32, phi=PHI, random_state=5)
    errors = [(scale_ar1_model.reconstruct(X, n_scales=n) - X).var() for n in (1, 2)]
    assert X.var() > errors[0] > errors[1]
    np.testing.assert_array_equal(
        scale_ar1_model.reconstruct(X), scale_ar1_model.reconstruct(X, n_scales=2)
    )


@pytest.mark.parametrize("n_timesteps", [1, 5, 8, 13, 16])
def test_series_of_any_length_are_reconstructed(scale_model, n_timesteps):
    X = [panel()[0][:n_timesteps], panel()[1]]
    decoded = scale_model.reconstruct(X)
    assert [part.shape for part in decoded] == [(n_timesteps, 2), (20, 2)]
    alone = scale_model.reconstruct(X[:1])
    np.testing.assert_allclose(decoded[0], alone[0], rtol=1e-5, atol=1e-6)


def test_last_window_of_a_longer_series_ends_with_it(scale_model):
    X = panel()[0]
    decoded = scale_model.reconstruct(X)
    np.testing.assert_allclose(decoded[8:16][:4], scale_model.reconstruct(X[8:16])[:4], rtol=1e-5)
    np.testing.assert_allclose(decoded[12:], scale_model.reconstruct(X[12:]), rtol=1e-5)


@pytest.mark.parametrize("n_scales", [0, 4])
def test_scales_that_are_not_there_are_refused(scale_model, n_scales):
    with pytest.raises(ValueError, match=f"n_scales={n_scales} must be from 1 to 3"):
        scale_model.reconstruct(panel(), n_scales=n_scales)


@pytest.fixture(scope="module")
def table():
    return make_mixed_panel(6, 40, random_state=0)


@pytest.fixture(scope="module")
def table_model(table):
    return fitted(small(), table)


def test_parts_of_tables_are_those_of_their_numbers(table, table_model):
    """Levels and static columns have no parts; gaps are filled by the value before."""
    parts = table_model.decompose(table)
    numbers = ["pressure", "temperature", "visitors"]
    for part in parts.values():
        assert list(part.columns) == numbers
        assert part.index.equals(table.index)
        assert (part.dtypes == np.float64).all()
    whole, given = parts.trend + parts.coarse + parts.fine, table[numbers].astype(float)
    present = given.notna()
    error = ((whole - given) / given.std()).abs()
    assert error.where(present).max().max() < 1e-4
    held = given.groupby(level=0).ffill()
    is_held = ~present & held.notna()
    assert is_held.any().any()
    np.testing.assert_allclose(whole.where(is_held), held.where(is_held), rtol=1e-4)


def test_parts_of_drawn_tables_add_up_before_integers_are_rounded(table, table_model):
    drawn, parts = table_model.sample(3, length=10, return_components=True, random_state=1)
    whole = sum(parts.values())
    assert whole.index.equals(drawn.index)
    np.testing.assert_array_equal(np.round(whole["visitors"]), drawn["visitors"])
    present = drawn["temperature"].notna()
    np.testing.assert_allclose(
        whole["temperature"][present], drawn["temperature"][present], rtol=1e-5
    )


def test_reconstructed_tables_have_the_types_and_the_static_columns_of_the_table(
    table, table_model
):
    decoded = table_model.reconstruct(table)
    pd.testing.assert_series_equal(decoded.dtypes, table.dtypes)
    static = [table.columns[i] for i in table_model.static_columns_]
    pd.testing.assert_frame_equal(decoded[static], table[static])
    assert set(decoded["sky"].dropna()) <= set(table["sky"].dropna())


def test_levels_alone_cannot_be_taken_apart():
    X = pd.DataFrame({"sky": ["clear", "rain"] * 20})
    generator = fitted(small(), X)
    with pytest.raises(ValueError, match=r"No column is a number .* are \('categorical',\)"):
        generator.decompose(X)
