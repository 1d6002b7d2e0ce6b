"""scikit-learn's own checks of a pipeline: what fails is what fails in its own Pipeline too."""

import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktsgen import make_generator_pipeline
from tests.estimators.models import small

ORDERED = "rows of a 2-D X are consecutive time steps of one series"
STEPS = "fit of scikit-learn's Pipeline replaces its steps"
EXPECTED = {
    "check_methods_subset_invariance": ORDERED,
    "check_methods_sample_order_invariance": ORDERED,
    "check_estimators_overwrite_params": STEPS,
    "check_dont_overwrite_parameters": STEPS,
}


@pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
@parametrize_with_checks(
    [make_generator_pipeline(StandardScaler(), small())],
    expected_failed_checks=lambda _: EXPECTED,
    xfail_strict=True,
)
def test_pipeline_is_compatible_with_scikit_learn(estimator, check):
    check(estimator)
