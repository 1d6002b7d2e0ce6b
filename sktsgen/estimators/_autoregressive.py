"""What generators that draw step after step, or window after window, have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sktsgen._sklearn_compat import _fit_context
from sktsgen.data import LazyRows, Panel, Windows, check_panel, split_windows, usable_window_length
from sktsgen.estimators._base import BaseGenerator
from sktsgen.estimators._calibration import (
    FEWEST,
    INNOVATION_DRAWS,
    LEVEL_DRAWS,
    calibrate_innovations,
    calibrate_level,
    data_level,
    data_variance,
    gain_of_shifts,
    levelling_length,
    n_calibrating,
    n_levelling,
)
from sktsgen.estimators._draw import (
    Draw,
    check_count,
    draw_as_memory_allows,
    labels_of,
    with_sample_level,
)
from sktsgen.estimators._fitted import all_or_nothing
from sktsgen.estimators._scoring import ScoringMixin
from sktsgen.estimators._slots import shares_held, slots_of, smallest_scales
from sktsgen.nn import MixtureEmission, Network, Slot
from sktsgen.training import Recipe, progress_bar, resolve_device
from sktsgen.transformers import find_periods

# Series drawn together: large enough for efficient products, small enough for the caches.
_CHUNK = 1000
# Rows, the first of the data, that a season is looked for in.
_SEASON_ROWS = 20_000
# Time steps of a batch of "auto" size.
_STEPS_PER_BATCH = 1536
# Rows that levels are counted in.
_COUNTED = 50_000
# Numbers that stand still at this share of the steps have a probability of doing so.
_OFTEN_HELD = 0.01


class AutoregressiveGenerator(ScoringMixin, BaseGenerator):
    """Base of generators of two stages, tokens and a prior, that know a density."""

    period_: int | None
    # Windows that free draws last whose level is brought to that of the data.
    _levelled_windows: ClassVar[int]

    @abstractmethod
    def _draw_features(self, draw: Draw) -> Tensor:
        """Features of the series of `draw`, (n_series, length, n_features)."""

    @abstractmethod
    def _fit_stages(self, panel: Panel, labels: np.ndarray, former: dict[str, Any]) -> None:
        """Train both networks; `former` has the attributes of the fit to go on from, if any."""

    @property
    @abstractmethod
    def _emission(self) -> MixtureEmission | None:
        """Density of the values of a step, in the trained prior; None without one."""

    @property
    @abstractmethod
    def _longest_lag(self) -> int:
        """Steps that a step of a training window is drawn in sight of at most."""

    @abstractmethod
    def _check_sizes(self) -> None:
        """Refuse parameters that do not fit together."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the tokens of the data, then a prior over them.

        Parameters
        ----------
        X : array-like, list or DataFrame
            One series (2-D array, or frame with a plain index; rows are time steps), a panel of
            equal lengths (3-D array), or a ragged panel (list, or frame with a (series, time)
            index). Frames may have columns of any types; cells may be missing. Columns that are
            constant within every series and differ between them are static: drawn once for each
            new series, from the training series of its class, and told to the model. Numbers that
            repeat another column cell by cell are left out and come back as that column.
        y : array-like of shape (n_series,) or None, default=None
            One class label per series, those of a frame in the order in which they come first in
            it, or a Series indexed by their names; None for no classes. Ignored for a single
            series.

        Returns
        -------
        self : object
            The fitted generator.

        Raises
        ------
        ValueError
            If cells of `X` are infinite, a column has no value at all, or parameters do not fit
            together or to the columns.
        """
        former = dict(vars(self)) if self.warm_start else {}
        with all_or_nothing(self):
            self._check_sizes()
            panel, labels = self._check_training_data(X, y)
            self._check_emission()
            self._fit_stages(panel, labels, former)
        return self

    def _check_training_data(self, X: Any, y: Any) -> tuple[Panel, np.ndarray]:
        """Panel, and class of every series; sets what is learnt from the input alone."""
        panel = check_panel(X, estimator=self, reset=True, mixed=True, missing=True)
        labels = self._learn_classes(panel, y)
        device = resolve_device(self.device)
        self.window_length_ = usable_window_length(self.window_length, panel.lengths)
        self._learn_default_length(panel)
        self.device_ = str(device)
        return self._learn_table(panel, labels), labels

    def _check_emission(self) -> None:
        """Refuse columns that a decoded point cannot stand for."""
        levels = [block.column for block in self.codec_.blocks_ if block.kind == "discrete"]
        if self.emission == "mixture" or not levels:
            return
        columns = self.spec_.columns or range(self.spec_.n_channels)
        raise ValueError(
            f"emission='point' draws no levels and no gaps, and column "
            f"{columns[self._read_columns[levels[0]]]!r} has them; choose emission='mixture'."
        )

    def _windows(self, panel: Panel, labels: np.ndarray) -> tuple[Windows, Windows]:
        """Training and validation windows over the same feature rows."""
        rows = (self._feature_rows(panel, self._torch_device()),)
        fraction = self.validation_fraction if self.early_stopping else 0.0
        starts = split_windows(panel.lengths, self.window_length_, fraction, labels)
        train, held_out = (
            Windows(rows, panel.lengths, self.window_length_, starts=part) for part in starts
        )
        return train, held_out

    def _batch_size(self) -> int:
        if self.batch_size == "auto":
            return max(8, _STEPS_PER_BATCH // self.window_length_)
        return int(self.batch_size)

    def _prior_recipe(self) -> Recipe:
        return Recipe(
            max_epochs=int(self.max_epochs),
            batch_size=self._batch_size(),
            learning_rate=self.learning_rate,
            weight_decay=0.1,
            early_stopping=self.early_stopping,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
        )

    def _season(
        self, rows: Tensor | LazyRows, lengths: np.ndarray, former: dict[str, Any]
    ) -> int | None:
        """Return the period asked for, or the strongest one that fits into half a window.

        Going on from a fit it is that of this fit, whose network is made for it.
        """
        if self.period is None:
            return None
        if self.period != "auto":
            if self.period > self._longest_lag:
                raise ValueError(
                    f"period={self.period} reaches beyond what training sees of a window of "
                    f"{self.window_length_} steps; choose a period of at most "
                    f"{self._longest_lag}, or a longer window_length."
                )
            return int(self.period)
        if "period_" in former:
            return former["period_"]
        series, ends = [], np.cumsum(lengths)
        for begin, end in zip(ends - lengths, np.minimum(ends, _SEASON_ROWS), strict=True):
            if begin < end:
                series.append(rows[torch.arange(begin, end)].double().numpy(force=True))
        return next((p for p in find_periods(series) if 2 * (p + 1) <= self.window_length_), None)

    def _lags(self) -> tuple[int, ...]:
        """Choose the steps that a step is drawn in sight of: the last three, those a season ago."""
        around = () if self.period_ is None else range(self.period_ - 1, self.period_ + 2)
        seen = {lag for lag in around if lag <= self._longest_lag}
        return tuple(sorted({1, 2, 3, *seen}, reverse=True))

    def _slots(self, windows: Windows, former: MixtureEmission | None) -> tuple[Slot, ...] | None:
        """Choose what is drawn one after the other; going on from a fit keeps what may be held."""
        if former is not None:
            held = {slot.start for slot in former.slots if slot.is_held}
        else:
            shares = shares_held(windows, self.codec_)[0]
            held = set(torch.nonzero(shares >= _OFTEN_HELD).flatten().tolist())
        return slots_of(self.codec_, self.missing == "complete", held)

    def _smallest_scales(self, windows: Windows, former: Network | None) -> tuple[float, ...]:
        """Measure how fine numbers are; going on from a fit they are what it found."""
        if former is not None:
            return former.config["smallest_scale"]
        return smallest_scales(windows, self.codec_)

    def _held_features(self) -> list[int]:
        slots = () if self._emission is None else self._emission.slots
        return [slot.start for slot in slots if slot.is_held]

    def _start_emission(
        self, emission: MixtureEmission | None, spread: Tensor, windows: Windows
    ) -> None:
        """Tell a network what it would learn late: how often levels are, and numbers stand still.

        Levels are also told to go together. Noise on them is relative to how much they vary,
        `spread`, as it is on standardised numbers.
        """
        if emission is None:
            return
        emission.start_held(shares_held(windows, self.codec_)[1:])
        rows = windows.rows[0]
        blocks = [block for block in self.codec_.blocks_ if block.kind == "discrete"]
        levels = [level for block in blocks for level in range(block.start, block.stop)]
        if levels:
            n_rows = rows.shape[0]
            some = rows[torch.arange(0, n_rows, max(1, n_rows // _COUNTED))].cpu()
            spread[levels] = some[:, levels].std(0, correction=0)
            emission.start_levels(some)

    def _calibrate(self, windows: Windows, lengths: np.ndarray, seed: int) -> None:
        """Bring the size of steps in free draws, and where they lead, to those in `windows`."""
        emission, length = self._emission, self.window_length_
        if emission is None or not emission.numbers or length < 2:
            return
        has_level = len(windows) >= FEWEST
        n_draws = INNOVATION_DRAWS + (LEVEL_DRAWS if has_level else 0)
        with progress_bar(n_draws, "calibration", self.verbose) as bar:

            def draw(plan: Draw) -> np.ndarray:
                drawn = self._run(plan, None)
                bar.update()
                return drawn

            plan = self._plan(n_calibrating(windows), 0, length, None, None, seed, {})
            calibrate_innovations(emission, lambda: draw(plan), data_variance(windows))
            if has_level:
                lasting = levelling_length(length, lengths, self._levelled_windows)
                n_series = n_levelling(windows, lasting)
                long_plan = self._plan(n_series, 0, lasting, None, None, seed, {})
                level = data_level(windows, lasting)
                gain = gain_of_shifts(windows, lasting)
                calibrate_level(emission, lambda: draw(long_plan), level, gain)
            bar.total = bar.n  # corrections end where nothing is left to correct
            bar.refresh()

    def forecast(
        self,
        X: Any,
        horizon: int,
        *,
        n_samples: int = 100,
        y: Any = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> Any:
        """Draw futures of given series.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Histories, in any container that `fit` takes.
        horizon : int
            Steps ahead, at least 1.
        n_samples : int, default=100
            Futures per series.
        y, random_state, n_jobs : object
            As in `sample`.

        Returns
        -------
        futures : ndarray, DataFrame or list
            Shape (n_samples, horizon, n_channels) for one series and (n_series, n_samples,
            horizon, n_channels) for a panel; a frame has index levels (sample, time) or (series,
            sample, time), the stamps following those of `X`; a list has for each series the list
            of its `n_samples` futures.
        """
        check_is_fitted(self)
        check_count("horizon", horizon)
        panel = self._read(X)
        if y is not None and np.ndim(y):
            y = np.repeat(labels_of(panel, y), n_samples)
        futures = self._sample(
            n_samples, length=horizon, y=y, prefix=panel, random_state=random_state, n_jobs=n_jobs
        )
        is_single = panel.spec.is_single
        if isinstance(futures, pd.DataFrame):
            return with_sample_level(futures, panel, n_samples, horizon, is_single)
        if isinstance(futures, np.ndarray):
            shape = (panel.n_series, n_samples, *futures.shape[1:])
            return futures if is_single else futures.reshape(shape)
        firsts = range(0, len(futures), n_samples)
        return [futures[first : first + n_samples] for first in firsts]

    def _sample(
        self,
        n_samples: int,
        *,
        first: int = 0,
        length: int | None,
        y: Any = None,
        prefix: Any = None,
        start: Any = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        **options: Any,
    ) -> Any:
        """Draw series number `first` and after, in the container of `fit`."""
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        histories = None if prefix is None else self._read(prefix)
        draw = self._plan(n_samples, first, length, y, histories, random_state, options)
        after = self._last_stamps(histories, n_samples, start)
        features = self._run(draw, n_jobs)
        return self._hand_out(features, draw, first=first, start=start, after=after)

    def _hand_out(
        self, features: np.ndarray, draw: Draw, *, first: int, start: Any, after: Any
    ) -> Any:
        """Features of drawn series, from number `first` on, in the container of `fit`."""
        ids = self._series_ids(first, len(features))
        return self._restore_drawn(features, draw, start=start, after=after, series_ids=ids)

    def _plan(
        self,
        n_samples: int,
        first: int,
        length: int | None,
        y: Any,
        histories: Panel | None,
        random_state: Any,
        options: dict[str, Any],
    ) -> Draw:
        length = self.default_length_ if length is None else length
        check_count("length", length)
        n_histories = 1 if histories is None else histories.n_series
        history_of = np.repeat(np.arange(n_histories), n_samples)
        # Each history has its own numbers, so that more samples of one leave the others alone.
        numbers = history_of * 2**32 + np.tile(np.arange(first, first + n_samples), n_histories)
        seed = self._seed(random_state)
        probabilities = None
        if y is None and self.classes_ is not None and histories is not None:
            probabilities = self._class_posterior(histories)[history_of]
        labels = self._labels_to_draw(y, numbers, seed, probabilities)
        past: tuple[np.ndarray, ...] = ()
        known = None
        if histories is not None:
            given, known = self._given(histories), self._split(histories)[1]
            past = tuple(given.series(i).numpy() for i in range(n_histories))
        static = self._static_of(seed, numbers, labels, known, history_of)
        return Draw(seed, numbers, length, labels, past, history_of, options, *static)

    def _run(self, draw: Draw, n_jobs: int | None) -> np.ndarray:
        n_workers = 1 if n_jobs is None else effective_n_jobs(n_jobs)
        # Every worker gets a part, also where one would draw all series together.
        parts = draw.parts(min(_CHUNK, -(-len(draw.numbers) // n_workers)))
        if n_workers == 1 or len(parts) == 1:
            drawn = [self._draw_part(part) for part in parts]
        else:
            drawn = Parallel(n_jobs=n_jobs)(delayed(self._draw_part)(part) for part in parts)
        return np.concatenate(drawn)

    def _draw_part(self, draw: Draw) -> np.ndarray:
        def some(chosen: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return self._draw_features(draw.part(chosen)).numpy(force=True)

        numbers = np.arange(len(draw.numbers))
        return draw_as_memory_allows(some, numbers, draw.length, self.device_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
