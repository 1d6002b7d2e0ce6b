"""
A panel of mixed columns
========================

Numbers, counts, categories, flags and gaps of several entities go straight into
:class:`~sktsgen.FactorizedARGenerator`, and come out as the same kind of table.
"""

# %%
# The table
# ---------
# Visits and weather at two dozen made-up places, hour by hour. The kind and the area of a place
# never change, the sky follows the air pressure, visitors come in the day and stay away from the
# rain, and thermometers fail for hours. The clock changes on 31 March.
#
# In its stead the hourly bike-sharing table of the UCI repository is used where its file
# ``bike_sharing_hour.csv.gz`` stands beside this page.

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from sktsgen import FactorizedARGenerator, as_panel
from sktsgen.datasets import make_mixed_panel
from sktsgen.metrics import correlation_ratio_difference, total_variation_distance
from sktsgen.training import Trainer


def read_bikes(path):
    """Each year is a series of its own; hours without a rental become rows of missing cells."""
    bikes = pd.read_csv(path).assign(year=lambda table: "year " + table["yr"].astype(str))
    bikes["time"] = pd.to_datetime(bikes["dteday"]) + pd.to_timedelta(bikes["hr"], unit="h")
    bikes = bikes.rename(columns={"weathersit": "sky", "cnt": "visitors", "temp": "temperature"})
    bikes["sky"] = bikes["sky"].map({1: "clear", 2: "cloudy", 3: "rain", 4: "rain"})
    kept = ["year", "time", "temperature", "hum", "sky", "visitors"]
    bikes = bikes[kept].astype({"sky": "category"})
    return as_panel(bikes, series="year", time="time", freq="h")


file = Path("bike_sharing_hour.csv.gz")
X = read_bikes(file) if file.exists() else make_mixed_panel(24, 480, random_state=0)
print(X.head(3).T)

# %%
# Fit and draw
# ------------
# Nothing needs encoding. The training is short, to keep this page quick.

generator = FactorizedARGenerator(
    window_length=48, max_epochs=8, batch_size=32, trainer=Trainer(steps_per_epoch=50),
    random_state=0,
)  # fmt: skip
drawn = generator.fit(X).sample(40, length=240)
print(drawn.head(3).T)

# %%
# There are more places than were seen, each with a kind and an area of its own. Types, levels, the
# stamps and their zone are those of the table:

names = [X.columns[position] for position in generator.static_columns_]
print("static:", names)
if names:
    print(drawn.groupby(level=0, sort=False)[names].first().head(4))
print("types kept:", drawn.dtypes.equals(X.dtypes), drawn.index.dtypes.equals(X.index.dtypes))

# %%
# Is it like the table?
# ---------------------
# Levels come about as often, and mean for the numbers what they mean in the table; visitors have
# their daily rhythm, and gaps the lengths of outages. The model is told no hours: a drawn series
# may begin at any time of its day, whatever its first stamp says.

windows = [[part.droplevel(0) for _, part in table.groupby(level=0)] for table in (X, drawn)]
print(f"distance of the levels: {total_variation_distance(*windows):.3f}")
print(f"difference of correlation ratios: {correlation_ratio_difference(*windows):.3f}")


def rhythm(table, n_lags=49):
    """Autocorrelation of the visitors, averaged over the series."""
    series = [part.to_numpy(float) for _, part in table["visitors"].groupby(level=0)]
    return [
        pd.Series([pd.Series(part).autocorr(lag) for part in series]).mean()
        for lag in range(n_lags)
    ]


def gap_lengths(table):
    """Lengths of the stretches without temperature, in hours."""
    is_gap = table["temperature"].isna()
    changes = (is_gap != is_gap.groupby(level=0).shift()).cumsum()
    return is_gap[is_gap].groupby(changes[is_gap]).size()


blue, orange = "#3b4a5e", "#d9652b"
fig, axs = plt.subplots(2, 2, figsize=(8.5, 6.0), layout="constrained")
number = "pressure" if "pressure" in X else "hum"
for table, colour, label, shift in ((X, blue, "real", -0.2), (drawn, orange, "drawn", 0.2)):
    shares = table["sky"].value_counts(normalize=True).sort_index()
    axs[0, 0].bar([i + shift for i in range(len(shares))], shares, 0.4, color=colour, label=label)
    groups = [group.dropna() for _, group in table.groupby("sky", observed=True)[number]]
    boxes = axs[0, 1].boxplot(
        groups,
        positions=[i + shift for i in range(len(groups))],
        widths=0.3,
        showfliers=False,
        patch_artist=True,
        medianprops={"color": "white"},
    )
    for box in boxes["boxes"]:
        box.set_facecolor(colour)
    axs[1, 0].plot(rhythm(table), color=colour)
    lengths = gap_lengths(table).clip(upper=15).value_counts(normalize=True).sort_index()
    axs[1, 1].plot(lengths.index, lengths, "o-", color=colour)
levels = sorted(X["sky"].dropna().unique())
for ax in axs[0]:
    ax.set_xticks(range(len(levels)), levels)
axs[0, 0].set_ylabel("share")
axs[0, 0].legend(frameon=False)
axs[0, 1].set_ylabel(number)
axs[1, 0].set(xlabel="lag in hours", ylabel="autocorrelation of visitors")
axs[1, 1].set(xlabel="hours without temperature", ylabel="share of gaps")
plt.show()

# %%
# Or without gaps
# ---------------
# ``missing="complete"`` learns what stands in the gaps from what does not, and draws nothing that
# is missing.

completing = FactorizedARGenerator(
    missing="complete", window_length=24, max_epochs=2, batch_size=32,
    trainer=Trainer(steps_per_epoch=50), random_state=0,
)  # fmt: skip
print("missing cells:", int(completing.fit(X).sample(10).isna().sum().sum()))
