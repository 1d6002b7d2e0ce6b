"""What a `Trainer` is told about the machine changes how fast engines learn, not what."""

import numpy as np
import pytest
from sklearn.base import clone

from sktsgen.training import Trainer
from tests.citizen.asking import ESTIMATORS, NETWORKS, answer
from tests.citizen.tables import calendar_panel

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def fit(name, device, n_steps, **options):
    trainer = Trainer(steps_per_epoch=n_steps, **options)
    model = clone(ESTIMATORS[name]).set_params(device=device, max_epochs=2, trainer=trainer)
    return model.fit(calendar_panel())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_loses_little(name, device):
    whole, half = (fit(name, device, 20, precision=precision) for precision in ("fp32", "bf16"))
    np.testing.assert_allclose(half.loss_curve_, whole.loss_curve_, rtol=0.05, atol=0.05)
    assert answer(half).notna().all(axis=None)


@pytest.mark.compile
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while it compiles
@pytest.mark.filterwarnings("ignore:Torchinductor does not support code generation for complex")
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # where dynamo cuts graphs
@pytest.mark.parametrize("name", NETWORKS)
def test_compiled_training_equals_eager_training(name):
    eager, compiled = (fit(name, "cpu", 5, compile=is_compiled) for is_compiled in (False, True))
    np.testing.assert_allclose(compiled.loss_curve_, eager.loss_curve_, rtol=1e-3)
