"""Figures other papers report under the literature's protocol; none was measured here.

From the tables of Yuan and Qiao, "Diffusion-TS", ICLR 2024, who ran all methods themselves: the
mean and half the 95 % interval over five judges of one set of windows. Judges and encoders are
random, and Context-FID has no scale of its own: read these as orders of magnitude.
"""

from collections.abc import Sequence

from tests.benchmarks._rows import Row

MEASURES = ("context_fid", "correlational", "discriminative", "predictive")
DATASETS = ("sines", "stocks", "etth1", "energy", "fmri")

# By method, then measure, then data set, windows of 24 steps.
AT_24 = {
    "Diffusion-TS": (
        ((0.006, 0.000), (0.147, 0.025), (0.116, 0.010), (0.089, 0.024), (0.105, 0.006)),
        ((0.015, 0.004), (0.004, 0.001), (0.049, 0.008), (0.856, 0.147), (1.411, 0.042)),
        ((0.006, 0.007), (0.067, 0.015), (0.061, 0.009), (0.122, 0.003), (0.167, 0.023)),
        ((0.093, 0.000), (0.036, 0.000), (0.119, 0.002), (0.250, 0.000), (0.099, 0.000)),
    ),
    "TimeGAN": (
        ((0.101, 0.014), (0.103, 0.013), (0.300, 0.013), (0.767, 0.103), (1.292, 0.218)),
        ((0.045, 0.010), (0.063, 0.005), (0.210, 0.006), (4.010, 0.104), (23.502, 0.039)),
        ((0.011, 0.008), (0.102, 0.021), (0.114, 0.055), (0.236, 0.012), (0.484, 0.042)),
        ((0.093, 0.019), (0.038, 0.001), (0.124, 0.001), (0.273, 0.004), (0.126, 0.002)),
    ),
    "TimeVAE": (
        ((0.307, 0.060), (0.215, 0.035), (0.805, 0.186), (1.631, 0.142), (14.449, 0.969)),
        ((0.131, 0.010), (0.095, 0.008), (0.111, 0.020), (1.688, 0.226), (17.296, 0.526)),
        ((0.041, 0.044), (0.145, 0.120), (0.209, 0.058), (0.499, 0.000), (0.476, 0.044)),
        ((0.093, 0.000), (0.039, 0.000), (0.126, 0.004), (0.292, 0.000), (0.113, 0.003)),
    ),
}
FLOOR_AT_24 = {
    "sines": (0.094, 0.001),
    "stocks": (0.036, 0.001),
    "etth1": (0.121, 0.005),
    "energy": (0.250, 0.003),
    "fmri": (0.090, 0.001),
}
# Of Diffusion-TS, by data set and steps.
LONG = {
    ("etth1", 64): ((0.631, 0.058), (0.082, 0.005), (0.106, 0.048), (0.116, 0.000)),
    ("etth1", 128): ((0.787, 0.062), (0.088, 0.005), (0.144, 0.060), (0.110, 0.003)),
    ("etth1", 256): ((0.423, 0.038), (0.064, 0.007), (0.060, 0.030), (0.109, 0.013)),
    ("energy", 64): ((0.135, 0.017), (0.672, 0.035), (0.078, 0.021), (0.249, 0.000)),
    ("energy", 128): ((0.087, 0.019), (0.451, 0.079), (0.143, 0.075), (0.247, 0.001)),
    ("energy", 256): ((0.126, 0.024), (0.361, 0.092), (0.290, 0.123), (0.245, 0.001)),
}


def published(dataset: str, window: int) -> dict[str, Row]:
    """Return the figures of each method for one data set and length; none where none are known."""
    if window == 24 and dataset in DATASETS:
        place = DATASETS.index(dataset)
        rows = {
            f"{method} (published)": _figures([of[place] for of in measures])
            for method, measures in AT_24.items()
        }
        floor = FLOOR_AT_24[dataset]
        return rows | {"real (published)": {"predictive": floor[0], "predictive_half": floor[1]}}
    if (dataset, window) in LONG:
        return {"Diffusion-TS (published)": _figures(LONG[dataset, window])}
    return {}


def _figures(pairs: Sequence[tuple[float, float]]) -> Row:
    figures: Row = {}
    for measure, (mean, half) in zip(MEASURES, pairs, strict=True):
        figures |= {measure: mean, f"{measure}_half": half}
    return figures
