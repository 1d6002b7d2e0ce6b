"""Columns that repeat others come out of every generator as they went in."""

import numpy as np
import pandas as pd
import pytest

from sktsgen import LatentDiffusionGenerator, load
from sktsgen.datasets import make_mixed_panel
from tests.estimators import diffusion_models, models, multiscale_models
from tests.estimators.models import fitted, panel

ENGINES = {
    "factorized": models.small,
    "multiscale": multiscale_models.small,
    "diffusion": lambda **params: diffusion_models.small(LatentDiffusionGenerator, **params),
}


@pytest.fixture(params=ENGINES)
def small(request):
    return ENGINES[request.param]


def frame():
    """A static column, one with gaps and a count are repeated, before and after others."""
    X = make_mixed_panel(4, 24, random_state=0)
    X.insert(0, "before", X["visitors"])
    return X.assign(static=X["area"], gapped=X["temperature"])


def test_repeats_of_arrays_are_equal_in_draws(small):
    X = panel(3, 30)[..., [0, 1, 0]]
    generator = fitted(small(), X)
    assert generator.repeated_columns_ == ((2, 0),)
    drawn = generator.sample(4, length=20)
    assert drawn.shape == (4, 20, 3)
    np.testing.assert_array_equal(drawn[..., 2], drawn[..., 0])
    assert not np.array_equal(drawn[..., 1], drawn[..., 0])


def test_repeats_of_frames_keep_names_types_and_places(small, tmp_path):
    X = frame()
    generator = fitted(small(), X)
    generator.save(tmp_path / "model")
    for model in (generator, load(tmp_path / "model")):
        drawn = model.sample(3, length=10)
        assert drawn.columns.equals(X.columns)
        assert drawn.dtypes.equals(X.dtypes)
        for one, other in [
            ("visitors", "before"),
            ("static", "area"),
            ("gapped", "temperature"),
        ]:
            pd.testing.assert_series_equal(drawn[one], drawn[other], check_names=False)


@pytest.mark.parametrize("engine", ["factorized", "multiscale"])
def test_scores_and_histories_are_those_without_the_repeats(engine):
    X = panel(3, 30)
    plain, other = fitted(ENGINES[engine](), X), fitted(ENGINES[engine](), X[..., [0, 0, 1]])
    assert other.score(X[..., [0, 0, 1]]) == pytest.approx(plain.score(X))
    drawn = plain.forecast(X, 5, n_samples=2, random_state=0)
    again = other.forecast(X[..., [0, 0, 1]], 5, n_samples=2, random_state=0)
    np.testing.assert_allclose(again, drawn[..., [0, 0, 1]], rtol=1e-6)
    with pytest.raises(ValueError, match="column 1 was equal to column 0"):
        other.score(X[..., [0, 1, 1]])


def test_codes_and_parts_have_the_repeats_too():
    X = panel(3, 30)[..., [0, 0, 1]]
    factorized = fitted(models.small(), X)
    assert factorized.components_.shape[1] == factorized.mean_.shape[0] == 3
    restored = factorized.inverse_transform(factorized.transform(X))
    assert np.shape(restored) == X.shape
    parts = fitted(multiscale_models.small(), X).decompose(X)
    assert np.shape(parts.trend) == X.shape
    np.testing.assert_array_equal(parts.trend[..., 0], parts.trend[..., 1])


def test_metadata_carry_over_to_what_repeats_them():
    X = pd.DataFrame(panel(1, 60)[0][:, [0, 1, 0]], columns=["price", "load", "price too"])
    generator = diffusion_models.small(LatentDiffusionGenerator, metadata_columns=["price too"])
    given = X[["price too"]].head(12).reset_index(drop=True)
    drawn = generator.fit(X).sample(2, metadata=given)
    for column in ("price", "price too"):
        np.testing.assert_array_equal(drawn[column].to_numpy()[:12], given["price too"])
