import numpy as np
import pytest

from sktsgen.datasets import make_var1

COVARIANCE = [[1.0, 0.7], [0.7, 1.0]]


@pytest.fixture(scope="session")
def real():
    """400 windows of a two-channel autoregression, 12 steps each."""
    return make_var1(400, 12, cov=COVARIANCE, random_state=0)


@pytest.fixture(scope="session")
def fresh():
    """Other windows of the same process."""
    return make_var1(400, 12, cov=COVARIANCE, random_state=1)


@pytest.fixture(scope="session")
def shuffled(fresh):
    """The same cells as `fresh`, each window's steps in an order of their own."""
    rng = np.random.default_rng(2)
    order = rng.permuted(np.tile(np.arange(12), (400, 1)), axis=1)
    return np.take_along_axis(fresh, order[..., None], axis=1)
