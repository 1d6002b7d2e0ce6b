"""Write the golden files of this release: ``python -m tests.golden``.

They are written once, when a version is released, and read by the tests of all later ones.
"""

import warnings
from pathlib import Path

import numpy as np
import torch

import sktsgen
from sktsgen.testing import test_instances
from tests.citizen.tables import calendar_panel

FOLDER = Path(__file__).parent


def main():
    """Fit a small model of every generator and keep what it draws beside its file."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for estimator in test_instances():
        if not hasattr(estimator, "sample"):
            continue
        name = f"{type(estimator).__name__}-{sktsgen.__version__}"
        fitted = estimator.fit(calendar_panel())
        fitted.save(FOLDER / f"{name}.sktsgen")
        drawn = fitted.sample(2, length=6, random_state=1)
        np.savetxt(FOLDER / f"{name}.csv", drawn.to_numpy(), delimiter=",")


if __name__ == "__main__":
    main()
