"""Real series for the benchmarks, cut and held out the same way in every table."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.datasets import block_holdout, make_sines

SHARED = Path(__file__).parents[2].parent / "shared"
HOLD_OUT_EVERY = 5
PEER_BLOCK = 336  # rows in a block of the hold-out the stored peer was trained with

Array = NDArray[np.float64]


class Split(NamedTuple):
    """A data set as the benchmarks see it; all windows are cut at stride 1 inside a segment."""

    segments: list[Array]  # training rows, each stretch contiguous: what `fit` gets
    held_out: list[Array]  # the stretches kept back
    real: Array  # windows of everything, (n_windows, n_timesteps, n_channels)
    train: Array  # windows of the training stretches
    test: Array  # windows of the stretches kept back


def has_shared_data() -> bool:
    """Tell whether the folder of real series is there."""
    return (SHARED / "data").is_dir()


def load_series(dataset: str) -> list[Array]:
    """Return the series of a data set, each of shape (n_timesteps, n_channels)."""
    if dataset not in LOADERS:
        raise ValueError(f"dataset={dataset!r} is not known; choose from {sorted(LOADERS)}.")
    return LOADERS[dataset]()


def _table(name: str) -> list[Array]:
    frame = pd.read_csv(SHARED / "data" / f"{name}.csv.gz")
    return [frame.drop(columns="date", errors="ignore").to_numpy(np.float64)]


def _air_quality() -> list[Array]:
    """Return hourly air of an Italian city; the code -200 is a gap."""
    (rows,) = _table("air_quality_uci")
    return [np.where(rows == -200, np.nan, rows)]


def _subjects() -> list[Array]:
    with np.load(SHARED / "data" / "fmri_netsim4.npz") as archive:
        return list(archive["ts"].reshape(50, 200, 50))


def _sines() -> list[Array]:
    """Return 10,000 sines of 24 steps, drawn with the literature's seed."""
    return list(make_sines(10_000, 24, 5, random_state=123))


LOADERS = {
    "sines": _sines,
    "etth1": lambda: _table("etth1"),
    "stocks": lambda: _table("stocks_google"),
    "energy": lambda: _table("energy_appliances"),
    "fmri": _subjects,
    "air_quality": _air_quality,
}


def split(
    dataset: str, window: int, *, max_rows: int | None = None, max_series: int | None = None
) -> Split:
    """Hold out every fifth block of two windows, or every fifth series of a panel."""
    series = [rows[:max_rows] for rows in load_series(dataset)[:max_series]]
    segments, held_out = hold_out(series, window)
    return Split(
        segments,
        held_out,
        *(cut_windows(part, window) for part in (series, segments, held_out)),
    )


def hold_out(series: list[Array], window: int) -> tuple[list[Array], list[Array]]:
    """Return training and held-out stretches; a stretch shorter than a window is left out."""
    if len(series) >= HOLD_OUT_EVERY:
        kept = [s for i, s in enumerate(series) if i % HOLD_OUT_EVERY != HOLD_OUT_EVERY - 1]
        return kept, series[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY]
    stretches = [
        (part, is_out)
        for rows in series
        for part, is_out in _stretches(rows, block_holdout(len(rows), 2 * window))
        if len(part) >= window
    ]
    return (
        [part for part, is_out in stretches if not is_out],
        [part for part, is_out in stretches if is_out],
    )


def _stretches(rows: Array, mask: NDArray[np.bool_]) -> list[tuple[Array, bool]]:
    cuts = np.flatnonzero(np.diff(mask)) + 1
    starts = [0, *cuts.tolist()]
    return [
        (part, bool(mask[start])) for part, start in zip(np.split(rows, cuts), starts, strict=True)
    ]


def cut_windows(series: list[Array], window: int) -> Array:
    """Cut windows at stride 1 inside each series: (n_windows, window, n_channels)."""
    return np.concatenate(
        [
            np.lib.stride_tricks.sliding_window_view(rows, window, axis=0).swapaxes(1, 2)
            for rows in series
            if len(rows) >= window
        ]
    )


def block_bootstrap(segments: list[Array], n: int, length: int, block: int, seed: int) -> Array:
    """Draw series by joining random stretches of the training rows, `block` steps each."""
    rng = np.random.default_rng(seed)
    pieces = cut_windows(segments, block)
    n_pieces = -(-length // block)
    drawn = pieces[rng.integers(len(pieces), size=(n, n_pieces))]
    return drawn.reshape(n, n_pieces * block, -1)[:, :length]


def peer_windows() -> Array:
    """Return the stored Diffusion-TS windows of ETTh1, length 24, in the units of the data."""
    (rows,) = load_series("etth1")
    trained_on = rows[~block_holdout(len(rows), PEER_BLOCK, every=HOLD_OUT_EVERY)]
    low, high = trained_on.min(0), trained_on.max(0)
    with np.load(SHARED / "peers" / "diffusion_ts_etth1_24.npz") as archive:
        return low + archive["samples"].astype(np.float64) * (high - low)
