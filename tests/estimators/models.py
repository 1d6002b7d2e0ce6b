"""Small generators: untrained ones for laws, and data whose truth is known."""

import warnings

import numpy as np
import pandas as pd

from sktsgen import FactorizedARGenerator
from sktsgen.datasets import make_var1
from sktsgen.exceptions import CodebookUsageWarning
from sktsgen.training import Trainer

EMISSIONS = ("mixture", "point")
PHI = 0.8  # of every AR(1) series here


def small(**params):
    """Give a generator that fits in a moment: for laws that hold whatever was learnt."""
    chosen = {
        "n_components": 3,
        "codebook_size": 4,
        "n_codebooks": 2,
        "window_length": 8,
        "d_model": 8,
        "n_layers": 1,
        "n_heads": 2,
        "max_epochs": 1,
        "batch_size": 16,
        "early_stopping": True,
        "validation_fraction": 0.1,
        "device": "cpu",
        "random_state": 0,
        "trainer": Trainer(steps_per_epoch=3),
    }
    return FactorizedARGenerator(**{**chosen, **params})


def honest(**params):
    """Give a generator that learns simple dynamics in a few seconds."""
    chosen = {
        "n_components": 2,
        "codebook_size": 2,
        "n_codebooks": 1,
        "window_length": 16,
        "d_model": 16,
        "dropout": 0.0,
        "max_epochs": 4,
        "batch_size": 32,
        "learning_rate": 5e-3,
        "early_stopping": False,
        "trainer": Trainer(steps_per_epoch=75),
    }
    return small(**{**chosen, **params})


def fitted(generator, X, y=None):
    """Fit; that little data leaves codes unused is no news here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CodebookUsageWarning)
        return generator.fit(X, y)


def panel(n_series=4, n_timesteps=20):
    """Give series of two channels round (1, 5)."""
    return make_var1(n_series, n_timesteps, random_state=0) + np.array([1.0, 5.0])


def hourly_frame(n_timesteps=40):
    """Give one series with a zone, whose clock changes within it."""
    time = pd.date_range(
        "2023-10-28 12:00", periods=n_timesteps, freq="h", tz="Europe/Berlin", name="when"
    )
    values = make_var1(1, n_timesteps, random_state=1)[0]
    return pd.DataFrame(values, index=time, columns=["load", "heat"])


def daily_panel_frame(n_series=3, n_timesteps=20):
    """Give a panel with text identifiers, each series starting a week after the former."""
    values = panel(n_series, n_timesteps)
    series = [
        pd.DataFrame(
            values[i],
            index=pd.MultiIndex.from_product(
                [
                    [f"s{i}"],
                    pd.date_range("2024-01-01", periods=n_timesteps) + pd.Timedelta(7 * i, "D"),
                ],
                names=["id", "day"],
            ),
            columns=["a", "b"],
        )
        for i in range(n_series)
    ]
    return pd.concat(series)


def lag_correlation(X, lag=1):
    """Give the correlation of steps `lag` apart, of the rows of (n_series, n_timesteps)."""
    centred = X - X.mean()
    return float((centred[:, lag:] * centred[:, :-lag]).mean() / centred.var())


def ar1_log_density(X):
    """Give the exact log density per time step of stationary AR(1) series with sigma 1."""
    variance = 1.0 / (1.0 - PHI**2)
    first = X[:, 0] ** 2 / variance + np.log(variance)
    rest = (X[:, 1:] - PHI * X[:, :-1]) ** 2
    return float(-0.5 * ((first.sum() + rest.sum()) / X.size + np.log(2.0 * np.pi)))
