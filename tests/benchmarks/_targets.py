"""What the design asks for, and whether the stored rows meet it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks._markdown import MISSING
from tests.benchmarks._masks import PATTERNS
from tests.benchmarks._rows import Row
from tests.benchmarks._tables import COST, IMPUTATION, LENGTH, QUALITY, SPEED

AIM_MET, MET, MISSED = "aim met", "met", "**missed**"
OPEN, PARTLY = "not measured", "measured in part"
FAMILIES = ("FactorizedAR", "MultiScaleAR", "LatentDiffusion")
GENERATORS = tuple(f"{family}Generator" for family in FAMILIES)
DECODERS = (*GENERATORS[:2], "")
IMPUTERS = ("", "", "LatentDiffusionImputer")
RIVALS = ("linear interpolation", "SAITS", "BRITS", "CSDI")
FLOOR, PEER = "real (floor)", "Diffusion-TS"
OTHERS = (("peer", PEER), ("floor", FLOOR))
# As many windows as the peer left.
BESIDE_PEER = {"table": "quality", "dataset": "etth1", "window": 24, "n_windows": 3000}
AT_DEFAULT_WINDOW = {"table": "length", "dataset": "etth1", "window": 96}
# Stored with the peer's windows: its own sampler, two threads of a quiet machine.
PEER_SECONDS_PER_1000 = 122.0
N_PATTERNS_ASKED = 4


class Found(NamedTuple):
    """What was measured of one estimator, and what that is worth."""

    figure: str
    verdict: str


UNMEASURED = Found("", OPEN)
Judge = Callable[[list[Row], str], Found]


class Target(NamedTuple):
    """One line of the design's table.

    Attributes
    ----------
    section : str
        Title of the section that holds the figures.
    measure, must, aim : str
        What is asked for, in words; "{peer}" and "{floor}" stand for figures of `key`.
    names : tuple of str
        The estimator of each family that is asked; empty where none is.
    judge : callable
        From all rows of defaults and the name of an estimator to what was found.
    key : str
        The figure of the peer and of the floor that it is compared with.
    """

    section: str
    measure: str
    must: str
    aim: str
    names: tuple[str, ...]
    judge: Judge
    key: str = ""


class Answer(NamedTuple):
    """A target, its limits in words, and what was found of each family that is asked."""

    target: Target
    limits: tuple[str, str]
    found: list[Found | None]


def answers(rows: Iterable[Row]) -> Iterator[Answer]:
    """Hold every target against the rows; only those of defaults count."""
    defaults = [row for row in rows if not row.get("params") and "absent" not in row]
    for target in TARGETS:
        found = [target.judge(defaults, name) if name else None for name in target.names]
        means = {of: _mean(defaults, target.key, name=name, **BESIDE_PEER) for of, name in OTHERS}
        told = {of: MISSING if mean is None else f"{mean:.3f}" for of, mean in means.items()}
        yield Answer(target, (target.must.format(**told), target.aim.format(**told)), found)


def _mean(rows: list[Row], key: str, **wanted: Any) -> float | None:
    values = _by(("seed",), rows, key, **wanted).values()
    return float(np.mean(list(values))) if values else None


def _by(
    keys: tuple[str, ...], rows: list[Row], figure: str, **wanted: Any
) -> dict[tuple[Any, ...], float]:
    """Return a figure of all rows that are as wanted, the newest of each seed or other keys."""
    return {
        tuple(row.get(key) for key in keys): row[figure]
        for row in rows
        if row.get(figure) is not None and all(row.get(k) == value for k, value in wanted.items())
    }


def _verdict(figure: float, must: float, aim: float) -> str:
    return AIM_MET if figure <= aim else MET if figure <= must else MISSED


def at_most(
    key: str, must: float, aim: float, form: str, at: Mapping[str, Any] = BESIDE_PEER
) -> Judge:
    """Judge the mean over seeds by two limits."""

    def judge(rows: list[Row], name: str) -> Found:
        figure = _mean(rows, key, name=name, **at)
        if figure is None:
            return UNMEASURED
        return Found(form.format(figure), _verdict(figure, must, aim))

    return judge


def below_peer(key: str, aim: Callable[[float], float]) -> Judge:
    """Judge the mean over seeds by the peer's and by the floor's."""

    def judge(rows: list[Row], name: str) -> Found:
        figure, floor, peer = (
            _mean(rows, key, name=who, **BESIDE_PEER) for who in (name, FLOOR, PEER)
        )
        if figure is None or floor is None or peer is None:
            return UNMEASURED
        return Found(f"{figure:.3f}", _verdict(figure, peer, aim(floor)))

    return judge


def times_faster(rows: list[Row], name: str) -> Found:
    """Judge the seconds of 1,000 windows by the peer's own."""
    seconds = _mean(rows, "sample_cpu_s", name=name, n_timed=1000, **BESIDE_PEER)
    if seconds is None:
        return UNMEASURED
    ratio = PEER_SECONDS_PER_1000 / seconds
    return Found(f"{ratio:.0f} times", _verdict(-ratio, -100, -1000))


def near_the_limit(rows: list[Row], name: str) -> Found:
    """Judge the dearest length against the products of the same shapes."""
    at = {"table": "speed", "dataset": "etth1", "window": 24, "name": f"{name}, sample"}
    ratios = _by(("length", "seed"), rows, "ratio_same_shapes", **at).values()
    if not ratios:
        return UNMEASURED
    said = f"{min(ratios):.1f} to {max(ratios):.1f} times"
    return Found(said, _verdict(max(ratios), 3.0, 1.5))


def steady(rows: list[Row], name: str) -> Found:
    """Judge how much farther from the data ten training lengths are than one."""
    at = {"table": "length", "dataset": "etth1", "window": 96, "name": name}
    ratios = {}
    for key in ("ks", "acf"):
        short, long = (_by(("seed",), rows, key, length=length, **at) for length in (96, 960))
        common = sorted(short.keys() & long.keys(), key=str)
        if not common:
            return UNMEASURED
        ratios[key] = np.mean([long[s] for s in common]) / np.mean([short[s] for s in common])
    said = f"KS {ratios['ks']:.2f} times, ACF {ratios['acf']:.2f} times"
    return Found(said, _verdict(max(ratios.values()), 1.5, 1.0))


def below_rivals(rows: list[Row], name: str) -> Found:
    """Count the patterns on which every rival errs more, in the seeds both were measured with."""
    won: dict[str, list[bool]] = {rival: [] for rival in RIVALS}
    n_won = n_lost = 0
    for pattern in PATTERNS:
        ours, *theirs = (_maes(rows, who, pattern) for who in (name, *RIVALS))
        found = [_is_below(ours, errors) for errors in theirs]
        for rival, is_below in zip(RIVALS, found, strict=True):
            won[rival] += [is_below] if is_below is not None else []
        n_won, n_lost = n_won + (set(found) == {True}), n_lost + (False in found)
    said = ", ".join(f"{rival} {sum(of)} of {len(of)}" for rival, of in won.items())
    if n_won >= N_PATTERNS_ASKED:
        return Found(f"below {said}", AIM_MET if n_won == len(PATTERNS) else MET)
    is_lost = n_lost > len(PATTERNS) - N_PATTERNS_ASKED
    return Found(f"below {said}", MISSED if is_lost else PARTLY if any(won.values()) else OPEN)


def _maes(rows: list[Row], name: str, pattern: str) -> dict[Any, float]:
    return _by(
        ("seed",), rows, "mae", table="imputation", dataset="etth1", name=name, pattern=pattern
    )


def _is_below(ours: dict[Any, float], theirs: dict[Any, float]) -> bool | None:
    common = ours.keys() & theirs.keys()
    if not common:
        return None
    return bool(np.mean([ours[s] for s in common]) < np.mean([theirs[s] for s in common]))


def calibrated(rows: list[Row], name: str) -> Found:
    """Judge the coverage of the pattern that is farthest off."""
    said, farthest = [], []
    for percent in (50, 90):
        shares = [
            _mean(rows, f"coverage_{percent}", name=name, dataset="etth1", pattern=pattern)
            for pattern in PATTERNS
        ]
        known = [share for share in shares if share is not None]
        if len(known) < len(PATTERNS):
            return UNMEASURED
        said.append(f"{percent} %: {min(known):.3f} to {max(known):.3f}")
        farthest.append(max(abs(share - percent / 100) for share in known))
    return Found("; ".join(said), _verdict(max(farthest), 0.05, 0.02))


TARGETS = (
    Target(
        COST.title,
        "fit, CPU seconds on one thread where two may be used",
        "120",
        "60",
        GENERATORS,
        at_most("fit_cpu_s", 120, 60, "{:.0f}"),
    ),
    Target(
        LENGTH.title,
        "the same at the default window, of 96 steps; LatentDiffusion on a slower machine",
        "120",
        "60",
        GENERATORS,
        at_most("fit_cpu_s", 120, 60, "{:.0f}", AT_DEFAULT_WINDOW),
    ),
    Target(
        QUALITY.title,
        "discriminative score, strong judge",
        "below Diffusion-TS, {peer}",
        "floor + 0.02, floor {floor}",
        GENERATORS,
        below_peer("judge_strong", lambda floor: floor + 0.02),
        key="judge_strong",
    ),
    Target(
        QUALITY.title,
        "Context-FID",
        "below Diffusion-TS, {peer}",
        "1.5 x floor, floor {floor}",
        GENERATORS,
        below_peer("context_fid", lambda floor: 1.5 * floor),
        key="context_fid",
    ),
    Target(
        QUALITY.title,
        "copying share, 0.05 by construction",
        "0.15",
        "0.08",
        GENERATORS,
        at_most("copying_share", 0.15, 0.08, "{:.3f}"),
    ),
    Target(
        COST.title,
        "sampling 1,000 windows, CPU seconds against those of Diffusion-TS at its own setting",
        "100 times less",
        "1,000 times",
        GENERATORS,
        times_faster,
    ),
    Target(
        SPEED.title,
        "decoding, against the products of the same shapes",
        "3 x",
        "1.5 x",
        DECODERS,
        near_the_limit,
    ),
    Target(
        LENGTH.title,
        "960 steps after training at 96, against 96",
        "1.5 x",
        "equal",
        GENERATORS,
        steady,
    ),
    Target(
        IMPUTATION.title,
        "imputation MAE below each rival",
        "on 4 of 5 patterns",
        "on all",
        IMPUTERS,
        below_rivals,
    ),
    Target(
        IMPUTATION.title,
        "coverage of 50 % and 90 % intervals",
        "within 0.05",
        "within 0.02",
        IMPUTERS,
        calibrated,
    ),
)
