"""
From coarse to fine
===================

:class:`~sktsgen.MultiScaleARGenerator` draws a window as one would draw a picture: first the
outline, then the details. Here is what it makes of a series on the way.
"""

# %%
# Data and model
# --------------
# The table is a made-up office building: four months of hourly weather, people and energy. A short
# training keeps this page quick; the defaults train longer.

import matplotlib.pyplot as plt
import numpy as np

from sktsgen import MultiScaleARGenerator
from sktsgen.datasets import make_building_energy
from sktsgen.plotting import ComparisonDisplay

X = make_building_energy(122, random_state=0)
past, future = X.iloc[:-48], X.iloc[-48:]
generator = MultiScaleARGenerator(window_length=48, max_epochs=4, random_state=0).fit(past)
print(f"{generator.n_parameters_:,} parameters, tokens per scale: {generator.scales_}")

# %%
# Trend, coarse and fine
# ----------------------
# `decompose` splits data as the model does: a trend by moving averages, the coarse outline of the
# rest, and what is left. The three add up to the series.

parts = generator.decompose(past)
shown = slice(0, 168)
fig, axs = plt.subplots(4, figsize=(8.0, 5.6), sharex=True, layout="constrained")
axs[0].plot(past["electricity"].iloc[shown], color="#3b4a5e")
axs[0].set_ylabel("electricity")
for ax, (name, part) in zip(axs[1:], parts.items(), strict=True):
    ax.plot(part["electricity"].iloc[shown], color="#d9652b")
    ax.set_ylabel(name)
fig.autofmt_xdate()
plt.show()

# %%
# What each scale adds
# --------------------
# A window of two days is three vectors, quantised at three scales: six tokens in all. They are a
# plan, not a copy. Decoded from the coarsest one a window is hardly more than a level; each further
# scale brings it closer, and what is left follows from the values before.

fig, axs = plt.subplots(3, figsize=(8.0, 5.0), sharex=True, sharey=True, layout="constrained")
for k, ax in enumerate(axs, start=1):
    decoded = generator.reconstruct(past, n_scales=k)
    error = (decoded - past).var().sum() / past.var().sum()
    ax.plot(past["temperature"].to_numpy()[:96], color="#3b4a5e")
    ax.plot(decoded["temperature"].to_numpy()[:96], color="#d9652b")
    ax.set_title(
        f"{sum(generator.scales_[:k])} of {sum(generator.scales_)} tokens: {error:.0%} left"
    )
fig.supxlabel("hour")
plt.show()

# %%
# New series, part by part
# ------------------------
# Samples come with their parts, and with the residual that is drawn around what the tokens decode
# to. The length is free: windows of 48 hours follow each other, each overlapping by a quarter with
# what is there already. Five of them make 192 hours; the lines mark their joints.

samples, of_samples = generator.sample(3, length=192, return_components=True, random_state=1)
fig, axs = plt.subplots(5, figsize=(8.0, 6.4), sharex=True, layout="constrained")
for ax, (name, part) in zip(axs, {"sample": samples, **of_samples}.items(), strict=True):
    ax.plot(part["temperature"].loc[0].to_numpy(), color="#d9652b")
    ax.set_ylabel(name)
    for joint in range(48, 192, 36):
        ax.axvline(joint, color="#cccccc", linewidth=0.8)
axs[-1].set_xlabel("hour")
plt.show()

# %%
# Do they look real?
# ------------------

ComparisonDisplay.from_samples(past, generator.sample(300, length=96, random_state=2))
plt.show()

# %%
# Futures of a given past
# -----------------------
# `forecast` continues the history it is given, as often as wanted.

futures = generator.forecast(past, horizon=48, n_samples=200)
fig, ax = plt.subplots(figsize=(8.0, 2.8), layout="constrained")
by_time = futures["temperature"].groupby(level="time")
low, middle, high = (by_time.quantile(q) for q in (0.05, 0.5, 0.95))
ax.plot(past["temperature"].iloc[-72:], color="#3b4a5e")
ax.plot(future["temperature"], color="#3b4a5e", linestyle=":", label="what came")
ax.fill_between(low.index, low, high, color="#d9652b", alpha=0.25, label="90 % of futures")
ax.plot(middle, color="#d9652b", label="their median")
inside = np.mean((future["temperature"] >= low) & (future["temperature"] <= high))
ax.set_title(f"{inside:.0%} of what came lies inside")
ax.legend(frameon=False, ncols=3)
fig.autofmt_xdate()
plt.show()
