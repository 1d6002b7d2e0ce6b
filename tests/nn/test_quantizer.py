"""Codebooks: k-means, moving averages, revival, residual depth."""

import itertools

import pytest
import torch

from sktsgen.nn import ResidualQuantizer, VectorQuantizer
from tests.nn.networks import normal, seeded

CENTRES = 20.0 * torch.tensor([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=torch.float32)


def clusters(n_each=50):
    return CENTRES.repeat_interleave(n_each, 0) + 0.1 * normal(4 * n_each, 2)


def fitted(n_codes, z, **options):
    quantizer = VectorQuantizer(n_codes, z.shape[1], **options)
    quantizer.initialise(z, seeded())
    return quantizer


def test_k_means_finds_separated_clusters():
    z = clusters()
    quantizer = fitted(16, z)
    nearest = torch.cdist(CENTRES, quantizer.codebook).amin(1)
    assert nearest.amax() < 0.2
    assert (z - quantizer.decode(quantizer.encode(z))).norm(dim=1).amax() < 0.5


def test_k_means_is_a_fixed_point_of_lloyd():
    z = normal(400, 3)
    quantizer = VectorQuantizer(6, 3)
    quantizer.initialise(z, seeded(), n_rounds=200)
    codes = quantizer.encode(z)
    means = torch.stack([z[codes == code].mean(0) for code in range(6)])
    torch.testing.assert_close(quantizer.codebook, means, rtol=0, atol=1e-5)


def test_all_codes_are_used_on_gaussian_data():
    z = normal(4000, 4)
    assert len(fitted(64, z).encode(z).unique()) == 64


def test_fewer_vectors_than_codes_are_still_told_apart():
    z = normal(5, 3)
    quantizer = fitted(16, z)
    assert (z - quantizer.decode(quantizer.encode(z))).abs().amax() < 0.1


def test_every_code_is_the_code_of_itself():
    quantizer = fitted(32, normal(500, 3))
    codes = torch.arange(32)
    assert quantizer.encode(quantizer.decode(codes)).equal(codes)


def test_moving_averages_lead_every_code_to_the_mean_of_its_vectors():
    z = normal(400, 3)
    quantizer = fitted(8, z)
    shifted = z + torch.tensor([0.5, 0.0, -0.5])
    codes = quantizer.encode(z)
    for _ in range(600):
        quantizer.update(shifted, codes, seeded(), revive=False)
    means = torch.stack([shifted[codes == code].mean(0) for code in range(8)])
    torch.testing.assert_close(quantizer.codebook, means, rtol=0, atol=1e-3)


def test_one_update_moves_codes_by_the_decay():
    quantizer = VectorQuantizer(1, 1, decay=0.9)
    quantizer.initialise(torch.zeros(10, 1), seeded())
    quantizer.update(torch.ones(10, 1), torch.zeros(10, dtype=torch.int64), seeded(), revive=False)
    torch.testing.assert_close(quantizer.codebook, torch.tensor([[0.1]]), rtol=0, atol=1e-6)


def with_a_dead_code():
    quantizer = fitted(8, normal(400, 3))
    quantizer.codebook[2], quantizer.sums[2], quantizer.counts[2] = 1e3, 1e3, 1.0
    return quantizer


def test_a_dead_code_comes_back_where_a_vector_is():
    z, quantizer = normal(400, 3), with_a_dead_code()
    quantizer.update(z, quantizer.encode(z), seeded(), revive=True)
    assert torch.cdist(quantizer.codebook[2:3], z).amin() < 1e-6
    assert 2 in quantizer.encode(z)


def test_a_dead_code_is_left_alone_when_told():
    z, quantizer = normal(400, 3), with_a_dead_code()
    quantizer.update(z, quantizer.encode(z), seeded(), revive=False)
    assert quantizer.codebook[2].amin() > 100


def test_codes_in_use_are_not_revived():
    z = normal(400, 3)
    revived, left = fitted(8, z), fitted(8, z)
    codes = revived.encode(z)
    revived.update(z, codes, seeded(), revive=True)
    left.update(z, codes, seeded(), revive=False)
    assert revived.codebook.equal(left.codebook)


# Residual depth.


def residual_quantizer(depth, z):
    quantizer = ResidualQuantizer(depth, 16, z.shape[1])
    quantizer.initialise(z, seeded())
    return quantizer


def test_every_depth_reduces_the_error():
    z = normal(2000, 4)
    quantizer = residual_quantizer(4, z)
    codes = quantizer.encode(z)
    errors = [(z - quantizer.decode(codes[:, :n])).square().mean().item() for n in (1, 2, 3, 4)]
    assert all(late < 0.8 * early for early, late in itertools.pairwise(errors))


def test_depth_one_is_plain_quantisation():
    z = normal(300, 4)
    quantizer = residual_quantizer(1, z)
    assert quantizer.encode(z)[:, 0].equal(quantizer.levels[0].encode(z))
    torch.testing.assert_close(
        quantizer(z).values, quantizer.levels[0].decode(quantizer.encode(z)[:, 0])
    )


def test_value_is_the_sum_of_the_codes():
    z = normal(300, 4)
    quantizer = residual_quantizer(3, z)
    found = quantizer(z)
    assert found.codes.equal(quantizer.encode(z))
    torch.testing.assert_close(found.values, quantizer.decode(found.codes), rtol=0, atol=1e-5)
    books = quantizer.codebooks()
    total = sum(books[depth][found.codes[:, depth]] for depth in range(3))
    torch.testing.assert_close(quantizer.decode(found.codes), total)


def test_commitment_pulls_the_vectors_to_their_codes():
    z = normal(300, 4).requires_grad_()
    quantizer = residual_quantizer(2, z.detach())
    found = quantizer(z)
    found.loss.backward()
    with torch.no_grad():
        error = z - found.values
    torch.testing.assert_close(found.loss.detach(), 0.25 * error.square().mean())
    torch.testing.assert_close(z.grad, 0.25 * 2 * error / error.numel())


@pytest.mark.parametrize("learns", [True, False])
def test_codebooks_learn_only_with_a_generator(learns):
    z = normal(300, 4)
    quantizer = residual_quantizer(2, z)
    before = quantizer.codebooks()
    quantizer(z + 1.0, seeded() if learns else None)
    assert quantizer.codebooks().equal(before) is not learns


def test_spread_is_that_of_quantised_vectors():
    z = normal(4000, 3) * torch.tensor([1.0, 3.0, 0.1])
    quantizer = residual_quantizer(1, z)
    for _ in range(300):  # counts become those of the data
        quantizer(z, seeded(), revive=False)
    expected = quantizer(z).values.std(0)
    torch.testing.assert_close(quantizer.spread(), expected, rtol=0.05, atol=0)
