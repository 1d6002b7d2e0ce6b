"""Length: trained at one length, drawn at many times that."""

from collections.abc import Iterator

from sktsgen.metrics import autocorrelation_difference, marginal_distance, spectral_distance
from tests.benchmarks._data import Array, Split
from tests.benchmarks._plan import Plan, drawn
from tests.benchmarks._protocol import floor_windows
from tests.benchmarks._rows import Row

# Training length: lengths drawn. The last steps, as many as were trained, are compared.
LENGTHS = {
    48: (48, 96, 192, 384),
    96: (96, 192, 384, 768, 960),
    128: (128, 256, 512, 1024, 2048),
}


def length(plan: Plan) -> Iterator[Row]:
    """Compare the last steps of long series with real windows, for the training length asked for.

    A window that has no lengths stands for all that have.
    """
    n = plan.size(1000, 100)
    asked = [plan.window] if plan.window in LENGTHS else list(LENGTHS)
    for window in asked[: plan.size(len(LENGTHS), 1)]:
        data = plan.split(window)
        floor = floor_windows(data.real, n)
        yield _row(plan, data, "real (floor)", floor, window, window) | {"params": {}}
        for seed in plan.seeds:
            estimator, figures = plan.fit(data.segments, seed=seed, window_length=window)
            for steps in LENGTHS[window][: plan.size(5, 2)]:
                windows = drawn(estimator, n, steps, seed)[:, -window:]
                row = _row(plan, data, plan.engine, windows, window, steps)
                yield row | figures | {"seed": seed}


def _row(plan: Plan, data: Split, name: str, windows: Array, window: int, steps: int) -> Row:
    real = data.real
    figures = {
        "window": window,
        "length": steps,
        "factor": steps / window,
        "n_windows": len(windows),
        "ks": marginal_distance(real, windows),
        "dks": marginal_distance(real, windows, difference=True),
        "acf": autocorrelation_difference(real, windows),
        "spectrum": spectral_distance(real, windows),
        "std_ratio": float((windows.std((0, 1)) / real.std((0, 1))).mean()),
    }
    return plan.row("length", name, **figures)
