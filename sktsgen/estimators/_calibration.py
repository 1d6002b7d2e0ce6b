"""How far series move, and round which level, brought to what the data do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sktsgen.data import Windows, spread_over
from sktsgen.nn import MixtureEmission

Moments = NDArray[np.float64]

# Time steps that a variance is taken from, drawn or real.
_STEPS = 48_000
# Those that a level is taken from: a mean of what lasts long is known less well.
_LEVEL_STEPS = 192_000
# Series that either is taken from at least; of fewer windows a level is hardly known.
FEWEST = 200
_LARGEST = 1.5
# Where the variance of the draws is looked at a second time.
_PROBE = 1.2
# Corrections of the level, and how far points are shifted at most.
_CORRECTIONS, _FARTHEST = 6, 0.1
# Draws that the two calibrations take, the second at most.
INNOVATION_DRAWS, LEVEL_DRAWS = 3, 1 + _CORRECTIONS
# Steps of a window below which draws are the worse for a level that is corrected over several.
_LONG = 48
# Memory of a number from step to step beyond which its gain is not told from that of a walk.
_LONGEST_MEMORY = 0.999


class Level(NamedTuple):
    """Mean of all steps of series, and its standard error."""

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


class _Trial(NamedTuple):
    """A shift of the numbers, and how far draws with it fall short of the level of the data."""

    shift: Moments
    short: Moments


@torch.no_grad()
def calibrate_level(
    emission: MixtureEmission, draw: Callable[[], np.ndarray], level: Level, gain: Moments
) -> None:
    """Shift the emission until free draws stay where the data stay.

    What a network gets wrong of the mean of a step is small, and adds up where draws follow draws:
    on ETTh1 the mean of a day moved by a twentieth of a standard deviation. A few corrections
    follow each other, each the smaller the less what is left can be told from chance, until
    nothing is above its standard error: what chance did to one draw is not to be made up for in
    others. The one that leaves least is kept, or none. Numbers with gaps are left as they are.

    Parameters
    ----------
    emission : MixtureEmission
        The means of its normals are moved.
    draw : callable
        Features of series drawn with the emission as it is, always with the same noise, of shape
        (n_series, n_timesteps, n_features).
    level : Level
        Of the data, in features.
    gain : ndarray of shape (n_features,)
        How far a level follows a shift of 1 at most, as `gain_of_shifts` gives it.
    """
    numbers = emission.places_of_numbers.cpu().numpy()
    is_free = np.ones(len(numbers))
    is_free[emission.gapped] = 0.0
    start, gain = emission.means.clone(), gain[numbers]
    trials: list[_Trial] = []
    shift = np.zeros(len(numbers))
    for _ in range(LEVEL_DRAWS):
        moved = torch.from_numpy(shift).to(start) / emission.inflation
        emission.means.copy_(start + moved[:, None])
        found = mean_level(draw())
        short = (level.mean - found.mean)[numbers] * is_free
        trials.append(_Trial(shift, short))
        error = np.hypot(found.error, level.error)[numbers]
        if np.all(np.abs(short) <= error):
            break
        shift = shift + _told_from_chance(short, error) / _seen_gain(trials, gain)
        shift = np.clip(shift, -_FARTHEST, _FARTHEST)
    best = min(trials, key=lambda trial: float((trial.short**2).sum()))
    moved = torch.from_numpy(best.shift).to(start) / emission.inflation
    emission.means.copy_(start + moved[:, None])


def _seen_gain(trials: list[_Trial], most: Moments) -> Moments:
    """Gain by the last two trials: what reverts to its mean follows less than a walk does.

    Numbers also follow each other, so that alone it says little: it is kept within a quarter of
    `most` and all of it.
    """
    if len(trials) < 2:
        return most
    before, now = trials[-2:]
    moved = now.shift - before.shift
    seen = (before.short - now.short) / np.where(moved == 0.0, np.inf, moved)
    return np.clip(seen, 0.25 * most, most)


def _told_from_chance(short: Moments, error: Moments) -> Moments:
    """Make what is to be made up for smaller, the nearer it is to its standard error."""
    return short * short**2 / (short**2 + error**2 + 1e-12)


def difference_variance(series: np.ndarray) -> Moments:
    """Variance of the first differences of series of shape (n_series, n_timesteps, n_features)."""
    differences = np.diff(series.astype(np.float64), axis=1)
    return np.asarray(differences.var(axis=(0, 1)))


def mean_level(series: np.ndarray, observed: np.ndarray | None = None) -> Level:
    """Level of series of shape (n_series, n_timesteps, n_features), where they are observed."""
    if observed is None:
        observed = np.ones(series.shape[:2])
    total = (series.astype(np.float64) * observed[..., None]).sum(1)
    means = total / observed.sum(1)[:, None]
    return Level(means.mean(0), means.std(0) / np.sqrt(len(means)))


def data_level(windows: Windows, n_steps: int) -> Level:
    """Level of series of `n_steps` that begin as `windows` do, spread over all of them.

    Where the data drift, longer series lie further on: by what a window rises from its first step
    to its last, as far as that can be told from chance.
    """
    length = windows.window_length
    n_windows = min(len(windows), n_levelling(windows, length))
    chosen = spread_over(len(windows), n_windows)
    (features,), observed = windows.gather(chosen)
    level = mean_level(features.numpy(force=True), observed.numpy(force=True))
    if n_steps <= length or length < 2:
        return level
    rise = (features[:, -1] - features[:, 0])[observed[:, -1]].double().numpy(force=True)
    error = rise.std(0) / np.sqrt(max(1.0, len(windows) / length))
    told = _told_from_chance(rise.mean(0), error) / (length - 1)
    return Level(level.mean + told * (n_steps - length) / 2.0, level.error)


def gain_of_shifts(windows: Windows, n_steps: int) -> Moments:
    """Mean rise of the level over `n_steps` if each is shifted by 1, by the memory of each number.

    As of an autoregression of the first order with the same correlation of steps next to each
    other: what reverts to its mean in other ways as well rises less.
    """
    # Features have variance 1.
    memory = np.clip(1.0 - 0.5 * data_variance(windows), 0.0, _LONGEST_MEMORY)
    return np.asarray([np.mean((1.0 - m ** np.arange(1, n_steps + 1)) / (1.0 - m)) for m in memory])


def data_variance(windows: Windows) -> Moments:
    """Variance of the first differences of the features of `windows`, spread over all of them."""
    n_windows = min(len(windows), n_calibrating(windows))
    chosen = spread_over(len(windows), n_windows)
    (features,), observed = windows.gather(chosen)
    differences = features.diff(dim=1)[observed[:, 1:]]
    return np.asarray(differences.double().var(0, correction=0).numpy(force=True))


def n_calibrating(windows: Windows) -> int:
    """Return the number of series that a variance is taken from: no more than there are data."""
    enough = max(FEWEST, _STEPS // windows.window_length)
    return min(enough, max(FEWEST, len(windows)))


def n_levelling(windows: Windows, n_steps: int) -> int:
    """Return the number of series that a level is taken from, four times the data at most."""
    return min(max(FEWEST, _LEVEL_STEPS // n_steps), max(FEWEST, 4 * len(windows)))


def levelling_length(window_length: int, lengths: NDArray[np.int64], n_windows: int) -> int:
    """Return how long drawn series are whose level is taken: `n_windows`, if the data last as long.

    What is wrong of a level may grow for longer than a window; `lengths` are those of the data.
    """
    if window_length < _LONG:
        return window_length
    return max(window_length, min(int(np.median(lengths)), n_windows * window_length))
