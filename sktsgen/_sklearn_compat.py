"""The private names of scikit-learn the library stands on, in one place.

Parameter validation and `_fit_context` are what scikit-learn's own estimators use; they are not
part of its public interface, so a new release may move them. No other file imports a private name
of scikit-learn (`tests/test_architecture.py` holds it).
"""

from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    InvalidParameterError,
    Options,
    RealNotInt,
    StrOptions,
    validate_params,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in

__all__ = [
    "HasMethods",
    "Hidden",
    "Interval",
    "InvalidParameterError",
    "Options",
    "RealNotInt",
    "StrOptions",
    "_check_feature_names_in",
    "_fit_context",
    "_get_output_config",
    "validate_params",
]
