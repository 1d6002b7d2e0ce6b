"""Straight lines over hidden cells."""

import numpy as np
import torch

from sktsgen.ops import interpolate

OTHERWISE = torch.tensor([7.0, 7.0])


def test_lines_are_those_of_numpy():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(5, 12, 2, generator=generator)
    visible = torch.rand(5, 12, 2, generator=generator) < 0.4
    visible[:, 3] = True
    filled = interpolate(values, visible, OTHERWISE)
    steps = np.arange(12)
    for i in range(5):
        for c in range(2):
            at = visible[i, :, c].numpy()
            expected = np.interp(steps, steps[at], values[i, at, c])
            np.testing.assert_allclose(filled[i, :, c], expected, atol=1e-6)


def test_a_channel_that_is_not_seen_gets_what_it_is_told():
    visible = torch.zeros(1, 4, 2, dtype=torch.bool)
    visible[..., 1] = True
    filled = interpolate(torch.full((1, 4, 2), torch.nan).nan_to_num(3.0), visible, OTHERWISE)
    np.testing.assert_allclose(filled[0], [[7.0, 3.0]] * 4)
