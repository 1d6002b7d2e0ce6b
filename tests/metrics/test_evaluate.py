import re

import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_building_energy, make_var1
from sktsgen.metrics import autocorrelation_difference, evaluate
from sktsgen.metrics._evaluate import _bootstrap, _halves, _Pool

COVARIANCE = [[1.0, 0.7], [0.7, 1.0]]
CHEAP = ["marginal, KS", "differences, KS", "autocorrelation"]
TRAIN, TEST, FRESH = (
    make_var1(n, 12, cov=COVARIANCE, random_state=seed) for seed, n in enumerate((300, 150, 250))
)


def report(synthetic, **options):
    return evaluate(TRAIN, TEST, synthetic, **{"measures": CHEAP, "n_repeats": 3} | options)


@pytest.fixture(scope="module")
def fresh():
    noise = np.random.default_rng(0).standard_normal(FRESH.shape)
    return report(FRESH, rivals={"noise": noise})


def test_new_data_is_neither_told_apart_nor_a_copy(fresh):
    assert fresh.n_windows == 225
    assert not fresh.is_copying
    assert fresh.losses() == []
    assert fresh.sentences[-1].startswith("On")
    floor, generated = fresh.frame["real (floor)"], fresh.frame["generated"]
    np.testing.assert_allclose(generated[CHEAP], floor[CHEAP], atol=0.04)


def test_every_measure_has_its_references_and_rivals(fresh):
    assert list(fresh.frame) == ["generated", "real (floor)", "block bootstrap", "noise"]
    assert list(fresh.half_widths.index) == list(fresh.frame.index)
    assert fresh.half_widths.loc[CHEAP].notna().all(axis=None)
    assert fresh.half_widths.loc["copying, share"].isna().all()
    worse = fresh.frame.loc["autocorrelation", ["block bootstrap", "noise"]]
    assert (worse > 3 * fresh.frame.loc["autocorrelation", "generated"]).all()


def test_losing_to_the_bootstrap_is_said():
    noise = np.random.default_rng(0).standard_normal(FRESH.shape)
    found = report(noise, n_repeats=5)
    assert {"differences, KS", "autocorrelation"} <= {*found.losses()}
    assert not found.is_copying
    assert re.search("loses to a block bootstrap of the training data on [23] of 3", repr(found))


def test_shuffled_marginals_lose_nothing_there():
    """Real cells in random order: the marginals of the bootstrap, none of its memory."""
    order = np.random.default_rng(0).permuted(np.tile(np.arange(12), (250, 1)), axis=1)
    found = report(np.take_along_axis(FRESH, order[..., None], axis=1), n_repeats=5)
    assert found.losses() == ["differences, KS"]


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_copying_is_said(noise):
    copied = TRAIN[:250] + noise * np.random.default_rng(0).standard_normal((250, 12, 2))
    found = report(copied)
    assert found.is_copying
    assert found.sentences[0].startswith("The generator copies: 100% of the generated windows")


def test_copying_is_said_behind_dry_windows():
    """A fifth of the windows is zero, held out and in training."""
    rng = np.random.default_rng(0)
    train, test = (rng.gamma(1, 1, (n, 12, 1)) * (rng.random((n, 1, 1)) < 0.8) for n in (300, 150))
    assert evaluate(train, test, train[:200], measures=CHEAP[:1], n_repeats=2).is_copying
    assert not evaluate(train, test, test[::-1], measures=CHEAP[:1], n_repeats=2).is_copying


def test_little_variety_is_not_called_copying():
    found = report(0.3 * FRESH)
    assert not found.is_copying
    assert "copies, or less variety than the data" in found.sentences[0]


def test_an_int_repeats_the_report(fresh):
    again = report(FRESH)
    pd.testing.assert_series_equal(again.frame["generated"], report(FRESH).frame["generated"])
    assert again.frame.loc["autocorrelation", "generated"] > 0


def test_equal_data_has_an_equal_report_in_any_container():
    frame = pd.DataFrame(TRAIN.reshape(-1, 2), pd.MultiIndex.from_product([range(300), range(12)]))
    given = evaluate(frame, list(TEST), FRESH, measures=CHEAP, n_repeats=2)
    pd.testing.assert_frame_equal(given.frame, report(FRESH, n_repeats=2).frame)


def test_frames_of_other_number_types_have_a_report():
    """Whole numbers beside fractions are read as a frame, fractions alone as an array."""
    index = pd.MultiIndex.from_product([range(300), range(12)])
    frame = pd.DataFrame(np.rint(4 * TRAIN.reshape(-1, 2)), index, columns=["p", "q"])
    test = frame.loc[:99].astype({"q": int})
    drawn = frame.loc[100:].to_numpy().reshape(200, 12, 2)
    for sides in ((frame, test), (test, frame)):
        found = evaluate(*sides, drawn, measures=CHEAP, n_repeats=2)
        assert found.frame.loc["marginal, KS", "generated"] < 0.1


def test_figures_are_those_of_the_measures():
    """With as many generated windows as are used, a repeat compares all of them."""
    found = report(FRESH[:40], n_repeats=2, max_windows=40)
    real = np.concatenate((TRAIN, TEST))
    streams = np.random.default_rng(0).spawn(3)[:2]
    expected = np.mean(
        [
            autocorrelation_difference(real[stream.permutation(450)[:40]], FRESH[:40])
            for stream in streams
        ]
    )
    assert found.frame.loc["autocorrelation", "generated"] == pytest.approx(expected)


def test_long_series_are_cut_into_windows():
    table = make_building_energy(30, random_state=0)
    days = [make_building_energy(1, random_state=seed) for seed in range(1, 30)]
    found = evaluate(table[:480], table[480:], days, measures=CHEAP, n_repeats=2)
    assert (found.window_length, found.n_windows) == (24, 29)
    assert found.real.shape[1] == 5


def test_mixed_tables_take_the_measures_of_levels():
    def table(seed):
        made = make_building_energy(20, random_state=seed)
        weekday = np.where(made.index.day_of_week < 5, "work", "rest")
        return made.assign(open=made["occupancy"] > 5, day=weekday)

    drawn = [table(1)[start : start + 24].assign(open=False) for start in range(0, 480, 8)][:57]
    levels = ["levels, total variation", "Cramer's V", "correlation ratio"]
    found = evaluate(table(0), table(20), drawn, n_repeats=3, measures=["marginal, KS", *levels])
    assert list(found.frame.index[:4]) == ["marginal, KS", *levels]
    assert "levels, total variation" in found.losses()


def test_bootstrap_stretches_stay_inside_windows():
    pool = _Pool(np.arange(100.0)[:, None], np.arange(100).reshape(10, 10))
    drawn = _bootstrap(pool, 50, np.random.default_rng(0))
    assert drawn.rows.shape == (50, 10)
    joints = [1, 3, 5, 7]  # blocks of a quarter window: 2 steps
    steps = np.diff(drawn.rows, axis=1)
    assert (np.delete(steps, joints, axis=1) == 1).all()
    assert (drawn.rows[:, ::2] // 10 == drawn.rows[:, 1::2] // 10).all()


def test_halves_of_the_held_out_windows_share_few_rows():
    rows = np.arange(101 - 10)[:, None] + np.arange(10)
    first, second = _halves(rows)
    assert sorted([*first, *second]) == list(range(91))
    assert abs(len(first) - len(second)) <= 20


def test_report_shows_itself(fresh):
    text, page = repr(fresh), fresh._repr_html_()
    assert text.startswith("FidelityReport of 225 windows of 12 steps a side")
    figure = f"{fresh.frame.loc['autocorrelation', 'generated']:.3f} ±"
    assert figure in text
    assert figure in page
    assert "<table" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_repeats": 1}, "n_repeats=1; give at least 2"),
        ({"measures": ["beauty"]}, r"measures names \['beauty'\]; choose 'quick', 'all' or"),
        ({"measures": "beauty"}, r"measures names \['beauty'\]"),
        ({"measures": ["Cramer's V"]}, "leaves none for 2 columns of numbers, 0 discrete"),
        ({"max_windows": 4}, "4 windows a side are too few: max_windows=4, 450 real ones"),
        ({"rivals": {"generated": FRESH}}, r"rivals has the names \['generated'\]"),
        ({"rivals": {"short": FRESH[:, :5]}}, r"rivals\['short'\] has series of \[5\] steps"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        report(FRESH, **options)


@pytest.mark.parametrize("missing", [None, []])
def test_no_report_without_held_out_data(missing):
    with pytest.raises(ValueError, match="X_test holds no series"):
        evaluate(TRAIN, missing, FRESH)


def test_unknown_candidate_is_named(fresh):
    with pytest.raises(ValueError, match="candidate='TimeGAN' is not in the report"):
        fresh.losses("TimeGAN")
