import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_building_energy, make_mixed_panel, make_sines
from sktsgen.plotting import ComparisonDisplay


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def panels():
    return make_sines(30, random_state=0), make_sines(20, random_state=1)


def test_lines_are_the_windows(panels):
    real, synthetic = panels
    display = ComparisonDisplay.from_samples(real, synthetic, n_series=3)
    for part, windows in (("real", real), ("synthetic", synthetic)):
        axes = display.axes_[part][2]
        drawn = [line.get_ydata() for line in axes.lines]
        assert len(drawn) == 3
        for series in drawn:
            assert (windows[:, :, 2] == series).all(axis=1).any()


def test_shares_of_values_add_up_to_one(panels):
    display = ComparisonDisplay.from_samples(*panels)
    for axes in display.axes_["marginal"]:
        sums = [patch.get_data().values.sum() for patch in axes.patches]
        np.testing.assert_allclose(sums, 1.0)


def test_one_column_for_each_channel_named_after_it():
    real = make_building_energy(10, random_state=0)
    index = pd.MultiIndex.from_product([range(5), range(24)], names=["series", "time"])
    synthetic = make_building_energy(5, random_state=1).set_index(index)
    chosen = ["humidity", "electricity"]
    display = ComparisonDisplay.from_samples(real, synthetic, channels=chosen)
    assert [axes.get_ylabel() for axes in display.axes_["real"]] == chosen
    assert display.real.shape == (217, 24, 2)
    assert display.synthetic.shape == (5, 24, 2)
    assert sorted(display.synthetic[:, 0, 1]) == sorted(synthetic["electricity"].iloc[::24])


@pytest.fixture
def mixed():
    tables = [make_mixed_panel(20, 16, random_state=seed) for seed in range(2)]
    return [table.assign(sky=table["sky"].where(table["visitors"] > 0)) for table in tables]


def test_tables_of_all_kinds_with_gaps_are_drawn(mixed):
    display = ComparisonDisplay.from_samples(*mixed, channels=list(mixed[0].columns))
    for channel, column in enumerate(mixed[0]):
        cells = mixed[0][column]
        drawn = display.axes_["real"][channel].lines[0].get_ydata()
        assert len(drawn) == 16
        shares = display.axes_["marginal"][channel].patches[0].get_data().values
        assert shares.sum() == pytest.approx(1.0)
        if isinstance(cells.dtype, pd.CategoricalDtype):
            expected = cells.value_counts(normalize=True).reindex(cells.dtype.categories)
            np.testing.assert_allclose(shares, expected)
            names = [text.get_text() for text in display.axes_["real"][channel].get_yticklabels()]
            assert names == [str(level) for level in cells.dtype.categories]
        title = display.axes_["marginal"][channel].get_title(loc="right")
        assert (f"{cells.isna().mean():.1%} real" in title) == bool(cells.isna().any())


def test_correlations_show_numbers_and_flags_alone(mixed):
    display = ComparisonDisplay.from_samples(*mixed, channels=list(mixed[0].columns))
    shown = [text.get_text() for text in display.axes_["correlation"][0].get_yticklabels()]
    kinds = mixed[0].dtypes
    assert shown == [
        name
        for name in mixed[0]
        if not isinstance(kinds[name], pd.CategoricalDtype) or mixed[0][name].nunique() == 2
    ]
    none = ComparisonDisplay.from_samples(*mixed, channels=["kind"])
    assert len(none.axes_["correlation"]) == 0


def test_one_channel_has_no_correlations(panels):
    real, synthetic = panels
    display = ComparisonDisplay.from_samples(real[:, :, :1], synthetic[:, :, :1])
    assert len(display.axes_["correlation"]) == 0
    assert len(display.axes_["marginal"]) == 1


def test_at_most_five_channels_unless_chosen():
    panel = np.random.default_rng(0).normal(size=(4, 6, 7))
    assert len(ComparisonDisplay.from_samples(panel, panel).channel_names) == 5
    every = ComparisonDisplay.from_samples(panel, panel, channels=range(7))
    assert every.channel_names == [f"channel {i}" for i in range(7)]


def test_plot_takes_the_place_of_given_axes(panels):
    figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    display = ComparisonDisplay.from_samples(*panels, ax=right)
    assert display.figure_ is figure
    assert left.axison
    assert not right.axison


def test_plot_leaves_the_style_of_the_user_alone(panels):
    before = dict(plt.rcParams)
    ComparisonDisplay.from_samples(*panels)
    assert dict(plt.rcParams) == before


def test_inputs_are_not_modified(panels):
    copies = [panel.copy() for panel in panels]
    ComparisonDisplay.from_samples(*panels)
    for panel, copy in zip(panels, copies, strict=True):
        np.testing.assert_array_equal(panel, copy)


@pytest.mark.parametrize("channels", [[9], ["temperature"], []])
def test_unknown_channels_are_named(panels, channels):
    with pytest.raises(ValueError, match=r"channels=\[.*\] .* choose one or more of \[0, 1, 2"):
        ComparisonDisplay.from_samples(*panels, channels=channels)


def test_numbers_of_channels_must_agree(panels):
    real, synthetic = panels
    with pytest.raises(ValueError, match="X_synthetic has 4 columns and X_real has 5"):
        ComparisonDisplay.from_samples(real, synthetic[:, :, :4])


def test_series_of_one_step_are_refused(panels):
    with pytest.raises(ValueError, match="is 1 step long; pass series of at least 2"):
        ComparisonDisplay.from_samples(panels[0], panels[1][:, :1])


def test_number_of_series_is_checked(panels):
    with pytest.raises(ValueError, match="n_series=0 draws nothing"):
        ComparisonDisplay.from_samples(*panels, n_series=0)


def test_missing_matplotlib_names_the_extra(panels, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'sktsgen\[plot\]'"):
        ComparisonDisplay.from_samples(*panels)
