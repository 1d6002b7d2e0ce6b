"""Continuing given histories: `sample(prefix=...)` and `forecast`."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_ar1, make_var1
from tests.estimators.models import PHI, daily_panel_frame, fitted, hourly_frame, panel, small


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_first_samples_continue_the_first_history(panel_model):
    histories = [panel()[0], panel()[1] + 3.0]
    together = panel_model.sample(3, length=4, prefix=histories)
    assert together.shape == (6, 4, 2)
    same(together[:3], panel_model.sample(3, length=4, prefix=histories[:1]))


def test_next_step_follows_the_history(ar1_model):
    """The mean of an AR(1) given x is phi x."""
    histories = [np.full((8, 1), level) for level in (-2.0, 0.0, 2.0)]
    drawn = ar1_model.sample(400, length=1, prefix=histories).reshape(3, 400)
    # Three standard errors of 1 / sqrt(400), and 0.1 for what a small model gets wrong.
    np.testing.assert_allclose(drawn.mean(1), PHI * np.array([-2.0, 0.0, 2.0]), atol=0.25)
    assert (np.diff(drawn.mean(1)) > 1.0).all()


def test_effect_of_the_history_fades(ar1_model):
    histories = [np.full((8, 1), level) for level in (-2.0, 2.0)]
    drawn = ar1_model.sample(300, length=20, prefix=histories).reshape(2, 300, 20)
    gap = drawn[1].mean(0) - drawn[0].mean(0)
    assert gap[0] > 2.0
    assert abs(gap[-1]) < 0.25 * gap[0]


def test_history_beyond_the_reach_is_not_read(panel_model):
    history = make_var1(1, 1000, random_state=3)[0]
    cut = history[-panel_model.prior_.trunk.reach :]
    drawn = [panel_model.sample(5, length=6, prefix=[X], random_state=1) for X in (history, cut)]
    same(*drawn)


def test_histories_of_several_lengths_are_continued_each_by_itself(panel_model):
    histories = [panel()[0][:3], panel()[1], panel()[2][:1]]
    together = panel_model.sample(1, length=5, prefix=histories, random_state=2)
    longest = [panel()[0], panel()[1], panel()[2]]
    others = panel_model.sample(1, length=5, prefix=longest, random_state=2)
    same(together[1], others[1])
    alone = panel_model.sample(1, length=5, prefix=histories[:1], random_state=2)
    same(together[0], alone[0])


def test_continuation_of_a_draw_is_the_longer_draw_in_law(ar1_model):
    """Correlation across the joint is that of neighbours elsewhere."""
    history = make_ar1(400, 12, phi=PHI, random_state=5)
    drawn = ar1_model.sample(1, length=3, prefix=history)
    across = np.corrcoef(history[:, -1, 0], drawn[:, 0, 0])[0, 1]
    within = np.corrcoef(drawn[:, 0, 0], drawn[:, 1, 0])[0, 1]
    assert abs(across - PHI) < 0.1
    assert abs(within - PHI) < 0.1


def test_prefix_of_other_channels_is_refused(panel_model):
    with pytest.raises(ValueError, match=r"X has 3 features.*expecting 2 features"):
        panel_model.sample(1, prefix=np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"X has 1 features.*expecting 2 features"):
        panel_model.forecast(np.zeros((5, 1)), 2)


def test_forecast_is_the_continuation(panel_model):
    futures = panel_model.forecast(panel(), 5, n_samples=3, random_state=4)
    assert futures.shape == (4, 3, 5, 2)
    drawn = panel_model.sample(3, length=5, prefix=panel(), random_state=4)
    same(futures.reshape(12, 5, 2), drawn)


def test_forecast_of_one_series_has_an_axis_of_samples(panel_model):
    assert panel_model.forecast(panel()[0], 5, n_samples=3).shape == (3, 5, 2)
    assert panel_model.forecast(panel()[0], 5).shape == (100, 5, 2)
    assert panel_model.forecast(panel()[:1], 5, n_samples=3).shape == (1, 3, 5, 2)


def test_forecast_of_a_list_is_a_list_of_lists():
    X = [panel()[0], panel()[1][:9]]
    futures = fitted(small(), X).forecast(X, 5, n_samples=3)
    assert [len(samples) for samples in futures] == [3, 3]
    assert all(future.shape == (5, 2) for samples in futures for future in samples)


@pytest.mark.parametrize("X", [panel()[0], panel(3)], ids=["series", "panel"])
def test_short_forecast_is_the_start_of_a_long_one(panel_model, X):
    long, short = (panel_model.forecast(X, h, n_samples=3, random_state=4) for h in (12, 4))
    same(long[..., :4, :], short)


@pytest.mark.parametrize("X", [panel()[0], panel(3)], ids=["series", "panel"])
def test_few_futures_are_the_first_of_many(panel_model, X):
    many, few = (panel_model.forecast(X, 4, n_samples=n, random_state=4) for n in (5, 2))
    same(many[..., :2, :, :], few)


def test_forecast_stamps_follow_a_series_across_the_change_of_the_clock(frame_model):
    X = hourly_frame()
    history = X.iloc[:13]  # until midnight before the clock is put back at three
    futures = frame_model.forecast(history, 6, n_samples=2)
    assert futures.index.names == ["sample", "when"]
    for sample in (0, 1):
        stamps = futures.loc[sample].index
        assert stamps.equals(X.index[13:19]), f"{sample}: {stamps}"
        assert stamps.dtype == X.index.dtype
    assert list(futures.columns) == ["load", "heat"]


def test_forecast_stamps_follow_each_series_of_a_panel():
    X = daily_panel_frame()
    futures = fitted(small(), X).forecast(X, 4, n_samples=2)
    assert futures.index.names == ["id", "sample", "day"]
    assert len(futures) == 3 * 2 * 4
    for name in ("s0", "s1", "s2"):
        last = X.loc[name].index[-1]
        for sample in (0, 1):
            stamps = futures.loc[(name, sample)].index
            expected = pd.date_range(last, periods=5, freq="D")[1:]
            assert stamps.equals(expected), f"{name}: {stamps}"


def test_continued_frame_follows_the_history_unless_start_is_given(frame_model):
    X = hourly_frame()
    stamps = frame_model.sample(1, length=3, prefix=X).index.get_level_values(1)
    assert stamps[0] == X.index[-1] + pd.Timedelta(hours=1)
    start = pd.Timestamp("2030-01-01", tz="Europe/Berlin")
    moved = frame_model.sample(1, length=3, prefix=X, start=start)
    assert moved.index.get_level_values(1)[0] == start
    same(moved.to_numpy(), frame_model.sample(1, length=3, prefix=X).to_numpy())


def test_frame_history_of_an_array_model_gives_arrays(panel_model):
    X = pd.DataFrame(panel()[0], index=pd.date_range("2024-01-01", periods=20))
    with pytest.warns(UserWarning, match="X has feature names"):
        drawn = panel_model.sample(2, length=3, prefix=X.rename(columns=str), random_state=1)
    same(drawn, panel_model.sample(2, length=3, prefix=panel()[0], random_state=1))
