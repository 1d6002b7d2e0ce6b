"""How many latents a table takes, and whether they move in time as its columns do."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from sktsgen.metrics import (
    autocorrelation_difference,
    cross_correlation_difference,
    discriminative_score,
    marginal_distance,
)
from tests.benchmarks._data import Array
from tests.benchmarks._plan import Plan, drawn
from tests.benchmarks._protocol import floor_windows
from tests.benchmarks._rows import Row

N_WINDOWS = 2000
RATIOS = {"1/4": 0.25, "1/2": 0.5, "3/4": 0.75, "1": 1.0}


def latents(plan: Plan) -> Iterator[Row]:
    """Fit with more and more latents, and once without."""
    data = plan.split()
    n, n_columns = plan.size(N_WINDOWS, 60), data.real.shape[-1]
    floor = floor_windows(data.real, n)
    yield plan.row("latents", "real (floor)", **_fidelity(plan, data.real, floor)) | {"params": {}}
    for seed in plan.seeds:
        for name, ratio in list(RATIOS.items())[: plan.size(4, 1)]:
            size = {"latent": "vae", "latent_dim": max(1, round(ratio * n_columns))}
            yield _row(plan, data, f"{name} of the columns", seed, n, **size)
        yield _row(plan, data, "cells", seed, n, latent="identity")


def _row(plan: Plan, data: Any, name: str, seed: int, n: int, **params: Any) -> Row:
    model, took = plan.fit(data.segments, seed=seed, window_length=plan.window, **params)
    windows = drawn(model, n, plan.window, seed)
    real = floor_windows(data.real, n)
    figures = _fidelity(plan, data.real, windows) | took | {"seed": seed}
    if params["latent"] == "vae":
        figures |= {
            "latent_dim": params["latent_dim"],
            "reconstruction_error": model.reconstruction_error_,
            **_dynamics(real, _latents_of(model, real), _latents_of(model, windows)),
        }
    return plan.row("latents", name, **figures)


def _fidelity(plan: Plan, every: Array, windows: Array) -> Row:
    """Distance of windows to real ones that are not those of the floor."""
    order = np.random.default_rng(0).permutation(len(every))
    real = every[order[: len(windows)]]
    scores = {
        judge.replace("gru-", "judge_"): discriminative_score(
            real, windows, judge=judge, n_repeats=len(plan.judge_seeds), random_state=0
        )
        for judge in plan.judges
    }
    return scores | {
        "ks": marginal_distance(real, windows),
        "acf": autocorrelation_difference(real, windows),
        "n_windows": len(windows),
    }


@torch.inference_mode()
def _latents_of(model: Any, windows: Array) -> Array:
    """Latents of windows, (window, time, latent)."""
    rows = model._rows(model._check_again(windows))
    features = torch.from_numpy(rows.features).unflatten(0, windows.shape[:2])
    found = [model.network_.autoencoder.latents(part) for part in features.split(256)]
    return torch.cat(found).double().numpy()


def _dynamics(data: Array, of_data: Array, of_drawn: Array) -> Row:
    return {
        "acf_data": _autocorrelations(data),
        "acf_latents": _autocorrelations(of_data),
        "cross_data": _coupling(data),
        "cross_latents": _coupling(of_data),
        "acf_drawn": autocorrelation_difference(of_data, of_drawn),
        "cross_drawn": cross_correlation_difference(of_data, of_drawn),
    }


def _autocorrelations(windows: Array) -> list[float]:
    """Mean over channels at lags of 1, a quarter and half a window; gaps are left out."""
    centred = windows - np.nanmean(windows, axis=(0, 1))
    variance = np.nanmean(centred**2, axis=(0, 1))
    n_timesteps = windows.shape[1]
    return [
        float((np.nanmean(centred[:, lag:] * centred[:, :-lag], axis=(0, 1)) / variance).mean())
        for lag in (1, max(1, n_timesteps // 4), max(1, n_timesteps // 2))
    ]


def _coupling(windows: Array) -> float:
    """Mean size of the correlations between different channels at one step."""
    cells = np.ma.masked_invalid(windows.reshape(-1, windows.shape[-1]))
    sizes = np.abs(np.ma.corrcoef(cells, rowvar=False).filled(0.0))
    return float(sizes[~np.eye(len(sizes), dtype=bool)].mean()) if len(sizes) > 1 else 0.0
