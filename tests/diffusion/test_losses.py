"""What errors of velocities count."""

import pytest
import torch

from sktsgen.diffusion._losses import velocity_loss

SCALE, STEP_SCALE = torch.full((1, 6, 2), 2.0), torch.tensor([0.5, 1.0])


def of(error, counts=None):
    """Loss of an error."""
    everywhere = torch.ones_like(error, dtype=torch.bool)
    loss = velocity_loss(error, everywhere if counts is None else counts, SCALE, STEP_SCALE)
    return float(loss.mean())


def test_an_error_that_does_not_change_counts_its_square():
    assert of(torch.full((1, 6, 2), 3.0)) == pytest.approx(9.0)


def test_changes_count_in_units_of_the_steps_of_their_channel():
    error = torch.zeros(1, 6, 2)
    error[0, ::2, 0] = 1.0  # every step of one of two channels changes by 1
    assert of(error) == pytest.approx(0.25 + (2.0 / 0.5) ** 2 / 2)


def test_what_does_not_count_has_no_step_to_either_side():
    error, counts = torch.zeros(1, 6, 2), torch.ones(1, 6, 2, dtype=torch.bool)
    error[0, 3], counts[0, 3] = 9.0, False
    assert of(error, counts) == 0.0
