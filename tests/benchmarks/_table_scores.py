"""Scores of windows of mixed tables by trained networks: the paper's, without its mistakes."""

import numpy as np
import pandas as pd

from sktsgen.metrics import correlational_score, discriminative_score, predictive_score
from tests.benchmarks._mixed_tables import Frame
from tests.benchmarks._rows import Row

JUDGE = "gru-strong"


def judged(real: list[Frame], drawn: list[Frame], seed: int, *, has_forecaster: bool = True) -> Row:
    """Judge drawn windows beside as many real ones, number by number and level by level.

    The forecaster predicts the last column of numbers.
    """
    row = {
        "discriminative": _told_apart(real, drawn, seed),
        "temporal": temporal_score(real, drawn, seed),
        "correlational": correlational_score(real, drawn),
    }
    if has_forecaster:
        row["predictive"] = predictive_score(real, drawn, n_repeats=1, random_state=seed)
    return row


def temporal_score(real: list[Frame], drawn: list[Frame], seed: int) -> float:
    """Judge differences of numbers over four lags instead of the numbers.

    The paper draws one lag at random in each call, which makes its score jump by 0.1; and it takes
    differences of label numbers, which mean nothing.
    """
    n_timesteps = len(real[0])
    lags = sorted({1, min(2, n_timesteps - 1), n_timesteps // 4, n_timesteps // 2})
    scores = [
        _told_apart(*(_differences(side, lag) for side in (real, drawn)), seed) for lag in lags
    ]
    return float(np.mean(scores))


def _told_apart(real: list[Frame], drawn: list[Frame], seed: int) -> float:
    score = discriminative_score(real, drawn, judge=JUDGE, n_repeats=1, random_state=seed)
    return float(score)


def _differences(windows: list[Frame], lag: int) -> list[Frame]:
    numbers = [column for column in windows[0] if is_number(windows[0][column])]
    return [window[numbers].astype(float).diff(lag).iloc[lag:] for window in windows]


def is_number(column: "pd.Series[float]") -> bool:
    """Tell numbers from levels; a flag is a level."""
    dtype = column.dtype
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
