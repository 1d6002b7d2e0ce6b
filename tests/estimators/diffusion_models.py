"""Small members of the latent diffusion family, and the exact posterior of an AR(1)."""

import numpy as np

from sktsgen.datasets import make_ar1
from sktsgen.training import Trainer

PHI = 0.9
LENGTH = 24


def small(cls, **params):
    """Give an estimator that fits in a moment: for laws that hold whatever was learnt."""
    chosen = {
        "window_length": 8,
        "n_sampling_steps": 2,
        "d_model": 8,
        "n_layers": 2,
        "n_heads": 2,
        "max_epochs": 1,
        "batch_size": 16,
        "device": "cpu",
        "random_state": 0,
        "trainer": Trainer(steps_per_epoch=3),
    }
    return cls(**{**chosen, **params})


def honest(cls, **params):
    """Give an estimator that trains for a second or two."""
    chosen = {
        "window_length": LENGTH,
        "n_sampling_steps": 4,
        "d_model": 16,
        "dropout": 0.0,
        "trainer": Trainer(steps_per_epoch=60),
        "early_stopping": False,
    }
    return small(cls, **{**chosen, **params})


def ar1(n_series, *, seed=0):
    """Give stationary AR(1) series of `LENGTH` steps."""
    return make_ar1(n_series, LENGTH, phi=PHI, random_state=seed)


def exact_posterior(x, hidden):
    """Mean and covariance of the hidden steps of one AR(1) series given the others."""
    steps = np.arange(len(x))
    covariance = PHI ** np.abs(np.subtract.outer(steps, steps)) / (1 - PHI**2)
    shown = ~hidden
    weights = np.linalg.solve(covariance[np.ix_(shown, shown)], covariance[np.ix_(shown, hidden)])
    left = covariance[np.ix_(hidden, hidden)] - weights.T @ covariance[np.ix_(shown, hidden)]
    return x[shown] @ weights, left


def mixed_frame(n_rows=60, *, holes=True):
    """Give a table of every kind of column; its levels follow its numbers."""
    import pandas as pd

    phase = np.arange(n_rows)
    frame = pd.DataFrame(
        {
            "load": np.sin(phase / 5) + 5.0,
            "count": pd.array(phase % 7, dtype="Int64"),
            "state": pd.Categorical(np.array(["low", "mid", "high"])[phase % 3]),
            "open": pd.array(phase % 2 == 0, dtype="boolean"),
        },
        index=pd.date_range("2024-01-01", periods=n_rows, freq="h", name="when"),
    )
    if holes:
        for i, rows in enumerate((slice(5, 9), slice(10, 15), slice(20, 24), slice(30, 33))):
            frame.iloc[rows, i] = None if i else np.nan
    return frame
