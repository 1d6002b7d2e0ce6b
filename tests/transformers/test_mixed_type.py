"""Any table to features and back."""

import importlib.util

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_inplace_ensure_writeable,
    check_param_validation,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_set_output_transform_polars,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from sktsgen.transformers import MixedTypeEncoder

FURTHER_CHECKS = [
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_inplace_ensure_writeable,
    check_param_validation,
    check_set_output_transform,
    check_set_output_transform_pandas,
    pytest.param(
        check_set_output_transform_polars,
        marks=pytest.mark.skipif(
            importlib.util.find_spec("polars") is None, reason="polars is not installed"
        ),
        id="check_set_output_transform_polars",
    ),
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
]


@parametrize_with_checks([MixedTypeEncoder()])
def test_encoder_is_compatible_with_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize("check", FURTHER_CHECKS, ids=lambda check: check.__name__)
def test_encoder_passes_the_further_checks_of_scikit_learn(check):
    check("MixedTypeEncoder", MixedTypeEncoder())
