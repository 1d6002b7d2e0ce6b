"""Bad input gets an error that names what was given, and leaves nothing half-done."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import sktsgen
from sktsgen.exceptions import FileFormatError, IrregularTimeError
from sktsgen.training import Trainer
from tests.estimators.models import fitted, panel, small


def with_cell(value, dtype=float):
    """Give two columns with `value` in row 3 of the second."""
    X = panel()[0].astype(dtype)
    X[3, 1] = value
    return X


def frame_with(value):
    return pd.DataFrame(with_cell(value), columns=["load", "heat"])


def stamped(days):
    time = pd.to_datetime("2024-01-01") + pd.to_timedelta(days, "D")
    return pd.DataFrame(panel()[0, : len(days)], index=time, columns=["load", "heat"])


BAD_DATA = {
    "no value": (with_cell(np.nan) * [1.0, np.nan], ValueError, r"channel 1"),
    "infinity": (with_cell(-np.inf), ValueError, r"infinity in channel 1, first in row 3"),
    "infinity in a frame": (frame_with(np.inf), ValueError, r"infinity in column 'heat', .*row 3"),
    "complex": (with_cell(1j, complex), ValueError, r"Complex data not supported"),
    "text": (np.array([["a", "b"]] * 4), ValueError, r"numeric|'a'"),
    "text beside numbers": (
        pd.DataFrame({"load": [1.0, 2.0, 3.0], "name": pd.Series(["u", 2, "w"], dtype=object)}),
        TypeError,
        r"'name'",
    ),
    "dates": (np.array([["2024-01-01"], ["2024-01-02"]], dtype="M8[D]"), TypeError, r"datetime64"),
    "no rows": (np.empty((0, 2)), ValueError, r"0 sample"),
    "no columns": (np.empty((12, 0)), ValueError, r"0 feature"),
    "no series": ([], ValueError, r"X is empty; pass one series"),
    "empty series": ([panel()[0], np.empty((0, 2))], ValueError, r"X\[1\] has no rows"),
    "one row": (np.ones((1, 2)), ValueError, r"1 sample"),
    "one number": (3.0, TypeError, r"X is float, which holds no series"),
    "one dimension": (np.arange(9.0), ValueError, r"Expected 2D array, got 1D"),
    "four dimensions": (np.ones((2, 2, 2, 2)), ValueError, r"4 dimensions .*\(2, 2, 2, 2\)"),
    "other channels in a list": (
        [panel()[0], panel()[1][:, :1]],
        ValueError,
        r"X\[1\] has 1 channels and X\[0\] has 2",
    ),
    "array among frames": (
        [pd.DataFrame(panel()[0]), panel()[1]],
        TypeError,
        r"X\[1\] is ndarray of shape \(20, 2\)",
    ),
    "repeated stamp": (stamped([0, 1, 1, 2]), ValueError, r"2024-01-02"),
    "stamps out of order": (stamped([0, 2, 1, 3]), ValueError, r"2024-01-02"),
    "irregular stamps": (stamped([0, 1, 2, 9]), IrregularTimeError, r"2024-01-"),
}

BAD_PARAMS = {
    "codebook_size": (1, r"'codebook_size'.*range \[2, inf\).*Got 1 "),
    "n_codebooks": (0, r"'n_codebooks'.*range \[1, inf\).*Got 0 "),
    "n_components": ("many", r"'n_components'.*'auto'.*Got 'many'"),
    "n_heads": (3, r"n_heads=3 does not divide d_model=8"),
    "n_kv_heads": (4, r"n_kv_heads=4 does not divide n_heads=2"),
    "dropout": (1.0, r"'dropout'.*range \[0.0, 1.0\).*Got 1.0 "),
    "corruption": (-0.1, r"'corruption'.*Got -0.1 "),
    "input_noise": (11.0, r"'input_noise'.*range \[0.0, 10.0\].*Got 11.0 "),
    "learning_rate": (0.0, r"'learning_rate'.*range \(0.0, inf\).*Got 0.0 "),
    "max_epochs": (1.5, r"'max_epochs'.*Got 1.5 "),
    "batch_size": (0, r"'batch_size'.*Got 0 "),
    "window_length": (0, r"'window_length'.*Got 0 "),
    "validation_fraction": (1.0, r"'validation_fraction'.*Got 1.0 "),
    "emission": ("normal", r"'emission'.*'mixture'.*Got 'normal'"),
    "missing": ("drop", r"'missing'.*'reproduce'.*Got 'drop'"),
    "device": ("tpu9", r"device='tpu9' is not available here"),
    "random_state": ("now", r"'random_state'.*Got 'now'"),
    "trainer": ("fast", r"'trainer'.*Got 'fast'"),
}


def assert_unfitted(model):
    assert [name for name in vars(model) if name.endswith("_")] == []
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


@pytest.mark.parametrize(("X", "error", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_and_nothing_is_fitted(X, error, message):
    model = small()
    with pytest.raises(error, match=message):
        model.fit(X)
    assert_unfitted(model)


@pytest.mark.parametrize("name", BAD_PARAMS)
def test_bad_parameter_is_refused_and_nothing_is_fitted(name):
    value, message = BAD_PARAMS[name]
    model = small(**{name: value})
    with pytest.raises(ValueError, match=message):
        model.fit(panel())
    assert_unfitted(model)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"steps_per_epoch": 0}, r"'steps_per_epoch'.*Got 0 "),
        ({"precision": "fp8"}, r"'precision'.*Got 'fp8'"),
    ],
)
def test_bad_trainer_is_refused_and_nothing_is_fitted(params, message):
    model = small(trainer=Trainer(**params))
    with pytest.raises(ValueError, match=message):
        model.fit(panel())
    assert_unfitted(model)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1, 1], r"y has shape \(3,\) and X has 4 series"),
        ([[0, 1, 1, 0]], r"y has shape \(1, 4\) and X has 4 series"),
        ([0.0, 1.0, np.nan, 0.0], r"nan"),
        ([0, 1, None, 0], r"None"),
    ],
    ids=["too few", "two dimensions", "NaN", "None"],
)
def test_bad_labels_are_refused_and_nothing_is_fitted(y, message):
    model = small()
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(panel(), y)
    assert_unfitted(model)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_samples": 0}, r"n_samples=0 must be a whole number of at least 1"),
        ({"n_samples": -1}, r"n_samples=-1 must"),
        ({"n_samples": 1.5}, r"n_samples=1.5 must"),
        ({"n_samples": True}, r"n_samples=True must"),
        ({"n_samples": "3"}, r"n_samples='3' must"),
        ({"length": 0}, r"length=0 must"),
        ({"length": -3}, r"length=-3 must"),
        ({"length": 2.5}, r"length=2.5 must"),
        ({"temperature": 0.0}, r"temperature=0.0 must be a number above 0"),
        ({"temperature": -1}, r"temperature=-1 must"),
        ({"temperature": float("nan")}, r"temperature=nan must"),
        ({"temperature": "hot"}, r"temperature='hot' must"),
        ({"top_p": 0}, r"top_p=0 must be in \(0, 1\]"),
        ({"top_p": 1.5}, r"top_p=1.5 must"),
        ({"start": "2024-01-01"}, r"start='2024-01-01'"),
        ({"random_state": "now"}, r"now"),
        ({"prefix": np.zeros((5, 3))}, r"3 features.*2 features"),
        ({"prefix": np.full((5, 2), np.nan)}, r"NaN"),
        ({"prefix": np.zeros((0, 2))}, r"0 sample"),
        ({"prefix": []}, r"X is empty; pass one series"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_request_for_a_draw_is_refused(panel_model, params, message):
    with pytest.raises(ValueError, match=message):
        panel_model.sample(**params)


@pytest.mark.parametrize("horizon", [0, -2, 1.5, "3"])
def test_bad_horizon_is_named(panel_model, horizon):
    with pytest.raises(ValueError, match=rf"horizon={horizon!r} must be a whole number"):
        panel_model.forecast(panel()[0], horizon)


def test_bad_counts_of_forecasts_and_batches_are_named(panel_model):
    with pytest.raises(ValueError, match=r"n_samples=0 must"):
        panel_model.forecast(panel()[0], 2, n_samples=0)
    with pytest.raises(ValueError, match=r"batch_size=0 must"):
        panel_model.sample_batches(3, batch_size=0)
    with pytest.raises(ValueError, match=r"length=-1 must"):
        next(panel_model.sample_batches(3, batch_size=1, length=-1))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (np.full((5, 2), 4), r"int64 from 4 to 4; codes are integers from 0 to 3"),
        (np.full((5, 2), -1), r"from -1 to -1; codes are integers from 0 to 3"),
        (np.full((5, 2), 1.0), r"float64 from 1.0 to 1.0; codes are integers"),
        (np.zeros((5, 2), dtype=bool), r"bool from False to False; codes are integers"),
        (np.zeros((5, 3), dtype=int), r"3 columns and a step has 2 codes"),
    ],
    ids=["too large", "negative", "float", "bool", "too wide"],
)
def test_bad_tokens_are_refused(panel_model, tokens, message):
    with pytest.raises(ValueError, match=message):
        panel_model.detokenize(tokens)


def test_coefficients_of_another_width_are_refused(panel_model):
    with pytest.raises(ValueError, match=r"2 columns and the basis has 3 components"):
        panel_model.inverse_transform(np.zeros((5, 2)))


def test_frame_with_other_columns_is_refused(frame_model):
    X = pd.DataFrame(panel()[0], columns=["load", "cold"])
    for method in (frame_model.score, frame_model.transform, frame_model.tokenize):
        with pytest.raises(ValueError, match=r"- cold"):
            method(X)


@pytest.mark.parametrize(
    "use",
    [
        lambda model, X: model.sample(),
        lambda model, X: model.sample_batches(3, batch_size=1),
        lambda model, X: model.forecast(X, 3),
        lambda model, X: model.score(X),
        lambda model, X: model.score_samples(X),
        lambda model, X: model.transform(X),
        lambda model, X: model.inverse_transform(X),
        lambda model, X: model.tokenize(X),
        lambda model, X: model.detokenize(X),
        lambda model, X: model.get_feature_names_out(),
        lambda model, X: model.save("never_written"),
        lambda model, X: model.to_device("cpu"),
    ],
    ids=lambda use: use.__code__.co_names[0],
)
def test_unfitted_use_is_refused(use):
    model = small()
    with pytest.raises(NotFittedError, match="FactorizedARGenerator instance is not fitted yet"):
        use(model, panel()[0])
    assert_unfitted(model)


def test_file_that_is_not_ours_is_refused(tmp_path):
    path = tmp_path / "other.sktsgen"
    path.write_bytes(b"PK\x03\x04 this is a zip" * 10)
    with pytest.raises(FileFormatError, match=r"other\.sktsgen"):
        sktsgen.load(path)


def test_file_cut_short_is_refused(panel_model, tmp_path):
    path = tmp_path / "model.sktsgen"
    panel_model.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileFormatError, match=r"model\.sktsgen"):
        sktsgen.load(path)


def test_folder_that_is_missing_is_named_by_save(panel_model, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing"):
        panel_model.save(tmp_path / "missing" / "model.sktsgen")


def test_unknown_device_of_a_loaded_model_is_named(panel_model, tmp_path):
    panel_model.save(tmp_path / "model.sktsgen")
    with pytest.raises(ValueError, match=r"device='tpu9' is not available"):
        sktsgen.load(tmp_path / "model.sktsgen", device="tpu9")


def test_panel_with_too_few_channels_is_refused_by_score(panel_model):
    with pytest.raises(ValueError, match=r"X has 1 features, but .* is expecting 2 features"):
        panel_model.score(panel()[..., :1])


def test_refused_data_leaves_a_fitted_model_as_it_was():
    model = fitted(small(), panel())
    before = model.sample(2)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(with_cell(np.inf))
    np.testing.assert_array_equal(model.sample(2), before)


@pytest.mark.parametrize("use", ["score", "transform", "tokenize"])
def test_gap_where_fit_had_none_is_named(panel_model, use):
    with pytest.raises(ValueError, match=r"column 1 has a missing cell, first in row 3, and had"):
        getattr(panel_model, use)(with_cell(np.nan))


def test_gap_in_a_history_is_named(panel_model):
    with pytest.raises(ValueError, match=r"column 1 has a missing cell, first in row 3, and had"):
        panel_model.sample(prefix=with_cell(np.nan))


@pytest.mark.parametrize(
    ("cells", "name"), [(["u", "v"] * 10, "name"), ([1.0, np.nan] * 10, "holed")]
)
def test_columns_that_a_point_cannot_stand_for_are_named(cells, name):
    X = pd.DataFrame({"load": panel()[0, :, 0], name: cells})
    model = small(emission="point")
    with pytest.raises(ValueError, match=rf"emission='point' draws no .* column '{name}' has them"):
        model.fit(X)
    assert_unfitted(model)


@pytest.mark.parametrize("use", ["score", "forecast"])
def test_absurd_values_are_named(use):
    X = np.random.default_rng(0).normal(size=(60, 2))
    model = fitted(small(window_length=8), X)
    far = X.copy()
    far[3, 1] = 1e300
    message = (
        r"the value 1e\+300 in column 1, first in row 3, which is more than 1,000,000 standard"
    )
    with pytest.raises(ValueError, match=message):
        model.score(far) if use == "score" else model.forecast(far, 2)


def test_narrow_integers_are_sizes_like_others():
    X = np.random.default_rng(0).normal(size=(60, 2))
    sizes = {"window_length": 8, "d_model": 16, "n_heads": 2, "batch_size": 4, "codebook_size": 8}
    narrow = small(**{name: np.int8(size) for name, size in sizes.items()}, random_state=0).fit(X)
    plain = small(**sizes, random_state=0).fit(X)
    np.testing.assert_array_equal(narrow.sample(2, random_state=0), plain.sample(2, random_state=0))
