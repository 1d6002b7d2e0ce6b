"""The last value that was there stands where one is missing."""

import torch

from sktsgen.ops import carry_forward


def test_last_present_value_of_the_same_series_is_held():
    values = torch.tensor([[1.0, 5.0], [0.0, 6.0], [0.0, 0.0], [9.0, 7.0], [0.0, 0.0], [0.0, 8.0]])
    present = torch.tensor([[1, 1], [0, 1], [0, 0], [1, 1], [0, 0], [0, 1]]).bool()
    first = torch.tensor([0, 0, 0, 3, 3, 3])
    expected = [[1.0, 5.0], [1.0, 6.0], [1.0, 6.0], [9.0, 7.0], [9.0, 7.0], [9.0, 8.0]]
    assert carry_forward(values, present, first).tolist() == expected


def test_what_is_missing_before_the_first_value_stays():
    values = torch.tensor([[3.0], [0.5], [4.0], [0.25]])
    present = torch.tensor([[True], [False], [True], [False]])
    first = torch.tensor([0, 1, 1, 3])  # three series
    assert carry_forward(values, present, first).tolist() == [[3.0], [0.5], [4.0], [0.25]]


def test_values_without_gaps_are_left_alone():
    values = torch.arange(6.0).view(3, 2)
    found = carry_forward(values, torch.ones(3, 2, dtype=torch.bool), torch.zeros(3).long())
    assert found.equal(values)
