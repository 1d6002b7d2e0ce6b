"""Every command once with a small budget: ``python -m tests.benchmarks.smoke``.

The rows are rendered and thrown away; what is left is the CPU seconds of each command.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import corruptions, diffusion, factorized, imputation, mixed
from tests.benchmarks._rows import read_rows
from tests.benchmarks.render import render

COMMANDS: tuple[tuple[Callable[[list[str]], None], str], ...] = (
    (factorized.main, "--table all"),
    (factorized.main, "--table quality --engine MultiScaleARGenerator"),
    (factorized.main, "--table literature --engine MultiScaleARGenerator"),
    (imputation.main, "--imputer LatentDiffusionImputer"),
    (diffusion.main, "--table forecasting"),
    (imputation.main, "--imputer LatentDiffusionImputer --dataset pm25 --patterns point50"),
    (diffusion.main, "--table sampling"),
    (diffusion.main, "--table conditioning --dataset beijing_pm25"),
    (diffusion.main, "--table latents --dataset air_quality"),
    (corruptions.main, ""),
    (mixed.main, "--dataset mixed_panel"),
)


def run(folder: Path) -> Iterator[tuple[str, float]]:
    """Run every command; yield its name and CPU seconds."""
    for command, arguments in COMMANDS:
        began = time.process_time()
        command([*arguments.split(), "--budget", "smoke", "--results", str(folder)])
        name = command.__module__.rpartition(".")[2]
        yield f"{name} {arguments}", time.process_time() - began


def main() -> None:
    """Run all and say what it took."""
    with tempfile.TemporaryDirectory() as folder:
        took = dict(run(Path(folder)))
        render(read_rows(Path(folder)))
    for name, seconds in took.items():
        sys.stderr.write(f"{seconds:6.1f} s  {name}\n")
    sys.stderr.write(f"{sum(took.values()):6.1f} s  in all\n")


if __name__ == "__main__":
    main()
