"""Levels: which get a feature, what rare, unknown and missing ones become."""

import numpy as np
import pandas as pd
import pytest

from sktsgen.transformers import MixedTypeEncoder


def shop(counts, **parameters):
    """A column with these counts of its levels, and an encoder of it."""
    names = [name for name, count in counts.items() for _ in range(count)]
    table = pd.DataFrame({"shop": pd.Series(names, dtype="str")})
    return table, MixedTypeEncoder(**parameters).fit(table)


def names(encoder):
    return encoder.get_feature_names_out().tolist()


def test_rare_levels_share_a_feature():
    counts = {"a": 60, "b": 30, "c": 6, "d": 4}
    table, encoder = shop(counts, min_frequency=0.1)
    assert names(encoder) == ["shop=a", "shop=b", "shop=<rare>"]
    np.testing.assert_array_equal(encoder.encode(table).sum(axis=0), [60, 30, 10])


@pytest.mark.parametrize(("min_frequency", "n_frequent"), [(6, 3), (7, 2), (0.06, 3), (0.07, 2)])
def test_rare_is_told_by_a_count_or_a_share(min_frequency, n_frequent):
    _, encoder = shop({"a": 60, "b": 30, "c": 6, "d": 2, "e": 2}, min_frequency=min_frequency)
    assert len(names(encoder)) == n_frequent + 1


def test_a_single_rare_level_keeps_its_feature():
    _, encoder = shop({"a": 60, "b": 39, "c": 1}, min_frequency=0.1)
    assert names(encoder) == ["shop=a", "shop=b", "shop=c"]


def test_shares_are_of_the_present_cells():
    table = pd.DataFrame({"c": ["a"] * 6 + ["b"] * 3 + ["d", "e"] + [None] * 89})
    encoder = MixedTypeEncoder(min_frequency=0.2).fit(table)
    assert names(encoder) == ["c=a", "c=b", "c=<rare>", "c=<missing>"]


def test_rare_levels_come_back_with_the_frequencies_of_fit():
    counts = {"a": 1000, "b": 50, "c": 30, "d": 20}
    _, encoder = shop(counts, min_frequency=0.1, random_state=0)
    drawn = encoder.decode(np.tile(np.array([[0.0, 1.0]], np.float32), (20_000, 1)))
    share = drawn["shop"].value_counts(normalize=True)
    np.testing.assert_allclose(share[["b", "c", "d"]], [0.5, 0.3, 0.2], rtol=0, atol=0.012)


def test_uniforms_choose_among_rare_levels():
    _, encoder = shop({"a": 1000, "b": 50, "c": 30, "d": 20}, min_frequency=0.1)
    assert encoder.n_uniforms_ == 1
    rare = np.tile(np.array([[0.0, 1.0]], np.float32), (6, 1))
    uniforms = np.array([[0.0], [0.499], [0.501], [0.79], [0.81], [1.0]])
    assert encoder.decode(rare, uniforms)["shop"].tolist() == ["b", "b", "c", "c", "d", "d"]


def test_random_state_repeats_the_choice_among_rare_levels():
    counts = dict.fromkeys("abcdefgh", 5)
    table, encoder = shop(counts, max_categories=2, random_state=3)
    features = encoder.transform(table)
    first, second = encoder.inverse_transform(features), encoder.inverse_transform(features)
    pd.testing.assert_frame_equal(first, second)
    other = encoder.set_params(random_state=4).inverse_transform(features)
    assert not other.equals(first)


def test_max_categories_bounds_the_width():
    counts = {f"level {i}": 3 + (i == 40) for i in range(50)}
    table, encoder = shop(counts, max_categories=5)
    assert names(encoder)[-1] == "shop=<rare>"
    assert len(names(encoder)) == 5
    assert "shop=level 40" in names(encoder)
    assert encoder.encode(table)[:, 4].sum() == len(table) - 4 - 3 * 3


def test_levels_of_exactly_max_categories_are_all_kept():
    _, encoder = shop(dict.fromkeys("abcd", 3), max_categories=4)
    assert names(encoder) == ["shop=a", "shop=b", "shop=c", "shop=d"]


def test_a_hundred_thousand_levels_stay_within_the_width():
    number = np.random.default_rng(0).permutation(100_000)
    table = pd.DataFrame(
        {"id": pd.Categorical.from_codes(number, [f"id {i}" for i in range(10**5)])}
    )
    encoder = MixedTypeEncoder(min_frequency=1, random_state=0).fit(table)
    assert encoder.n_features_out_ == 128
    drawn = encoder.decode(encoder.encode(table))
    assert drawn["id"].dtype == table["id"].dtype
    # 99,873 draws from as many equal levels meet a share 1 - exp(-1) of them.
    n_rare = 10**5 - 127
    assert drawn["id"].nunique() == pytest.approx(127 + n_rare * (1 - np.exp(-1)), rel=0.01)


def test_an_unknown_level_counts_as_rare():
    _, encoder = shop({"a": 60, "b": 3, "c": 2}, min_frequency=0.1)
    unknown = pd.DataFrame({"shop": ["never seen", "a"]})
    assert encoder.encode(unknown).tolist() == [[0, 1], [1, 0]]
    assert set(encoder.inverse_transform(encoder.transform(unknown))["shop"]) <= {"a", "b", "c"}


def test_an_unknown_level_without_rare_ones_is_no_level_and_never_comes_out():
    _, encoder = shop({"a": 5, "b": 4})
    unknown = pd.DataFrame({"shop": ["never seen", "b", None]})
    assert encoder.encode(unknown).tolist() == [[0, 0], [0, 1], [0, 0]]
    assert encoder.inverse_transform(encoder.transform(unknown))["shop"].tolist() == ["a", "b", "a"]


DAYS = pd.date_range("2024-01-01", periods=4)


def beside_text(cells):
    return pd.DataFrame({"x": cells, "level": list("uvuv")})


@pytest.mark.parametrize(
    ("fitted", "given", "message"),
    [
        (list("abab"), [1, 2, 1, 2], r"'x' is of type int64 \(number\), and str \(text\) was"),
        (list("abab"), [0.5] * 4, r"'x' is of type float64 \(number\), and str \(text\) was"),
        (list("abab"), DAYS, r"'x' is of type datetime64\[us\] \(datetime\), and str \(text\)"),
        (pd.Categorical(list("abab")), [1] * 4, r"type int64 \(number\), and str \(text\) was"),
        (
            pd.Categorical([1, 2, 1, 2]),
            list("abab"),
            r"type str \(text\), and int64 \(number\) was",
        ),
        ([True, False] * 2, list("abab"), r"type str \(text\), and bool \(number\) was fitted"),
        (
            ["a"] * 4,
            [1, 2, 3, 4],
            r"type int64 \(number\), and str \(text\) was fitted; convert it",
        ),
        ([5] * 4, list("abab"), r"type str \(text\), and int64 \(number\) was fitted; convert it"),
        (DAYS[[0] * 4], [1, 2, 3, 4], r"type int64 \(number\), and datetime64\[us\] \(datetime\)"),
    ],
)
def test_cells_of_another_kind_are_refused(fitted, given, message):
    encoder = MixedTypeEncoder().fit(beside_text(fitted))
    with pytest.raises(TypeError, match=message):
        encoder.transform(beside_text(given))


@pytest.mark.parametrize(
    ("fitted", "given"),
    [
        (list("abab"), pd.Categorical(list("abab"))),
        (list("abab"), pd.Series(list("abab"), dtype=object)),
        (list("abab"), [np.nan] * 4),
        (pd.Categorical([1, 2, 1, 2]), [1.0, 2.0, 1.0, 2.0]),
        ([True, False, True, False], [1, 0, 1, 0]),
        ([True, False, True, False], pd.Series([1, 0, 1, 0], dtype=object)),
        (pd.interval_range(0, 4).astype("category"), pd.interval_range(0, 4)),
        (["a"] * 4, pd.Categorical(["b"] * 4)),
        ([5] * 4, [7.5] * 4),
        ([5] * 4, [True] * 4),
        ([np.nan] * 4, list("abab")),
    ],
)
def test_cells_of_the_same_kind_pass_in_any_type(fitted, given):
    encoder = MixedTypeEncoder().fit(beside_text(fitted))
    features = encoder.transform(beside_text(given))
    expected = encoder.transform(beside_text(fitted))
    if pd.notna(pd.Series(given)).all():
        pd.testing.assert_frame_equal(features, expected)


def test_soft_levels_become_the_greatest():
    _, encoder = shop({"a": 5, "b": 4, "c": 9})
    soft = np.array([[0.2, 0.7, 0.1], [-3.0, -5.0, -4.0]])
    assert encoder.decode(soft)["shop"].tolist() == ["b", "a"]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_objects_come_back_as_what_they_were(missing):
    table = pd.DataFrame({"o": pd.Series(["a", missing, "b"], dtype=object)})
    encoder = MixedTypeEncoder().fit(table)
    assert names(encoder) == ["o=a", "o=b", "o=<missing>"]
    assert encoder.inverse_transform(encoder.transform(table))["o"].iloc[1] is missing


def test_unused_categories_have_no_feature_and_stay_in_the_type():
    dtype = pd.CategoricalDtype(["low", "never", "high"], ordered=True)
    table = pd.DataFrame({"c": pd.Series(["high", "low", "high"], dtype=dtype)})
    encoder = MixedTypeEncoder().fit(table)
    assert encoder.kinds_ == ("ordinal",)
    assert names(encoder) == ["c=low", "c=high"]
    assert encoder.inverse_transform(encoder.transform(table))["c"].dtype == dtype


def test_categories_in_another_order_are_the_same_levels():
    table = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"], categories=["b", "a"])})
    encoder = MixedTypeEncoder().fit(table)
    other = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"], categories=["x", "a", "b"])})
    text = pd.DataFrame({"c": ["a", "b", "a"]})
    for same in (other, text):
        np.testing.assert_array_equal(encoder.encode(same), encoder.encode(table))


def test_flags_and_zero_and_one_are_the_same_levels():
    tables = [
        pd.DataFrame({"b": cells, "x": ["u", "v", "u", "v"]})
        for cells in (
            [True, False, False, True],
            [1, 0, 0, 1],
            [1.0, 0.0, 0.0, 1.0],
            pd.array([True, False, False, True], dtype="boolean"),
        )
    ]
    for fitted in (tables[0], tables[1], tables[3]):
        encoder = MixedTypeEncoder().fit(fitted)
        assert encoder.kinds_ == ("binary", "categorical")
        for table in tables:
            np.testing.assert_array_equal(encoder.encode(table), encoder.encode(fitted))


@pytest.mark.parametrize("columns", [["b"], ["b", "c"]])
def test_frames_of_flags_alone_come_back(columns):
    table = pd.DataFrame({name: [True, False, False, True] for name in columns})
    encoder = MixedTypeEncoder().fit(table)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(table)), table)
    nullable = table.astype("boolean")
    np.testing.assert_array_equal(encoder.transform(nullable), encoder.transform(table))


def test_empty_text_and_emoji_are_levels():
    table = pd.DataFrame({"s": ["", "é", "👩‍👧", " ", "", "nan"]})
    encoder = MixedTypeEncoder().fit(table)
    assert names(encoder) == ["s=", "s= ", "s=nan", "s=é", "s=👩‍👧"]
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(table)), table)


def test_a_binary_column_of_integers_has_its_own_two_values():
    X = np.array([[1, 7], [2, 9], [1, 7], [2, 8], [2, 8]])
    encoder = MixedTypeEncoder().fit(X)
    assert encoder.kinds_ == ("binary", "count")
    assert names(encoder) == ["x0=1", "x0=2", "x1"]
    np.testing.assert_array_equal(encoder.inverse_transform(encoder.transform(X)), X)


def test_a_column_with_a_constant_and_gaps_is_present_or_missing():
    table = pd.DataFrame({"c": [2.5, np.nan, 2.5], "d": pd.array([7, 7, None], dtype="Int8")})
    encoder = MixedTypeEncoder().fit(table)
    assert encoder.kinds_ == ("constant", "constant")
    assert names(encoder) == ["c=<present>", "c=<missing>", "d=<present>", "d=<missing>"]
    assert encoder.encode(table).tolist() == [[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]]
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(table)), table)


def test_a_table_of_constants_has_one_feature_that_is_zero():
    table = pd.DataFrame({"c": [4, 4], "s": ["x", "x"], "nothing": [None, None]})
    encoder = MixedTypeEncoder().fit(table)
    assert encoder.kinds_ == ("constant", "constant", "missing")
    assert encoder.transform(table).to_dict("list") == {"c": [0.0, 0.0]}
    restored = encoder.inverse_transform(encoder.transform(table))
    pd.testing.assert_frame_equal(restored, table)


def test_numbers_become_levels_on_request():
    X = np.array([[0.2, 1.0], [0.8, 2.0], [0.2, 3.0], [np.nan, 4.0]])
    encoder = MixedTypeEncoder(kinds={0: "categorical"}).fit(X)
    assert encoder.kinds_ == ("categorical", "continuous")
    assert names(encoder) == ["x0=0.2", "x0=0.8", "x0=<missing>", "x1"]
    np.testing.assert_allclose(encoder.inverse_transform(encoder.transform(X)), X, rtol=1e-6)
    frame = pd.DataFrame({"season": [1, 2, 3, 4, 1]})
    encoder = MixedTypeEncoder(kinds={"season": "ordinal"}).fit(frame)
    assert names(encoder) == ["season=1", "season=2", "season=3", "season=4"]
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(frame)), frame)


def test_feature_names_are_unique():
    table = pd.DataFrame({"a": ["x", "y", "<rare>"], "a=x": [1.0, 2.0, 3.0]})
    found = names(MixedTypeEncoder().fit(table))
    assert found == ["a=<rare>", "a=x", "a=y", "a=x_2"]
