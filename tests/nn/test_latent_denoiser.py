"""The network of the diffusion."""

import pytest
import torch

from sktsgen.nn import LatentDenoiser, velocity_skip
from tests.nn.networks import normal, seeded


def new_denoiser(n_layers=3, has_column_attention=False):
    denoiser = LatentDenoiser(
        2,
        4,
        6,
        3,
        d_model=16,
        n_layers=n_layers,
        n_heads=4,
        dropout=0.0,
        has_column_attention=has_column_attention,
        generator=seeded(),
    )
    torch.nn.init.normal_(denoiser.outward.weight, generator=seeded(1))
    return denoiser


def test_it_says_nothing_before_training():
    denoiser = LatentDenoiser(
        2, 4, 6, 3, d_model=16, n_layers=2, n_heads=4, dropout=0.0, generator=seeded()
    )
    estimate = denoiser(normal(4, 8, 2), normal(4, 8, 6), torch.rand(4, generator=seeded()))
    assert all((part == 0).all() for part in estimate)


def test_every_step_sees_every_other():
    denoiser, noisy, context = new_denoiser(), normal(1, 40, 2), normal(1, 40, 6)
    t = torch.tensor([0.5])
    changed = noisy.clone()
    changed[0, 0] += 1.0
    difference = denoiser(changed, context, t).flow - denoiser(noisy, context, t).flow
    assert (difference[0].abs().amax(1) > 0).all()


def test_columns_of_a_step_attend_to_each_other_where_asked_for():
    denoiser, noisy, context = new_denoiser(1, True), normal(2, 8, 2), normal(2, 8, 6)
    t, attention = torch.tensor([0.2, 0.8]), denoiser.blocks[0].columns
    before = denoiser(noisy, context, t).flow
    # What the first column knows of its cell reaches what is read off the second.
    known = normal(2, 8, 2, 4)
    changed = known.clone()
    changed[:, :, 0] += 1.0
    state = normal(2, 8, 16)
    torch.nn.init.zeros_(attention.outward.weight)
    attention.outward.weight.data[:, attention.from_cell.weight.shape[0] :] = 1.0
    difference = attention(state, changed) - attention(state, known)
    assert (difference.abs().amax(-1) > 1e-4).all()
    assert not torch.allclose(before, denoiser(noisy, context, t).flow)
    assert new_denoiser(1).blocks[0].columns is None


@pytest.mark.parametrize("has_column_attention", [False, True])
def test_the_time_matters_and_windows_do_not_mix(has_column_attention):
    denoiser = new_denoiser(has_column_attention=has_column_attention)
    noisy, context = normal(3, 8, 2), normal(3, 8, 6)
    t = torch.tensor([0.1, 0.5, 0.9])
    together = denoiser(noisy, context, t).flow
    for i in range(3):
        alone = denoiser(noisy[i : i + 1], context[i : i + 1], t[i : i + 1]).flow
        torch.testing.assert_close(together[i], alone[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(together, denoiser(noisy, context, t.flip(0)).flow)


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
def test_the_skip_is_the_best_velocity_of_normal_data(spread):
    data, noise = torch.randn(2, 200_000, generator=seeded()).double()
    data = spread * data
    for t in (0.2, 0.5, 0.8):
        x = (1 - t) * data + t * noise
        slope = ((noise - data) * x).mean() / x.square().mean()
        skip = velocity_skip(torch.tensor([t]), torch.tensor([spread]))
        assert abs(float(skip[0]) - float(slope)) < 0.02
