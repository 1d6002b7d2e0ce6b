"""Every command once with a small budget: ``python -m tests.benchmarks.smoke``.

The rows are rendered and thrown away; what is left is the CPU seconds of each command.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from joblib import Parallel, delayed

from tests.benchmarks import corruptions, diffusion, factorized, imputation, mixed
from tests.benchmarks._rows import read_rows
from tests.benchmarks.render import render

COMMANDS: tuple[tuple[Callable[[list[str]], None], str], ...] = (
    (factorized.main, "--table all"),
    (factorized.main, "--table quality --engine MultiScaleARGenerator"),
    (imputation.main, "--imputer LatentDiffusionImputer"),
    (diffusion.main, "--table forecasting"),
    (imputation.main, "--imputer LatentDiffusionImputer --dataset pm25 --patterns point50"),
    (diffusion.main, "--table sampling"),
    (diffusion.main, "--table conditioning --dataset beijing_pm25"),
    (diffusion.main, "--table latents --dataset air_quality"),
    (corruptions.main, ""),
    (mixed.main, "--dataset mixed_panel"),
)


def run(place: int, folder: Path) -> float:
    """Run one command; return its CPU seconds."""
    command, arguments = COMMANDS[place]
    began = time.process_time()
    command([*arguments.split(), "--budget", "smoke", "--results", str(folder)])
    return time.process_time() - began


def main() -> None:
    """Run all, two at a time, and say what they took."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        # Beside the others in a process of its own, not in a worker: it starts workers of dask.
        options = ["--budget", "smoke", "--results", folder]
        citizens = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.citizen", *options])
        took = Parallel(2)(delayed(run)(place, Path(folder)) for place in range(len(COMMANDS)))
        _, status, usage = os.wait4(citizens.pid, 0)
        if status:
            raise SystemExit("citizen failed, see above.")
        took.append(usage.ru_utime + usage.ru_stime)
        render(read_rows(Path(folder)))
    names = [f"{c.__module__.rpartition('.')[2]} {arguments}" for c, arguments in COMMANDS]
    for name, seconds in zip([*names, "citizen"], took, strict=True):
        sys.stderr.write(f"{seconds:6.1f} CPU s  {name}\n")
    wall = time.perf_counter() - began
    sys.stderr.write(f"{sum(took):6.1f} CPU s  in all, within {wall:.0f} s\n")


if __name__ == "__main__":
    main()
