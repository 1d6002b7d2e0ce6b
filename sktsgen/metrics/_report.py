"""What `evaluate` found, in a frame, in sentences, in HTML."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

GENERATED, FLOOR, BOOTSTRAP = "generated", "real (floor)", "block bootstrap"
COPYING = {
    "copying, share": "share",
    "copying, median ratio": "median_ratio",
    "copying, longest run": "longest_run",
    "copying, stretch share": "stretch_share",
}
# Beyond these a generator is said to copy; new data reads .05 and 0.
SHARE_LIMIT, STRETCH_LIMIT = 0.15, 0.05


@dataclass(frozen=True, eq=False, repr=False)
class FidelityReport:
    """How like real series generated ones are, beside what, and whether they are copies.

    `evaluate` makes one. In a notebook it shows itself as a table; `plot` draws it.

    Parameters
    ----------
    frame : DataFrame of shape (n_measures, n_candidates)
        Mean over repeats. Candidates are "real (floor)", "block bootstrap", the rivals and
        "generated". Lower is better, but for "copying, median ratio", where 1 is fair.
    half_widths : DataFrame of shape (n_measures, n_candidates)
        Half the width of the 95 % interval of each mean; NaN for what is measured once.
    window_length : int
        Steps of a window.
    n_windows : int
        Windows a side.
    n_repeats : int
        Halvings of the real windows.
    real, synthetic : ndarray of shape (n_windows, n_timesteps, n_channels) or DataFrame
        Up to 1,000 windows of each, for pictures.
    """

    frame: pd.DataFrame
    half_widths: pd.DataFrame
    window_length: int
    n_windows: int
    n_repeats: int
    real: Any
    synthetic: Any

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the figures say, worst first; at least one sentence."""
        said = [self._copies(), *self._against(BOOTSTRAP), self._beside_the_floor()]
        return tuple(sentence for sentence in said if sentence)

    @property
    def is_copying(self) -> bool:
        """Whether generated windows repeat training windows, exactly or nearly.

        They do where more than 0.15 of them are nearer than 95 % of the held-out windows are and
        their median distance is below half of that of the held-out ones, or where more than 0.05
        repeat a longer stretch than any held-out window does.
        """
        is_near = self._copying("share") > SHARE_LIMIT and self._copying("median ratio") < 0.5
        return is_near or self._copying("stretch share") > STRETCH_LIMIT

    def losses(self, candidate: str = BOOTSTRAP) -> list[str]:
        """Name the measures on which a candidate is better than the generator, surely.

        Parameters
        ----------
        candidate : str, default="block bootstrap"
            A column of `frame`.

        Returns
        -------
        measures : list of str
            Measures whose intervals do not overlap.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        return self._apart(GENERATED, candidate)

    def plot(self, *, channels: Any = None, n_series: int = 4) -> Any:
        """Draw clouds of windows, every measure beside its references, and the series.

        Parameters
        ----------
        channels : sequence of str or int, default=None
            Columns to draw; None draws the first five.
        n_series : int, default=4
            Windows to draw in each panel of examples, at least 1.

        Returns
        -------
        display : sktsgen.plotting.FidelityDisplay
            The picture, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If a channel is not there, or windows have one step.
        ImportError
            If matplotlib is not installed.
        """
        from sktsgen.plotting import FidelityDisplay

        return FidelityDisplay.from_report(self, channels=channels, n_series=n_series)

    def _apart(self, worse: str, better: str) -> list[str]:
        for name in (worse, better):
            if name not in self.frame:
                raise ValueError(
                    f"candidate={name!r} is not in the report; choose from {list(self.frame)}."
                )
        low = self.frame[worse] - self.half_widths[worse]
        high = self.frame[better] + self.half_widths[better]
        return list(self.frame.index[(low > high).to_numpy()])

    def _copies(self) -> str:
        share = self._copying("share")
        near = (
            f"{share:.0%} of the generated windows lie nearer to a training window than 95 % of "
            "the held-out windows do (5 % is fair)"
        )
        if self.is_copying:
            return (
                f"The generator copies: {near}, and {self._copying('stretch share'):.0%} repeat a "
                "longer stretch of one than held-out windows do, up to "
                f"{self._copying('longest run'):.0f} of {self.window_length} steps."
            )
        return f"{near}: copies, or less variety than the data." if share > SHARE_LIMIT else ""

    def _copying(self, row: str) -> float:
        return float(np.asarray(self.frame[GENERATED])[self.frame.index == f"copying, {row}"][0])

    def _against(self, candidate: str) -> list[str]:
        lost = self.losses(candidate)
        n_measures = int(self.half_widths[candidate].notna().sum())
        if not lost:
            return []
        names = f"on {len(lost)} of {n_measures} measures ({'; '.join(lost)})"
        if any(name.startswith("discriminative") for name in lost) or len(lost) > n_measures / 2:
            return [f"The generator loses to a {candidate} of the training data {names}."]
        return [
            f"A {candidate} of the training data is nearer to it {names}; it has the marginals of "
            "the data for nothing."
        ]

    def _beside_the_floor(self) -> str:
        far = self._apart(GENERATED, FLOOR)
        n_measures = int(self.half_widths[GENERATED].notna().sum())
        if not far:
            return "On no measure can the generated windows be told from other real ones."
        return (
            f"On {n_measures - len(far)} of {n_measures} measures the generated windows are as "
            "near to the real ones as other real windows are."
        )

    def __repr__(self) -> str:
        """Return the sentences and the table as text."""
        head = f"FidelityReport of {self.n_windows} windows of {self.window_length} steps a side"
        return "\n".join((head, *self.sentences, "", self._cells().to_string()))

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.sentences)
        caption = (
            f"<p>{self.n_windows} windows of {self.window_length} steps a side, mean and half "
            f"width of the 95 % interval over {self.n_repeats} repeats; lower is better, but for "
            "the median ratio, where 1 is fair.</p>"
        )
        return f"<div>{said}{self._cells().to_html()}{caption}</div>"

    def _cells(self) -> pd.DataFrame:
        """Return mean and half width of each cell as text."""
        return pd.DataFrame(
            {
                name: [
                    _cell(*pair)
                    for pair in zip(self.frame[name], self.half_widths[name], strict=True)
                ]
                for name in self.frame
            },
            index=self.frame.index,
        )


def _cell(mean: float, half_width: float) -> str:
    if np.isnan(mean):
        return ""
    return f"{mean:.3f}" if np.isnan(half_width) else f"{mean:.3f} ± {half_width:.3f}"
