"""Fit a generator once, however many tests use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import clone

from sktsgen import __version__, load

_fitted: dict[str, Any] = {}


def fit_once(
    estimator: Any, X: Any, y: Any = None, *, folder: str | os.PathLike[str] | None = None
) -> Any:
    """Fit a clone of an estimator, or return the one fitted before with the same arguments.

    Parameters
    ----------
    estimator : estimator object
        Not fitted; it stays as it is.
    X, y : object
        What `fit` takes. They are compared by their content.
    folder : path-like or None, default=None
        Where fitted generators are kept as files, for later processes; None keeps them in this
        process only, as is done with estimators that have no `save`, such as pipelines.

    Returns
    -------
    fitted : estimator object
        Shared by all callers: draw from it, and do not change it.

    Notes
    -----
    With pytest there is a fixture of this name, whose folder is in pytest's cache: it takes
    ``estimator, X, y``. ``pytest --cache-clear`` empties it.

    Examples
    --------
    >>> from sktsgen import FactorizedARGenerator
    >>> from sktsgen.datasets import make_ar1
    >>> from sktsgen.testing import fit_once
    >>> from sktsgen.training import Trainer
    >>> def generator():
    ...     quick = Trainer(steps_per_epoch=10)
    ...     small = FactorizedARGenerator(d_model=8, max_epochs=1, trainer=quick, random_state=0)
    ...     return fit_once(small, make_ar1(8, 32, random_state=0))
    >>> generator() is generator()
    True
    """
    params = estimator.get_params(deep=False)
    key = str(joblib.hash((__version__, type(estimator), params, X, y)))
    if key in _fitted:
        return _fitted[key]
    path = None
    if folder is not None and hasattr(estimator, "save"):
        path = Path(folder) / f"{type(estimator).__name__}-{key}.sktsgen"
    if path is not None and path.exists():
        _fitted[key] = load(path)
        return _fitted[key]
    fitted = clone(estimator)
    fitted = fitted.fit(X) if y is None else fitted.fit(X, y)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fitted.save(path)
    _fitted[key] = fitted
    return fitted
