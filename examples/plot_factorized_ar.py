"""
Basis, tokens and futures
=========================

:class:`~sktsgen.FactorizedARGenerator` learns the rows of a table as sums of a few patterns, spells
each row in a few tokens, and learns how tokens follow one another. Here is what each of these steps
looks like.
"""

# %%
# Data and model
# --------------
# The table is a made-up office building: four months of hourly weather, people and energy. A small
# basis and a short training keep this page quick; the defaults train longer.

import matplotlib.pyplot as plt
import numpy as np

from sktsgen import FactorizedARGenerator
from sktsgen.datasets import make_building_energy
from sktsgen.plotting import ComparisonDisplay

X = make_building_energy(122, random_state=0)
past, future = X.iloc[:-48], X.iloc[-48:]
generator = FactorizedARGenerator(
    n_components=8, codebook_size=64, window_length=48, max_epochs=8, random_state=0
).fit(past)

# %%
# A basis of patterns
# -------------------
# Each row of `components_` is a pattern over the channels, in the units of the data; here each
# channel is divided by its standard deviation. A generated row is the mean plus the sum of these
# patterns, weighted by the row's coefficients, plus a residual.

components = generator.components_ / X.std().to_numpy()
fig, ax = plt.subplots(figsize=(6.0, 4.0), layout="constrained")
limit = np.abs(components).max()
image = ax.imshow(components, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
ax.set_xticks(range(X.shape[1]), X.columns, rotation=20)
ax.set_ylabel("component")
fig.colorbar(image)
plt.show()

# %%
# Tokens
# ------
# `tokenize` spells a series and `detokenize` reads it back: four days of the occupancy, and what
# its tokens make of it. What is lost here, the residual, has a density of its own given the tokens.

tokens = generator.tokenize(past)
restored = generator.detokenize(tokens)

fig, (above, below) = plt.subplots(
    2, figsize=(8.0, 3.6), sharex=True, height_ratios=[4, 1], layout="constrained"
)
above.plot(past["occupancy"].to_numpy()[:96], color="#3b4a5e", label="table")
above.plot(
    np.asarray(restored)[:96, past.columns.get_loc("occupancy")], color="#d9652b", label="read back"
)
above.legend(frameon=False)
below.imshow(tokens.to_numpy()[:96].T, aspect="auto", cmap="viridis", interpolation="nearest")
below.set_xlabel("hour")
below.set_yticks([0], ["token"])
plt.show()

# %%
# New series
# ----------
# `sample` returns what `fit` was given: a frame with the same columns and dtypes, and a series
# level in the index. The length is free; here it is twice the training window.

samples = generator.sample(500, length=96)
print(samples.dtypes)
ComparisonDisplay.from_samples(past, samples)
plt.show()

# %%
# Futures of a given past
# -----------------------
# `forecast` continues the history it is given, as often as wanted.

futures = generator.forecast(past, horizon=48, n_samples=200)
shown = ["temperature", "electricity"]
fig, axs = plt.subplots(len(shown), figsize=(8.0, 5.0), sharex=True, layout="constrained")
for ax, column in zip(axs, shown, strict=True):
    by_time = futures[column].groupby(level="time")
    low, middle, high = (by_time.quantile(q) for q in (0.05, 0.5, 0.95))
    ax.plot(past[column].iloc[-72:], color="#3b4a5e")
    ax.plot(future[column], color="#3b4a5e", linestyle=":", label="what came")
    ax.fill_between(low.index, low, high, color="#d9652b", alpha=0.25, label="90 % of futures")
    ax.plot(middle, color="#d9652b", label="their median")
    ax.set_ylabel(column)
axs[0].legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0))
fig.autofmt_xdate()
plt.show()
