"""Annotations of shapes are checked in the tests of these rooms: `tests/conftest.py` chooses."""

import jaxtyping
import pytest
import torch

from sktsgen.ops import rotary_factors, rotate

is_off = jaxtyping.config.jaxtyping_disable


@pytest.mark.skipif(is_off, reason="JAXTYPING_DISABLE is set")
def test_a_wrong_shape_is_refused_by_the_annotations():
    with pytest.raises(jaxtyping.TypeCheckError, match="rotate"):
        rotate(torch.zeros(2, 4), rotary_factors(torch.arange(2), 4))
