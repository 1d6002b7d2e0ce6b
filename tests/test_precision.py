"""Training in bfloat16 comes close to training in float32, with every engine."""

import numpy as np
import pytest
from sklearn.base import clone

from sktsgen.training import Trainer
from tests.citizen.asking import ESTIMATORS, NETWORKS, answer
from tests.citizen.tables import calendar_panel

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_loses_little(name, device):
    whole, half = (
        clone(ESTIMATORS[name])
        .set_params(device=device, max_epochs=2, trainer=Trainer(steps_per_epoch=20, precision=p))
        .fit(calendar_panel())
        for p in ("fp32", "bf16")
    )
    np.testing.assert_allclose(half.loss_curve_, whole.loss_curve_, rtol=0.05, atol=0.05)
    assert answer(half).notna().all(axis=None)
