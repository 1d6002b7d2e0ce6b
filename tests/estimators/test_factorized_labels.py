"""Class labels: one model for several kinds of series."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logsumexp

from sktsgen.data import check_panel
from tests.estimators.models import EMISSIONS, fitted, lag_correlation, panel, small
from tests.estimators.multiscale_models import small as small_multiscale

LABELS = np.array(["low", "high", "low", "low"])


@pytest.fixture(scope="module", params=EMISSIONS)
def labelled_model(request):
    """Two series far apart for each label."""
    return fitted(small(emission=request.param), panel(), LABELS)


def test_classes_are_sorted_with_their_shares(labelled_model):
    assert labelled_model.classes_.tolist() == ["high", "low"]
    np.testing.assert_allclose(labelled_model.class_prior_, [0.25, 0.75])


def test_drawn_classes_have_their_own_dynamics(class_model):
    """Lag-1 correlations of the classes are 0.9, -0.7 and 0.64."""
    slow, alternating, cyclic = (
        lag_correlation(class_model.sample(100, length=24, y=label)[..., 0])
        for label in class_model.classes_
    )
    assert alternating < 0.0 < cyclic < slow
    assert alternating == pytest.approx(-0.7, abs=0.3)
    assert slow == pytest.approx(0.9, abs=0.2)


def test_drawn_cycles_turn_back_after_half_a_period(class_model):
    drawn = class_model.sample(100, length=24, y=2)[..., 0]
    assert lag_correlation(drawn, 4) < -0.3
    assert lag_correlation(class_model.sample(100, length=24, y=0)[..., 0], 4) > 0.3


def test_class_outlasts_the_window(class_model):
    """The start, where the class is told first, left the cache long ago."""
    drawn = class_model.sample(60, length=100, y=[0, 1] * 30)[:, 70:, 0]
    assert lag_correlation(drawn[::2]) > 0.5
    assert lag_correlation(drawn[1::2]) < 0.0


def test_one_label_stands_for_all(labelled_model):
    one = labelled_model.sample(3, y="high", random_state=1)
    each = labelled_model.sample(3, y=["high"] * 3, random_state=1)
    np.testing.assert_array_equal(one, each)


def test_labels_are_drawn_as_often_as_in_training(labelled_model):
    """Each draw equals that of its own label; 'low' has three quarters of the series."""
    drawn, low, high = (
        labelled_model.sample(400, length=1, y=y, random_state=3) for y in (None, "low", "high")
    )
    is_low = np.isclose(drawn, low, atol=1e-6).all((1, 2))
    is_high = np.isclose(drawn, high, atol=1e-6).all((1, 2))
    assert (is_low | is_high).all()
    shares = is_low.mean(), 1.0 - is_high.mean()  # some draws of both may be alike
    standard_error = np.sqrt(0.75 * 0.25 / 400)
    assert shares[1] - 4 * standard_error < 0.75 < shares[0] + 4 * standard_error


def test_label_of_a_history_is_guessed_from_it(class_data, class_model):
    """Histories of the alternating class go on alternating, with no label given."""
    X, y = class_data
    followed = class_model.sample(2, length=12, prefix=X[y == 1], random_state=0)[..., 0]
    assert lag_correlation(followed) < -0.3
    slow = class_model.sample(2, length=12, prefix=X[y == 0], random_state=0)[..., 0]
    assert lag_correlation(slow) > 0.3


def test_forecast_takes_one_label_per_history(labelled_model):
    X = panel(2)
    both = labelled_model.forecast(X, 3, n_samples=4, y=["low", "high"], random_state=1)
    low = labelled_model.forecast(X, 3, n_samples=4, y="low", random_state=1)
    np.testing.assert_allclose(both[0], low[0], rtol=1e-5)
    assert not np.allclose(both[1], low[1])


def test_score_given_the_labels_is_higher(class_data, class_model):
    X, y = class_data
    assert class_model.score(X, y) > class_model.score(X) + 0.02
    assert class_model.score(X, y) > class_model.score(X, np.roll(y, 1)) + 0.1


def test_score_without_labels_is_the_mean_density_over_the_classes(labelled_model):
    X = panel()
    given = [labelled_model.score_samples(X, [label] * 4) for label in labelled_model.classes_]
    expected = logsumexp(given, axis=0, b=labelled_model.class_prior_[:, np.newaxis])
    np.testing.assert_allclose(labelled_model.score_samples(X), expected, rtol=1e-6)


def test_single_series_pays_no_heed_to_y():
    X = panel()[0]
    plain, given = fitted(small(), X), fitted(small(), X, np.arange(20))
    assert given.classes_ is None
    np.testing.assert_array_equal(given.sample(2), plain.sample(2))
    assert given.score(X, np.arange(20)) == plain.score(X)


def test_one_class_is_allowed():
    model = fitted(small(), panel(), ["only"] * 4)
    assert model.score(panel()) == pytest.approx(model.score(panel(), ["only"] * 4))
    assert model.sample(2, y="only").shape == (2, 20, 2)


def test_each_class_is_decoded_with_its_own_basis():
    """One component is enough where the second channel is the first, or its opposite."""
    t = np.random.default_rng(0).standard_normal((20, 20))
    y = np.arange(20) % 2
    X = np.stack([t, np.where(y == 0, 1.0, -1.0)[:, np.newaxis] * t], axis=-1)
    model = small(n_components=1, codebook_size=8, max_epochs=4, learning_rate=1e-2)
    fitted(model.set_params(trainer__steps_per_epoch=60), X, y)
    own, other = (model.detokenize(model.tokenize(X), labels) for labels in (y, 1 - y))
    assert np.square(own - X).mean() < 0.95 * np.square(other - X).mean()
    first = model.detokenize(model.tokenize(X), np.zeros(20, dtype=int))
    np.testing.assert_array_equal(model.detokenize(model.tokenize(X)), first)


def test_wrong_labels_are_named(labelled_model):
    X = panel()
    with pytest.raises(ValueError, match=r"label 'mid', which fit did not see.*'high', 'low'"):
        labelled_model.sample(2, y="mid")
    with pytest.raises(ValueError, match=r"label 'mid'"):
        labelled_model.score(X, ["low", "mid", "low", "low"])
    with pytest.raises(ValueError, match=r"y has shape \(3,\) and 2 series are drawn"):
        labelled_model.sample(2, y=["low"] * 3)
    with pytest.raises(ValueError, match=r"y has shape \(2,\) and X has 4 series"):
        labelled_model.score(X, ["low", "low"])
    with pytest.raises(ValueError, match=r"y has shape \(2,\) and X has 4 series"):
        labelled_model.detokenize(labelled_model.tokenize(X), ["low", "low"])


def test_labels_without_labels_in_fit_are_refused():
    model = fitted(small(), panel())
    with pytest.raises(ValueError, match=r"y='low' was given, but fit saw no labels"):
        model.sample(2, y="low")


@pytest.mark.parametrize("generator", [small, small_multiscale])
def test_labels_with_names_of_series_go_by_these(generator):
    ids = ["c", "a", "b", "d"]
    X = pd.concat(dict(zip(ids, map(pd.DataFrame, panel()), strict=True)))
    y = pd.Series(["A", "C", "B", "D"], index=["a", "c", "b", "d"])
    model = fitted(generator(random_state=0), X, y)
    expected = fitted(generator(random_state=0), X, np.array(["C", "A", "B", "D"]))
    assert model.loss_curve_ == expected.loss_curve_
    assert model.score(X, y) == model.score(X, list("CABD"))
    forecast = {"horizon": 2, "n_samples": 2, "random_state": 0}
    pd.testing.assert_frame_equal(
        model.forecast(X, y=y, **forecast), model.forecast(X, y=list("CABD"), **forecast)
    )
    assert fitted(generator(), X, y.loc[ids].reset_index(drop=True)).classes_.tolist() == [*"ABCD"]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (list("abce"), "y has a label for series 'e', and those of X begin"),
        (list("abcc"), "y repeats"),
    ],
)
def test_labels_of_other_series_are_refused(index, message):
    X = pd.concat(dict(zip("cabd", map(pd.DataFrame, panel()), strict=True)))
    with pytest.raises(ValueError, match=message):
        fitted(small(), X, pd.Series(list("AABB"), index=index))


def test_labels_of_several_types_and_tables_of_labels_are_named(labelled_model):
    with pytest.raises(TypeError, match=r"labels of the types \['int', 'str'\]"):
        small().fit(panel(), np.array([1, "a", 1, "a"], dtype=object))
    with pytest.raises(ValueError, match=r"y has shape \(2, 1\) and 2 series are drawn"):
        labelled_model.sample(2, y=[["low"], ["high"]])


@pytest.mark.parametrize("generator", [small, small_multiscale])
def test_a_class_of_one_series_is_trained_on(generator):
    """Of 20 series the sixth and the sixteenth would be held out."""
    y = np.array(["a"] * 5 + ["b"] + ["a"] * 14)
    model = generator(early_stopping=True, validation_fraction=0.1)
    X = np.random.default_rng(0).normal(size=(20, 12, 1))
    training, held_out = fitted(model, X, y)._windows(check_panel(X), (y == "b").astype(int))
    series = training.series_of(torch.arange(len(training))).unique().tolist()
    assert 5 in series
    assert len(held_out) > 0
