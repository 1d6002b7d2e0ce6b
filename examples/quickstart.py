"""The main job: learn from one table of measurements, draw new series, look at them.

By default the table is a made-up year of an office building's energy and weather; `--data FILE.csv`
takes any CSV file whose rows are consecutive time steps.
"""

import argparse
import time
from pathlib import Path

import matplotlib as mpl
import pandas as pd

from sktsgen import FactorizedARGenerator
from sktsgen.datasets import make_building_energy
from sktsgen.plotting import ComparisonDisplay


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="CSV file; None takes the embedded table")
    parser.add_argument("--time", help="column of time stamps in the CSV file")
    parser.add_argument("--length", type=int, default=96, help="steps in each generated series")
    parser.add_argument("--n-samples", type=int, default=1000, help="series to generate")
    parser.add_argument("--max-epochs", type=int, help="epochs a stage; None takes the default")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random")
    parser.add_argument(
        "--output", type=Path, default=Path("quickstart.png"), help="picture to write"
    )
    parser.add_argument("--samples", type=Path, help="CSV file for the generated series")
    return parser.parse_args()


def read_table(path, time_column):
    """Read the table as it is: text, flags and gaps included."""
    parse_dates = False if time_column is None else [time_column]
    table = pd.read_csv(path, index_col=time_column, parse_dates=parse_dates)
    for column in table.select_dtypes(["object", "string"]):
        some = table[column].dropna().head(100)
        if len(some) and pd.to_datetime(some, errors="coerce", format="mixed").notna().all():
            print(f"{column} looks like time stamps and is read as text; --time {column} uses them")
    return table


def main():
    arguments = parse_arguments()
    if arguments.data is None:
        table = make_building_energy(365, random_state=arguments.seed)
    else:
        table = read_table(arguments.data, arguments.time)
    n_train = len(table) - len(table) // 10
    train, held_out = table.iloc[:n_train], table.iloc[n_train:]
    print(f"{len(train)} rows to learn from, {len(held_out)} held out, {table.shape[1]} columns")

    budget = {} if arguments.max_epochs is None else {"max_epochs": arguments.max_epochs}
    generator = FactorizedARGenerator(random_state=arguments.seed, verbose=1, **budget)
    started = time.perf_counter()
    generator.fit(train)
    fitted = time.perf_counter()
    samples = generator.sample(arguments.n_samples, length=arguments.length)
    drawn = time.perf_counter()

    print(f"fit:    {fitted - started:.1f} s")
    print(f"sample: {drawn - fitted:.1f} s for {arguments.n_samples} series", end=" ")
    print(f"of {arguments.length} steps")
    print(f"mean log-density per time step: {generator.score(train):.2f} where it learnt,", end=" ")
    print(f"{generator.score(held_out):.2f} on the held-out rows")

    mpl.use("Agg")
    display = ComparisonDisplay.from_samples(table, samples)
    display.figure_.savefig(arguments.output, dpi=110)
    print(f"Picture: {arguments.output}")
    if arguments.samples is not None:
        samples.to_csv(arguments.samples)
        print(f"Series:  {arguments.samples}")


if __name__ == "__main__":
    main()
