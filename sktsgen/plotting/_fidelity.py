"""A report of `sktsgen.metrics.evaluate` as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sktsgen.metrics import FidelityReport
from sktsgen.plotting._comparison import REAL, STYLE, SYNTHETIC, ComparisonDisplay, import_pyplot
from sktsgen.plotting._embedding import EmbeddingDisplay

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OTHERS = ("#8a8f98", "#2e8b75", "#b8860b", "#7a5195", "#c2577a")


class FidelityDisplay:
    """A report drawn: clouds of windows, every measure beside its references, and the series.

    Above, the windows by PCA and by t-SNE, and the measures of each candidate as shares of the
    largest in their row, with their intervals. Below, a few real and generated series, marginals,
    autocorrelations and correlations, as in `ComparisonDisplay`. Make one with `from_report`, or
    with the report's own `plot`.

    Parameters
    ----------
    report : FidelityReport
        What `sktsgen.metrics.evaluate` returned.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The picture; set by `plot`.
    axes_ : dict of str to Axes
        "pca", "tsne" and "measures"; set by `plot`.
    comparison_ : ComparisonDisplay
        The lower half; set by `plot`.

    Examples
    --------
    >>> from sktsgen.datasets import make_sines
    >>> from sktsgen.metrics import evaluate
    >>> from sktsgen.plotting import FidelityDisplay
    >>> train, test, synthetic = (make_sines(60, random_state=seed) for seed in range(3))
    >>> report = evaluate(train, test, synthetic, measures=["marginal, KS"], n_repeats=2)
    >>> display = FidelityDisplay.from_report(report, channels=[0, 1])
    >>> display.figure_.savefig("report.png")  # doctest: +SKIP
    """

    def __init__(self, report: FidelityReport) -> None:
        self.report = report

    @classmethod
    def from_report(
        cls, report: FidelityReport, *, channels: Any = None, n_series: int = 4
    ) -> FidelityDisplay:
        """Draw a report.

        Parameters
        ----------
        report : FidelityReport
            What `sktsgen.metrics.evaluate` returned.
        channels : sequence of str or int, default=None
            Columns to draw below; None draws the first five.
        n_series : int, default=4
            Windows to draw in each panel of examples, at least 1.

        Returns
        -------
        display : FidelityDisplay
            The picture, drawn.

        Raises
        ------
        ValueError
            If a channel is not there, or windows have one step.
        ImportError
            If matplotlib is not installed.
        """
        return cls(report).plot(channels=channels, n_series=n_series)

    def plot(self, *, channels: Any = None, n_series: int = 4) -> FidelityDisplay:
        """Draw the picture.

        Parameters
        ----------
        channels : sequence of str or int, default=None
            Columns to draw below; None draws the first five.
        n_series : int, default=4
            Windows to draw in each panel of examples, at least 1.

        Returns
        -------
        self : FidelityDisplay
            The display, with `figure_`, `axes_` and `comparison_`.

        Raises
        ------
        ValueError, ImportError
            As in `from_report`.
        """
        plt = import_pyplot(type(self).__name__)
        real, synthetic = self.report.real, self.report.synthetic
        n_channels = min(5, real.shape[-1]) if channels is None else len(channels)
        height = max(1.45 * n_channels + 0.6, 3.4)
        with plt.rc_context(STYLE):
            self.figure_: Figure = plt.figure(figsize=(13.0, 4.2 + height), layout="constrained")
            grid = self.figure_.add_gridspec(2, 3, height_ratios=[4.2, height])
            upper = [self.figure_.add_subplot(grid[0, i]) for i in range(3)]
            self.axes_ = dict(zip(("pca", "tsne", "measures"), upper, strict=True))
            for method in ("pca", "tsne"):
                EmbeddingDisplay.from_samples(real, synthetic, method=method, ax=self.axes_[method])
            self._draw_measures(self.axes_["measures"])
            self.comparison_ = ComparisonDisplay.from_samples(
                real,
                synthetic,
                channels=channels,
                n_series=n_series,
                ax=self.figure_.add_subplot(grid[1, :]),
            )
        return self

    def _draw_measures(self, axes: Axes) -> None:
        half = self.report.half_widths.dropna(how="all")
        means = self.report.frame.loc[half.index]
        largest = means.max(axis=1).replace(0.0, 1.0)
        places = np.arange(len(means))[::-1]
        for number, name in enumerate(means.columns):
            axes.errorbar(
                (means[name] / largest).to_numpy(),
                places + 0.12 * (len(means.columns) / 2 - number),
                xerr=(half[name] / largest).to_numpy(),
                color=_colour(number),
                fmt="o",
                markersize=4,
                linewidth=1,
                label=str(name),
            )
        axes.set_yticks(places, [str(name) for name in means.index])
        axes.set_xlim(left=0.0)
        axes.set_title("measures, share of the largest")
        axes.legend(loc="lower right")


def _colour(number: int) -> str:
    """Return the colour of a candidate: generated, floor, then the others."""
    return (SYNTHETIC, REAL, *_OTHERS)[number % (2 + len(_OTHERS))]
