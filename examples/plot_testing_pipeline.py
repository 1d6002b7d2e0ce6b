"""
Testing a feature pipeline with realistic tables
================================================

Property-based tests are as good as their examples. Here a routine that averages slow series has a
bug that independent random cells do not reach, and tables drawn by a generator do.
"""

# %%
# A routine with a bug
# --------------------
# `coarsen` averages a series over as many rows as it remembers, and leaves noise alone. It divides
# the sum of every block by the same number, though the last block may be shorter.

import numpy as np
from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.extra.pandas import column, data_frames, range_indexes

from sktsgen import FactorizedARGenerator
from sktsgen.datasets import make_building_energy
from sktsgen.testing import time_series


def memory(values, share=0.7):
    """Count the steps until the autocorrelation falls below a share."""
    if not np.ptp(values):
        return 1
    centred = values - values.mean()
    for lag in range(1, len(values) // 2):
        if centred[lag:] @ centred[:-lag] < share * (centred @ centred):
            return lag
    return len(values) // 2


def coarsen(values):
    """Average blocks of rows; short series are left alone."""
    rows = memory(values) if len(values) >= 16 else 1
    return np.add.reduceat(values, np.arange(0, len(values), rows)) / rows, rows


def breaks_the_total(table):
    """Tell whether the averages, times the rows of their blocks, miss the sum of the series."""
    values = table["temperature"].to_numpy()
    means, rows = coarsen(values)
    counts = np.diff([*range(0, len(values), rows), len(values)])
    return not np.isclose(means @ counts, values.sum(), rtol=1e-6, atol=1e-6)


# %%
# Independent cells
# -----------------
# In a `@given` test the condition would be an assertion; `find` returns the example itself. Two
# hundred tables of independent temperatures are too noisy to be averaged at all.

search = settings(
    max_examples=200,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
independent = data_frames(
    [column("temperature", elements=st.floats(-30, 45))],
    index=range_indexes(min_size=2, max_size=24),
)
try:
    find(independent, breaks_the_total, settings=search)
except NoSuchExample:
    print("200 tables of independent cells: nothing found")

# %%
# Tables like the real one
# ------------------------
# The generator has seen an office building. Its temperatures are slow, as real ones are, and what
# Hypothesis finds it shrinks to a few round values.

X = make_building_energy(60, random_state=0)[["temperature"]]
generator = FactorizedARGenerator(
    codebook_size=16, d_model=16, n_layers=1, window_length=24, max_epochs=2, random_state=0
).fit(X)
realistic = time_series(generator, length=(2, 24))
print(find(realistic, breaks_the_total, settings=search))

# %%
# What else tables do
# -------------------
# With `extremes` an example may be stuck, far out, or stand where calendars are awkward; with
# `missing` it may have gaps. It is still a table of the same columns, types and frequency.

awkward = time_series(generator, length=(24, 48), extremes=["calendar"])
leap_day = find(awkward, lambda table: (table.index.day == 29).any(), settings=search)
print(leap_day.index[[0, -1]])
