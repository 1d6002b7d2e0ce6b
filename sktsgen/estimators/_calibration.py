"""How far series move from step to step, brought to what the data do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from sktsgen.data import Windows
from sktsgen.nn import MixtureEmission

Variances = NDArray[np.float64]

# Time steps that a variance is taken from, drawn or real.
_STEPS = 48_000
_FEWEST = 200
_LARGEST = 1.5
# Where the variance of the draws is looked at a second time.
_PROBE = 1.2


def calibrate_innovations(
    emission: MixtureEmission, draw: Callable[[], np.ndarray], variance: Variances
) -> None:
    """Widen the emission until free-running draws move as much from step to step as the data.

    A network that is sure of what follows in the windows it was trained on stays too sure where
    its own draws lead, which makes them too smooth. The variance of first differences is close to
    ``a + b c**2`` in the factor c by which what is drawn falls farther from its point; a and b
    come from two draws with the same noise, a third one corrects what is left. The emission is
    never made narrower, and at most half as wide again; numbers with gaps are left as they are.

    Parameters
    ----------
    emission : MixtureEmission
        Its buffer ``inflation`` is set, one factor for each number.
    draw : callable
        Features of series drawn with the emission as it is, always with the same noise, of shape
        (n_series, n_timesteps, n_features).
    variance : ndarray of shape (n_features,)
        Of the first differences of the data, in features.
    """
    numbers = emission.places_of_numbers.cpu().numpy()
    wanted, inflation = variance[numbers], emission.inflation

    def found_with(factor: Variances) -> Variances:
        inflation.copy_(torch.from_numpy(factor))
        return difference_variance(draw())[numbers]

    largest = np.full(len(numbers), _LARGEST**2)
    largest[emission.gapped] = 1.0  # what stands in a gap is no move of the data
    plain = found_with(np.ones(len(numbers)))
    slope = (found_with(np.full(len(numbers), _PROBE)) - plain) / (_PROBE**2 - 1.0)
    slope = np.maximum(slope, 0.1 * np.maximum(plain, 1e-12))
    factor = np.sqrt(np.clip(1.0 + (wanted - plain) / slope, 1.0, largest))
    left = wanted - found_with(factor)
    factor = np.sqrt(np.clip(factor**2 + left / slope, 1.0, largest))
    inflation.copy_(torch.from_numpy(factor))


def difference_variance(series: np.ndarray) -> Variances:
    """Variance of the first differences of series of shape (n_series, n_timesteps, n_features)."""
    differences = np.diff(series.astype(np.float64), axis=1)
    return np.asarray(differences.var(axis=(0, 1)))


def data_variance(windows: Windows) -> Variances:
    """Variance of the first differences of the features of `windows`, spread over all of them."""
    n_windows = min(len(windows), n_calibrating(windows))
    chosen = torch.linspace(0, len(windows) - 1, n_windows).long()
    (features,), observed = windows.gather(chosen)
    differences = features.diff(dim=1)[observed[:, 1:]]
    return np.asarray(differences.double().var(0, correction=0).numpy(force=True))


def n_calibrating(windows: Windows) -> int:
    """Return the number of series that a variance is taken from: no more than there are data."""
    enough = max(_FEWEST, _STEPS // windows.window_length)
    return min(enough, max(_FEWEST, len(windows)))
