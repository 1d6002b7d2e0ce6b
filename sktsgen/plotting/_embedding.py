"""Real and generated windows as two clouds of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from sktsgen.plotting._channels import read_channels
from sktsgen.plotting._comparison import REAL, STYLE, SYNTHETIC, import_pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHODS = ("pca", "tsne")
_MAX_LEVELS = 32  # of one column that tell windows apart


class EmbeddingDisplay:
    """Windows as points of a plane: where the clouds part, the generator missed or made up a mode.

    Make one with `from_samples`.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_windows, 2)
        A point for each window.
    method : {"pca", "tsne"}
        How the points were found.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the picture; set by `plot`.
    ax_ : matplotlib Axes
        Axes of the clouds; set by `plot`.

    Examples
    --------
    >>> from sktsgen.datasets import make_sines
    >>> from sktsgen.plotting import EmbeddingDisplay
    >>> real, synthetic = (make_sines(100, random_state=seed) for seed in range(2))
    >>> EmbeddingDisplay.from_samples(real, synthetic).real.shape
    (100, 2)
    """

    def __init__(
        self, real: NDArray[np.float64], synthetic: NDArray[np.float64], *, method: str
    ) -> None:
        self.real = real
        self.synthetic = synthetic
        self.method = method

    @classmethod
    def from_samples(
        cls,
        X_real: Any,
        X_synthetic: Any,
        *,
        method: str = "pca",
        max_windows: int = 500,
        random_state: int = 0,
        ax: Axes | None = None,
    ) -> EmbeddingDisplay:
        """Cut both data sets into windows of one length, find the points and draw them.

        Parameters
        ----------
        X_real, X_synthetic : array-like, list or DataFrame
            Any container a generator is fitted on or returns, with the same columns of any kind:
            levels count as one 0/1 column each, what is missing as the mean of the real cells.
            Windows are as long as the longest series both have.
        method : {"pca", "tsne"}, default="pca"
            "pca" shows the two directions in which the real windows vary most; "tsne" places
            windows that are alike, real and generated together, near each other.
        max_windows : int, default=500
            Most windows a side, at least 5.
        random_state : int, default=0
            Where "tsne" starts from.
        ax : matplotlib Axes, default=None
            Where to draw; None draws a figure of its own.

        Returns
        -------
        display : EmbeddingDisplay
            The picture, drawn.

        Raises
        ------
        TypeError
            If a column holds numbers on one side and something else on the other.
        ValueError
            If `method` is not known, the two differ in their columns, or there are fewer than 5
            windows a side.
        ImportError
            If matplotlib is not installed.
        """
        if method not in METHODS:
            raise ValueError(f"method={method!r} is not known; choose from {list(METHODS)}.")
        windows = _flat_windows(X_real, X_synthetic, max_windows)
        points = _embed(*windows, method=method, random_state=random_state)
        return cls(*points, method=method).plot(ax)

    def plot(self, ax: Axes | None = None) -> EmbeddingDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None draws a figure of its own.

        Returns
        -------
        self : EmbeddingDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = import_pyplot(type(self).__name__)
        with plt.rc_context(STYLE):
            self.ax_ = (
                plt.subplots(figsize=(4.2, 4.0), layout="constrained")[1] if ax is None else ax
            )
            self.figure_ = self.ax_.get_figure(root=True)
            sides = ((self.real, REAL, "real"), (self.synthetic, SYNTHETIC, "generated"))
            for points, colour, label in sides:
                x, y = points.T
                self.ax_.scatter(x, y, s=8, color=colour, alpha=0.5, lw=0, label=label)
            self.ax_.set_xticks([])
            self.ax_.set_yticks([])
            self.ax_.set_title(f"windows by {'PCA' if self.method == 'pca' else 't-SNE'}")
            self.ax_.legend(loc="best", markerscale=2)
        return self


def _flat_windows(
    X_real: Any, X_synthetic: Any, max_windows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut windows of one length and scale them by the real mean and standard deviation."""
    given = read_channels(X_real, X_synthetic)
    cells = [side[:max_windows] for side in (given.real, given.synthetic)]
    shown = [
        None if levels is None else _most_frequent(*(side[..., column] for side in cells))
        for column, levels in enumerate(given.levels)
    ]
    sides = [_indicated(side, shown) for side in cells]
    fewest = min(len(side) for side in sides)
    if fewest < 5:
        raise ValueError(f"There are {fewest} windows on one side; give at least 5.")
    present = ~np.isnan(sides[0])
    mean = np.where(present, sides[0], 0.0).sum((0, 1)) / np.maximum(present.sum((0, 1)), 1)
    real, synthetic = (np.where(np.isnan(side), 0.0, side - mean) for side in sides)
    std = real.std((0, 1))
    scaled = [side / np.where(std > 0, std, 1.0) for side in (real, synthetic)]
    return scaled[0].reshape(len(real), -1), scaled[1].reshape(len(synthetic), -1)


def _indicated(
    windows: NDArray[np.float64], shown: Sequence[NDArray[np.float64] | None]
) -> NDArray[np.float64]:
    """Put in the place of each column of levels a 0/1 column for each level to show."""
    parts = [
        cells if levels is None else np.where(np.isnan(cells), np.nan, cells == levels)
        for levels, cells in zip(shown, np.split(windows, windows.shape[2], 2), strict=True)
    ]
    return np.concatenate(parts, axis=2)


def _most_frequent(*sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the levels that have columns of their own: of many the most frequent ones."""
    cells = np.concatenate([side.ravel() for side in sides])
    found, counts = np.unique(cells[~np.isnan(cells)], return_counts=True)
    return found[np.argsort(-counts, kind="stable")[:_MAX_LEVELS]]


def _embed(
    real: NDArray[np.float64], synthetic: NDArray[np.float64], *, method: str, random_state: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    together = np.concatenate((real, synthetic))
    if method == "pca":
        n_components = min(2, real.shape[1])
        points = PCA(n_components, svd_solver="full").fit(real).transform(together)
        points = np.pad(points, ((0, 0), (0, 2 - n_components)))
    else:
        perplexity = min(30.0, (len(together) - 1) / 3)
        points = TSNE(perplexity=perplexity, init="pca", random_state=random_state).fit_transform(
            together
        )
    return points[: len(real)], points[len(real) :]
