"""Fit a rival to a mixed panel and draw; runs in an environment of its own, with the rival.

``python peer_panels.py PAR folder``

The folder holds `rows.csv`, windows one under the other with their number in `series`, and
`job.json`: the names of columns of `levels`, of `static` ones, the `window`, how many windows to
draw (`n`), and a `seed`. `drawn.csv` and `answer.json` are written there.
"""

import importlib.metadata
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

KEY = "series"
MINUTES = 10.0  # of training at most, where the rival can be told


def par(rows, job):
    """Fit PARSynthesizer of SDV with its own settings."""
    from sdv.metadata import Metadata
    from sdv.sequential import PARSynthesizer

    kinds = {name: "categorical" if name in job["levels"] else "numerical" for name in rows}
    columns = {name: {"sdtype": kind} for name, kind in (kinds | {KEY: "id"}).items()}
    tables = {"rows": {"columns": columns, "sequence_key": KEY}}
    model = PARSynthesizer(
        Metadata.load_from_dict({"tables": tables}), context_columns=job["static"], cuda=False
    )
    model.fit({"rows": rows})
    return lambda: model.sample_sequences(job["n"], sequence_length=job["window"])["rows"]


def argn(rows, job):
    """Fit TabularARGN of mostlyai-engine; what protects rare values costs fidelity and is off."""
    from mostlyai.engine import TabularARGN

    of_series = rows[[KEY, *job["static"]]].drop_duplicates(KEY)
    model = TabularARGN(
        tgt_context_key=KEY,
        ctx_primary_key=KEY,
        ctx_data=of_series,
        max_training_time=MINUTES,
        value_protection=False,
        device="cpu",
        random_state=job["seed"],
        workspace_dir=tempfile.mkdtemp(),
    )
    model.fit(rows.drop(columns=job["static"]))
    chosen = of_series.sample(job["n"], replace=True, random_state=job["seed"])
    chosen = chosen.assign(**{KEY: range(job["n"])}).reset_index(drop=True)
    return lambda: model.sample(ctx_data=chosen).merge(chosen, on=KEY)


RIVALS = {"PAR": (par, "sdv"), "TabularARGN": (argn, "mostlyai-engine")}


def main(name, folder):
    """Fit, draw and write."""
    folder = Path(folder)
    job = json.loads((folder / "job.json").read_text())
    random.seed(job["seed"])
    np.random.seed(job["seed"])  # noqa: NPY002 (rivals draw from the global streams)
    torch.manual_seed(job["seed"])
    torch.set_num_threads(1)
    types = dict.fromkeys(job["levels"], str)
    rows = pd.read_csv(folder / "rows.csv", dtype=types, keep_default_na=False, na_values=[""])
    fit, package = RIVALS[name]
    began = time.process_time()
    draw = fit(rows, job)
    fitted = time.process_time()
    draw().to_csv(folder / "drawn.csv", index=False)
    took = {"fit_cpu_s": fitted - began, "sample_cpu_s": time.process_time() - fitted}
    answer = took | {"version": importlib.metadata.version(package)}
    (folder / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
