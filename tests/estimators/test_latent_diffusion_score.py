"""`score` of the LatentDiffusion family: what it hides, and what it sees of it."""

import numpy as np
import pandas as pd
import pytest

from sktsgen import LatentDiffusionForecaster, LatentDiffusionGenerator, LatentDiffusionImputer
from sktsgen.datasets import make_ar1
from sktsgen.estimators import _latent_diffusion_base
from sktsgen.estimators._latent_diffusion_tiles import tiles_side_by_side
from tests.estimators.diffusion_models import small


@pytest.fixture(scope="module")
def forecaster():
    return small(LatentDiffusionForecaster).fit(make_ar1(4, 40, random_state=0))


def test_windows_side_by_side_keep_every_row_once():
    tiles = tiles_side_by_side(np.array([20, 5, 16]), 8)
    assert [tuple(tile) for tile in tiles] == [
        (0, 0, 0, 8), (0, 8, 8, 16), (0, 12, 16, 20), (1, 0, 0, 5), (2, 0, 0, 8), (2, 8, 8, 16),
    ]  # fmt: skip


@pytest.mark.parametrize("length", [24, 29])
def test_what_is_scored_does_not_see_what_comes_after_it(forecaster, monkeypatch, length):
    zeros = lambda rows: np.zeros(len(rows.lengths), dtype=np.uint64)  # noqa: E731
    monkeypatch.setattr(_latent_diffusion_base, "series_keys", zeros)
    X = make_ar1(1, length, random_state=1)
    other = X.copy()
    other[:, 16:] += 3.0
    one, two = (forecaster._crps_rows(forecaster._check_again(each), None) for each in (X, other))
    assert (one[:16] != 0).any()
    np.testing.assert_allclose(two[:16], one[:16], rtol=1e-5)
    assert not np.allclose(two[16:], one[16:])


@pytest.mark.parametrize("n_rows", [2, 3, 5, 7])
def test_short_series_are_scored_by_cells_of_theirs(forecaster, n_rows):
    near = forecaster.score(make_ar1(3, n_rows, random_state=2))
    assert near < 0
    assert forecaster.score(make_ar1(3, n_rows, random_state=2) + 50.0) < near


def test_series_without_a_future_cannot_be_scored(forecaster):
    with pytest.raises(ValueError, match=r"patterns \['future'\].*at most 1 steps"):
        forecaster.score(make_ar1(3, 1, random_state=2))


@pytest.mark.parametrize("cls", [LatentDiffusionImputer, LatentDiffusionForecaster])
def test_labels_are_no_matter_to_those_that_know_none(cls):
    X = make_ar1(4, 20, random_state=0)
    model = small(cls).fit(X)
    assert model.score(X, [0, 1, 0, 1]) == model.score(X)


def test_classes_are_scored_as_what_they_are():
    y = np.repeat(["low", "high"], 20)
    X = 0.1 * make_ar1(40, 8, random_state=0) + np.where(y == "low", -3.0, 3.0)[:, None, None]
    model = small(LatentDiffusionGenerator, max_epochs=8).fit(X, y)
    right, wrong, none = model.score(X, y), model.score(X, y[::-1]), model.score(X)
    assert right > none > wrong
    by_series = model.score_samples(X)
    assert by_series.sum() / X[..., 0].size == pytest.approx(none)
    # Without labels both classes are as likely: none is taken for all.
    low, high = (by_series[y == label].mean() for label in ("low", "high"))
    assert abs(low - high) < 0.5 * abs(none) * X.shape[1]
    with pytest.raises(ValueError, match=r"y has shape \(3,\) and X has 40 series"):
        model.score(X, y[:3])
    with pytest.raises(ValueError, match="y has the label 'no', which fit did not see"):
        model.score(X, np.where(y == "low", "no", y))
    assert isinstance(model.score(pd.DataFrame(X[0])), float)
