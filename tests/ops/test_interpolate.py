"""Straight lines over hidden cells."""

import numpy as np
import torch

from sktsgen.ops import N_SPANS, interpolate, kinds_of_spans

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


def test_kinds_of_spans_are_by_length_of_a_gap_then_by_distance_and_last_without_a_visible_cell():
    visible = torch.zeros(1, 40, 2, dtype=torch.bool)
    visible[0, [5, 7, 10, 28], 0] = True  # 5 before, gaps of 1, 2 and 17, 11 after
    kinds = kinds_of_spans(visible)[0]
    before, single, double, long = kinds[:5, 0], kinds[6, 0], kinds[8:10, 0], kinds[11:28, 0]
    assert single == 0
    assert double.tolist() == [1, 1]
    assert long.unique().tolist() == [5]
    assert before.tolist() == [7, 7, 7, 6, 6]
    assert kinds[29:, 0].tolist() == [6] * 2 + [7] * 6 + [8] * 3
    assert kinds[:, 1].unique().tolist() == [N_SPANS - 1]
