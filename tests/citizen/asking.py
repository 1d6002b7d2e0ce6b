"""What every estimator is for, asked in one way."""

import copy
import functools

import numpy as np
import pandas as pd

from sktsgen import MixedTypeEncoder, SeasonalTrendDecomposer
from sktsgen.testing import test_instances
from tests.citizen.tables import calendar_panel


def every_estimator():
    """Build a small instance of everything that can be saved."""
    return [*test_instances(), MixedTypeEncoder(), SeasonalTrendDecomposer(period=3)]


ESTIMATORS = {type(estimator).__name__: estimator for estimator in every_estimator()}
GENERATORS = [name for name, estimator in ESTIMATORS.items() if hasattr(estimator, "sample")]
NETWORKS = [name for name, estimator in ESTIMATORS.items() if hasattr(estimator, "to_device")]


@functools.cache
def fitted(name):
    """Fit the estimator of that name to the calendar panel."""
    return copy.deepcopy(ESTIMATORS[name]).fit(calendar_panel())


def holed_panel():
    """Give the calendar panel with missing cells."""
    holed = calendar_panel()
    holed.iloc[5:9, 0] = np.nan
    holed.iloc[40:44, 2] = np.nan
    return holed


def answer(estimator):
    """Ask an estimator that was fitted to the calendar panel for draws, by a seed: a frame."""
    if hasattr(estimator, "sample"):
        return estimator.sample(2, length=6, random_state=1)
    if hasattr(estimator, "forecast"):
        return estimator.forecast(calendar_panel(), 3, n_samples=2, random_state=1)
    if hasattr(estimator, "sample_imputations"):
        filled = estimator.sample_imputations(holed_panel(), 2, random_state=1)
        is_hole = holed_panel().isna().any(axis=1)
        return pd.concat([frame[is_hole] for frame in filled])
    return estimator.transform(calendar_panel())
