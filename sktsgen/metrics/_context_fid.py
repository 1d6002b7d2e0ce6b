"""Distance between sets of windows in the space of an encoder trained on the real ones."""

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sktsgen.metrics._encoder import encode, train_encoder
from sktsgen.metrics._inputs import features, paired_windows, random_stream, torch_stream

Float64 = NDArray[np.float64]


class _Trained(NamedTuple):
    network: nn.Module
    encoded: Float64  # the real windows, (window, channel)


_CACHE: OrderedDict[str, _Trained] = OrderedDict()
_CACHE_LOCK = Lock()
_CACHE_SIZE = 4
N_ITERATIONS = 600
FEW_CELLS = 100_000  # with no more cells than these a third of the iterations is enough


def context_fid(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_repeats: int = 1,
    random_state: Any = None,
    return_std: bool = False,
) -> float | tuple[float, float]:
    """Measure the Frechet distance between encodings of real and generated windows.

    A convolutional encoder is trained on the real windows by contrast [1]_; each window becomes
    the maximum over time of its 320 channels, and each set a Gaussian. The scale is that of a
    random encoder: compare values of one `X_real`, one `random_state` and equal numbers of
    windows only, beside the distance of real windows to other real windows.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_series, n_timesteps, n_channels)
        Series in the units of the data, in any container, at least 2 windows a side, real series
        at least as long as the generated ones. Numbers are scaled by the range of `X_real`; a
        discrete column counts as one 0/1 column for each of its levels.
    n_repeats : int, default=1
        Encoders trained, at least 1.
    random_state : int, Generator or RandomState, default=None
        Draws weights, crops and batches. Encoders of an int are kept for the next call with the
        same `X_real`; None takes fresh entropy.
    return_std : bool, default=False
        Whether to return the standard deviation over the repeats too.

    Returns
    -------
    distance : float
        Mean over repeats, at least 0, lower is better.
    std : float
        Standard deviation over repeats; only where `return_std`.

    Raises
    ------
    ValueError
        If `n_repeats` is not allowed or a side has one window.

    References
    ----------
    .. [1] Yue et al., "TS2Vec: towards universal representation of time series", AAAI 2022.
    .. [2] Jeha et al., "PSA-GAN: progressive self attention GANs for synthetic time series",
       ICLR 2022.
    """
    if n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats}; give at least 1.")
    real, synthetic = features(*paired_windows(X_real, X_synthetic))
    if min(len(real), len(synthetic)) < 2:
        raise ValueError(
            f"{len(real)} real and {len(synthetic)} generated windows; give at least 2 a side."
        )
    sides = [torch.from_numpy(side.astype(np.float32)) for side in (real, synthetic)]
    is_repeatable = isinstance(random_state, int | np.integer)
    key = f"{_content(real)}-{random_state}" if is_repeatable else None
    distances = []
    for repeat, stream in enumerate(random_stream(random_state).spawn(n_repeats)):
        trained = _trained(sides[0], stream, None if key is None else f"{key}-{repeat}")
        encoded = encode(trained.network, sides[1]).double().numpy()
        distances.append(frechet_distance(*moments(trained.encoded), *moments(encoded)))
    if return_std:
        return float(np.mean(distances)), float(np.std(distances))
    return float(np.mean(distances))


def _content(windows: Float64) -> str:
    digest = hashlib.sha256(repr(windows.shape).encode())
    digest.update(windows.tobytes())
    return digest.hexdigest()


def _trained(real: Tensor, stream: np.random.Generator, key: str | None) -> _Trained:
    kept = None if key is None else _recall(key)
    if kept is not None:
        return kept
    n_iterations = N_ITERATIONS if real.numel() > FEW_CELLS else N_ITERATIONS // 3
    network = train_encoder(real, n_iterations=n_iterations, generator=torch_stream(stream))
    trained = _Trained(network, encode(network, real).double().numpy())
    if key is not None:
        _keep(key, trained)
    return trained


def _recall(key: str) -> _Trained | None:
    with _CACHE_LOCK:
        if key in _CACHE:
            _CACHE.move_to_end(key)
        return _CACHE.get(key)


def _keep(key: str, trained: _Trained) -> None:
    with _CACHE_LOCK:
        _CACHE[key] = trained
        if len(_CACHE) > _CACHE_SIZE:
            _CACHE.popitem(last=False)


def moments(encoded: Float64) -> tuple[Float64, Float64]:
    """Return mean and unbiased covariance of the rows."""
    return encoded.mean(0), np.atleast_2d(np.cov(encoded, rowvar=False))


def frechet_distance(
    mean: Float64, covariance: Float64, other_mean: Float64, other_covariance: Float64
) -> float:
    """Return the squared Frechet distance of two Gaussians; covariances may be singular.

    The trace of the root of a product of covariances is that of the root of the symmetric
    ``A^(1/2) B A^(1/2)``, whose eigenvalues are real and whose rounding below zero is cut.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ other_covariance @ root).clip(0)).sum()
    gap = mean - other_mean
    distance = gap @ gap + np.trace(covariance) + np.trace(other_covariance) - 2 * shared
    return max(0.0, float(distance))
