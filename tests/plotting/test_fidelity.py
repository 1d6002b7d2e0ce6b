import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sktsgen.datasets import make_mixed_panel, make_sines
from sktsgen.metrics import evaluate
from sktsgen.plotting import EmbeddingDisplay, FidelityDisplay
from sktsgen.plotting._embedding import _flat_windows


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def report():
    train, test, synthetic, other = (make_sines(60, random_state=seed) for seed in range(4))
    measures = ["marginal, KS", "autocorrelation"]
    rivals = {"other": other}
    return evaluate(train, test, synthetic, measures=measures, n_repeats=2, rivals=rivals)


def test_every_candidate_has_a_point_for_each_measure(report):
    axes = FidelityDisplay.from_report(report, channels=[0]).axes_["measures"]
    names = axes.get_legend_handles_labels()[1]
    assert names == ["generated", "real (floor)", "block bootstrap", "other"]
    drawn = axes.containers[0].lines[0].get_xdata()
    expected = report.frame["generated"][:2] / report.frame[:2].max(axis=1)
    np.testing.assert_allclose(drawn, expected)
    assert [text.get_text() for text in axes.get_yticklabels()] == list(report.frame.index[:2])


def test_clouds_hold_the_windows_of_the_report(report):
    display = FidelityDisplay.from_report(report, channels=[0])
    real, synthetic = display.axes_["pca"].collections
    assert len(real.get_offsets()) == 120
    assert len(synthetic.get_offsets()) == 60
    assert display.comparison_.channel_names == ["channel 0"]
    assert display.comparison_.figure_ is display.figure_


def test_a_report_draws_itself(report):
    display = report.plot(channels=[1], n_series=2)
    assert isinstance(display, FidelityDisplay)
    assert display.report is report
    assert display.comparison_.channel_names == ["channel 1"]


def test_reports_of_mixed_tables_with_gaps_are_drawn():
    real = make_mixed_panel(24, 12, random_state=0)
    drawn = make_mixed_panel(12, 12, random_state=1)
    series = real.index.get_level_values(0)
    is_late = series.isin(series.unique()[16:])
    report = evaluate(real[~is_late], real[is_late], drawn, measures=["marginal, KS"], n_repeats=2)
    display = report.plot()
    assert display.comparison_.channel_names == [str(name) for name in real.columns[:5]]
    real_cloud, synthetic_cloud = display.axes_["tsne"].collections
    assert len(real_cloud.get_offsets()) == 24
    assert len(synthetic_cloud.get_offsets()) == 12


def test_clouds_of_levels_part():
    index = pd.MultiIndex.from_product([range(8), range(5)])
    real = pd.DataFrame({"kind": list("ab" * 20)}, index=index)
    display = EmbeddingDisplay.from_samples(real, real.assign(kind="b"))
    assert len(np.unique(display.real.round(6), axis=0)) == 2
    assert len(np.unique(display.synthetic.round(6), axis=0)) == 1


def test_many_levels_are_told_apart_by_the_frequent_ones():
    """A column of free text has as many levels as rows."""
    index = pd.MultiIndex.from_product([range(400), range(5)])
    kind = [f"once {row}" if row % 5 else "ab"[row % 2] for row in range(2000)]
    real = pd.DataFrame({"kind": kind}, index=index)
    windows, _ = _flat_windows(real, real, 500)
    assert windows.shape == (400, 5 * 32)
    assert len(np.unique(windows[:, :2], axis=0)) == 2


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_far_clouds_part(method):
    rng = np.random.default_rng(0)
    real, near = rng.standard_normal((2, 40, 6, 2))
    display = EmbeddingDisplay.from_samples(real, near + 20, method=method)
    gap = np.linalg.norm(display.real.mean(0) - display.synthetic.mean(0))
    spread = np.linalg.norm(display.real - display.real.mean(0), axis=1).mean()
    assert gap > 2 * spread


def test_pca_shows_the_largest_variance_of_the_real_windows():
    real = np.random.default_rng(0).standard_normal((200, 3, 1)) * [[5.0], [1.0], [1.0]]
    display = EmbeddingDisplay.from_samples(real, real)
    expected = real[:, 0].var() / real.var()
    assert display.real[:, 0].var() == pytest.approx(expected, rel=0.02)
    np.testing.assert_array_equal(np.sort(display.real, axis=0), np.sort(display.synthetic, axis=0))


def test_windows_of_one_cell_have_points():
    X = np.random.default_rng(0).standard_normal((10, 1, 1))
    assert EmbeddingDisplay.from_samples(X, X).real.shape == (10, 2)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda X: X, {"method": "umap"}, r"method='umap' is not known; choose from \['pca'"),
        (lambda X: X[:, :, :2], {}, "X_synthetic has 2 columns and X_real has 5"),
        (lambda X: X[:3], {}, "There are 3 windows on one side; give at least 5"),
    ],
)
def test_bad_arguments_are_named(change, options, message):
    X = make_sines(10, random_state=0)
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay.from_samples(X, change(X), **options)


def test_missing_matplotlib_names_the_extra(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"FidelityDisplay draws .* pip install 'sktsgen\[plot"):
        FidelityDisplay.from_report(report)
