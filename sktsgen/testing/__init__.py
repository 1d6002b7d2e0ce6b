"""Tests with generators, and tests of them.

Hypothesis strategies (`panels`, `time_series`, `token_series`) whose examples look like real
tables, for the tests of whatever takes such tables; and the contract of every generator, to be
used in the tests of any library.
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sktsgen.testing._check_generator import check_generator, generator_checks
    from sktsgen.testing._fit_once import fit_once
    from sktsgen.testing._instances import TEST_PARAMS, test_instances
    from sktsgen.testing._strategies import panels, time_series
    from sktsgen.testing._tokens import token_series

_STRATEGIES = {"panels": "_strategies", "time_series": "_strategies", "token_series": "_tokens"}
_HOMES = {
    "TEST_PARAMS": "_instances",
    "check_generator": "_check_generator",
    "fit_once": "_fit_once",
    "generator_checks": "_check_generator",
    "test_instances": "_instances",
    **_STRATEGIES,
}

__all__ = [
    "TEST_PARAMS",
    "check_generator",
    "fit_once",
    "generator_checks",
    "panels",
    "test_instances",
    "time_series",
    "token_series",
]


def __getattr__(name: str) -> Any:
    # On demand: pytest imports this room for its plugin, and Hypothesis is an extra.
    if name not in _HOMES:
        raise AttributeError(f"module 'sktsgen.testing' has no attribute {name!r}")
    if name in _STRATEGIES and importlib.util.find_spec("hypothesis") is None:
        raise ImportError(
            f"sktsgen.testing.{name} needs Hypothesis; install the extra: "
            f"pip install 'sktsgen[hypothesis]'."
        )
    return getattr(importlib.import_module(f"sktsgen.testing.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
