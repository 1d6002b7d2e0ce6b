"""Fitted generators that several files look at; nobody changes them."""

import pytest

from sktsgen.datasets import make_ar1, make_class_panel
from tests.estimators import multiscale_models as multiscale
from tests.estimators.models import EMISSIONS, PHI, fitted, honest, hourly_frame, panel, small


@pytest.fixture(scope="session", params=EMISSIONS)
def panel_model(request):
    """Fitted to `panel()`, once for each emission."""
    return fitted(small(emission=request.param), panel())


@pytest.fixture(scope="session", params=EMISSIONS)
def frame_model(request):
    """Fitted to `hourly_frame()`, once for each emission."""
    return fitted(small(emission=request.param), hourly_frame())


@pytest.fixture(scope="session")
def ar1_model():
    """Trained on 300 series of an AR(1)."""
    return fitted(honest(), make_ar1(300, 32, phi=PHI, random_state=0))


@pytest.fixture(scope="session")
def class_data():
    """Slow, alternating and cyclic series, as many of each."""
    return make_class_panel(120, 24, 1, random_state=0)


@pytest.fixture(scope="session")
def class_model(class_data):
    """Trained on `class_data` with its labels."""
    return fitted(honest(), *class_data)


@pytest.fixture(scope="session", params=multiscale.DECODINGS)
def scale_model(request):
    """Fitted to `panel()`, once for each decoding."""
    return fitted(multiscale.small(decoding=request.param), panel())


@pytest.fixture(scope="session")
def scale_ar1_model():
    """Trained on 300 series of an AR(1)."""
    return fitted(multiscale.honest(max_epochs=3), make_ar1(300, 32, phi=PHI, random_state=0))
