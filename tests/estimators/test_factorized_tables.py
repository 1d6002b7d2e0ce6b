"""Tables through FactorizedARGenerator as a transformer."""

import pandas as pd
import pytest

from sktsgen.datasets import make_mixed_panel
from tests.estimators.models import fitted, small


@pytest.mark.parametrize("missing", ["reproduce", "complete"])
def test_codes_and_coefficients_come_back_as_the_table(missing):
    X = make_mixed_panel(6, 40, start="2024-03-30 12:00", random_state=0)
    model = fitted(small(missing=missing, codebook_size=8), X)
    back = model.inverse_transform(model.transform(X))
    pd.testing.assert_series_equal(back.dtypes, X.dtypes)
    assert back.index.equals(X.index)
    assert model.components_.shape == (3, model.codec_.n_features_out_)
    assert len(model.tokenize(X)) == len(X)
