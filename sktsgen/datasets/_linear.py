"""Linear Gaussian processes, whose likelihood and moments are known exactly."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_discrete_lyapunov
from scipy.signal import lfilter

from sktsgen.datasets._arguments import RandomState, check_count, check_positive, check_square

Array = NDArray[np.float64]


def make_ar1(
    n_series: int = 1,
    n_timesteps: int = 1000,
    *,
    phi: float = 0.8,
    sigma: float = 1.0,
    random_state: RandomState = None,
) -> Array:
    r"""Draw series of a stationary first-order autoregression.

    .. math:: x_t = \phi x_{t-1} + \sigma \varepsilon_t, \qquad \varepsilon_t \sim N(0, 1),

    started from its stationary law :math:`N(0, \sigma^2 / (1 - \phi^2))`.

    Parameters
    ----------
    n_series : int, default=1
        Number of independent series, at least 1.
    n_timesteps : int, default=1000
        Steps in each series, at least 1.
    phi : float, default=0.8
        Correlation of neighbouring steps, strictly between -1 and 1.
    sigma : float, default=1.0
        Standard deviation of the innovations, above 0, in the units of the series.
    random_state : int, numpy Generator, RandomState or None, default=None
        Source of the draws; an int repeats them, None takes fresh entropy.

    Returns
    -------
    X : ndarray of shape (n_series, n_timesteps, 1)
        The series, float64.

    Raises
    ------
    ValueError
        If `phi` is not strictly between -1 and 1, `sigma` is not positive or a count is below 1.

    See Also
    --------
    ar1_entropy_rate : The best mean log-density any model can reach on it, negated.
    ar1_autocovariance : Its autocovariances.

    Examples
    --------
    >>> from sktsgen.datasets import make_ar1
    >>> make_ar1(3, 50, phi=0.9, random_state=0).shape
    (3, 50, 1)
    """
    shape = check_count("n_series", n_series), check_count("n_timesteps", n_timesteps)
    phi, sigma = _check_phi(phi), check_positive("sigma", sigma)
    innovations = sigma * np.random.default_rng(random_state).standard_normal(shape)
    innovations[:, 0] /= np.sqrt(1.0 - phi**2)
    return lfilter([1.0], [1.0, -phi], innovations, axis=1)[..., np.newaxis]


def ar1_entropy_rate(sigma: float = 1.0) -> float:
    r"""Give the entropy rate of a first-order Gaussian autoregression.

    It is :math:`\frac{1}{2} \log(2 \pi e \sigma^2)`, whatever `phi`. Its negative is the limit
    that the mean log-density per step of a model can approach from below on held-out data.

    Parameters
    ----------
    sigma : float, default=1.0
        Standard deviation of the innovations, above 0.

    Returns
    -------
    entropy_rate : float
        In nats per time step.

    Examples
    --------
    >>> from sktsgen.datasets import ar1_entropy_rate
    >>> round(ar1_entropy_rate(1.0), 4)
    1.4189
    """
    return float(0.5 * np.log(2.0 * np.pi * np.e * check_positive("sigma", sigma) ** 2))


def ar1_autocovariance(phi: float = 0.8, sigma: float = 1.0, lag: ArrayLike = 0) -> Array:
    r"""Give the autocovariance :math:`\sigma^2 \phi^{|k|} / (1 - \phi^2)` at lag k.

    Parameters
    ----------
    phi : float, default=0.8
        Correlation of neighbouring steps, strictly between -1 and 1.
    sigma : float, default=1.0
        Standard deviation of the innovations, above 0.
    lag : int or array-like of int, default=0
        Lag or lags, in time steps.

    Returns
    -------
    autocovariance : ndarray of the shape of `lag`
        In squared units of the series.

    Examples
    --------
    >>> from sktsgen.datasets import ar1_autocovariance
    >>> ar1_autocovariance(0.5, 1.0, [0, 1, 2]).round(3).tolist()
    [1.333, 0.667, 0.333]
    """
    phi, sigma = _check_phi(phi), check_positive("sigma", sigma)
    return np.asarray(sigma**2 / (1.0 - phi**2) * phi ** np.abs(np.asarray(lag)))


def make_var1(
    n_series: int = 1,
    n_timesteps: int = 1000,
    *,
    coef: ArrayLike = ((0.7, 0.2), (-0.2, 0.7)),
    cov: ArrayLike | None = None,
    random_state: RandomState = None,
) -> Array:
    r"""Draw series of a stationary first-order vector autoregression.

    .. math:: x_t = A x_{t-1} + e_t, \qquad e_t \sim N(0, Q),

    started from its stationary law :math:`N(0, P)` with :math:`P = A P A^\top + Q`.

    Parameters
    ----------
    n_series : int, default=1
        Number of independent series, at least 1.
    n_timesteps : int, default=1000
        Steps in each series, at least 1.
    coef : array-like of shape (n_channels, n_channels), default=((0.7, 0.2), (-0.2, 0.7))
        The matrix A; its eigenvalues lie inside the unit circle.
    cov : array-like of shape (n_channels, n_channels) or None, default=None
        Covariance Q of the innovations, symmetric and positive definite; None is the identity.
    random_state : int, numpy Generator, RandomState or None, default=None
        Source of the draws; an int repeats them, None takes fresh entropy.

    Returns
    -------
    X : ndarray of shape (n_series, n_timesteps, n_channels)
        The series, float64.

    Raises
    ------
    ValueError
        If the process is not stationary, `cov` is no covariance or a count is below 1.

    See Also
    --------
    var1_entropy_rate : The best mean log-density any model can reach on it, negated.
    var1_autocovariance : Its autocovariances.

    Examples
    --------
    >>> from sktsgen.datasets import make_var1
    >>> make_var1(3, 50, random_state=0).shape
    (3, 50, 2)
    """
    shape = check_count("n_series", n_series), check_count("n_timesteps", n_timesteps)
    coef, cov = _check_var1(coef, cov)
    noise = np.random.default_rng(random_state).standard_normal((*shape, len(coef)))
    X = noise @ np.linalg.cholesky(cov).T
    X[:, 0] = noise[:, 0] @ np.linalg.cholesky(solve_discrete_lyapunov(coef, cov)).T
    for step in range(1, shape[1]):
        X[:, step] += X[:, step - 1] @ coef.T
    return X


def var1_entropy_rate(cov: ArrayLike) -> float:
    r"""Give the entropy rate of a first-order Gaussian vector autoregression.

    It is :math:`\frac{1}{2} \log \det(2 \pi e Q)`, whatever the coefficients.

    Parameters
    ----------
    cov : array-like of shape (n_channels, n_channels)
        Covariance Q of the innovations, symmetric and positive definite.

    Returns
    -------
    entropy_rate : float
        In nats per time step, all channels together.

    Examples
    --------
    >>> from sktsgen.datasets import var1_entropy_rate
    >>> round(var1_entropy_rate([[1.0, 0.0], [0.0, 1.0]]), 4)
    2.8379
    """
    cov = _check_covariance(check_square("cov", cov))
    return float(0.5 * np.linalg.slogdet(2.0 * np.pi * np.e * cov)[1])


def var1_autocovariance(coef: ArrayLike, cov: ArrayLike | None = None, lag: int = 0) -> Array:
    r"""Give the autocovariance :math:`E[x_{t+k} x_t^\top] = A^k P` at lag k.

    Parameters
    ----------
    coef : array-like of shape (n_channels, n_channels)
        The matrix A; its eigenvalues lie inside the unit circle.
    cov : array-like of shape (n_channels, n_channels) or None, default=None
        Covariance Q of the innovations; None is the identity.
    lag : int, default=0
        Time steps by which the first factor is later, at least 0.

    Returns
    -------
    autocovariance : ndarray of shape (n_channels, n_channels)
        In products of the units of the channels.

    Examples
    --------
    >>> from sktsgen.datasets import var1_autocovariance
    >>> var1_autocovariance([[0.5]], [[1.0]], lag=1).round(3).tolist()
    [[0.667]]
    """
    coef, cov = _check_var1(coef, cov)
    lag = check_count("lag", lag, minimum=0)
    return np.linalg.matrix_power(coef, lag) @ solve_discrete_lyapunov(coef, cov)


def _check_phi(phi: float) -> float:
    if not -1.0 < phi < 1.0:
        raise ValueError(f"phi={phi!r} gives no stationary series; choose it between -1 and 1.")
    return float(phi)


def _check_var1(coef: ArrayLike, cov: ArrayLike | None) -> tuple[Array, Array]:
    coef = check_square("coef", coef)
    radius = np.abs(np.linalg.eigvals(coef)).max()
    if not radius < 1.0:
        raise ValueError(
            f"coef has spectral radius {radius:.3g}, so the series would not be stationary; "
            "scale it below 1."
        )
    if cov is None:
        return coef, np.eye(len(coef))
    return coef, _check_covariance(check_square("cov", cov, len(coef)))


def _check_covariance(cov: Array) -> Array:
    smallest = np.linalg.eigvalsh((cov + cov.T) / 2).min()
    if not np.allclose(cov, cov.T) or smallest <= 0:
        raise ValueError(
            f"cov must be symmetric and positive definite; its smallest eigenvalue is "
            f"{smallest:.3g} and it is {'' if np.allclose(cov, cov.T) else 'not '}symmetric."
        )
    return cov
