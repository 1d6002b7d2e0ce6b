"""What pytest finds when sktsgen is installed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest


@pytest.fixture(scope="session")
def fit_once(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Give a function ``fit_once(estimator, X, y=None)`` that fits once, also over sessions.

    Files of fitted generators are kept in pytest's cache; see `sktsgen.testing.fit_once`.
    """
    from sktsgen.testing import fit_once  # not before it is asked for: it brings torch

    cache = getattr(request.config, "cache", None)  # missing with -p no:cacheprovider
    return partial(fit_once, folder=None if cache is None else cache.mkdir("sktsgen"))
