"""The contract of every generator, as a list of laws."""

from collections.abc import Callable
from typing import Any

from sktsgen.testing._container_laws import CONTAINER_LAWS
from sktsgen.testing._continuation_laws import CONTINUATION_LAWS
from sktsgen.testing._sampling_laws import SAMPLING_LAWS
from sktsgen.testing._score_laws import SCORE_LAWS
from sktsgen.testing._state_laws import STATE_LAWS
from sktsgen.testing._table_laws import TABLE_LAWS

Check = Callable[[Any], None]


def check_generator(estimator: Any) -> None:
    """Check that an estimator keeps the contract of a generator of time series.

    It covers what `sklearn.utils.estimator_checks.check_estimator` does not look at: `sample`,
    `sample_batches`, `forecast`, containers, mixed tables (to be taken or refused by the name of a
    column), seeds, saved files and the meaning of `score`. Laws
    look at clones of the estimator, with ``random_state=0``, fitted to a few dozen rows; use the
    smallest sizes the estimator has.

    Parameters
    ----------
    estimator : estimator object
        Not fitted; it stays as it is.

    Raises
    ------
    AssertionError
        If a law is broken; the message tells which and what was found.

    See Also
    --------
    generator_checks : The laws one by one.

    Examples
    --------
    >>> from sktsgen.testing import check_generator, test_instances
    >>> for generator in test_instances():  # doctest: +SKIP
    ...     check_generator(generator)
    """
    for check in generator_checks():
        try:
            check(estimator)
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error


def generator_checks() -> tuple[Check, ...]:
    """List the laws of `check_generator`, so that each can be run as a test of its own.

    Returns
    -------
    checks : tuple of callables
        Each takes an unfitted estimator, leaves it as it is and raises AssertionError, or what
        the estimator raises, where its law is broken.

    Examples
    --------
    >>> from sktsgen.testing import generator_checks
    >>> generator_checks()[0].__name__
    'check_unfitted_use_is_refused'
    """
    by_values = SAMPLING_LAWS + CONTINUATION_LAWS + SCORE_LAWS
    return STATE_LAWS + by_values + CONTAINER_LAWS + TABLE_LAWS
