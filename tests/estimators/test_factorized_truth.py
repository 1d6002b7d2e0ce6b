"""Draws of processes whose moments are known in closed form.

A band is what was measured over five seeds of data and model, widened by a third; it holds the
sampling error and what a model of this size gets wrong.
"""

import numpy as np
import pytest

from sktsgen.datasets import ar1_autocovariance, make_ar1, make_var1, var1_autocovariance
from tests.estimators.models import (
    EMISSIONS,
    PHI,
    ar1_log_density,
    fitted,
    honest,
    lag_correlation,
)

COEF = np.array([[0.7, 0.2], [-0.2, 0.7]])


def test_autocovariances_of_ar1_are_those_of_the_process(ar1_model):
    drawn = ar1_model.sample(500, length=32)[..., 0]
    lags = np.arange(11)
    covariances = [(drawn[:, lag:] * drawn[:, : 32 - lag]).mean() for lag in lags]
    np.testing.assert_allclose(covariances, ar1_autocovariance(PHI, lag=lags), atol=0.2)


def test_ar1_keeps_its_normal_marginal(ar1_model):
    drawn = ar1_model.sample(500, length=32)[:, ::8, 0].ravel() / np.sqrt(ar1_autocovariance(PHI))
    quantiles = np.quantile(drawn, [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(quantiles, [-1.645, -0.674, 0.0, 0.674, 1.645], atol=0.15)


def test_innovations_of_ar1_are_white_with_unit_variance(ar1_model):
    drawn = ar1_model.sample(500, length=32)[..., 0]
    innovations = drawn[:, 1:] - PHI * drawn[:, :-1]
    assert innovations.std() == pytest.approx(1.0, abs=0.03)
    product = innovations[:, 1:] * innovations[:, :-1]
    assert abs(product.mean()) < 0.03


def test_cross_covariances_of_var1_are_those_of_the_process():
    model = fitted(honest(), make_var1(300, 32, coef=COEF, random_state=0))
    drawn = model.sample(500, length=32)
    for lag in (0, 1):
        later, earlier = drawn[:, lag:], drawn[:, : 32 - lag]
        covariance = np.einsum("nti,ntj->ij", later, earlier) / (500 * (32 - lag))
        truth = var1_autocovariance(COEF, lag=lag)
        np.testing.assert_allclose(covariance, truth, atol=0.2, err_msg=f"lag {lag}")


@pytest.mark.parametrize("emission", EMISSIONS)
def test_sines_of_any_phase_keep_their_frequency(emission):
    """A period of 8 steps is bin 4 of 32."""
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (200, 1))
    X = np.sin(2 * np.pi * np.arange(32) / 8 + phases)[..., np.newaxis]
    model = fitted(honest(emission=emission, codebook_size=8), X)
    drawn = model.sample(100, length=32)[..., 0]
    spectrum = np.abs(np.fft.rfft(drawn - drawn.mean(1, keepdims=True), axis=1)) ** 2
    assert spectrum.mean(0).argmax() == 4
    assert (spectrum.argmax(1) == 4).mean() > 0.85
    assert drawn.std() == pytest.approx(X.std(), rel=0.15)


def test_point_emission_keeps_the_dynamics_of_ar1_and_scores_below_the_truth():
    """A step is one of twelve values, so it keeps less: 0.54 nats were lost at most."""
    X, held_out = (make_ar1(n, 32, phi=PHI, random_state=n) for n in (300, 200))
    model = honest(emission="point", n_components=1, codebook_size=12)
    model.set_params(max_epochs=3, trainer__steps_per_epoch=60)
    drawn = fitted(model, X).sample(500, length=32)[..., 0]
    assert lag_correlation(drawn) == pytest.approx(PHI, abs=0.03)
    truth = ar1_log_density(held_out)
    assert truth - 0.7 < model.score(held_out) < truth
