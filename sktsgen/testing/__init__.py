"""Checks that an estimator is a generator, to be used in the tests of any library."""

from sktsgen.testing._check_generator import check_generator, generator_checks
from sktsgen.testing._instances import TEST_PARAMS, test_instances

__all__ = ["TEST_PARAMS", "check_generator", "generator_checks", "test_instances"]
