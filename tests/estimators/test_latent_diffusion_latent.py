"""Latents of an autoencoder in place of cells."""

import numpy as np
import pytest
import torch

from sktsgen import LatentDiffusionForecaster, LatentDiffusionGenerator, LatentDiffusionImputer
from sktsgen.diffusion import SAMPLERS, LatentFlow
from sktsgen.estimators import _latent_diffusion_base as base
from sktsgen.persistence import load
from tests.estimators.diffusion_models import honest, mixed_frame, small


def driven(n_series=120, n_channels=4, *, seed=0):
    """Channels that are all one slow series, and a little noise of their own."""
    rng = np.random.default_rng(seed)
    walk = rng.standard_normal((n_series, 24, 1)).cumsum(axis=1)
    walk = (walk - walk.mean(axis=1, keepdims=True)) / 3.0
    own = 0.05 * rng.standard_normal((n_series, 24, n_channels))
    return walk * np.linspace(0.5, 1.5, n_channels) + own


@pytest.fixture(scope="module")
def imputer():
    model = honest(LatentDiffusionImputer, latent="vae", latent_dim=1, max_epochs=3)
    return model.set_params(learning_rate=6e-3).fit(driven())


def test_one_latent_is_enough_for_one_driver(imputer):
    assert isinstance(imputer.network_, LatentFlow)
    assert 0 < imputer.reconstruction_error_ < 0.5


def test_draws_from_latents_cover_what_they_should_and_follow_the_other_channels(imputer):
    X = driven(40, seed=1)
    holed = X.copy()
    holed[:, 6:18, 2:] = np.nan
    draws = np.array(imputer.sample_imputations(holed, 39))
    hidden = np.isnan(holed)
    truth, found = X[hidden], draws[:, hidden]
    assert np.abs(np.median(found, axis=0) - truth).mean() < 0.3 * np.abs(truth).mean()
    inside = np.abs((found < truth).mean(axis=0) - 0.5) <= 0.45
    assert 0.8 < inside.mean() < 0.99
    assert (draws[:, ~hidden] == X[~hidden]).all()


def test_latents_are_saved_with_the_rest(imputer, tmp_path):
    holed = driven(3, seed=2)
    holed[:, 4:9] = np.nan
    imputer.save(tmp_path / "imputer")
    again = load(tmp_path / "imputer")
    np.testing.assert_array_equal(again.transform(holed), imputer.transform(holed))


@pytest.mark.parametrize(
    "cls", [LatentDiffusionImputer, LatentDiffusionGenerator, LatentDiffusionForecaster]
)
def test_tables_of_every_kind_of_column_go_through_latents(cls):
    frame = mixed_frame()
    model = small(cls, latent="vae").fit(frame)
    if cls is LatentDiffusionImputer:
        found = model.transform(frame)
        assert not found.isna().any(axis=None)
        whole = ~frame.isna()
        assert found.where(whole).equals(frame.where(whole))
    elif cls is LatentDiffusionGenerator:
        found = model.sample(2, length=20)
        assert len(found) == 40
    else:
        found = model.forecast(frame, 5, n_samples=3)
        assert len(found) == 15
    assert found.dtypes.equals(frame.dtypes)


def test_auto_lets_the_cells_of_narrow_tables_flow():
    model = small(LatentDiffusionImputer).fit(driven(20))
    assert not isinstance(model.network_, LatentFlow)
    assert model.reconstruction_error_ == 0.0


@pytest.mark.parametrize(("limit", "takes_latents"), [(10.0, True), (1e-6, False)])
def test_auto_takes_latents_of_wide_tables_if_they_are_good_enough(
    monkeypatch, limit, takes_latents
):
    monkeypatch.setattr(base, "WIDE", 3)
    monkeypatch.setattr(base, "GOOD_ENOUGH", limit)
    model = small(LatentDiffusionImputer).fit(driven(20))
    assert isinstance(model.network_, LatentFlow) == takes_latents
    assert (model.reconstruction_error_ > 0) == takes_latents


def test_half_of_the_cells_is_the_width_of_latents_without_another():
    model = small(LatentDiffusionImputer, latent="vae").fit(driven(20, n_channels=5))
    assert model.network_.autoencoder.latent_dim == 3


def test_levels_are_drawn_before_the_latents_and_stay(monkeypatch):
    frame = mixed_frame()
    model = small(LatentDiffusionGenerator, latent="vae", latent_dim=3).fit(frame)
    drawn = []
    original = LatentFlow._with_levels

    def spied(flow, features, visible, noise):
        found = original(flow, features, visible, noise)
        drawn.append(found[0][..., flow.codes.is_level].clone())
        return found

    flow = model.network_
    assert isinstance(flow, LatentFlow)
    assert flow.hiding.rounds is not None
    monkeypatch.setattr(LatentFlow, "_with_levels", spied)
    visible = torch.zeros(1, 8, flow.n_columns, dtype=torch.bool)
    features = torch.zeros(1, 4, 8, len(flow.codes.matrix))
    noise = torch.randn(1, 4, flow.n_noise, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = flow.draw(features, visible, noise, sampler=SAMPLERS["euler"], n_steps=2)
    assert torch.equal(found[..., flow.codes.is_level], drawn[0])
    assert (drawn[0].sum(-1) == len(flow.codes.level_widths)).all()
