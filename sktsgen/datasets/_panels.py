"""Panels of short series: sines, and classes that differ in their dynamics alone."""

import numpy as np
from numpy.typing import NDArray

from sktsgen.datasets._arguments import RandomState, check_count
from sktsgen.datasets._linear import make_ar1

_SLOW_PHI, _ALTERNATING_PHI = 0.9, -0.7
_PERIOD, _CYCLE_SHARE = 8, 0.9


def make_sines(
    n_series: int = 1000,
    n_timesteps: int = 24,
    n_channels: int = 5,
    *,
    random_state: RandomState = None,
) -> NDArray[np.float64]:
    r"""Draw the sines of the time-series generation literature, [1]_ Section 5.1.

    Series i, channel c is :math:`(\sin(f_{ic} j + p_{ic}) + 1) / 2` at step :math:`j = 0, 1, ...`
    with frequency and phase uniform on [0, 0.1].

    Parameters
    ----------
    n_series : int, default=1000
        Number of series, at least 1; the literature draws 10,000.
    n_timesteps : int, default=24
        Steps in each series, at least 1.
    n_channels : int, default=5
        Independent channels, at least 1.
    random_state : int, numpy Generator, RandomState or None, default=None
        Source of the draws; an int repeats them, None takes fresh entropy.

    Returns
    -------
    X : ndarray of shape (n_series, n_timesteps, n_channels)
        The series, float64 in [0, 1].

    Raises
    ------
    ValueError
        If a count is below 1.

    References
    ----------
    .. [1] Yoon, J., Jarrett, D., van der Schaar, M. (2019). Time-series Generative Adversarial
       Networks. NeurIPS 32.

    Examples
    --------
    >>> from sktsgen.datasets import make_sines
    >>> make_sines(2, random_state=0).shape
    (2, 24, 5)
    """
    steps = np.arange(check_count("n_timesteps", n_timesteps))
    shape = check_count("n_series", n_series), check_count("n_channels", n_channels), 2
    frequency, phase = np.moveaxis(np.random.default_rng(random_state).uniform(0, 0.1, shape), 2, 0)
    angle = steps[:, np.newaxis] * frequency[:, np.newaxis] + phase[:, np.newaxis]
    return (np.sin(angle) + 1.0) / 2.0


def make_class_panel(
    n_series: int = 60,
    n_timesteps: int = 48,
    n_channels: int = 2,
    *,
    n_classes: int = 3,
    random_state: RandomState = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    r"""Draw a labelled panel whose classes differ in their dynamics alone.

    Every cell of every class has mean 0 and variance 1, and channels are independent, so that
    only the order in time tells the classes apart. The autocorrelation at lag k is

    ===== ============ ===========================
    class dynamics     autocorrelation
    ===== ============ ===========================
    0     slow         :math:`0.9^k`
    1     alternating  :math:`(-0.7)^k`
    2     cyclic       :math:`0.9 \cos(2 \pi k/8)`
    ===== ============ ===========================

    Classes 0 and 1 are autoregressions; class 2 is a sine of period 8 with a uniform phase plus
    white noise of variance 0.1.

    Parameters
    ----------
    n_series : int, default=60
        Number of series, at least `n_classes`; classes are as equal in number as possible.
    n_timesteps : int, default=48
        Steps in each series, at least 1.
    n_channels : int, default=2
        Independent channels, at least 1.
    n_classes : {2, 3}, default=3
        Number of classes.
    random_state : int, numpy Generator, RandomState or None, default=None
        Source of the draws; an int repeats them, None takes fresh entropy.

    Returns
    -------
    X : ndarray of shape (n_series, n_timesteps, n_channels)
        The series, float64.
    y : ndarray of shape (n_series,)
        Class of each series, int64 from 0 to `n_classes` - 1, in random order.

    Raises
    ------
    ValueError
        If `n_classes` is neither 2 nor 3, or a count is too small.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsgen.datasets import make_class_panel
    >>> X, y = make_class_panel(9, 20, random_state=0)
    >>> X.shape, np.bincount(y).tolist()
    ((9, 20, 2), [3, 3, 3])
    """
    if n_classes not in (2, 3):
        raise ValueError(f"n_classes={n_classes!r} is not offered; choose 2 or 3.")
    n_series = check_count("n_series", n_series, minimum=n_classes)
    rng = np.random.default_rng(random_state)
    y = rng.permutation(np.arange(n_series, dtype=np.int64) % n_classes)
    n_channels = check_count("n_channels", n_channels)
    shape = n_series, check_count("n_timesteps", n_timesteps), n_channels
    draws = np.stack([_draw_class(label, shape, rng) for label in range(n_classes)])
    return draws[y, np.arange(n_series)], y


def _draw_class(
    label: int, shape: tuple[int, int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw series of one class, all of variance 1."""
    if label == 2:
        return _draw_cycles(shape, rng)
    n_series, n_timesteps, n_channels = shape
    phi = (_SLOW_PHI, _ALTERNATING_PHI)[label]
    sigma = np.sqrt(1.0 - phi**2)
    flat = make_ar1(n_series * n_channels, n_timesteps, phi=phi, sigma=sigma, random_state=rng)
    return flat.reshape(n_series, n_channels, n_timesteps).swapaxes(1, 2)


def _draw_cycles(shape: tuple[int, int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    phase = rng.uniform(0.0, 2.0 * np.pi, (shape[0], 1, shape[2]))
    angle = 2.0 * np.pi * np.arange(shape[1])[:, np.newaxis] / _PERIOD + phase
    noise = rng.standard_normal(shape)
    return np.sqrt(2.0 * _CYCLE_SHARE) * np.sin(angle) + np.sqrt(1.0 - _CYCLE_SHARE) * noise
