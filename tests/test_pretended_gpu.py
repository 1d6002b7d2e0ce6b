"""On a pretended GPU every engine does what it does on the processor, with no stray tensor."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from tests.citizen.asking import ESTIMATORS, NETWORKS
from tests.citizen.pretended import pretended_gpu
from tests.citizen.tables import gappy_panel

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")


@pytest.fixture
def gpu(monkeypatch):
    with pretended_gpu(monkeypatch) as gpu:
        yield gpu


def test_what_would_fail_on_a_gpu_fails_here(gpu):
    there, here = torch.ones(3, device="cuda"), torch.arange(3)
    assert there.device == torch.device("cuda:0")
    assert (2.0 * there[here]).cpu().tolist() == [2.0] * 3
    with pytest.raises(RuntimeError, match="same device"):
        there + here
    with pytest.raises(RuntimeError, match="same device"):
        here[there.long()]
    with pytest.raises(TypeError, match="can't convert cuda"):
        there.numpy()
    with pytest.raises(RuntimeError, match="generator of the device"):
        torch.rand(3, generator=torch.Generator(), device="cuda")


def test_what_is_learnt_there_lies_there(gpu):
    layer = torch.nn.Linear(2, 1).to("cuda")
    layer(torch.ones(1, 2, device="cuda")).sum().backward()
    torch.optim.AdamW(layer.parameters(), fused=True).step()
    tensors = [layer.weight, layer.weight.grad, *layer.state_dict().values()]
    assert all(gpu.lies_there(tensor) for tensor in tensors)


def answers(model, X):
    """Ask a model for all that it can do."""
    found = [model.score(X)]
    if hasattr(model, "sample"):
        found.append(model.sample(3, length=20, random_state=0))
    if hasattr(model, "sample_imputations"):
        found += [model.transform(X), *model.sample_imputations(X, 2, random_state=0)]
    if hasattr(model, "forecast"):
        found.append(model.forecast(X, 5, n_samples=2, random_state=0))
    return found


def same(found, expected):
    # A GPU has other products for the same sums.
    for one, other in zip(found, expected, strict=True):
        if isinstance(other, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other, rtol=1e-4, atol=1e-4)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-4)


WAYS = [
    *((name, {}) for name in NETWORKS),
    ("FactorizedARGenerator", {"corruption": 0.3}),
    ("LatentDiffusionImputer", {"latent": "vae"}),
    ("LatentDiffusionGenerator", {"metadata_columns": ["state"], "condition_noise": 1.0}),
    ("LatentDiffusionForecaster", {"column_attention": True}),
]


@pytest.mark.parametrize(("name", "params"), WAYS)
def test_a_model_trained_there_is_the_one_trained_here(name, params, monkeypatch):
    X, model = gappy_panel(), clone(ESTIMATORS[name]).set_params(window_length=8, **params)
    expected = answers(clone(model).fit(X), X)
    with pretended_gpu(monkeypatch):
        there = clone(model).set_params(device="cuda").fit(X)
        assert there.device_ == "cuda"
        same(answers(there, X), expected)
        same(answers(there.to_device("cpu"), X), expected)
