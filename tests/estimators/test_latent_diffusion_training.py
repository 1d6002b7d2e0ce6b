"""How the members of the latent diffusion family are fitted again, and read from old files."""

import pytest
import torch

from sktsgen import LatentDiffusionForecaster, LatentDiffusionGenerator, LatentDiffusionImputer
from sktsgen.datasets import make_ar1
from tests.estimators.diffusion_models import ar1, small

FAMILY = [LatentDiffusionForecaster, LatentDiffusionGenerator, LatentDiffusionImputer]


def weights(model):
    """Give everything that a model was trained for, in one vector."""
    return torch.nn.utils.parameters_to_vector(model.network_.parameters())


@pytest.mark.parametrize("cls", FAMILY)
@pytest.mark.parametrize("latent", ["identity", "vae"])
def test_warm_start_goes_on_from_the_weights_of_the_fit_before(cls, latent):
    model = small(cls, latent=latent, warm_start=True).fit(ar1(4))
    first = weights(model)
    model.set_params(learning_rate=1e-12, random_state=1).fit(ar1(4, seed=1))
    torch.testing.assert_close(weights(model), first)
    model.set_params(warm_start=False).fit(ar1(4, seed=1))
    assert not torch.allclose(weights(model), first, atol=0.1)


@pytest.mark.parametrize("cls", FAMILY)
def test_warm_start_takes_more_rows_with_a_part_held_out(cls):
    """How far draws are apart is brought to the held-out part after training."""
    X = make_ar1(1, 640, random_state=0)
    model = small(cls, warm_start=True, early_stopping=True).fit(X[:, :600])
    first = weights(model)
    model.set_params(learning_rate=1e-12).fit(X)
    torch.testing.assert_close(weights(model), first)


def test_warm_start_of_other_sizes_is_refused_and_the_model_kept():
    model = small(LatentDiffusionImputer, warm_start=True).fit(ar1(4))
    network = model.network_
    with pytest.raises(ValueError, match=r"warm_start=True goes on .*: d_model was 8 and is 16"):
        model.set_params(d_model=16).fit(ar1(4))
    assert model.network_ is network


@pytest.mark.parametrize("cls", FAMILY)
def test_a_state_of_an_earlier_version_gets_the_parameters_that_are_new(cls):
    model = small(cls).fit(ar1(4))
    state = model.__getstate__()
    del state["warm_start"]
    later = cls.__new__(cls)
    later.__setstate__(state)
    assert later.warm_start is False
    assert later.get_params().keys() == model.get_params().keys()
