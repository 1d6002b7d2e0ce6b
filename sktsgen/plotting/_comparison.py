"""Real and generated series side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sktsgen.plotting._channels import read_channels
from sktsgen.plotting._statistics import autocorrelations, common_edges, correlations

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

REAL, SYNTHETIC = "#3b4a5e", "#d9652b"
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": "#8a8f98",
    "axes.labelcolor": "#3c4043",
    "axes.labelsize": 9.0,
    "axes.titlesize": 10.0,
    "font.size": 9.0,
    "legend.frameon": False,
    "xtick.color": "#6b7078",
    "xtick.labelsize": 8.0,
    "ytick.color": "#6b7078",
    "ytick.labelsize": 8.0,
}
_N_BINS = 40
_MAX_NAMED = 6  # levels whose names find room beside the examples


class ComparisonDisplay:
    """Real and generated series: examples, marginals, autocorrelations, correlations.

    One row for each channel shows a few real windows, a few generated ones on the same scale, the
    share of values in each bin or of each level, and the autocorrelation; a last column shows the
    correlation of the channels in the real and in the generated data. Missing cells are gaps in
    the windows, and their share is told beside the values. Make one with `from_samples`.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_windows, n_timesteps, n_channels)
        Windows of equal length, in the units of the data; levels by their places in `levels`; NaN
        where missing.
    channel_names : sequence of str
        A name for each channel.
    levels : sequence, default=None
        For each channel None, or its levels; None where all channels are numbers.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the picture; set by `plot`.
    axes_ : dict of str to ndarray of Axes
        `"real"`, `"synthetic"`, `"marginal"` and `"autocorrelation"` with one Axes for each
        channel, `"correlation"` with two, or none where fewer than two channels are numbers or
        have two levels (others have no sign); set by `plot`.

    Examples
    --------
    >>> from sktsgen.datasets import make_sines
    >>> from sktsgen.plotting import ComparisonDisplay
    >>> real = make_sines(100, random_state=0)
    >>> synthetic = make_sines(100, random_state=1)
    >>> display = ComparisonDisplay.from_samples(real, synthetic, channels=[0, 1])
    >>> display.figure_.savefig("comparison.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        real: NDArray[np.float64],
        synthetic: NDArray[np.float64],
        *,
        channel_names: Sequence[str],
        levels: Sequence[Sequence[Any] | None] | None = None,
    ) -> None:
        self.real = real
        self.synthetic = synthetic
        self.channel_names = channel_names
        self.levels = [None] * len(channel_names) if levels is None else levels

    @classmethod
    def from_samples(
        cls,
        X_real: Any,
        X_synthetic: Any,
        *,
        channels: Sequence[Any] | None = None,
        n_series: int = 4,
        ax: Axes | None = None,
    ) -> ComparisonDisplay:
        """Cut both data sets into windows of one length and draw them.

        Parameters
        ----------
        X_real, X_synthetic : array-like, list or DataFrame
            Any container a generator is fitted on or returns, with the same columns of any kind.
            Windows are as long as the longest series both have.
        channels : sequence of str or int, default=None
            Columns of a frame, or numbers of channels, to draw; None draws the first five.
        n_series : int, default=4
            Windows to draw in each of the two panels of examples, at least 1.
        ax : matplotlib Axes, default=None
            Axes whose place the picture takes; None draws a figure of its own.

        Returns
        -------
        display : ComparisonDisplay
            The picture, drawn.

        Raises
        ------
        TypeError
            If a column holds numbers on one side and something else on the other.
        ValueError
            If the two differ in their columns, a channel is not there, no series has two steps, or
            `n_series` is below 1.
        ImportError
            If matplotlib is not installed.
        """
        every = read_channels(X_real, X_synthetic)
        window_length = every.real.shape[1]
        if window_length < 2:
            raise ValueError(
                f"The longest series both data sets have is {window_length} step long; "
                "pass series of at least 2 steps."
            )
        given = every.take(_choose_channels(list(every.labels), channels))
        display = cls(
            given.real,
            given.synthetic,
            channel_names=list(given.names),
            levels=given.levels,
        )
        return display.plot(ax, n_series=n_series)

    def plot(self, ax: Axes | None = None, *, n_series: int = 4) -> ComparisonDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes whose place the picture takes; None draws a figure of its own.
        n_series : int, default=4
            Windows to draw in each of the two panels of examples, at least 1.

        Returns
        -------
        self : ComparisonDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If `n_series` is below 1.
        ImportError
            If matplotlib is not installed.
        """
        if n_series < 1:
            raise ValueError(f"n_series={n_series} draws nothing; choose 1 or more.")
        plt = import_pyplot(type(self).__name__)
        with plt.rc_context(STYLE):
            self.figure_, place = self._place(plt, ax)
            self.axes_ = self._divide(place)
            for channel in range(len(self.channel_names)):
                self._draw_examples(channel, n_series)
                self._draw_marginal(channel)
            self._draw_autocorrelations()
            if len(self.axes_["correlation"]):
                self._draw_correlations()
            self._label()
        return self

    def _place(self, plt: Any, ax: Axes | None) -> tuple[Figure, SubplotSpec]:
        """Figure and the part of it the picture fills."""
        if ax is None:
            height = max(1.45 * len(self.channel_names) + 0.6, 3.4)
            figure = plt.figure(figsize=(13.0, height), layout="constrained")
            return figure, figure.add_gridspec(1, 1)[0]
        ax.set_axis_off()
        place = ax.get_subplotspec()
        if place is None:
            raise ValueError(f"ax={ax!r} is no part of a grid; pass Axes made by plt.subplots.")
        figure = ax.get_figure(root=True)
        assert figure is not None  # what stands in a grid stands in a figure
        return figure, place

    def _divide(self, place: SubplotSpec) -> dict[str, NDArray[np.object_]]:
        """Axes for every part of the picture."""
        n_channels = len(self.channel_names)
        figure, has_matrices = self.figure_, len(self._related()) > 1
        widths = [1.7, 1.7, 1.0, 1.0, 1.3] if has_matrices else [1.7, 1.7, 1.0, 1.0]
        grid = place.subgridspec(n_channels, len(widths), width_ratios=widths)
        axes = np.empty((n_channels, 4), dtype=object)
        for row, column in np.ndindex(*axes.shape):
            # Examples share their scale, and all rows of a column but the marginals their abscissa.
            axes[row, column] = figure.add_subplot(
                grid[row, column],
                sharey=axes[row, 0] if column == 1 else None,
                sharex=axes[0, column] if row and column != 2 else None,
            )
        parts = dict(zip(("real", "synthetic", "marginal", "autocorrelation"), axes.T, strict=True))
        matrices = np.empty(2 if has_matrices else 0, dtype=object)
        if has_matrices:
            side = grid[:, 4].subgridspec(2, 1, height_ratios=[1.0, 1.25])
            matrices[:] = [figure.add_subplot(side[row]) for row in range(2)]
        return {**parts, "correlation": matrices}

    def _draw_examples(self, channel: int, n_series: int) -> None:
        levels = self.levels[channel]
        for part, windows, colour in self._sides():
            axes = self.axes_[part][channel]
            for number, series in enumerate(windows[:n_series, :, channel]):
                axes.plot(
                    series,
                    color=colour,
                    linewidth=1.0,
                    alpha=0.85 * 0.75**number,
                    drawstyle="default" if levels is None else "steps-mid",
                )
        if levels is not None and len(levels) <= _MAX_NAMED:
            names = [_shorten(str(level)) for level in levels]
            self.axes_["real"][channel].set_yticks(range(len(levels)), names)

    def _draw_marginal(self, channel: int) -> None:
        axes, levels = self.axes_["marginal"][channel], self.levels[channel]
        cells = [windows[:, :, channel].ravel() for _, windows, _ in self._sides()]
        real, synthetic = (side[~np.isnan(side)] for side in cells)
        if levels is None:
            edges = common_edges(real, synthetic, _N_BINS)
        else:
            edges = np.linspace(-0.5, len(levels) - 0.5, len(levels) + 1)
            axes.set_xticks([])
        axes.stairs(_shares(real, edges), edges, fill=True, color=REAL, alpha=0.3)
        axes.stairs(_shares(synthetic, edges), edges, color=SYNTHETIC, linewidth=1.3)
        axes.set_yticks([])
        missing = [np.isnan(side).mean() for side in cells]
        axes.set_ylim(0.0, axes.get_ylim()[1] * (1.15 if any(missing) else 1.0))
        if any(missing):
            told = f"missing: {missing[0]:.1%} real, {missing[1]:.1%} generated"
            axes.set_title(told, fontsize=7, loc="right", y=0.86)

    def _draw_autocorrelations(self) -> None:
        max_lag = min(self.real.shape[1], self.synthetic.shape[1]) - 1
        for part, windows, colour in self._sides():
            curves = autocorrelations(windows, max_lag, self.levels)
            is_real = part == "real"
            for axes, curve in zip(self.axes_["autocorrelation"], curves.T, strict=True):
                axes.plot(
                    curve,
                    color=colour,
                    linewidth=2.6 if is_real else 1.3,
                    alpha=0.4 if is_real else 1.0,
                )
        for axes in self.axes_["autocorrelation"]:
            axes.axhline(0.0, color="#8a8f98", linewidth=0.6, zorder=0)
            axes.set_ylim(top=1.05)

    def _draw_correlations(self) -> None:
        shown = self._related()
        ticks = np.arange(len(shown))
        for axes, (_, windows, _) in zip(self.axes_["correlation"], self._sides(), strict=True):
            matrix = correlations(windows[:, :, shown])
            image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
            axes.set_facecolor("#e4e6ea")  # a constant channel has no correlation
            axes.set_xticks(ticks, [])
            axes.set_yticks(ticks, [_shorten(self.channel_names[channel]) for channel in shown])
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
        bar = self.figure_.colorbar(
            image, ax=self.axes_["correlation"][1], location="bottom", aspect=25, ticks=[-1, 0, 1]
        )
        bar.outline.set_visible(False)

    def _label(self) -> None:
        """Titles on top, names at the left, abscissas at the bottom only."""
        axes = self.axes_
        axes["real"][0].set_title("real", color=REAL, weight="bold")
        axes["synthetic"][0].set_title("generated", color=SYNTHETIC, weight="bold")
        axes["marginal"][0].set_title("share of values")
        axes["autocorrelation"][0].set_title("autocorrelation")
        for part, label in (("real", "step"), ("synthetic", "step"), ("autocorrelation", "lag")):
            axes[part][-1].set_xlabel(label)
            for one in axes[part][:-1]:
                one.tick_params(labelbottom=False)
        for one in axes["synthetic"]:
            one.tick_params(labelleft=False)
        for one, name in zip(axes["real"], self.channel_names, strict=True):
            one.set_ylabel(_shorten(name))
        self.figure_.align_ylabels(list(axes["real"]))
        for one, title in zip(axes["correlation"], ("real", "generated"), strict=False):
            one.set_title(f"correlation, {title}")

    def _related(self) -> list[int]:
        """Channels that can rise and fall together: numbers, and levels of which there are two."""
        return [i for i, levels in enumerate(self.levels) if levels is None or len(levels) == 2]

    def _sides(self) -> tuple[tuple[str, NDArray[np.float64], str], ...]:
        return ("real", self.real, REAL), ("synthetic", self.synthetic, SYNTHETIC)


def import_pyplot(who: str) -> Any:
    """Return matplotlib's pyplot, or say which extra it comes with."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{who} draws with matplotlib, which is not installed; pip install 'sktsgen[plot]'."
        ) from error
    return plt


def _choose_channels(labels: list[Any], channels: Sequence[Any] | None) -> list[int]:
    """Positions of the channels to draw."""
    if channels is None:
        return list(range(min(len(labels), 5)))
    unknown = [channel for channel in channels if channel not in labels]
    if unknown or not len(channels):
        raise ValueError(
            f"channels={list(channels)!r} cannot be drawn; choose one or more of {labels!r}."
        )
    return [labels.index(channel) for channel in channels]


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of all values in each bin, those beyond the edges counted in the total."""
    return np.histogram(values, edges)[0] / max(1, len(values))


def _shorten(name: str) -> str:
    return name if len(name) <= 14 else name[:13] + "…"
