"""An honest generator passes every law, and each law catches the one that breaks it."""

import random
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from sktsgen.persistence import register
from sktsgen.testing import check_generator, generator_checks
from tests.testing.toy import ToyGenerator

BREAKERS = []


def breaks(law, complaint):
    """Note a generator with the law it must be caught by and the words it is caught with."""

    def note(cls):
        BREAKERS.append((law, complaint, cls))
        return register(cls)

    return note


@breaks("check_unfitted_use_is_refused", "sample before fit must raise NotFittedError")
class DrawsUnfitted(ToyGenerator):
    def sample(self, n_samples=1, **options):
        return super().sample(n_samples, **options) if hasattr(self, "spec_") else np.zeros((1, 1))


@breaks("check_fit_and_sample_leave_input_alone", "fit or score changed its input")
class CentresItsInput(ToyGenerator):
    def fit(self, X, y=None):
        super().fit(X, y)
        if isinstance(X, np.ndarray) and X.flags.writeable:
            X -= X.mean()
        return self


@breaks("check_fit_and_sample_leave_input_alone", "fit or score changed its input")
class WritesToFrames(ToyGenerator):
    def score(self, X, y=None):
        if isinstance(X, pd.DataFrame):
            X.iloc[0, 0] = 0.0
        return super().score(X)


@breaks("check_sample_leaves_estimator_alone", "changed the attributes ['last_']")
class KeepsACache(ToyGenerator):
    def sample(self, n_samples=1, **options):
        self.last_ = n_samples
        return super().sample(n_samples, **options)


@breaks("check_sample_leaves_estimator_alone", "changed the inside of an attribute")
class ChangesAnArrayInside(ToyGenerator):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        self.means_ += 1e-3
        return drawn


@breaks("check_global_random_states_are_left_alone", "A global random state was used")
class UsesNumpysState(ToyGenerator):
    def fit(self, X, y=None):
        np.random.rand()  # noqa: NPY002 - the fault to be caught
        return super().fit(X, y)


@breaks("check_global_random_states_are_left_alone", "A global random state was used")
class UsesTorchsState(ToyGenerator):
    def sample(self, n_samples=1, **options):
        torch.rand(1)
        return super().sample(n_samples, **options)


@breaks("check_global_random_states_are_left_alone", "read a global random state")
class ReadsPythonsState(ToyGenerator):
    def fit(self, X, y=None):
        super().fit(X, y)
        self.means_ = self.means_ + sum(random.getstate()[1]) % 1000
        return self


@breaks("check_refit_equals_fit", "fit depends on an earlier fit")
class GoesOnFromTheLastFit(ToyGenerator):
    def fit(self, X, y=None):
        old = getattr(self, "scale_", None)
        super().fit(X, y)
        if old is not None:
            self.scale_ = (self.scale_ + old) / 2
        return self


@breaks("check_copies_draw_alike", "A pickle differs")
class PicklesRounded(ToyGenerator):
    def __getstate__(self):
        state = dict(self.__dict__)
        if "means_" in state:
            state["means_"] = state["means_"].round(1)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)


@breaks("check_saved_file_draws_alike", "A loaded file differs")
class SavesAnother(ToyGenerator):
    def save(self, path):
        clone(self).fit(np.zeros((3, 20, 2))).save_as_it_is(path)

    def save_as_it_is(self, path):
        ToyGenerator.save(self, path)


@breaks("check_seed_decides_the_draw", "random_state=7 and random_state=8 drew the same")
class IgnoresTheSeed(ToyGenerator):
    def _seed(self, random_state):
        return 0


@breaks("check_own_seed_is_the_default", "constructor's random_state=0 did not repeat")
class ForgetsItsSeed(ToyGenerator):
    def _seed(self, random_state):
        return np.random.SeedSequence().entropy % 2**64 if random_state is None else random_state


@breaks("check_seed_decides_the_draw", "Two series of one draw are the same")
class DrawsOneSeriesOnly(ToyGenerator):
    def _noise(self, seed, number, length):
        return super()._noise(seed, 0, length)


@breaks("check_draw_is_prefix_stable_in_n", "sample(5)[:1] differs from sample(1)")
@breaks("check_draw_is_prefix_stable_in_time", "The first 1 steps depend on the length")
@breaks("check_batches_make_one_draw", "batch_size=1 changed the draw")
class DrawsAllAtOnce(ToyGenerator):
    """The noise of a series depends on the shape of the whole draw."""

    def _draw(self, numbers, length, y, random_state, n_jobs=None, temperature=1.0):
        length = self.length_ if length is None else length
        rng = np.random.default_rng(self._seed(random_state))
        return rng.standard_normal((self.spec_.n_channels, length, len(numbers))).T


@breaks("check_batches_make_one_draw", "must return an iterator")
class BatchesAsAList(ToyGenerator):
    def sample_batches(self, n_samples, **options):
        return list(super().sample_batches(n_samples, **options))


@breaks("check_batches_make_one_draw", "batch_size=1 changed the draw")
class BatchesStartAnew(ToyGenerator):
    def sample_batches(self, n_samples, *, batch_size, length=None, random_state=None):
        starts = range(0, n_samples, batch_size)
        sizes = [min(batch_size, n_samples - first) for first in starts]
        return (self.sample(size, length=length, random_state=random_state) for size in sizes)


@breaks("check_length_is_what_was_asked", "length=60 gave the shape (2, 40, 2)")
class CutsLongSeries(ToyGenerator):
    def sample(self, n_samples=1, *, length=None, **options):
        drawn = super().sample(n_samples, length=length, **options)
        return drawn[:, :40] if isinstance(drawn, np.ndarray) else drawn


@breaks("check_threads_draw_alike", "A draw depends on other threads")
class SharesItsNoise(ToyGenerator):
    def _noise(self, seed, number, length):
        self.counter_ = getattr(self, "counter_", 0) + 1
        return super()._noise(seed, number, length) + self.counter_


@breaks("check_n_jobs_does_not_change_the_draw", "n_jobs=2 changed the draw")
class JobsHaveTheirOwnSeeds(ToyGenerator):
    def sample(self, n_samples=1, *, n_jobs=None, random_state=None, **options):
        return super().sample(
            n_samples, random_state=(random_state or 0) + (n_jobs or 0), **options
        )


@breaks("check_bad_counts_are_refused", "n_samples=0 must name [0] in its message")
class NamesNoValue(ToyGenerator):
    def sample(self, n_samples=1, **options):
        try:
            return super().sample(n_samples, **options)
        except ValueError as error:
            raise ValueError("n_samples and length must be positive.") from error


@breaks("check_bad_sharpening_is_refused", "temperature=0.0 must raise ValueError")
class TakesAnyTemperature(ToyGenerator):
    def sample(self, n_samples=1, *, temperature=1.0, **options):
        return super().sample(n_samples, temperature=max(temperature, 0.1), **options)


@breaks("check_labels_are_obeyed", "An unseen label 30 must raise ValueError")
class GuessesUnknownLabels(ToyGenerator):
    def _labels(self, y, n_series):
        return np.zeros(n_series, dtype=int)


@breaks("check_arrays_give_arrays", "shape is (6, 2) instead of (1, 6, 2)")
class SqueezesOneSeries(ToyGenerator):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return drawn[0] if n_samples == 1 and isinstance(drawn, np.ndarray) else drawn


@breaks("check_dtypes_survive", "float32 came out as float64")
class DrawsFloat64(ToyGenerator):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return drawn if isinstance(drawn, list) else drawn.astype(np.float64)


@breaks("check_lists_give_lists", "A list came out as <class 'numpy.ndarray'>")
class StacksLists(ToyGenerator):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return np.stack(drawn) if isinstance(drawn, list) else drawn


@breaks("check_frame_gives_frame", "The index is [None]")
@breaks("check_panel_frame_gives_panel_frame", "The index is [None]")
class LosesTheIndex(ToyGenerator):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return drawn.reset_index(drop=True) if isinstance(drawn, pd.DataFrame) else drawn


@breaks("check_frame_gives_frame", "The time of series")
class LosesTheZone(ToyGenerator):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        levels = getattr(getattr(drawn, "index", None), "levels", [None])
        if isinstance(levels[-1], pd.DatetimeIndex):
            drawn.index = drawn.index.set_levels(levels[-1].tz_localize(None), level=1)
        return drawn


@breaks("check_start_moves_the_time", "start='2025-02-27' gave the time stamps")
class IgnoresStart(ToyGenerator):
    def sample(self, n_samples=1, *, start=None, **options):
        return super().sample(n_samples, **options)


@breaks("check_containers_are_one_panel", "score of a list differs")
class ReadsListsBackwards(ToyGenerator):
    def fit(self, X, y=None):
        return super().fit([series[5:] for series in X] if isinstance(X, list) else X, y)


@breaks("check_short_series_are_fitted", "shorter than window_length=8")
class WantsFullWindows(ToyGenerator):
    def fit(self, X, y=None):
        super().fit(X, y)
        if len(X[0]) < self.window_length if isinstance(X, list) else len(X) == 10:
            raise ValueError("The series are shorter than window_length=8.")
        return self


@breaks("check_score_is_a_finite_float", "score gave a float32")
class ScoresFloat32(ToyGenerator):
    def score(self, X, y=None):
        return np.float32(super().score(X))


@breaks("check_score_prefers_training_data", "Training data scored")
class ScoresTheLoss(ToyGenerator):
    def score(self, X, y=None):
        return -super().score(X)


@breaks("check_score_samples_adds_up", "score_samples of a 3-D array has the shape (60,)")
class ScoresRowsOfPanels(ToyGenerator):
    def score_samples(self, X, y=None):
        return self._row_densities(X)[1]


@breaks("check_prefix_is_continued_in_order", "depends on the other histories")
class MixesHistories(ToyGenerator):
    def _continue(self, prefix, n_samples, length, random_state, start=None):
        drawn = super()._continue(prefix, n_samples, length, random_state, start)
        return drawn + 0.1 * len(prefix) if isinstance(prefix, np.ndarray) else drawn


@breaks("check_prefix_matters", "are followed by the same series")
class ForgetsTheHistory(ToyGenerator):
    def _continue(self, prefix, n_samples, length, random_state, start=None):
        still = np.zeros_like(prefix) if isinstance(prefix, np.ndarray) else prefix
        return super()._continue(still, n_samples, length, random_state, start)


@breaks("check_prefix_of_other_channels_is_refused", "A prefix of one channel must raise")
class TakesAnyHistory(ToyGenerator):
    def _continue(self, prefix, n_samples, length, random_state, start=None):
        if isinstance(prefix, np.ndarray):
            prefix = np.broadcast_to(prefix[..., :1], (*prefix.shape[:2], 2))
        return super()._continue(prefix, n_samples, length, random_state, start)


@breaks("check_forecast_has_an_axis_of_samples", "forecast of 3-D X has the shape (6, 4, 2)")
@breaks("check_forecast_follows_the_time", "The index is ['id', 'when']")
class JoinsFutures(ToyGenerator):
    def forecast(self, X, horizon, *, n_samples=100, random_state=None):
        return self._continue(X, n_samples, horizon, random_state)


@breaks("check_forecast_follows_the_time", "come the stamps")
class StartsAgain(ToyGenerator):
    def _with_samples(self, futures, panel, n_samples, horizon):
        earlier = futures.index.levels[1] - pd.Timedelta(1, "D")
        futures.index = futures.index.set_levels(earlier, level=1)
        return super()._with_samples(futures, panel, n_samples, horizon)


@breaks("check_forecast_is_the_sample_after_a_prefix", "forecast and sample(prefix=X) differ")
class ForecastsByOtherNoise(ToyGenerator):
    def forecast(self, X, horizon, *, n_samples=100, random_state=None):
        return super().forecast(X, horizon, n_samples=n_samples, random_state=random_state + 1)


@breaks("check_forecast_leaves_all_alone", "forecast changed the attributes ['last_']")
class RemembersForecasts(ToyGenerator):
    def forecast(self, X, horizon, *, n_samples=100, random_state=None):
        self.last_ = horizon
        return super().forecast(X, horizon, n_samples=n_samples, random_state=random_state)


@breaks("check_bad_horizon_is_refused", "horizon=1.5 must raise ValueError")
class RoundsHorizons(ToyGenerator):
    def forecast(self, X, horizon, *, n_samples=100, random_state=None):
        whole = int(horizon)
        return super().forecast(X, whole, n_samples=n_samples, random_state=random_state)


@breaks("check_mixed_table_is_taken_or_refused", "fit must name one of the columns")
class RefusesWithoutAName(ToyGenerator):
    def fit(self, X, y=None):
        try:
            return super().fit(X, y)
        except (TypeError, ValueError) as error:
            raise TypeError("Numbers only.") from error


@register
class DrawsFromATable(ToyGenerator):
    """Honest with mixed panels too: it draws their series again."""

    def fit(self, X, y=None):
        if not isinstance(X, pd.DataFrame) or len(X.select_dtypes("number").columns) == X.shape[1]:
            return super().fit(X, y)
        self.table_ = X
        return self

    def sample(self, n_samples=1, *, length=None, **options):
        if not hasattr(self, "table_"):
            return super().sample(n_samples, length=length, **options)
        table = self.table_.groupby(level=0).head(length)
        return table[table.index.get_level_values(0).isin(table.index.levels[0][:n_samples])]


@breaks("check_mixed_table_keeps_its_types", "which fit did not see")
class InventsLevels(DrawsFromATable):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return drawn.assign(weather="snow") if "weather" in drawn else drawn


@breaks("check_mixed_table_keeps_its_types", "came out as")
class DrawsCountsAsFloats(DrawsFromATable):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return drawn.astype({"visitors": float}) if "visitors" in drawn else drawn


@breaks("check_static_columns_stay_static", "The static column 'area' has 8 values")
class ShufflesRows(DrawsFromATable):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return drawn.assign(area=np.arange(len(drawn)) / 3) if "area" in drawn else drawn


@breaks("check_gaps_stay_where_they_were", "Column 'pressure' was whole and came out with 24 gaps")
class ForgetsAColumn(DrawsFromATable):
    def sample(self, n_samples=1, **options):
        drawn = super().sample(n_samples, **options)
        return drawn.assign(pressure=np.nan) if "pressure" in drawn else drawn


@pytest.mark.parametrize("check", generator_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("cls", [ToyGenerator, DrawsFromATable])
def test_an_honest_generator_passes(check, cls):
    check(cls())


@pytest.mark.parametrize(("law", "complaint", "cls"), BREAKERS)
def test_a_broken_law_is_noticed(law, complaint, cls):
    check = {check.__name__: check for check in generator_checks()}[law]
    with pytest.raises((AssertionError, ValueError), match=re.escape(complaint)):
        check(cls())


def test_a_note_may_name_the_column():
    class RefusesInANote(ToyGenerator):
        def fit(self, X, y=None):
            try:
                return super().fit(X, y)
            except (TypeError, ValueError) as error:
                refused = TypeError("Numbers only.")
                refused.add_note(str(error))
                raise refused from error

    laws = {check.__name__: check for check in generator_checks()}
    laws["check_mixed_table_is_taken_or_refused"](RefusesInANote())


def test_every_law_has_someone_who_breaks_it():
    assert {law for law, _, _ in BREAKERS} == {check.__name__ for check in generator_checks()}


def test_check_generator_names_the_law():
    with pytest.raises(AssertionError, match=r"^check_score_prefers_training_data: Training data"):
        check_generator(ScoresTheLoss())


def test_check_generator_leaves_the_estimator_unfitted():
    generator = ToyGenerator(random_state=None)
    check_generator(generator)
    assert vars(generator) == {"window_length": 8, "random_state": None}


def test_laws_without_an_object_are_passed_over():
    """No promise in time, no sharpening, no score per series: nothing to check."""

    class Plain(ToyGenerator):
        _prefix_stable_in_time = False
        score_samples = property()
        forecast = property()

        def sample(self, n_samples=1, *, length=None, random_state=None):
            return super().sample(n_samples, length=length, random_state=random_state)

    for check in generator_checks():
        if check.__name__ in (
            "check_draw_is_prefix_stable_in_time",
            "check_bad_sharpening_is_refused",
            "check_score_samples_adds_up",
        ) or check.__name__.startswith(("check_prefix", "check_forecast", "check_bad_horizon")):
            check(Plain())
