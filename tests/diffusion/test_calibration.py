"""Deviations of draws become as large as those of the truth."""

import numpy as np
import pytest
import torch

from sktsgen.diffusion._calibration import Stretch


def deviations(law, n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = {"normal": rng.standard_normal, "laplace": lambda size: rng.laplace(size=size)}[law]
    return torch.from_numpy(drawn(n)).float()


@pytest.fixture
def stretch():
    """Normal draws of a truth that is Laplacian."""
    stretch = Stretch()
    stretch.learn(deviations("normal"), deviations("laplace", seed=1))
    return stretch


def test_draws_get_the_law_of_the_truth(stretch):
    found = stretch(deviations("normal", seed=2)).abs()
    levels = torch.tensor([0.25, 0.5, 0.75, 0.9, 0.97])
    expected = -torch.log(1 - levels)  # of a Laplacian
    np.testing.assert_allclose(found.quantile(levels), expected, rtol=0.06)


def test_order_and_sign_are_kept(stretch):
    sizes = torch.linspace(-9.0, 9.0, 1001).view(7, 143)
    found = stretch(sizes)
    assert (found.flatten().diff() > 0).all()
    torch.testing.assert_close(found, -stretch(-sizes))


@pytest.mark.parametrize("is_learnt", [False, True])
def test_draws_like_the_truth_stay_as_they_are(is_learnt):
    stretch = Stretch()
    if is_learnt:
        stretch.learn(deviations("normal"), deviations("normal", seed=1))
    drawn = deviations("normal", seed=2)
    torch.testing.assert_close(stretch(drawn), drawn, atol=0.05, rtol=0.06)
