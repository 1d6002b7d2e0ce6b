"""Which measure catches what: real windows spoilt in known ways."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.datasets import make_building_energy
from sktsgen.metrics import (
    autocorrelation_difference,
    context_fid,
    copying,
    correlation_ratio_difference,
    correlational_score,
    cramers_v_difference,
    cross_correlation_difference,
    discriminative_score,
    marginal_distance,
    predictive_score,
    spectral_distance,
    total_variation_distance,
)
from tests.benchmarks._data import block_bootstrap
from tests.benchmarks._plan import Plan
from tests.benchmarks._rows import Row

Array = NDArray[np.float64]
N_FLOORS = 5  # other real windows in the place of the spoilt ones
# Copying has no floor to stand above: what an honest sample reads is known.
COPYING_LIMITS = {"copying_share": 0.15, "copying_stretch": 0.05}


def _shuffled_time(X: Array, rng: np.random.Generator) -> Array:
    order = rng.permuted(np.tile(np.arange(X.shape[1]), (len(X), 1)), axis=1)
    return np.take_along_axis(X, order[..., None], axis=1)


def _shuffled_channels(X: Array, rng: np.random.Generator) -> Array:
    """Take each channel from another window: marginals and memory stay, dependence goes."""
    return np.stack([X[rng.permutation(len(X)), :, c] for c in range(X.shape[2])], axis=-1)


def _lagged(X: Array, rng: np.random.Generator) -> Array:
    """Turn every second channel round by a quarter window."""
    out = X.copy()
    out[..., 1::2] = np.roll(X[..., 1::2], X.shape[1] // 4, axis=1)
    return out


def _mode_dropped(X: Array, rng: np.random.Generator) -> Array:
    """Keep the windows whose first channel is below its median, twice."""
    level = X[..., 0].mean(1)
    low = X[level <= np.median(level)]
    return np.concatenate((low, low))[: len(X)]


def noisy(share: float) -> Callable[[Array, np.random.Generator], Array]:
    """Add noise of this share of each channel's standard deviation."""
    return lambda X, rng: X + share * X.std((0, 1)) * rng.standard_normal(X.shape)


CORRUPTIONS: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "noise alone": lambda X, rng: X.mean((0, 1)) + X.std((0, 1)) * rng.standard_normal(X.shape),
    "noise of 10 % added": noisy(0.1),
    "noise of 30 % added": noisy(0.3),
    "noise of 100 % added": noisy(1.0),
    "time shuffled": _shuffled_time,
    "time reversed": lambda X, rng: X[:, ::-1],
    "channels from other windows": _shuffled_channels,
    "every second channel late": _lagged,
    "variance halved": lambda X, rng: X.mean((0, 1)) + np.sqrt(0.5) * (X - X.mean((0, 1))),
    "level shifted by 20 %": lambda X, rng: X + 0.2 * X.std((0, 1)),
    "one window repeated": lambda X, rng: np.repeat(X[:1], len(X), axis=0),
    "half of the modes dropped": _mode_dropped,
}


def corruptions(plan: Plan, *, networks: Sequence[str]) -> Iterator[Row]:
    """Measure floors, corruptions of other real windows, a copier and a bootstrap.

    `networks` names those of `NETWORKS` to train, which take a minute a row together.

    Copying is measured on held-out windows spoilt the same way, as others may be training windows.
    """
    data = plan.split()
    n = min(plan.size(1000, 150), len(data.real) // 2)
    rng = np.random.default_rng(plan.seeds[0])
    order = rng.permutation(len(data.real))
    real, others = data.real[order[:n]], data.real[order[n:]]
    floors = [
        _measured(real, others[rng.permutation(len(others))[:n]], seed, networks)
        for seed in range(plan.size(N_FLOORS, 2))
    ]
    limits = {key: _limit([floor[key] for floor in floors]) for key in floors[0]}
    means = {key: float(np.mean([floor[key] for floor in floors])) for key in limits}
    fresh = copying(data.train, data.test[::2], data.test[1::2])
    yield _row(plan, n, "real (floor)", means | _of_copying(fresh), {})
    fair, held_out = (data.test[i::2] for i in (0, 1))
    spoilt = zip(*(_spoilt(plan, data, base, rng) for base in (others[:n], held_out)), strict=True)
    for (name, windows), (_, unseen) in spoilt:
        figures = _measured(real, windows, plan.seeds[0], networks)
        figures |= _of_copying(copying(data.train, fair, unseen))
        yield _row(plan, n, name, figures, limits | COPYING_LIMITS)
    yield from _mixed_rows(plan)


def _spoilt(
    plan: Plan, data: Any, windows: Array, rng: np.random.Generator
) -> Iterator[tuple[str, Array]]:
    for name, spoil in CORRUPTIONS.items():
        yield name, spoil(windows, rng)
    copied = data.train[rng.permutation(len(data.train))[: len(windows)]]
    yield "training windows copied", copied
    yield "training windows, 1 % noise", noisy(0.01)(copied, rng)
    block = max(2, plan.window // 4)
    joined = block_bootstrap(data.segments, len(windows), plan.window, block, seed=0)
    yield "block bootstrap", joined


def _limit(floors: list[float]) -> float:
    """Return what no floor comes near: four spreads above their mean, half above their most."""
    return max(float(np.mean(floors) + 4 * np.std(floors, ddof=1)), 1.5 * max(floors))


def _measured(
    real: Array, synthetic: Array, seed: int, networks: Sequence[str]
) -> dict[str, float]:
    figures = {
        "ks": marginal_distance(real, synthetic),
        "wasserstein": marginal_distance(real, synthetic, kind="wasserstein"),
        "dks": marginal_distance(real, synthetic, difference=True),
        "correlational": correlational_score(real, synthetic),
        "cross_correlation": cross_correlation_difference(real, synthetic),
        "acf": autocorrelation_difference(real, synthetic),
        "spectrum": spectral_distance(real, synthetic),
        "judge_boosting": _judged(real, synthetic, "boosting", seed),
    }
    return figures | {name: float(NETWORKS[name](real, synthetic, seed)) for name in networks}


def _judged(real: Array, synthetic: Array, judge: str, seed: int) -> float:
    return discriminative_score(real, synthetic, judge=judge, n_repeats=1, random_state=seed)


NETWORKS: dict[str, Callable[[Array, Array, int], float]] = {
    "judge_small": lambda real, synthetic, seed: _judged(real, synthetic, "gru-small", seed),
    "judge_strong": lambda real, synthetic, seed: _judged(real, synthetic, "gru-strong", seed),
    "judge_conv": lambda real, synthetic, seed: _judged(real, synthetic, "conv", seed),
    "context_fid": lambda real, synthetic, _: context_fid(real, synthetic, random_state=0),
    "predictive": lambda real, synthetic, seed: predictive_score(
        real, synthetic, n_repeats=1, random_state=seed
    ),
}


def _of_copying(copied: Any) -> dict[str, float]:
    return {"copying_share": copied.share, "copying_stretch": copied.stretch_share}


def _row(plan: Plan, n: int, name: str, figures: Row, limits: Row) -> Row:
    caught = [key for key, limit in limits.items() if figures[key] > limit]
    return plan.row("corruptions", name, **figures, n_windows=n, caught=caught, params={})


def _mixed_table(seed: int) -> pd.DataFrame:
    """An office with opening state, load band and weekday, 200 days."""
    table = make_building_energy(200, random_state=seed)
    return table.assign(
        is_open=table["occupancy"] > 5,
        band=pd.cut(table["electricity"], [0, 9, 14, 20, 99], labels=list("abcd")),
        day=table.index.day_name(),
    )


def _rolled(columns: list[str]) -> Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]:
    """Take columns from another place in time: their own behaviour stays, dependence goes."""
    return lambda table, rng: table.assign(**{c: np.roll(table[c], 1001) for c in columns})


def _flipped(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Take a tenth of the load bands from anywhere: shares stay, memory goes."""
    moved = rng.random(len(table)) < 0.1
    bands = table["band"].to_numpy()
    return table.assign(band=table["band"].where(~moved, rng.permutation(bands)))


def _merged(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return table.assign(band=table["band"].where(table["band"] != "c", "b"))


MIXED = {
    "rare level lost": _merged,
    "a tenth of the levels moved": _flipped,
    "discrete columns from elsewhere": _rolled(["band"]),
    "numbers from elsewhere": _rolled(["electricity", "temperature"]),
}
OF_LEVELS = {
    "total_variation": lambda *sides: total_variation_distance(*sides),
    "transitions": lambda *sides: total_variation_distance(*sides, transitions=True),
    "cramers_v": cramers_v_difference,
    "correlation_ratio": correlation_ratio_difference,
    "ks": marginal_distance,
    "acf": autocorrelation_difference,
}


def _mixed_rows(plan: Plan) -> Iterator[Row]:
    """Spoil the discrete columns of a drawn office and compare with another office."""
    rng = np.random.default_rng(plan.seeds[0])
    n_floors = plan.size(N_FLOORS, 2)
    real, *others = (_days(_mixed_table(seed)) for seed in range(n_floors + 1))
    floors = [_of_levels(real, other) for other in others]
    limits = {key: _limit([floor[key] for floor in floors]) for key in OF_LEVELS}
    means = {key: float(np.mean([floor[key] for floor in floors])) for key in OF_LEVELS}
    n = real.index.get_level_values(0).nunique()
    mixed = {"dataset": "office", "window": 24}
    yield _row(plan, n, "real (floor)", means, {}) | mixed
    for name, spoil in MIXED.items():
        spoilt = _days(spoil(_mixed_table(1), rng))
        yield _row(plan, n, name, _of_levels(real, spoilt), limits) | mixed


def _days(table: pd.DataFrame) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([range(len(table) // 24), range(24)])
    return table.set_axis(index, axis=0)


def _of_levels(real: pd.DataFrame, synthetic: pd.DataFrame) -> dict[str, float]:
    return {key: float(take(real, synthetic)) for key, take in OF_LEVELS.items()}
