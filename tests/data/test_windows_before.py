"""What comes before a window."""

import torch

from sktsgen.data import Windows


def windows():
    rows = torch.arange(1.0, 11.0)[:, None]
    return Windows((rows,), [4, 6], 2)


def test_rows_before_a_window_are_those_of_its_series():
    (before,), known = windows().gather_before(torch.tensor([0, 2, 3, 7]), 3)
    assert before[..., 0].tolist() == [[0, 0, 0], [0, 1, 2], [0, 0, 0], [6, 7, 8]]
    assert known.tolist() == [
        [False, False, False],
        [False, True, True],
        [False, False, False],
        [True, True, True],
    ]


def test_before_and_window_are_the_series():
    data = windows()
    chosen = torch.tensor([7])
    (before,), _ = data.gather_before(chosen, 3)
    (window,), _ = data.gather(chosen)
    assert torch.cat([before, window], 1)[0, :, 0].tolist() == [6, 7, 8, 9, 10]
