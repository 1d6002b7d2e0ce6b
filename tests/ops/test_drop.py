"""Noise of training from explicit generators."""

import torch

from sktsgen.ops import corrupt_rows, drop


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_drop_keeps_the_mean():
    dropped = drop(torch.ones(2000, 50), 0.3, generator())
    assert abs(dropped.mean().item() - 1) < 0.01
    assert dropped.unique().tolist() == [0.0, torch.tensor(1 / 0.7).item()]


def test_drop_zeroes_the_share_asked_for():
    dropped = drop(torch.ones(2000, 50), 0.3, generator())
    assert abs((dropped == 0).float().mean().item() - 0.3) < 0.01


def test_drop_is_the_identity_without_a_generator_or_a_rate():
    x = torch.ones(2, 3)
    assert drop(x, 0.5, None) is x
    assert drop(x, 0.0, generator()) is x


def test_corruption_replaces_the_share_asked_for_by_rows_of_the_batch():
    x = torch.arange(20_000.0).reshape(100, 100, 2)
    corrupted = corrupt_rows(x, 0.2, generator())
    changed = (corrupted != x).any(-1)
    assert abs(changed.float().mean().item() - 0.2) < 0.02
    first, second = corrupted.flatten(0, 1).T
    assert (first % 2 == 0).all()
    assert (second == first + 1).all()  # whole rows, none mixed


def test_corrupted_rows_come_from_all_series():
    x = torch.arange(50.0)[:, None, None].expand(50, 40, 1)
    corrupted = corrupt_rows(x, 0.9, generator())
    sources = corrupted[0].unique()
    assert len(sources) > 20


def test_corruption_is_the_identity_without_a_generator_or_a_rate():
    x = torch.ones(2, 3, 1)
    assert corrupt_rows(x, 0.5, None) is x
    assert corrupt_rows(x, 0.0, generator()) is x


def test_there_may_be_no_row_to_corrupt():
    assert corrupt_rows(torch.ones(4, 0, 2), 0.5, generator()).shape == (4, 0, 2)


def test_the_same_seed_gives_the_same_noise_and_torch_s_own_generator_stays_as_it_is():
    before = torch.get_rng_state()
    x = torch.arange(60.0).reshape(4, 5, 3)
    assert drop(x, 0.5, generator(1)).equal(drop(x, 0.5, generator(1)))
    assert corrupt_rows(x, 0.5, generator(1)).equal(corrupt_rows(x, 0.5, generator(1)))
    assert torch.get_rng_state().equal(before)
