"""Annotations of shapes are checked in the tests of these rooms."""

import jaxtyping
import pytest
import torch

from sktsgen.ops import rotary_factors, rotate
from tests.conftest import IS_SWITCHED_OFF


@pytest.mark.skipif(IS_SWITCHED_OFF, reason="JAXTYPING_DISABLE is set")
def test_a_wrong_shape_is_refused_by_the_annotations():
    with pytest.raises(jaxtyping.TypeCheckError, match="rotate"):
        rotate(torch.zeros(2, 4), rotary_factors(torch.arange(2), 4))
