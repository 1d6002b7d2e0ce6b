"""
A pipeline, and a search without labels
=======================================

Transformers of scikit-learn and of sktsgen stand in front of a generator in a
:class:`~sktsgen.GeneratorPipeline`, and a search of scikit-learn chooses among settings. Nothing
here needs labels: a generator scores itself.
"""

# %%
# Trend, season and the rest
# --------------------------
# The table is a made-up office building: six weeks of hourly weather and energy.
# :class:`~sktsgen.SeasonalTrendDecomposer` finds the periods in the spectrum, here a day, and
# splits every column in three, whose sum it is.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV

from sktsgen import (
    FactorizedARGenerator,
    PanelKFold,
    SeasonalTrendDecomposer,
    make_generator_pipeline,
)
from sktsgen.datasets import make_building_energy
from sktsgen.metrics import neg_autocorrelation_difference

X = make_building_energy(42, random_state=0)[["temperature", "humidity", "electricity"]]
decomposer = SeasonalTrendDecomposer().fit(X)
parts = decomposer.transform(X)
print("periods found:", decomposer.periods_)

blue, orange = "#3b4a5e", "#d9652b"
fig, axs = plt.subplots(4, figsize=(8.0, 6.0), sharex=True, layout="constrained")
for ax, name in zip(
    axs,
    ["electricity", "trend_electricity", "seasonal_electricity", "resid_electricity"],
    strict=True,
):
    table = X if name in X else parts
    ax.plot(table[name].iloc[: 24 * 14], color=blue if name in X else orange)
    ax.set_ylabel(name.replace("_", "\n"))
fig.autofmt_xdate()
plt.show()

# %%
# Parts in, sums out
# ------------------
# The pipeline teaches the generator the parts, and what is drawn goes back through
# `inverse_transform`: the parts are summed, and columns, types and hours are those of the table.
# The model is small and its training short, to keep this page quick.

generator = FactorizedARGenerator(
    d_model=32, n_layers=1, window_length=48, max_epochs=2, batch_size=8, random_state=0
)
pipeline = make_generator_pipeline(SeasonalTrendDecomposer(), generator)
samples = pipeline.fit(X).sample(3, length=24 * 7)
print(samples.head())

fig, axs = plt.subplots(2, figsize=(8.0, 4.0), sharex=True, sharey=True, layout="constrained")
axs[0].plot(X["electricity"].to_numpy()[: 24 * 7], color=blue)
axs[0].set_title("the first week of the table", loc="left")
for _, series in samples["electricity"].groupby(level="series"):
    axs[1].plot(series.to_numpy(), color=orange, alpha=0.6)
axs[1].set_title("three generated weeks", loc="left")
axs[1].set_xlabel("hour")
fig.supylabel("electricity")
plt.show()

# %%
# Choosing by the score
# ---------------------
# `score` is the mean log density of a time step of held-out data, so a search needs no labels.
# Held out are blocks of time after the training rows, with a gap of a day between them:
# :class:`~sktsgen.PanelKFold` cuts all series of a panel at the same stamps, and one series as
# here. The score of a pipeline is that of its generator, in the space of the last transformer, so
# it compares settings of the generator.

blocks = PanelKFold(2, by="time", gap=24)
search = GridSearchCV(
    pipeline, {"factorizedargenerator__window_length": [6, 48]}, cv=blocks, refit=False
).fit(X)
results = pd.DataFrame(search.cv_results_)
print(results[["param_factorizedargenerator__window_length", "mean_test_score"]])

# %%
# Choosing among transformers
# ---------------------------
# Densities before and after a transformer are no rivals. A scorer that draws is: it compares
# generated series with held-out ones in the units of the table. Here it asks whether
# autocorrelations are better kept with the decomposition or without it.

choice = GridSearchCV(
    pipeline.set_params(**search.best_params_),
    {"seasonaltrenddecomposer": [SeasonalTrendDecomposer(), "passthrough"]},
    cv=blocks,
    scoring=neg_autocorrelation_difference,
    refit=False,
).fit(X)
for params, score in zip(
    choice.cv_results_["params"], choice.cv_results_["mean_test_score"], strict=True
):
    print(f"{params['seasonaltrenddecomposer']!s:28} {score:.3f}")
