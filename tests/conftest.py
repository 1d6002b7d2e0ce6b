"""What every test run has in common."""

import os

# scikit-learn skips its array API check unless this is set before SciPy is imported.
os.environ["SCIPY_ARRAY_API"] = "1"
os.environ["MPLBACKEND"] = "Agg"

from pathlib import Path

import hypothesis
import jaxtyping
import pytest
import torch

# The sizes here are too small to share out, and two test processes would fight over the cores.
torch.set_num_threads(1)

hypothesis.settings.register_profile("local", deadline=None, max_examples=50)
hypothesis.settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, print_blob=True
)
hypothesis.settings.load_profile("ci" if "CI" in os.environ else "local")


# Where the shapes of every call are checked. Tests of other rooms, doctests and trainings that
# learn a known truth make the same calls by the thousand and would take twice as long.
CHECKED = {"nn", "ops", "decoding", "diffusion", "training", "estimators"}
TRAINING = ("truth", "season", "labels", "coding", "multiscale_draws", "selection", "tables")
IS_SWITCHED_OFF = jaxtyping.config.jaxtyping_disable
jaxtyping.config.update("jaxtyping_disable", True)


@pytest.fixture(autouse=True, scope="module")
def _shapes_are_checked_where_they_are_made(request):
    is_checked = request.path.parent.name in CHECKED and not request.path.stem.endswith(TRAINING)
    jaxtyping.config.update("jaxtyping_disable", IS_SWITCHED_OFF or not is_checked)
    yield
    jaxtyping.config.update("jaxtyping_disable", True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data beside the checkout; a test that needs it is skipped without it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder
