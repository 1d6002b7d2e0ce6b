import numpy as np
import pytest
from scipy.stats import multivariate_normal

from sktsgen.datasets import (
    ar1_autocovariance,
    ar1_entropy_rate,
    make_ar1,
    make_var1,
    var1_autocovariance,
    var1_entropy_rate,
)

COEF = np.array([[0.7, 0.2], [-0.2, 0.7]])
COV = np.array([[1.0, 0.3], [0.3, 0.5]])


def test_ar1_obeys_its_recursion_exactly():
    shocks = np.random.default_rng(3).standard_normal((2, 6))
    X = make_ar1(2, 6, phi=0.6, sigma=2.0, random_state=3)[..., 0]
    np.testing.assert_allclose(X[:, 1:] - 0.6 * X[:, :-1], 2.0 * shocks[:, 1:])
    np.testing.assert_allclose(X[:, 0], 2.0 * shocks[:, 0] / np.sqrt(1 - 0.36))


@pytest.mark.parametrize("step", [0, 1, 19])
def test_ar1_is_stationary_from_its_first_step(step):
    X = make_ar1(20_000, 20, phi=0.9, sigma=0.5, random_state=0)
    assert X[:, step].var() == pytest.approx(ar1_autocovariance(0.9, 0.5), rel=0.03)


def test_ar1_autocovariance_matches_samples():
    X = make_ar1(5_000, 40, phi=-0.7, random_state=1)[..., 0]
    measured = [(X[:, lag:] * X[:, : 40 - lag]).mean() for lag in range(5)]
    np.testing.assert_allclose(measured, ar1_autocovariance(-0.7, 1.0, np.arange(5)), atol=0.03)


@pytest.mark.parametrize("sigma", [0.3, 2.0])
def test_ar1_entropy_rate_is_the_log_density_of_the_last_step_given_the_past(sigma):
    cov = ar1_autocovariance(0.8, sigma, np.subtract.outer(np.arange(6), np.arange(6)))
    joint, past = multivariate_normal(cov=cov), multivariate_normal(cov=cov[:5, :5])
    assert joint.entropy() - past.entropy() == pytest.approx(ar1_entropy_rate(sigma))


def test_var1_obeys_its_recursion():
    noise = np.random.default_rng(5).standard_normal((1, 4, 2))
    X = make_var1(1, 4, coef=COEF, cov=COV, random_state=5)
    innovations = X[:, 1:] - X[:, :-1] @ COEF.T
    np.testing.assert_allclose(innovations, noise[:, 1:] @ np.linalg.cholesky(COV).T)


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_var1_autocovariance_matches_samples(lag):
    X = make_var1(20_000, 12, coef=COEF, cov=COV, random_state=0)
    later, earlier = X[:, lag:].reshape(-1, 2), X[:, : 12 - lag].reshape(-1, 2)
    truth = var1_autocovariance(COEF, COV, lag)
    np.testing.assert_allclose(later.T @ earlier / len(later), truth, atol=0.03)


def test_var1_starts_stationary():
    first = make_var1(20_000, 2, coef=COEF, cov=COV, random_state=2)[:, 0]
    np.testing.assert_allclose(np.cov(first.T), var1_autocovariance(COEF, COV), atol=0.04)


def test_var1_with_one_channel_is_the_ar1_law():
    assert var1_autocovariance([[0.8]], [[4.0]], 3).item() == pytest.approx(
        ar1_autocovariance(0.8, 2, 3)
    )
    assert var1_entropy_rate([[4.0]]) == pytest.approx(ar1_entropy_rate(2.0))


def test_var1_entropy_rate_is_that_of_the_innovations():
    assert var1_entropy_rate(COV) == pytest.approx(multivariate_normal(cov=COV).entropy())


@pytest.mark.parametrize("make", [make_ar1, make_var1])
def test_an_int_repeats_the_draw_and_another_does_not(make):
    draws = [make(3, 7, random_state=seed) for seed in (4, 4, 5)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.allclose(draws[0], draws[2])


@pytest.mark.parametrize("make", [make_ar1, make_var1])
def test_a_generator_goes_on(make):
    rng = np.random.default_rng(0)
    assert not np.allclose(make(2, 5, random_state=rng), make(2, 5, random_state=rng))


@pytest.mark.parametrize("make", [make_ar1, make_var1])
def test_global_random_state_is_left_alone(make):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state under test
    make(2, 5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("phi", [1.0, -1.0, 1.5, np.nan])
def test_ar1_refuses_what_is_not_stationary(phi):
    with pytest.raises(ValueError, match=rf"phi={phi!r}"):
        make_ar1(phi=phi)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.inf, "1"])
def test_ar1_refuses_a_sigma_that_is_not_positive(sigma):
    with pytest.raises(ValueError, match=f"sigma={sigma!r}"):
        make_ar1(sigma=sigma)


def test_counts_are_whole_and_positive():
    with pytest.raises(ValueError, match="n_series=0"):
        make_ar1(0)
    with pytest.raises(TypeError, match=r"n_timesteps=2\.5"):
        make_var1(1, 2.5)


def test_var1_refuses_bad_matrices():
    with pytest.raises(ValueError, match=r"spectral radius 1\.1"):
        make_var1(coef=[[1.1]])
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        make_var1(coef=[[0.1, 0.2]])
    with pytest.raises(ValueError, match=r"shape \(1, 1\); it must be \(2, 2\)"):
        make_var1(coef=COEF, cov=[[1.0]])
    with pytest.raises(ValueError, match="smallest eigenvalue is -1"):
        make_var1(coef=[[0.5]], cov=[[-1.0]])
    with pytest.raises(ValueError, match="not symmetric"):
        var1_entropy_rate([[1.0, 0.5], [0.0, 1.0]])
