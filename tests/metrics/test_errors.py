import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from sktsgen.metrics import (
    balanced_error,
    crps,
    error_rate,
    interval_coverage,
    interval_width,
    level_log_loss,
    mae,
    pinball_loss,
    rmse,
)

rng = np.random.default_rng(0)
TRUTH = rng.standard_normal((8, 5, 2))
TARGETS = rng.random(TRUTH.shape) < 0.4
INDEX = pd.MultiIndex.from_product([range(8), range(5)], names=["series", "time"])


def frame(values):
    return pd.DataFrame(np.reshape(values, (40, 2)), index=INDEX, columns=["p", "q"])


def test_only_targets_count():
    filled = np.where(TARGETS, TRUTH + 0.5, TRUTH)
    assert mae(TRUTH, filled, targets=TARGETS) == pytest.approx(0.5)
    assert rmse(TRUTH, filled, targets=TARGETS) == pytest.approx(0.5)
    assert mae(TRUTH, filled) == pytest.approx(0.5 * TARGETS.mean())
    spoilt = np.where(TARGETS, filled, np.nan)
    assert mae(TRUTH, spoilt, targets=TARGETS) == pytest.approx(0.5)


def test_errors_are_those_of_numpy():
    other = rng.standard_normal(TRUTH.shape)
    gaps = (TRUTH - other)[TARGETS]
    assert mae(TRUTH, other, targets=TARGETS) == pytest.approx(np.abs(gaps).mean())
    assert rmse(TRUTH, other, targets=TARGETS) == pytest.approx(np.sqrt((gaps**2).mean()))


def test_scale_is_the_unit_of_each_column():
    unit = np.array([10.0, 0.1])
    assert mae(TRUTH * unit, (TRUTH + 1) * unit, scale=unit) == pytest.approx(1)
    assert crps(TRUTH * unit, [(TRUTH + 1) * unit], scale=unit) == pytest.approx(1)


@pytest.mark.parametrize("wrap", [list, frame, lambda X: [pd.DataFrame(x) for x in X]])
def test_equal_data_has_equal_error_in_any_container(wrap):
    other = TRUTH + rng.standard_normal(TRUTH.shape)
    given = mae(wrap(TRUTH), wrap(other), targets=wrap(TARGETS))
    assert given == pytest.approx(mae(TRUTH, other, targets=TARGETS), rel=1e-12)


def test_targets_follow_interleaved_rows():
    other = TRUTH + rng.standard_normal(TRUTH.shape)
    order = frame(TRUTH).reset_index().sort_values(["time", "series"]).index
    mixed = [frame(X).iloc[order] for X in (TRUTH, other, TARGETS)]
    expected = mae(TRUTH, other, targets=TARGETS)
    assert mae(mixed[0], mixed[1], targets=mixed[2]) == pytest.approx(expected)
    assert mae(mixed[0], mixed[1], targets=mixed[2].to_numpy()) == pytest.approx(expected)


def test_rows_go_together_by_series_and_time():
    other = frame(TRUTH + rng.standard_normal(TRUTH.shape))
    expected = mae(TRUTH, other.to_numpy().reshape(TRUTH.shape), targets=TARGETS)
    turned = other.loc[list(range(7, -1, -1))]
    assert mae(frame(TRUTH), turned, targets=TARGETS) == pytest.approx(expected)
    assert crps(frame(TRUTH), [turned, other], targets=TARGETS) == pytest.approx(
        crps(frame(TRUTH), [other, other], targets=TARGETS)
    )
    targets = frame(TARGETS).loc[[3, 1, 2, 0, 4, 7, 6, 5], ["q", "p"]]
    assert mae(frame(TRUTH), turned, targets=targets) == pytest.approx(expected)


def test_series_of_other_lengths_go_together_by_their_names():
    ragged = frame(TRUTH).drop([(2, 4), (5, 0)])
    turned = ragged.loc[[5, 0, 1, 2, 3, 4, 6, 7]] + 0.5
    assert mae(ragged, turned) == pytest.approx(0.5)


HOURS = pd.DataFrame({"x": np.arange(4.0)}, index=pd.date_range("2024-01-01", periods=4, freq="h"))


@pytest.mark.parametrize(
    ("truth", "given", "message"),
    [
        (
            frame(TRUTH),
            frame(TRUTH).rename(index={3: 30}, level=0),
            "X_pred has no row at 0 of series 3",
        ),
        (HOURS, HOURS.shift(freq="D"), "X_pred has no row at 2024-01-01 00:00:00, and X_true has"),
        ([HOURS] * 2, [HOURS, HOURS.shift(freq="h")], "X_pred has no row at 2024.* of series 1"),
        (HOURS, HOURS.tz_localize("UTC"), "X_pred has no row at 2024-01-01 00:00:00"),
    ],
)
def test_rows_without_a_partner_are_named(truth, given, message):
    with pytest.raises(ValueError, match=message):
        mae(truth, given)


@pytest.mark.parametrize(
    "given", [HOURS.to_numpy() + 1, HOURS.reset_index(drop=True) + 1, [HOURS.to_numpy() + 1]]
)
def test_rows_that_are_only_counted_go_by_position(given):
    assert mae(HOURS, given) == 1


def test_targets_of_other_series_or_columns_are_refused():
    with pytest.raises(ValueError, match=r"targets has the columns \['p', 'r'\] and the truth"):
        mae(frame(TRUTH), frame(TRUTH), targets=frame(TARGETS).rename(columns={"q": "r"}))
    with pytest.raises(ValueError, match="targets has no row at 0 of series 3, and X_true has"):
        mae(frame(TRUTH), frame(TRUTH), targets=frame(TARGETS).rename(index={3: 30}, level=0))


@pytest.mark.parametrize("wrap", [np.asarray, list, frame])
def test_targets_that_are_no_booleans_are_refused(wrap):
    """NaN would count as True."""
    with pytest.raises(TypeError, match="targets is of type float64; give booleans"):
        mae(TRUTH, TRUTH, targets=wrap(np.where(TARGETS, 1.0, np.nan)))


def test_nullable_targets_count_where_none_is_missing():
    targets = frame(TARGETS).astype("boolean")
    assert mae(frame(TRUTH), TRUTH + 1, targets=targets) == pytest.approx(1)
    targets.iloc[3, 0] = pd.NA
    with pytest.raises(ValueError, match="targets has missing cells"):
        mae(frame(TRUTH), TRUTH + 1, targets=targets)


def test_truth_that_was_missing_does_not_count():
    truth = np.where(TARGETS, np.nan, TRUTH)
    assert mae(truth, TRUTH + 1) == pytest.approx(1)
    with pytest.raises(ValueError, match=rf"{TARGETS.sum()} cells of X_true that targets asks"):
        mae(truth, TRUTH, targets=TARGETS)


def test_pinball_loss_is_least_at_its_quantile():
    truth = np.random.default_rng(1).random((1, 5000, 1))
    losses = [
        pinball_loss(truth, np.full_like(truth, guess), quantile=0.8) for guess in (0.7, 0.8, 0.9)
    ]
    assert losses[1] == min(losses)
    # Uniform on [0, 1]: q (1 - q) / 2 at the quantile itself.
    assert losses[1] == pytest.approx(0.08, abs=3e-3)
    assert pinball_loss(truth, truth + 1, quantile=0.5) == pytest.approx(0.5)


def test_crps_of_normal_draws_is_the_closed_form():
    truth = np.full((1, 1, 1), 0.7)
    draws = np.random.default_rng(0).standard_normal((2000, 1, 1, 1))
    expected = 0.7 * (2 * norm.cdf(0.7) - 1) + 2 * norm.pdf(0.7) - 1 / np.sqrt(np.pi)
    assert crps(truth, draws) == pytest.approx(expected, abs=0.02)


def test_crps_agrees_with_its_definition():
    draws = rng.standard_normal((7, *TRUTH.shape))
    spread = np.abs(draws[:, None] - draws).mean((0, 1)) / 2
    expected = (np.abs(draws - TRUTH).mean(0) - spread)[TARGETS].mean()
    assert crps(TRUTH, draws, targets=TARGETS) == pytest.approx(expected)


def test_crps_of_one_draw_is_the_absolute_error():
    other = rng.standard_normal(TRUTH.shape)
    assert crps(TRUTH, [other]) == pytest.approx(mae(TRUTH, other))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_calibrated_draws_cover_what_they_should(level):
    generator = np.random.default_rng(2)
    truth, *draws = generator.standard_normal((201, 400, 10, 1))
    assert interval_coverage(truth, draws, level=level) == pytest.approx(level, abs=0.03)
    width = interval_width(truth, draws, level=level)
    assert width == pytest.approx(2 * norm.ppf((1 + level) / 2), rel=0.03)
    narrow = [0.5 * draw for draw in draws]
    assert interval_coverage(truth, narrow, level=level) < level - 0.1


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_few_calibrated_draws_cover_what_they_should(level):
    """20 draws by linear quantiles would cover 0.45 and 0.81."""
    truth, *draws = np.random.default_rng(3).standard_normal((21, 2000, 10, 1))
    assert interval_coverage(truth, draws, level=level) == pytest.approx(level, abs=0.01)


LEVELS = pd.DataFrame({"state": list("aaaabbcc"), "flag": [True] * 6 + [False] * 2, "x": 1.0})


def test_error_rate_averages_columns():
    guess = LEVELS.assign(state=list("aaaaaaaa"), flag=True)
    assert error_rate(LEVELS, guess) == pytest.approx((0.5 + 0.25) / 2)
    assert balanced_error(LEVELS, guess) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_only_target_levels_count():
    guess = LEVELS.assign(state=list("aaaaaaaa"))
    targets = np.zeros((8, 3), dtype=bool)
    targets[3:6, 0] = True
    assert error_rate(LEVELS, guess, targets=targets) == pytest.approx(2 / 3)
    assert balanced_error(LEVELS, guess, targets=targets) == pytest.approx(1 / 2)


def test_a_level_left_missing_is_wrong():
    guess = LEVELS.astype({"state": object})
    guess.loc[0, "state"] = None
    assert error_rate(LEVELS[["state"]], guess[["state"]]) == pytest.approx(1 / 8)


def test_log_loss_counts_draws():
    draws = [LEVELS[["state"]], LEVELS[["state"]].assign(state="a")]
    found = level_log_loss(LEVELS[["state"]], draws)
    expected = -np.log([(2 + 1 / 3) / 3] * 4 + [(1 + 1 / 3) / 3] * 4).mean()
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mae(TRUTH, TRUTH[:4]), "X_pred has 20 rows in 4 series and X_true 40 in 8"),
        (lambda: mae(TRUTH, TRUTH, targets=TARGETS[:, :2]), r"targets has shapes .* 40 rows of 2"),
        (lambda: mae(TRUTH, TRUTH, targets=TARGETS & False), "no cell of numbers"),
        (lambda: mae(TRUTH, np.where(TARGETS, np.nan, TRUTH)), r"cells of X_pred that targets"),
        (lambda: mae(TRUTH, TRUTH, scale=[1.0, 0.0]), r"scale=\[1.0, 0.0\] has an entry that"),
        (lambda: mae(TRUTH, TRUTH, scale=[1.0] * 3), r"scale has shape \(3,\) for 2 columns"),
        (lambda: pinball_loss(TRUTH, TRUTH, quantile=1.5), "quantile=1.5; choose above 0"),
        (lambda: interval_width(TRUTH, [TRUTH], level=0.0), "level=0.0; choose above 0"),
        (lambda: crps(TRUTH, []), "X_draws is list of 0 rows; give a list of draws"),
        (lambda: crps(frame(TRUTH), frame(TRUTH)), "X_draws is DataFrame of 40 rows"),
        (lambda: error_rate(TRUTH, TRUTH), "no cell of levels"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
