"""What the laws are made of: tiny data, comparisons and the errors they ask for."""

import copy
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from sktsgen.datasets import make_var1

N_SERIES, N_TIMESTEPS, N_CHANNELS = 3, 20, 2
_RTOL = 1e-4  # sums of float32 depend on the sizes of a batch in their last digits


def panel_array() -> NDArray[np.float64]:
    """Give three correlated series round (1, 5), of 20 steps and 2 channels."""
    return make_var1(N_SERIES, N_TIMESTEPS, random_state=0) + np.array([1.0, 5.0])


def panel_frame(X: NDArray[Any], *, time: Any = None) -> pd.DataFrame:
    """Give the series of a 3-D array as a frame with an (id, when) index."""
    n_series, n_timesteps, n_channels = X.shape
    time = pd.RangeIndex(n_timesteps) if time is None else time
    index = pd.MultiIndex.from_product(
        [[f"s{i}" for i in range(n_series)], time], names=["id", "when"]
    )
    columns = [f"channel_{i}" for i in range(n_channels)]
    return pd.DataFrame(X.reshape(-1, n_channels), index=index, columns=columns)


def fresh(estimator: Any) -> Any:
    """Give an unfitted copy whose own random state is an int."""
    copy = clone(estimator)
    if "random_state" in copy.get_params():
        copy.set_params(random_state=0)
    return copy


def newly_fitted(estimator: Any, X: Any = None, y: Any = None) -> Any:
    """Fit a copy; without `X`, to `panel_array`."""
    return fit_quietly(fresh(estimator), panel_array() if X is None else X, y)


_fitted: OrderedDict[tuple[type, str], Any] = OrderedDict()
_MOST_KEPT = 32


def fitted(estimator: Any, X: Any = None, y: Any = None) -> Any:
    """Give a copy of what `newly_fitted` gives, from an earlier call where there was one.

    For laws that do not look at `fit` itself; half of the time of all laws would go there.
    """
    X = panel_array() if X is None else X
    params = fresh(estimator).get_params(deep=False)
    key = type(estimator), str(joblib.hash((params, X, y)))
    if key not in _fitted:
        _fitted[key] = newly_fitted(estimator, X, y)
    _fitted.move_to_end(key)
    if len(_fitted) > _MOST_KEPT:
        _fitted.popitem(last=False)
    return copy.deepcopy(_fitted[key])


def fit_quietly(estimator: Any, X: Any, y: Any = None) -> Any:
    """Fit without the warnings that so little data deserves, as of codes never used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return estimator.fit(X) if y is None else estimator.fit(X, y)


def require(condition: object, broken: str) -> None:
    """Fail with a sentence on the law that is broken."""
    if not condition:
        raise AssertionError(broken)


def require_same(actual: Any, expected: Any, broken: str) -> None:
    """Fail unless two draws are the same container of the same values, to rounding."""
    require(type(actual) is type(expected), f"{broken} ({type(actual)} and {type(expected)})")
    if isinstance(expected, list):
        require(len(actual) == len(expected), f"{broken} ({len(actual)} and {len(expected)})")
        for one, other in zip(actual, expected, strict=True):
            require_same(one, other, broken)
    elif isinstance(expected, pd.DataFrame):
        try:
            pd.testing.assert_frame_equal(actual, expected, rtol=_RTOL, check_freq=False)
        except AssertionError as error:
            raise AssertionError(f"{broken}\n{error}") from error
    else:
        np.testing.assert_allclose(
            actual, expected, rtol=_RTOL, atol=_RTOL * np.std(expected), err_msg=broken
        )


@contextmanager
def refusal(kind: type[Exception], call: str, *values: object) -> Iterator[None]:
    """Fail unless the block raises `kind` with a message in which all `values` stand."""
    try:
        yield
    except kind as error:
        words = words_of(error)
        missing = [value for value in values if str(value) not in words]
        require(not missing, f"{call} must name {missing} in its message; it says: {words}")
    else:
        raise AssertionError(f"{call} must raise {kind.__name__}; it did not.")


def words_of(error: Exception) -> str:
    """Return the message of an error and the notes that were added to it."""
    return "\n".join([str(error), *getattr(error, "__notes__", [])])
