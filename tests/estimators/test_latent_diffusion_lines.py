"""Straight lines beside the Gaussian first guess."""

from copy import deepcopy

import numpy as np
import pytest

from sktsgen import LatentDiffusionForecaster, LatentDiffusionImputer, load
from sktsgen.datasets import make_ar1
from tests.estimators.diffusion_models import small


def steps_and_noise(n_timesteps=3000):
    """Give steps that stand still and jump now and then, beside an AR(1)."""
    rng = np.random.default_rng(0)
    jumps = rng.standard_normal(n_timesteps) * (rng.random(n_timesteps) < 0.03)
    ar1 = make_ar1(1, n_timesteps, phi=0.5, random_state=0)[0, :, 0]
    return np.column_stack([jumps.cumsum(), ar1])


@pytest.fixture(scope="module")
def model():
    return small(LatentDiffusionImputer).fit(steps_and_noise())


def test_lines_are_believed_where_they_are_nearer_and_nowhere_else(model):
    shares = model.network_.fill.line_shares.numpy()
    assert shares[0, 0] > 0.8  # one cell between two that are mostly equal
    assert (shares[:, 1] == 0).all()  # of a Gaussian process nothing is nearer than its mean
    assert (shares[-1] == 0).all()  # where nothing is visible there is no line


def test_what_stands_still_is_filled_with_less_error(model):
    X = steps_and_noise()
    rng = np.random.default_rng(1)
    holes = rng.random(len(X)) < 0.1
    seen = np.where(np.column_stack([holes, np.zeros_like(holes)]), np.nan, X)
    other = deepcopy(model)
    other.network_.fill.line_shares.zero_()
    error, without = (np.abs(one.transform(seen) - X)[holes, 0].mean() for one in (model, other))
    assert error < 0.85 * without


def test_shares_are_kept_in_a_file(tmp_path):
    model = small(LatentDiffusionForecaster).fit(steps_and_noise(400))
    model.save(tmp_path / "model.sktsgen")
    again = load(tmp_path / "model.sktsgen")
    assert again.network_.fill.line_shares.equal(model.network_.fill.line_shares)


def test_slopes_are_those_of_the_way_from_features_to_values():
    rng = np.random.default_rng(2)
    table = small(LatentDiffusionImputer).fit(np.exp(1.5 * rng.standard_normal((300, 1)))).table_
    features, step = np.linspace(-1.0, 2.0, 7)[:, None], 1e-5
    above, below = (table.encoder_.numbers(features + shift) for shift in (step, -step))
    expected = (above - below) / (2 * step)
    np.testing.assert_allclose(table.value_slopes(features), expected, rtol=1e-3)
    assert expected[-1] > 3 * expected[0]  # a line of features is none of values
