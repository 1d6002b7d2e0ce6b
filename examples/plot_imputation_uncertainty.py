"""
How sure is a filled gap?
=========================

:class:`~sktsgen.LatentDiffusionImputer` fills missing cells by one pass of its network
(``n_samples=0``, the default). Its draws, tables that could have been, say how sure it is.
"""

# %%
# A table with gaps
# -----------------
# Hourly readings of a made-up office building. Two sensors fail for three quarters of a day, at
# different times, and single readings are lost all over.

import matplotlib.pyplot as plt
import numpy as np

from sktsgen import LatentDiffusionImputer
from sktsgen.datasets import make_building_energy

whole = make_building_energy(45, random_state=0).astype(float)
table = whole.copy()
rng = np.random.default_rng(0)
table = table.mask(rng.random(table.shape) < 0.1)
table.iloc[700:718, 0] = np.nan
table.iloc[724:742, 1:3] = np.nan

# %%
# Fill it
# -------
# The imputer learns from the table as it is, gaps and all. `transform` gives the median of each
# missing cell; observed cells come back as they were.

imputer = LatentDiffusionImputer(window_length=24, max_epochs=2, random_state=0).fit(table)
filled = imputer.transform(table)

hidden = table.isna().to_numpy()
line = table.interpolate(limit_direction="both")
spread = whole.std().to_numpy()
for name, answer in (("imputer", filled), ("straight lines", line)):
    error = (np.abs(answer - whole) / spread).to_numpy()[hidden].mean()
    print(f"mean error of the {name}: {error:.3f} standard deviations")

# %%
# Bands
# -----
# Half of the true values should lie in the dark band, nine in ten in the light one. The bands are
# wide in the middle of a gap where nothing else is known, and narrow where another column tells.

draws = np.stack(imputer.sample_imputations(table.iloc[684:756], 60))
truth, seen = whole.iloc[684:756], table.iloc[684:756]
fig, axes = plt.subplots(3, figsize=(8.0, 6.0), sharex=True, layout="constrained")
for i, ax in enumerate(axes):
    for share, alpha in ((0.9, 0.2), (0.5, 0.4)):
        ends = [0.5 - share / 2, 0.5 + share / 2]
        low, high = np.quantile(draws[..., i], ends, axis=0, method="weibull")
        ax.fill_between(truth.index, low, high, color="#d9652b", alpha=alpha, lw=0)
    ax.plot(truth.iloc[:, i], color="#9aa5b1", lw=1.0, label="truth")
    ax.plot(seen.iloc[:, i], ".", color="#3b4a5e", ms=3.0, label="observed")
    ax.set_ylabel(whole.columns[i])
axes[0].legend(frameon=False, ncols=2)
plt.show()

# %%
# Are the bands right?
# --------------------

inside = {
    share: np.mean(
        [
            (low <= value) & (value <= high)
            for low, high, value in zip(
                *np.quantile(draws, [0.5 - share / 2, 0.5 + share / 2], axis=0, method="weibull"),
                truth.to_numpy(),
                strict=True,
            )
        ],
        where=seen.isna().to_numpy(),
    )
    for share in (0.5, 0.9)
}
print({f"{share:.0%} band": f"{found:.0%} of the truth" for share, found in inside.items()})
