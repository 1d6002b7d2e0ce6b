"""Laws on what comes after given histories, for generators that offer `prefix` or `forecast`."""

import inspect
from typing import Any

import numpy as np
import pandas as pd

from sktsgen.testing._expectations import (
    N_CHANNELS,
    N_SERIES,
    fitted,
    panel_array,
    panel_frame,
    refusal,
    require,
    require_same,
)

_HORIZON = 4


def check_prefix_is_continued_in_order(estimator: Any) -> None:
    """Check that the first n series continue the first history, whatever else is continued."""
    if not _takes_prefix(estimator):
        return
    X = panel_array()
    generator = fitted(estimator, X)
    options = {"length": _HORIZON, "random_state": 3}
    both = generator.sample(2, prefix=X[:2], **options)
    shape = 4, _HORIZON, N_CHANNELS
    require(both.shape == shape, f"Two samples of two histories have the shape {both.shape}.")
    one = generator.sample(2, prefix=X[:1], **options)
    require_same(both[:2], one, "What follows a history depends on the other histories.")
    three = generator.sample(3, prefix=X[:2], **options)
    require_same(three[[0, 1, 3, 4]], both, "The first 2 of 3 samples of a history differ.")


def check_prefix_matters(estimator: Any) -> None:
    """Check that other histories are followed by other series, with equal noise."""
    if not _takes_prefix(estimator):
        return
    X = panel_array()
    generator = fitted(estimator, X)
    high, low = (
        generator.sample(1, prefix=X[:1] + shift, length=_HORIZON, random_state=3)
        for shift in (2.0, -2.0)
    )
    require(not np.allclose(high, low), "Two histories 4 apart are followed by the same series.")


def check_prefix_of_other_channels_is_refused(estimator: Any) -> None:
    """Check that a history of other channels raises a ValueError that names both numbers."""
    if not _takes_prefix(estimator):
        return
    X = panel_array()
    with refusal(ValueError, "A prefix of one channel", 1, N_CHANNELS):
        fitted(estimator, X).sample(1, prefix=X[..., :1])


def check_forecast_has_an_axis_of_samples(estimator: Any) -> None:
    """Check the containers of `forecast`: arrays have an axis, lists a list, frames a level."""
    if not hasattr(estimator, "forecast"):
        return
    X = panel_array()
    per_series = 2, _HORIZON, N_CHANNELS
    for given, expected in ((X[0], per_series), (X, (N_SERIES, *per_series))):
        shape = np.shape(_forecast(fitted(estimator, given), given))
        require(shape == expected, f"forecast of {given.ndim}-D X has the shape {shape}.")
    nested = _forecast(fitted(estimator, list(X)), list(X))
    shapes = [[series.shape for series in futures] for futures in nested]
    each = [(_HORIZON, N_CHANNELS)] * 2
    require(shapes == [each] * N_SERIES, f"forecast of a list has the shapes {shapes}.")


def check_forecast_follows_the_time(estimator: Any) -> None:
    """Check that the stamps of each future follow the last one of its series."""
    if not hasattr(estimator, "forecast"):
        return
    time = pd.date_range("2024-01-30", periods=20, freq="D", name="day")
    frame = panel_frame(panel_array(), time=time)
    late = frame.drop(index=frame.index[-3:])  # the last series ends three days earlier
    futures = _forecast(fitted(estimator, frame), late)
    names = ["id", "sample", "when"]
    require(list(futures.index.names) == names, f"The index is {futures.index.names}.")
    for name, ends in (("s0", time[-1]), ("s2", time[-4])):
        for sample in (0, 1):
            stamps = futures.loc[(name, sample)].index
            expected = pd.date_range(ends, periods=_HORIZON + 1, freq="D")[1:]
            require(stamps.equals(expected), f"After {ends} come the stamps {stamps}.")


def check_forecast_is_the_sample_after_a_prefix(estimator: Any) -> None:
    """Check that `forecast` and `sample` with a prefix draw the same, where both are offered."""
    if not hasattr(estimator, "forecast") or not _takes_prefix(estimator):
        return
    X = panel_array()
    generator = fitted(estimator, X)
    futures = _forecast(generator, X)
    drawn = generator.sample(2, prefix=X, length=_HORIZON, random_state=3)
    require_same(futures.reshape(drawn.shape), drawn, "forecast and sample(prefix=X) differ.")


def check_forecast_leaves_all_alone(estimator: Any) -> None:
    """Check that `forecast` repeats itself and changes neither its input nor the estimator."""
    if not hasattr(estimator, "forecast"):
        return
    X = panel_array()
    generator = fitted(estimator, X)
    attributes, given = dict(vars(generator)), X.copy()
    first, again = _forecast(generator, given), _forecast(generator, given)
    require_same(again, first, "random_state=3 gave two different forecasts.")
    require_same(given, X, "forecast changed its input.")
    now = vars(generator)
    changed = sorted(
        name for name in {*attributes, *now} if attributes.get(name, ...) is not now.get(name, ...)
    )
    require(not changed, f"forecast changed the attributes {changed}.")


def check_bad_horizon_is_refused(estimator: Any) -> None:
    """Check that a horizon that is no positive whole number raises a ValueError that names it."""
    if not hasattr(estimator, "forecast"):
        return
    X = panel_array()
    generator = fitted(estimator, X)
    for value in (0, -2, 1.5):
        with refusal(ValueError, f"horizon={value}", "horizon", value):
            generator.forecast(X, value, n_samples=1)


def _takes_prefix(estimator: Any) -> bool:
    return "prefix" in inspect.signature(estimator.sample).parameters


def _forecast(generator: Any, X: Any) -> Any:
    return generator.forecast(X, _HORIZON, n_samples=2, random_state=3)


CONTINUATION_LAWS = (
    check_prefix_is_continued_in_order,
    check_prefix_matters,
    check_prefix_of_other_channels_is_refused,
    check_forecast_has_an_axis_of_samples,
    check_forecast_follows_the_time,
    check_forecast_is_the_sample_after_a_prefix,
    check_forecast_leaves_all_alone,
    check_bad_horizon_is_refused,
)
