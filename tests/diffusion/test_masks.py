"""What each pattern hides."""

import numpy as np
import pytest
import torch

from sktsgen.diffusion import MASKS, draw_hidden

SHAPE = (400, 12, 5)


def hidden_by(name, observed=None):
    observed = torch.ones(SHAPE, dtype=torch.bool) if observed is None else observed
    return MASKS[name](observed, torch.Generator().manual_seed(0))


def runs_of(flags):
    """Lengths of the runs of True."""
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    return np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)


def test_cells_are_hidden_at_every_rate():
    rates = hidden_by("cells").float().mean((1, 2)).numpy()
    counts = np.histogram(rates, bins=5, range=(0, 1))[0]
    np.testing.assert_allclose(counts, 80, atol=30)


def test_runs_are_at_least_two_steps_and_mostly_at_most_half_a_window():
    hidden = hidden_by("runs").numpy()
    lengths = np.concatenate([runs_of(h[:, c]) for h in hidden for c in range(5)])
    assert lengths.min() == 2
    assert np.mean(lengths <= 6) > 0.8  # two that touch are longer


def test_the_future_is_a_suffix():
    hidden = hidden_by("future").int()
    assert (hidden.diff(dim=1) >= 0).all()
    assert not hidden[:, 0].any()
    some = hidden.any(1)
    assert 0.4 < float(some.all(1).float().mean()) < 0.7


def test_columns_are_hidden_whole():
    hidden = hidden_by("columns")
    assert (hidden == hidden[:, :1]).all()
    assert 0.4 < float(hidden.float().mean()) < 0.6


def test_elsewhere_is_the_pattern_of_another_window():
    observed = torch.rand(SHAPE, generator=torch.Generator().manual_seed(1)) < 0.5
    hidden = hidden_by("elsewhere", observed)
    patterns = {h.numpy().tobytes() for h in ~observed}
    assert all(h.numpy().tobytes() in patterns for h in hidden)


def test_everything_is_everything():
    assert hidden_by("everything").all()


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("n_timesteps", [1, 2, 3])
def test_short_windows_are_fine(name, n_timesteps):
    observed = torch.ones(3, n_timesteps, 1, dtype=torch.bool)
    assert hidden_by(name, observed).shape == observed.shape


def test_the_mixture_has_its_shares():
    observed = torch.ones(4000, 6, 1, dtype=torch.bool)
    mixture = {"everything": 3.0, "future": 1.0}
    hidden = draw_hidden(observed, mixture, torch.Generator().manual_seed(0))
    assert abs(float(hidden.all(1).float().mean()) - 0.75) < 0.03


def test_equal_generators_hide_equal_cells():
    observed = torch.ones(SHAPE, dtype=torch.bool)
    mixture = dict.fromkeys(MASKS, 1.0)
    one, two = (draw_hidden(observed, mixture, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
