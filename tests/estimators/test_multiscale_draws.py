"""Draws of MultiScaleARGenerator: lengths, histories, classes."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_class_panel
from tests.estimators.models import daily_panel_frame, fitted, hourly_frame, panel
from tests.estimators.multiscale_models import DECODINGS, honest, small


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 30])
def test_any_length_is_the_start_of_a_longer_one(scale_model, length):
    drawn = scale_model.sample(3, length=length, random_state=1)
    assert drawn.shape == (3, length, 2)
    same(drawn, scale_model.sample(3, length=41, random_state=1)[:, :length])


@pytest.mark.parametrize("window_length", [1, 2, 3, 5, 7, 13])
@pytest.mark.parametrize("decoding", DECODINGS)
def test_any_window_length_is_fitted_drawn_and_scored(window_length, decoding):
    """Odd, prime, and shorter than the kernels and than the errors looked back at."""
    generator = small(window_length=window_length, scales="auto", decoding=decoding)
    fitted(generator, panel())
    assert generator.window_length_ == window_length
    assert generator.sample(2, length=2 * window_length + 1).shape == (2, 2 * window_length + 1, 2)
    assert np.isfinite(generator.score_samples(panel())).all()


def test_series_shorter_than_the_window_are_fitted_and_drawn():
    generator = fitted(small(window_length=None), [panel()[0][:5], panel()[1]])
    assert generator.window_length_ == 20
    assert [len(series) for series in generator.sample(3)] == [20] * 3


def test_ten_rows_of_one_column_are_enough():
    X = panel()[0][:10, :1]
    generator = fitted(small(window_length=None), X)
    assert generator.sample(2, length=25).shape == (2, 25, 1)


def test_point_emission_draws_what_tokens_decode_to():
    """A window of a point emission is one of finitely many."""
    generator = fitted(small(emission="point", codebook_size=2, scales=(1,)), panel())
    drawn = generator.sample(60, length=8)
    assert len(np.unique(drawn.round(6), axis=0)) <= 2


def test_history_decides_the_next_steps(scale_ar1_model):
    """The mean of an AR(1) given x is phi x."""
    histories = [np.full((8, 1), level) for level in (-2.0, 0.0, 2.0)]
    drawn = scale_ar1_model.sample(400, length=1, prefix=histories).reshape(3, 400)
    np.testing.assert_allclose(drawn.mean(1), [-1.6, 0.0, 1.6], atol=0.35)


def test_effect_of_the_history_fades(scale_ar1_model):
    histories = [np.full((8, 1), level) for level in (-2.0, 2.0)]
    drawn = scale_ar1_model.sample(300, length=20, prefix=histories).reshape(2, 300, 20)
    gap = drawn[1].mean(0) - drawn[0].mean(0)
    assert gap[0] > 2.0
    assert abs(gap[-1]) < 0.3 * gap[0]


def test_histories_of_several_lengths_are_continued_each_by_itself(scale_model):
    histories = [panel()[0][:3], panel()[1], panel()[2][:1]]
    together = scale_model.sample(2, length=10, prefix=histories, random_state=2)
    assert together.shape == (6, 10, 2)
    alone = scale_model.sample(2, length=10, prefix=histories[:1], random_state=2)
    same(together[:2], alone)


def test_history_beyond_the_window_is_not_read(scale_model):
    cut = [panel()[0][-8:]]
    drawn = [scale_model.sample(3, length=9, prefix=X, random_state=1) for X in ([panel()[0]], cut)]
    same(*drawn)


def test_forecast_is_the_continuation_with_stamps():
    X = daily_panel_frame()
    generator = fitted(small(), X)
    futures = generator.forecast(X, 10, n_samples=2, random_state=3)
    assert futures.index.names == ["id", "sample", "day"]
    drawn = generator.sample(2, length=10, prefix=X, random_state=3)
    same(futures.to_numpy(), drawn.to_numpy())
    stamps = futures.loc[("s1", 1)].index
    assert stamps.equals(pd.date_range(X.loc["s1"].index[-1], periods=11, freq="D")[1:])


def test_frame_of_one_series_comes_back_as_one():
    X = hourly_frame()
    drawn = fitted(small(), X).sample(2, length=12)
    assert list(drawn.columns) == ["load", "heat"]
    assert drawn.index.get_level_values(1).dtype == X.index.dtype


def test_classes_are_drawn_as_asked_and_told_apart_by_the_score():
    """Slow and alternating series: the correlation of neighbours is that of the class."""
    X, y = make_class_panel(90, 16, 1, random_state=0)
    generator = fitted(honest(max_epochs=2), X, y)
    labels = generator.classes_
    drawn = generator.sample(60, y=np.repeat(labels, 20), random_state=0)[..., 0]
    correlation = [
        np.corrcoef(part[:, 1:].ravel(), part[:, :-1].ravel())[0, 1] for part in np.split(drawn, 3)
    ]
    real = [np.corrcoef(X[y == c, 1:, 0].ravel(), X[y == c, :-1, 0].ravel())[0, 1] for c in labels]
    assert np.argsort(correlation).tolist() == np.argsort(real).tolist()
    right = generator.score(X, y)
    wrong = generator.score(X, labels[(np.searchsorted(labels, y) + 1) % 3])
    assert right > wrong + 0.1
