"""
What if it had been colder?
===========================

:class:`~sktsgen.LatentDiffusionGenerator` can be given some columns over time and draws the others
to them. With the same seed and other values of the given columns, the difference of two draws is
what the change brings about in the model's eyes.
"""

# %%
# Weather leads, energy follows
# -----------------------------
# Hourly readings of a made-up office building; the temperature may be given.

import matplotlib.pyplot as plt
import numpy as np

from sktsgen import LatentDiffusionGenerator
from sktsgen.datasets import make_building_energy

table = make_building_energy(120, random_state=0).astype(float)
print(table.describe().loc[["mean", "std"]].round(2))
given = table.columns[:1].tolist()
generator = LatentDiffusionGenerator(
    window_length=48, metadata_columns=given, max_epochs=4, random_state=0
).fit(table)

# %%
# The same days, and colder ones
# ------------------------------
# The temperature of four days as it was, and half a standard deviation lower. Both draws take the
# same noise.

actual = table[given].iloc[240:336].reset_index(drop=True)
colder = actual - 0.5 * table[given].std()
worlds = {
    name: generator.sample(20, metadata=degrees, random_state=1)
    for name, degrees in (("as it was", actual), ("colder", colder))
}

# %%
# What follows
# ------------
# Thin lines are single draws, thick lines their means. The given column comes back exactly as it
# was given.

fig, axes = plt.subplots(2, figsize=(8.0, 5.0), sharex=True, layout="constrained")
follower = table.columns[-1]
for (name, drawn), color in zip(worlds.items(), ("#3b4a5e", "#d9652b"), strict=True):
    for ax, column in zip(axes, (given[0], follower), strict=True):
        series = drawn[column].to_numpy().reshape(20, -1)
        ax.plot(series[:5].T, color=color, lw=0.4, alpha=0.5)
        ax.plot(series.mean(0), color=color, lw=2.0, label=name)
        ax.set_ylabel(column)
axes[0].legend(frameon=False, ncols=2)
axes[1].set_xlabel("hour")
plt.show()

# %%
# One number
# ----------

change = worlds["colder"][follower].mean() - worlds["as it was"][follower].mean()
print(f"{follower}: {change:+.2f} on average, {change / table[follower].std():+.2f} deviations")
assert np.allclose(worlds["colder"][given[0]].to_numpy()[:96], colder[given[0]].to_numpy())
