"""FactorizedARGenerator as a transformer: codes, coefficients, basis, and the ways back."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.exceptions import CodebookUsageWarning
from tests.estimators.models import EMISSIONS, daily_panel_frame, fitted, hourly_frame, panel, small


def test_basis_has_one_row_per_component_and_mean_is_that_of_the_data(panel_model):
    assert panel_model.components_.shape == (3, 2)
    np.testing.assert_allclose(panel_model.mean_, panel().mean((0, 1)), rtol=1e-12)
    assert panel_model.n_features_in_ == 2
    assert panel_model.classes_ is None


def test_curves_count_the_epochs_and_best_epoch_is_the_lowest():
    model = fitted(small(max_epochs=3), panel(20))
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_loss_curve_) == 3
    assert model.best_epoch_ == 1 + int(np.argmin(model.validation_loss_curve_))
    assert len(model.tokenizer_loss_curve_) >= 1


@pytest.mark.parametrize(("window_length", "expected"), [(None, 20), (8, 8), (20, 20), (50, 20)])
def test_window_is_at_most_the_longest_series(window_length, expected):
    X = [panel()[0], panel()[1][:5]]
    assert fitted(small(window_length=window_length), X).window_length_ == expected


def test_default_window_is_96():
    assert fitted(small(window_length=None), panel(1, 150)[0]).window_length_ == 96


def test_default_length_is_that_of_equal_series_else_the_window(panel_model, frame_model):
    assert panel_model.sample().shape == (1, 20, 2)
    assert len(frame_model.sample()) == frame_model.window_length_ == 8
    assert fitted(small(), [panel()[0], panel()[1][:15]]).sample()[0].shape == (8, 2)


def test_usage_and_perplexity_are_those_of_the_training_codes(panel_model):
    codes = panel_model.tokenize(panel()).reshape(-1, 2)
    for level in range(2):
        _, counts = np.unique(codes[:, level], return_counts=True)
        share = counts / counts.sum()
        assert panel_model.codebook_usage_[level] == len(counts) / 4
        expected = np.exp(-(share * np.log(share)).sum())
        np.testing.assert_allclose(panel_model.codebook_perplexity_[level], expected)


def test_codebooks_are_no_larger_than_a_quarter_of_the_rows():
    assert fitted(small(codebook_size=64), panel(1, 40)[0]).codebook_size_ == 10


def test_hardly_used_codebook_warns():
    two_points = np.tile([[0.0, 1.0], [3.0, -2.0]], (40, 1))
    with pytest.warns(
        CodebookUsageWarning, match=r"of codebook_size=16 codes are in use"
    ) as caught:
        model = small(codebook_size=16).fit(two_points)
    assert f"Only {model.codebook_usage_.min():.0%}" in str(caught[0].message)
    assert model.codebook_usage_[0] <= 2 / 16
    assert caught[0].filename == __file__


@pytest.mark.parametrize("emission", EMISSIONS)
def test_noise_scale_is_what_the_codes_leave_over(emission):
    X = panel()
    model = fitted(small(emission=emission, window_length=20, early_stopping=False), X)
    left = (X - model.detokenize(model.tokenize(X))) / X.std((0, 1))
    np.testing.assert_allclose(model.noise_scale_, np.sqrt((left**2).mean((0, 1))), rtol=1e-4)


def test_coefficients_times_basis_plus_mean_is_the_linear_reconstruction():
    X = panel()
    model = fitted(small(emission="mixture"), X)
    linear = model.mean_ + model.transform(X) @ model.components_
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), linear, atol=1e-5)


def test_untrained_basis_keeps_channels_in_their_own_units():
    X = panel() * np.array([1.0, 1e6])
    plain, scaled = (fitted(small(), data).components_ for data in (panel(), X))
    np.testing.assert_allclose(scaled[:, 1] / plain[:, 1], 1e6, rtol=1e-2)


def test_inverse_of_transform_is_detokenize_of_tokenize(panel_model):
    X = panel()
    back = panel_model.inverse_transform(panel_model.transform(X))
    np.testing.assert_allclose(back, panel_model.detokenize(panel_model.tokenize(X)), atol=1e-6)


def test_tokens_are_whole_numbers_within_the_codebook(panel_model):
    tokens = panel_model.tokenize(panel())
    assert tokens.dtype == np.int64
    assert tokens.shape == (4, 20, 2)
    assert tokens.min() >= 0
    assert tokens.max() < panel_model.codebook_size_


def test_equal_tokens_are_equal_coefficients(panel_model):
    tokens = panel_model.tokenize(panel()).reshape(-1, 2)
    coefficients = panel_model.transform(panel()).reshape(-1, 3)
    joined = np.unique(np.hstack([tokens, coefficients]), axis=0)
    assert len(joined) == len(np.unique(tokens, axis=0)) == len(np.unique(coefficients, axis=0))


def test_parameters_changed_after_the_fit_change_no_codes():
    model = fitted(small(n_codebooks=2), panel())
    tokens = model.tokenize(panel())
    model.set_params(n_codebooks=3)
    np.testing.assert_array_equal(model.tokenize(panel()), tokens)
    assert model.detokenize(tokens).shape == panel().shape


def test_rows_are_coded_each_by_itself(panel_model):
    X = panel()[0]
    np.testing.assert_array_equal(panel_model.tokenize(X[3:9]), panel_model.tokenize(X)[3:9])
    np.testing.assert_allclose(panel_model.transform(X[::-1]), panel_model.transform(X)[::-1])


def test_values_of_a_code_have_that_code(ar1_model):
    """Holds for a trained codebook of depth 1; deeper codes of a sum need not come back."""
    codes = np.array([[[0]], [[1]]])
    np.testing.assert_array_equal(ar1_model.tokenize(ar1_model.detokenize(codes)), codes)


def test_residual_decoder_of_the_point_emission_lowers_the_error():
    """The linear part of two components cannot follow a parabola."""
    t = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 20, 1))
    X = np.concatenate([t, t**2, t**3], axis=-1)
    model = small(emission="point", n_components=1, codebook_size=16, n_codebooks=1)
    model.set_params(max_epochs=4, trainer__steps_per_epoch=60, learning_rate=1e-2)
    fitted(model, X)
    coefficients = model.transform(X)
    linear = model.mean_ + coefficients @ model.components_
    errors = [
        np.square(back - X).mean() for back in (linear, model.inverse_transform(coefficients))
    ]
    assert errors[1] < 0.7 * errors[0]


def test_frame_keeps_index_names_and_types(frame_model):
    X = hourly_frame()
    coefficients, tokens = frame_model.transform(X), frame_model.tokenize(X)
    assert coefficients.index.equals(X.index)
    assert list(coefficients.columns) == list(frame_model.get_feature_names_out())
    assert list(tokens.columns) == ["code0", "code1"]
    assert (tokens.dtypes == np.int64).all()
    for back in (frame_model.inverse_transform(coefficients), frame_model.detokenize(tokens)):
        pd.testing.assert_index_equal(back.index, X.index)
        assert back.dtypes.equals(X.dtypes)


def test_panel_frame_keeps_interleaved_rows_in_their_order():
    X = daily_panel_frame()
    mixed = X.sort_index(level=1, sort_remaining=False)
    model = fitted(small(), X)
    assert not mixed.index.equals(X.index)
    for method in (model.tokenize, model.transform):
        pd.testing.assert_frame_equal(method(mixed), method(X).loc[mixed.index])
    back = model.detokenize(model.tokenize(mixed))
    pd.testing.assert_frame_equal(back, model.detokenize(model.tokenize(X)).loc[mixed.index])


def test_ragged_list_is_coded_series_by_series(panel_model):
    X = [panel()[0], panel()[1][:7], panel()[2][:1]]
    for method in (panel_model.tokenize, panel_model.transform):
        for coded, series in zip(method(X), X, strict=True):
            np.testing.assert_allclose(coded, method(series), atol=1e-6)
    backs = panel_model.detokenize(panel_model.tokenize(X))
    for back, series in zip(backs, X, strict=True):
        expected = panel_model.detokenize(panel_model.tokenize(series))
        np.testing.assert_allclose(back, expected, atol=1e-5)


def test_whole_numbers_come_back_whole():
    X = pd.DataFrame(np.rint(10 * panel()[0]), columns=["a", "b"]).astype({"a": "int16"})
    model = fitted(small(), X)
    back = model.inverse_transform(model.transform(X))
    assert back.dtypes.equals(X.dtypes)
    np.testing.assert_allclose(back["a"], X["a"], atol=4 * X["a"].std())
