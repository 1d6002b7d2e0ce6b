import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import association

from sktsgen.metrics import (
    copying,
    correlation_ratio_difference,
    cramers_v_difference,
    total_variation_distance,
)

INDEX = pd.MultiIndex.from_product([range(100), range(6)], names=["series", "time"])


def mixed(seed, coupling=1.0):
    """Draw a number, two texts and a truth that depend on each other by `coupling`."""
    rng = np.random.default_rng(seed)
    state = rng.integers(3, size=600)
    other = np.where(rng.random(600) < coupling, state, rng.integers(3, size=600))
    return pd.DataFrame(
        {
            "x": coupling * other + rng.standard_normal(600),
            "state": np.array(["a", "b", "c"])[state],
            "other": pd.Categorical(np.array(["p", "q", "r"])[other]),
            "flag": rng.random(600) < 0.5,
        },
        index=INDEX,
    )


def levels(*shares):
    cells = np.repeat(list("abcd")[: len(shares)], shares)
    return pd.DataFrame({"state": cells})


def test_total_variation_is_half_the_summed_differences():
    assert total_variation_distance(levels(50, 50), levels(20, 80)) == pytest.approx(0.3)
    assert total_variation_distance(levels(100), levels(0, 0, 100)) == 1


def test_a_missing_level_counts():
    gaps = levels(50, 50)
    gaps.loc[:9, "state"] = None
    assert total_variation_distance(levels(50, 50), gaps) == pytest.approx(0.1)


def test_gaps_in_numbers_count_as_levels():
    frame = pd.DataFrame({"x": np.arange(10.0)})
    gaps = frame.where(frame["x"] < 7)
    assert total_variation_distance(frame, gaps) == pytest.approx(0.3)


def test_transitions_see_the_order_of_time():
    slow = pd.DataFrame({"state": np.repeat(list("ab"), 50)})
    fast = pd.DataFrame({"state": np.tile(list("ab"), 50)})
    assert total_variation_distance(slow, fast) == 0
    # Of 99 steps one changes level in the slow series, all in the fast one.
    assert total_variation_distance(slow, fast, transitions=True) == pytest.approx(98 / 99)


def test_transitions_stay_inside_their_series():
    cells = [pd.DataFrame({"state": list(text)}) for text in ("aab", "abb")]
    other = [pd.DataFrame({"state": list(text)}) for text in ("aabb", "bb")]
    # aa ab ab bb against aa ab bb bb; none across two series.
    assert total_variation_distance(cells, other, transitions=True) == pytest.approx(0.25)


def test_pairs_see_what_columns_have_to_do_with_each_other():
    real = pd.DataFrame({"a": list("xxyy"), "b": list("ppqq"), "c": list("uuuu")})
    other = real.assign(b=list("pqpq"))
    assert total_variation_distance(real, other) == 0
    # Half of the pairs (a, b) are new; with c there is nothing to see.
    assert total_variation_distance(real, other, pairs=True) == pytest.approx(0.5 / 3)


def test_pairs_weigh_rare_cells_as_they_occur():
    """Two gaps that fall together once or not: all for Cramer's V, next to nothing here."""
    numbers = np.random.default_rng(0).normal(size=(1000, 2))
    together, apart = (pd.DataFrame(numbers, columns=["a", "b"]) for _ in range(2))
    together.loc[7] = apart.loc[7, "a"] = apart.loc[8, "b"] = np.nan
    assert cramers_v_difference(together, apart) > 0.99
    assert total_variation_distance(together, apart, pairs=True) == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (levels(3, 3), {"pairs": True}, "pairs=True needs 2 discrete columns; X_real has 1"),
        (levels(3, 3), {"pairs": True, "transitions": True}, "exclude each other; choose one"),
    ],
)
def test_pairs_that_cannot_be_are_refused(X, options, message):
    with pytest.raises(ValueError, match=message):
        total_variation_distance(X, X, **options)


def test_cramers_v_is_that_of_scipy():
    real, synthetic = mixed(0), mixed(1, coupling=0.4)
    columns = ["state", "other"]
    v = [association(pd.crosstab(*(X[c] for c in columns)), "cramer") for X in (real, synthetic)]
    difference = cramers_v_difference(real[columns], synthetic[columns])
    assert difference == pytest.approx(abs(v[0] - v[1]))


def test_a_column_of_one_level_is_associated_with_nothing():
    real = mixed(0)[["state", "other"]]
    assert cramers_v_difference(real.assign(other="p"), real.assign(other="p")) == 0
    assert cramers_v_difference(real, real.assign(other="p")) == pytest.approx(1)


def test_correlation_ratio_of_known_groups():
    """Two groups 2 apart with variance 1: the ratio is the root of 1 / 2."""
    rng = np.random.default_rng(0)
    group = np.tile([True, False], 5000)
    frame = pd.DataFrame({"x": 2.0 * group + rng.standard_normal(10000), "group": group})
    apart = pd.DataFrame({"x": rng.standard_normal(10000), "group": group})
    difference = correlation_ratio_difference(frame, apart)
    assert difference == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_correlation_ratio_does_not_depend_on_the_units():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "sky": rng.choice(["dry", "wet"], 200)})
    other = frame.assign(sky=np.where(frame["x"] > 0, "wet", "dry"))
    expected = correlation_ratio_difference(frame, other)
    huge = [table.assign(x=1e300 * table["x"]) for table in (frame, other)]
    assert expected > 0.5
    assert correlation_ratio_difference(*huge) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [cramers_v_difference, correlation_ratio_difference])
def test_measure_grows_as_columns_come_apart(metric):
    values = [metric(mixed(0), mixed(1, coupling)) for coupling in (1.0, 0.7, 0.3, 0.0)]
    assert values == sorted(values)
    assert values[-1] > 5 * values[0]


@pytest.mark.parametrize(
    ("metric", "columns", "message"),
    [
        (total_variation_distance, ["x"], "X_real has no discrete column"),
        (cramers_v_difference, ["x", "flag"], "X_real has 1 discrete columns"),
        (correlation_ratio_difference, ["flag"], "0 columns of numbers and 1 discrete"),
    ],
)
def test_missing_kinds_of_columns_are_named(metric, columns, message):
    with pytest.raises(ValueError, match=message):
        metric(mixed(0)[columns], mixed(1)[columns])


def brute_gower(windows, others):
    """Nearest mean difference over cells, numbers in units of the range of `others`."""
    span = np.ptp(others["x"])
    arrays = [
        [series for _, series in X[["x", "state", "flag"]].groupby(level=0)]
        for X in (windows, others)
    ]
    return [
        min(
            np.mean(
                [
                    np.abs(a["x"].to_numpy() - b["x"].to_numpy()) / span,
                    a["state"].to_numpy() != b["state"].to_numpy(),
                    a["flag"].to_numpy() != b["flag"].to_numpy(),
                ]
            )
            for b in arrays[1]
        )
        for a in arrays[0]
    ]


def test_distances_of_mixed_windows_agree_with_brute_force():
    train, test, synthetic = (
        mixed(seed).loc[: 30 + seed, ["x", "state", "flag"]] for seed in range(3)
    )
    copied = copying(train, test, synthetic)
    fair, own = (np.array(brute_gower(X, train)) for X in (test, synthetic))
    assert copied.median_ratio == pytest.approx(np.median(own) / np.median(fair))
    assert copied.share == (own < np.quantile(fair, 0.05)).mean()


def test_a_copied_stretch_of_mixed_cells_is_found():
    train, test, synthetic = mixed(0), mixed(1), mixed(2)
    synthetic.iloc[13:18] = train.iloc[301:306].to_numpy()  # steps 1 to 5 of series 2 and 50
    copied = copying(train, test, synthetic.astype(train.dtypes))
    assert copied.longest_run == 5
    assert copied.held_out_run == 2
    assert copied.stretch_share == 0.01
