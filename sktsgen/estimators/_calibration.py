"""How far series move, and where to, brought to what the data do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sktsgen.data import Windows
from sktsgen.nn import MixtureEmission

Moments = NDArray[np.float64]

# Time steps that a variance is taken from, drawn or real.
_STEPS = 48_000
# Those that a drift is taken from: a mean of what lasts long is known less well.
_DRIFT_STEPS = 192_000
_FEWEST = 200
_LARGEST = 1.5
# Where the variance of the draws is looked at a second time.
_PROBE = 1.2
# By how much points are shifted to see what comes of it, and at most; by how much a drift grows
# with the shift, at least.
_NUDGE, _FARTHEST, _LEAST_GAIN = 0.01, 0.1, 0.5


class Drift(NamedTuple):
    """How far the steps of a series are from its first one: the mean, and its standard error."""

    mean: Moments
    error: Moments


def calibrate_innovations(
    emission: MixtureEmission, draw: Callable[[], np.ndarray], variance: Moments
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

    def found_with(factor: Moments) -> Moments:
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


@torch.no_grad()
def calibrate_drift(
    emission: MixtureEmission, draw: Callable[[], np.ndarray], drift: Drift
) -> None:
    """Shift the emission until free draws stay where the data stay.

    What a network gets wrong of the mean of a step is small, and adds up where draws follow draws:
    on ETTh1 the mean of a day moved by a twentieth of a standard deviation. How the drift answers
    to a shift is seen from one small shift of all numbers; two corrections follow, each as much
    smaller as the drift that is left is not told from chance. Numbers with gaps are left as they
    are.

    Parameters
    ----------
    emission : MixtureEmission
        The means of its normals are moved.
    draw : callable
        Features of series drawn with the emission as it is, always with the same noise, of shape
        (n_series, n_timesteps, n_features).
    drift : Drift
        Of the data, in features.
    """
    numbers = emission.places_of_numbers.cpu().numpy()
    is_free = np.ones(len(numbers))
    is_free[emission.gapped] = 0.0
    start = emission.means.clone()

    def short_with(shift: Moments) -> Drift:
        """How far draws with a shift fall short of the drift of the data, and its error."""
        moved = torch.from_numpy(shift).to(start) / emission.inflation
        emission.means.copy_(start + moved[:, None])
        found = mean_drift(draw())
        error = np.hypot(found.error, drift.error)
        return Drift((drift.mean - found.mean)[numbers], error[numbers])

    plain = short_with(0.0 * is_free)
    nudged = short_with(_NUDGE * is_free)
    gain = np.maximum((plain.mean - nudged.mean) / _NUDGE, _LEAST_GAIN)
    shift = _within(_told_from_chance(plain) / gain) * is_free
    left = short_with(shift)
    short_with(_within(shift + _told_from_chance(left) / gain) * is_free)


def _told_from_chance(short: Drift) -> Moments:
    """Mean, the smaller the nearer it is to its standard error."""
    square = short.mean**2
    return short.mean * square / (square + short.error**2 + 1e-12)


def _within(shift: Moments) -> Moments:
    return np.clip(shift, -_FARTHEST, _FARTHEST)


def difference_variance(series: np.ndarray) -> Moments:
    """Variance of the first differences of series of shape (n_series, n_timesteps, n_features)."""
    differences = np.diff(series.astype(np.float64), axis=1)
    return np.asarray(differences.var(axis=(0, 1)))


def mean_drift(series: np.ndarray, observed: np.ndarray | None = None) -> Drift:
    """Drift of series of shape (n_series, n_timesteps, n_features), where they are observed."""
    away = series.astype(np.float64) - series[:, :1]
    if observed is None:
        observed = np.ones(away.shape[:2])
    away = (away * observed[..., None]).sum(1) / observed.sum(1)[:, None]
    return Drift(away.mean(0), away.std(0) / np.sqrt(len(away)))


def data_drift(windows: Windows) -> Drift:
    """Drift of `windows`, spread over all of them."""
    n_windows = min(len(windows), n_drifting(windows))
    chosen = torch.linspace(0, len(windows) - 1, n_windows).long()
    (features,), observed = windows.gather(chosen)
    return mean_drift(features.numpy(force=True), observed.numpy(force=True))


def data_variance(windows: Windows) -> Moments:
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


def n_drifting(windows: Windows) -> int:
    """Return the number of series that a drift is taken from: half as many as there are data."""
    return min(max(_FEWEST, _DRIFT_STEPS // windows.window_length), max(_FEWEST, len(windows) // 2))
