"""What `fit` of MultiScaleARGenerator learns and says, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
import torch

from sktsgen.estimators._multiscale_stages import automatic_scales
from sktsgen.exceptions import CodebookUsageWarning
from sktsgen.training import Trainer
from tests.estimators.models import fitted, panel
from tests.estimators.multiscale_models import small


@pytest.mark.parametrize(
    ("n_timesteps", "expected"),
    [(1, (1,)), (8, (1,)), (9, (1, 2)), (16, (1, 2)), (24, (1, 2, 3)), (96, (1, 2, 3))],
)
def test_automatic_scales_leave_eight_steps_to_a_token(n_timesteps, expected):
    assert automatic_scales(n_timesteps) == expected


def test_window_of_the_data_decides_the_automatic_scales():
    assert fitted(small(window_length=None, scales="auto"), panel(2, 24)).scales_ == (1, 2, 3)


def test_fitted_attributes_describe_the_model(scale_model):
    assert scale_model.scales_ == (1, 2, 4)
    assert scale_model.codebook_usage_.shape == (3,)
    assert (scale_model.codebook_usage_ <= 1.0).all()
    assert (scale_model.codebook_perplexity_ >= 1.0).all()
    used = scale_model.codebook_usage_ * scale_model.codebook_size_
    assert (scale_model.codebook_perplexity_ <= used + 1e-9).all()
    assert len(scale_model.loss_curve_) == scale_model.n_iter_ == 1
    weights = sum(
        p.numel()
        for network in (scale_model.tokenizer_, scale_model.prior_)
        for p in network.parameters()
    )
    assert scale_model.n_parameters_ == weights + 4 * scale_model.codebook_size_


def test_codes_that_no_window_uses_are_dropped(scale_model):
    assert scale_model.codebook_size_ <= 8
    assert scale_model.prior_.config["codebook_size"] == scale_model.codebook_size_
    codebook = scale_model.tokenizer_.quantizer.codebook.codebook
    assert codebook.shape == (scale_model.codebook_size_, 4)


def test_a_codebook_in_use_in_part_warns():
    X = np.tile([0.0, 1.0], 40)[:, None]
    with pytest.warns(CodebookUsageWarning, match="of codebook_size=16 codes are in use"):
        small(codebook_size=16).fit(X)


def test_plans_that_are_too_many_to_keep_are_decoded_as_they_are_asked_for(monkeypatch):
    X, y = panel(4, 40), np.array([0, 1, 1, 0])
    kept = small().fit(X, y)
    monkeypatch.setattr("sktsgen.estimators._multiscale_data._DECODED_ONCE", 0)
    asked_for = small().fit(X, y)
    np.testing.assert_allclose(asked_for.loss_curve_, kept.loss_curve_, rtol=1e-4)


def test_small_is_below_six_million_parameters_and_widths_can_be_given():
    """The sizes of ETTh1 at 24."""
    X = np.random.default_rng(0).standard_normal((3, 40, 7)).cumsum(1)
    widths = {"d_hidden": None, "code_dim": None, "d_model": None, "n_layers": None}
    chosen = {"window_length": 24, "scales": "auto", "codebook_size": 128, "n_heads": 4}
    # One step of training: the size is all that is asked for.
    chosen |= {"max_epochs": 1, "trainer": Trainer(steps_per_epoch=1)}
    generator = fitted(small(**widths, **chosen), X)
    assert generator.n_parameters_ < 6e6
    assert generator.prior_.trunk.d_model == 64
    wider = fitted(small(**widths | {"d_model": 32}, **chosen), X)
    assert wider.prior_.trunk.d_model == 32
    assert wider.tokenizer_.config == generator.tokenizer_.config | {
        "codebook_size": wider.codebook_size_
    }


@pytest.mark.parametrize(
    "switch", [{"has_decomposition": False}, {"has_guidance": False}, {"scales": (4,)}]
)
def test_each_part_of_the_paper_can_be_left_out(switch):
    generator = fitted(small(**switch), panel())
    assert generator.sample(2, length=11).shape == (2, 11, 2)
    parts = generator.decompose(panel())
    assert (np.abs(parts.trend - panel().mean((0, 1))).max() < 1e-5) == (
        "has_decomposition" in switch
    )


def test_early_stopping_watches_held_out_windows():
    X = panel(6, 40)
    generator = fitted(small(early_stopping=True, validation_fraction=0.2, max_epochs=4), X)
    assert len(generator.validation_loss_curve_) == generator.n_iter_
    best = int(np.argmin(generator.validation_loss_curve_)) + 1
    assert generator.best_epoch_ == best
    assert fitted(small(), X).validation_loss_curve_ == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"d_hidden": 12}, "d_hidden=12 must be a multiple of 8"),
        ({"n_heads": 3}, "n_heads=3 does not divide d_model=8 into heads of an even width"),
        ({"kernels": ()}, r"kernels=\(\) must be a list of whole numbers of at least 1"),
        ({"kernels": (3, 0)}, r"kernels=\(3, 0\) must be a list of whole numbers"),
        ({"scales": (2, 1.5)}, r"scales=\(2, 1.5\) must be a list of whole numbers"),
        ({"scales": [True, 2]}, r"scales=\[True, 2\] must be a list of whole numbers"),
        ({"scales": {1, 2}}, r"scales=\{1, 2\} must be a list of whole numbers"),
        ({"scales": (1, 4, 4)}, r"scales=\(1, 4, 4\) must grow from one to the next"),
        (
            {"scales": (1, 9)},
            r"scales=\(1, 9\) has a scale of more tokens than the window has steps, 8",
        ),
        ({"decoding": "all"}, "The 'decoding' parameter .* Got 'all' instead"),
        ({"size": "huge"}, "The 'size' parameter .* Got 'huge' instead"),
    ],
)
def test_bad_parameters_are_refused_by_value(params, message):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(panel())


def test_a_failed_fit_leaves_the_former_model():
    generator = fitted(small(), panel())
    before = generator.sample(2, random_state=0)
    with pytest.raises(ValueError, match="d_hidden=9"):
        generator.set_params(d_hidden=9).fit(panel())
    generator.set_params(d_hidden=8)
    np.testing.assert_array_equal(generator.sample(2, random_state=0), before)


def test_warm_start_goes_on_with_the_codes_and_the_weights_of_the_fit_before():
    generator = fitted(small(warm_start=True), panel())
    codebook = generator.tokenizer_.quantizer.codebook.codebook.clone()
    fresh = fitted(small(), panel())
    fitted(generator.set_params(learning_rate=1e-9), panel())
    assert generator.codebook_size_ == fresh.codebook_size_
    # Averages of codes move on, but slowly; a fresh fit places its codes anew.
    moved = (generator.tokenizer_.quantizer.codebook.codebook - codebook).abs().max()
    assert moved < 0.2
    for name in ("token_place", "patch_place"):
        weights = (getattr(model.prior_, name) for model in (generator, fresh))
        torch.testing.assert_close(*weights, atol=1e-4, rtol=0)


def test_warm_start_of_another_size_is_refused_and_the_model_kept():
    generator = fitted(small(warm_start=True), panel())
    before = generator.sample(2, random_state=0)
    with pytest.raises(ValueError, match=r"warm_start=True goes on .* d_hidden was 8 and is 16"):
        generator.set_params(d_hidden=16).fit(panel())
    generator.set_params(d_hidden=8)
    np.testing.assert_array_equal(generator.sample(2, random_state=0), before)


def test_point_emission_refuses_levels_by_name():
    X = pd.DataFrame({"load": panel()[0][:, 0], "state": ["on", "off"] * 10})
    with pytest.raises(ValueError, match=r"emission='point' draws no levels .* 'state' has them"):
        small(emission="point").fit(X)
