"""Draws of processes whose moments are known in closed form.

A band is three standard errors of the sample plus what a model of this size gets wrong; the
latter was measured over five seeds and widened by about a third.
"""

import numpy as np
import pytest

from sktsgen.datasets import ar1_autocovariance, make_var1, var1_autocovariance
from tests.estimators.models import EMISSIONS, PHI, fitted, honest

COEF = np.array([[0.7, 0.2], [-0.2, 0.7]])


def test_autocovariances_of_ar1_are_those_of_the_process(ar1_model):
    drawn = ar1_model.sample(500, length=32)[..., 0]
    for lag in range(11):
        products = drawn[:, lag:] * drawn[:, : 32 - lag]
        per_series = products.mean(axis=1)
        sampling = 3.0 * per_series.std() / np.sqrt(500)
        truth = ar1_autocovariance(PHI, lag=lag)
        assert abs(per_series.mean() - truth) < sampling + 0.25 + 0.1 * truth, f"lag {lag}"


def test_ar1_keeps_its_normal_marginal(ar1_model):
    drawn = ar1_model.sample(500, length=32)[:, ::8, 0].ravel() / np.sqrt(ar1_autocovariance(PHI))
    quantiles = np.quantile(drawn, [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(quantiles, [-1.645, -0.674, 0.0, 0.674, 1.645], atol=0.3)


def test_innovations_of_ar1_are_white_with_unit_variance(ar1_model):
    drawn = ar1_model.sample(500, length=32)[..., 0]
    innovations = drawn[:, 1:] - PHI * drawn[:, :-1]
    assert innovations.std() == pytest.approx(1.0, abs=0.12)
    product = innovations[:, 1:] * innovations[:, :-1]
    assert abs(product.mean()) < 0.12


def test_cross_covariances_of_var1_are_those_of_the_process():
    model = fitted(honest(), make_var1(300, 32, coef=COEF, random_state=0))
    drawn = model.sample(500, length=32)
    for lag in (0, 1):
        later, earlier = drawn[:, lag:], drawn[:, : 32 - lag]
        covariance = np.einsum("nti,ntj->ij", later, earlier) / (500 * (32 - lag))
        truth = var1_autocovariance(COEF, lag=lag)
        np.testing.assert_allclose(covariance, truth, atol=0.35, err_msg=f"lag {lag}")


@pytest.mark.parametrize("emission", EMISSIONS)
def test_sines_keep_their_frequencies(emission):
    """Periods of 6 and 12 steps are bins 8 and 4 of 48."""
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (200, 1, 2))
    X = np.sin(2 * np.pi * np.arange(48)[:, np.newaxis] / np.array([6, 12]) + phases)
    model = honest(emission=emission, codebook_size=8, n_codebooks=2, window_length=24)
    drawn = fitted(model, X).sample(100, length=48)
    spectrum = np.abs(np.fft.rfft(drawn - drawn.mean(1, keepdims=True), axis=1)) ** 2
    assert spectrum.mean(0).argmax(0).tolist() == [8, 4]
    shares = (spectrum.argmax(1) == [8, 4]).mean(0)
    assert (shares > 0.5).all(), shares
