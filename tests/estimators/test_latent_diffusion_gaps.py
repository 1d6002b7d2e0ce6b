"""Columns that are missing together, drawn so."""

import numpy as np
import pandas as pd
import pytest

from sktsgen import LatentDiffusionGenerator, LatentDiffusionImputer
from sktsgen.data import check_panel
from sktsgen.estimators._latent_diffusion_table import LatentTable
from tests.estimators.diffusion_models import honest, small

TOGETHER = ["hour", "state", "load"]


def with_outages(n_rows=2000, *, share=0.08):
    """Rows of which all but one column are missing now and then, another one apart from them."""
    rng = np.random.default_rng(0)
    hour = np.arange(n_rows) % 6
    table = pd.DataFrame(
        {
            "hour": pd.Categorical([f"h{h}" for h in hour]),
            "state": pd.Categorical(np.where(hour < 3, "night", "day")),
            "load": np.sin(2 * np.pi * hour / 6) + 0.1 * rng.standard_normal(n_rows),
            "price": rng.standard_normal(n_rows),
            "note": pd.Categorical(rng.choice(["a", "b"], n_rows)),
        }
    )
    table.loc[rng.random(n_rows) < share, TOGETHER] = np.nan
    table["note"] = table["note"].mask(rng.random(n_rows) < 0.2)
    return table


def latent_table(table, **options):
    panel = check_panel(
        table, estimator=small(LatentDiffusionGenerator), reset=True, mixed=True, missing=True
    )
    return LatentTable(keeps_missing=True, **options).fit(panel), panel


def test_one_column_says_for_all_that_are_missing_together_whether_they_are():
    table, _ = latent_table(with_outages())
    assert table.followers_ == {0: 2, 1: 2}  # a number leads
    n_levels = [width for width in table.widths_ if width > 1]
    assert n_levels == [6, 2, 2, 3]  # hours, states, whether there is a load, notes or none


def test_gaps_of_columns_that_follow_come_back():
    frame = with_outages(200)
    table, panel = latent_table(frame)
    features, observed = table.encode(panel)
    assert not observed[frame["hour"].isna(), 0].any()
    uniforms = np.full((len(frame), table.encoder_.n_uniforms_), 0.5)
    decoded = table.decode(features, uniforms)
    pd.testing.assert_frame_equal(decoded, frame, check_exact=False)


def test_columns_that_may_be_given_keep_gaps_of_their_own():
    table, _ = latent_table(with_outages(), given=[0])
    assert table.followers_ == {1: 2}


def test_of_levels_alone_the_first_leads():
    frame = with_outages()[["hour", "state", "price"]]
    table, panel = latent_table(frame)
    assert table.followers_ == {1: 0}
    uniforms = np.full((len(frame), table.encoder_.n_uniforms_), 0.5)
    decoded = table.decode(table.encode(panel)[0], uniforms)
    pd.testing.assert_frame_equal(decoded, frame, check_exact=False)


def test_what_is_missing_together_is_drawn_so_as_often_and_what_follows_goes_on_behind_it():
    model = honest(LatentDiffusionGenerator, window_length=12, max_epochs=5)
    drawn = model.fit(with_outages()).sample(100, length=20, random_state=0)
    gaps = drawn[TOGETHER].isna()
    assert (gaps.nunique(axis=1) == 1).all()
    assert 0.05 < gaps["hour"].mean() < 0.12
    assert 0.13 < drawn["note"].isna().mean() < 0.27
    hours = drawn["hour"].str[1:].astype(float)
    steps = hours.groupby(level=0).diff(2) % 6  # over single gaps
    assert (steps.dropna() == 2).mean() > 0.98


@pytest.mark.parametrize("cls", [LatentDiffusionGenerator, LatentDiffusionImputer])
def test_rows_whose_gaps_differ_from_those_of_the_training_are_read(cls):
    model = small(cls).fit(with_outages(400))
    other = with_outages(100)
    other.loc[3, "hour"] = np.nan
    other.loc[5, "load"] = np.nan
    assert np.isfinite(model.score(other))
