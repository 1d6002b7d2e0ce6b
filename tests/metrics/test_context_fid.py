from collections import OrderedDict

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from sktsgen.metrics import _context_fid as module
from sktsgen.metrics import context_fid
from sktsgen.metrics._context_fid import frechet_distance
from sktsgen.metrics._encoder import WindowEncoder, encode, hierarchical_loss


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_frechet_distance_of_commuting_gaussians_is_the_closed_form():
    """With common eigenvectors it is |m - n|^2 + sum of (sqrt(a) - sqrt(b))^2."""
    rng = np.random.default_rng(0)
    vectors = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    a, b = rng.random((2, 40)) * np.geomspace(1e-8, 1e3, 40)
    m, n = rng.standard_normal((2, 40))
    distance = frechet_distance(m, vectors * a @ vectors.T, n, vectors * b @ vectors.T)
    expected = ((m - n) ** 2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert distance == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_agrees_with_the_matrix_square_root():
    rng = np.random.default_rng(1)
    a, b = (np.cov(rng.standard_normal((60, 12)) * rng.random(12), rowvar=False) for _ in "ab")
    m, n = rng.standard_normal((2, 12))
    expected = ((m - n) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(m, a, n, b) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_of_singular_covariances():
    """Equal columns leave rank 1; along it the Gaussians have variances 2 and 8."""
    zero, ones = np.zeros(2), np.ones((2, 2))
    distance = frechet_distance(zero, ones, zero, 4 * ones)
    assert distance == pytest.approx((np.sqrt(8) - np.sqrt(2)) ** 2, rel=1e-6)
    assert frechet_distance(zero, ones, zero, ones) == pytest.approx(0, abs=1e-6)


def test_encoder_sees_no_step_beyond_a_tap():
    """Dilations of the window's length and more act as plain layers: the ends stay apart."""
    network = WindowEncoder(1, generator=generator())
    windows = torch.rand(2, 5, 1, generator=generator(1))
    with torch.no_grad():
        inside = network(windows)
        encoded = network.blocks[-1].first(torch.ones(1, 5, 64))
    assert inside.shape == (2, 5, 320)
    torch.testing.assert_close(encoded, encoded[:, :1].expand_as(encoded))


def test_encoder_convolves_like_torch():
    network = WindowEncoder(1, generator=generator())
    layer = network.blocks[1].first
    x = torch.rand(3, 9, 64, generator=generator(1))
    kernel = layer.weight.unflatten(0, (3, 64)).permute(2, 1, 0)
    expected = torch.nn.functional.conv1d(
        x.transpose(1, 2), kernel, layer.bias, padding=2, dilation=2
    ).transpose(1, 2)
    torch.testing.assert_close(layer(x), expected)


def test_contrast_prefers_what_agrees():
    first, other = torch.randn(2, 4, 8, 16, generator=generator())
    assert hierarchical_loss(first, first) < hierarchical_loss(first, other)


def test_loss_of_one_step_contrasts_series_alone():
    """Two orthogonal series of one step: each anchor sees its partner and two zeros."""
    side = 3.0 * torch.eye(2)[:, None]
    expected = -torch.log(torch.exp(torch.tensor(9.0)) / (torch.exp(torch.tensor(9.0)) + 2))
    torch.testing.assert_close(hierarchical_loss(side, side), expected / 2)


def test_encodings_do_not_depend_on_the_batch():
    network = WindowEncoder(2, generator=generator())
    windows = torch.rand(7, 6, 2, generator=generator(1))
    whole, parts = encode(network, windows), encode(network, windows, batch_size=2)
    torch.testing.assert_close(whole, parts)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Train encoders for a quarter of their iterations."""
    monkeypatch.setattr(module, "N_ITERATIONS", 150)


@pytest.fixture(scope="module")
def distance():
    """Distance to the session's real windows; its encoder is trained once."""
    return lambda real, synthetic: context_fid(real, synthetic, random_state=0)


def test_real_windows_are_near_and_corruptions_far(distance, real, fresh, shuffled):
    floor = distance(real, fresh)
    assert distance(real, real) == pytest.approx(0, abs=1e-6)
    assert distance(real, shuffled) > 3 * floor
    assert distance(real, fresh[:1].repeat(400, 0)) > 10 * floor
    assert distance(real, 0.3 * fresh) > 3 * floor


def test_distance_grows_with_the_noise(distance, real, fresh):
    noise = np.random.default_rng(3).standard_normal(fresh.shape)
    values = [distance(real, fresh + level * noise) for level in (0, 1, 2, 4)]
    assert values == sorted(values)


def test_kept_encoder_gives_the_same_value(distance, real, fresh):
    kept = distance(real, fresh)
    assert any(key.endswith("-0-0") for key in module._CACHE)
    module._CACHE.clear()
    assert distance(real, fresh) == kept


def test_a_kept_encoder_is_not_used_for_other_data(distance, real, fresh):
    distance(real, fresh)
    changed = real.copy()
    changed[0, 0, 0] += 1e-9
    assert module._content(changed) != module._content(real)


class Watched(OrderedDict):
    """Kept encoders that are looked at and changed by the thread alone that holds the lock."""

    def __contains__(self, key):
        assert module._CACHE_LOCK.locked()
        return super().__contains__(key)

    def __setitem__(self, key, value):
        assert module._CACHE_LOCK.locked()
        super().__setitem__(key, value)

    def move_to_end(self, key):
        assert module._CACHE_LOCK.locked()
        super().move_to_end(key)


def test_kept_encoders_are_touched_by_one_thread_at_a_time(monkeypatch, real, fresh):
    """Another thread may drop what this one has just found."""
    monkeypatch.setattr(module, "_CACHE", Watched())
    monkeypatch.setattr(module, "N_ITERATIONS", 3)
    first, again = (context_fid(real[:20], fresh[:20], random_state=0) for _ in range(2))
    assert first == again
    for seed in range(1, module._CACHE_SIZE + 2):
        context_fid(real[:20], fresh[:20], random_state=seed)
    assert len(module._CACHE) == module._CACHE_SIZE


def test_one_window_has_no_covariance(real):
    with pytest.raises(ValueError, match="400 real and 1 generated windows"):
        context_fid(real, real[:1])


def test_no_repeats_are_refused(real):
    with pytest.raises(ValueError, match="n_repeats=0; give at least 1"):
        context_fid(real, real, n_repeats=0)
