"""Steps and data that several files of tests use."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from sktsgen.datasets import make_var1

N_SERIES, N_TIMESTEPS, N_CHANNELS = 4, 20, 2


class Doubler(BaseEstimator):
    """A transformer of another library: arrays only, no set_output."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return 2.0 * np.asarray(X)

    def inverse_transform(self, X):
        return np.asarray(X) / 2.0


class Weigher(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A transformer that takes metadata in fit and does nothing else."""

    def fit(self, X, y=None, weights=None):
        self.n_features_in_ = X.shape[1]
        self.weights_ = weights
        return self

    def transform(self, X):
        return X

    def inverse_transform(self, X):
        return X


def panel():
    """Give four series of 20 steps, (4, 20, 2)."""
    return make_var1(N_SERIES, N_TIMESTEPS, random_state=0) + np.array([3.0, -50.0])


def counts():
    """Give three series of 20 whole numbers, (3, 20, 1)."""
    return np.random.default_rng(0).poisson(3.0, size=(3, 20, 1))


def panel_frame():
    """Give the same series under a (site, hour) index."""
    hours = pd.date_range("2024-03-30", periods=N_TIMESTEPS, freq="h", tz="Europe/Berlin")
    index = pd.MultiIndex.from_product([["d", "b", "a", "c"], hours], names=["site", "hour"])
    return pd.DataFrame(panel().reshape(-1, N_CHANNELS), index=index, columns=["load", "heat"])


def series_frame():
    """Give the first of them with its stamps alone."""
    return panel_frame().loc["d"]
