"""Every estimator of the library keeps the contract, one law a test."""

import pytest

from sktsgen.testing import TEST_PARAMS, generator_checks, test_instances

INSTANCES = test_instances()
GENERATORS = [estimator for estimator in INSTANCES if hasattr(estimator, "sample")]


@pytest.mark.parametrize("check", generator_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("estimator", GENERATORS, ids=lambda estimator: type(estimator).__name__)
def test_generator_keeps_the_law(estimator, check):
    check(estimator)


def test_every_entry_gives_an_instance_of_its_parameters():
    assert [type(instance).__name__ for instance in INSTANCES] == list(TEST_PARAMS)
    for instance, params in zip(INSTANCES, TEST_PARAMS.values(), strict=True):
        given = {name: instance.get_params()[name] for name in params}
        assert repr(given) == repr(params)  # a nested Trainer has no equality


def test_instances_share_nothing():
    for one, other in zip(INSTANCES, test_instances(), strict=True):
        assert one is not other
        assert getattr(one, "trainer", one) is not getattr(other, "trainer", other)


def test_pytest_does_not_collect_the_instances():
    assert test_instances.__test__ is False
