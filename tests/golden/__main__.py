"""Write the golden files of this release: ``python -m tests.golden``.

They are written once, when a version is released, and read by the tests of all later ones.
"""

import warnings
from pathlib import Path

import numpy as np
import torch

import sktsgen
from tests.citizen.asking import answer, every_estimator
from tests.citizen.tables import calendar_panel

FOLDER = Path(__file__).parent


def main():
    """Fit a small model of every estimator and keep what it answers beside its file.

    Files of this version that are there already stay as they are.
    """
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for estimator in every_estimator():
        path = FOLDER / f"{type(estimator).__name__}-{sktsgen.__version__}.sktsgen"
        if path.exists():
            continue
        fitted = estimator.fit(calendar_panel())
        fitted.save(path)
        np.savetxt(path.with_suffix(".csv"), answer(fitted).to_numpy(), delimiter=",")


if __name__ == "__main__":
    main()
