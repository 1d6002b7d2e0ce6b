"""Laws on containers: what goes into `fit` is what comes out of `sample`."""

from typing import Any

import numpy as np
import pandas as pd

from sktsgen.testing._expectations import (
    N_CHANNELS,
    N_TIMESTEPS,
    fitted,
    panel_array,
    panel_frame,
    refusal,
    require,
    require_same,
)


def check_arrays_give_arrays(estimator: Any) -> None:
    """Check that arrays give arrays (n_samples, length, n_channels), also for one series."""
    X = panel_array()
    for given in (X, X[0]):
        for n_samples in (1, 3):
            drawn = fitted(estimator, given).sample(n_samples, length=6)
            shape = n_samples, 6, N_CHANNELS
            require(isinstance(drawn, np.ndarray), f"A {given.ndim}-D array gave {type(drawn)}.")
            require(drawn.shape == shape, f"The shape is {drawn.shape} instead of {shape}.")


def check_dtypes_survive(estimator: Any) -> None:
    """Check that floats keep their precision and integers stay integers."""
    X = 10.0 * panel_array()
    for dtype in ("float32", "float64", "int64", "int16"):
        drawn = fitted(estimator, X.astype(dtype)).sample(2, length=4)
        require(drawn.dtype == dtype, f"{dtype} came out as {drawn.dtype}.")
    frame = panel_frame(X).astype({"channel_0": "int32", "channel_1": "float32"})
    drawn = fitted(estimator, frame).sample(2, length=4)
    same = drawn.dtypes.equals(frame.dtypes)
    require(same, f"{frame.dtypes.to_dict()} came out as {drawn.dtypes.to_dict()}.")


def check_lists_give_lists(estimator: Any) -> None:
    """Check that lists of arrays or frames of any lengths give lists of them."""
    X = panel_array()
    arrays = [X[0], X[1, :13], X[2, :17]]
    frames = [pd.DataFrame(series, columns=["a", "b"]) for series in arrays]
    for given, kind in ((arrays, np.ndarray), (frames, pd.DataFrame)):
        drawn = fitted(estimator, given).sample(2, length=6)
        require(isinstance(drawn, list), f"A list came out as {type(drawn)}.")
        shapes = [series.shape for series in drawn]
        require(shapes == [(6, N_CHANNELS)] * 2, f"The shapes of the series are {shapes}.")
        require(all(isinstance(series, kind) for series in drawn), f"{kind} did not come back.")


def check_frame_gives_frame(estimator: Any) -> None:
    """Check that a frame of one series gives a (series, time) frame on its grid, zone and all."""
    time = pd.date_range(
        "2023-03-24 22:00", periods=N_TIMESTEPS, freq="6h", tz="Europe/Berlin", name="when"
    )
    frame = pd.DataFrame(panel_array()[0], index=time, columns=["load", "heat"])
    drawn = fitted(estimator, frame).sample(2, length=N_TIMESTEPS)
    require(isinstance(drawn, pd.DataFrame), f"A frame came out as {type(drawn)}.")
    require(list(drawn.columns) == ["load", "heat"], f"The columns are {list(drawn.columns)}.")
    require(drawn.index.names == ["series", "when"], f"The index is {drawn.index.names}.")
    for name, series in drawn.groupby(level=0):
        stamps = series.droplevel(0).index
        require(stamps.equals(time), f"The time of series {name!r} is {stamps}.")
        require(stamps.dtype == time.dtype, f"The time stamps came out as {stamps.dtype}.")


def check_panel_frame_gives_panel_frame(estimator: Any) -> None:
    """Check that a (series, time) frame gives one with its level names, types and first stamp."""
    time = pd.date_range("2024-01-30", periods=N_TIMESTEPS, freq="D")
    frame: Any = panel_frame(panel_array(), time=time)
    drawn = fitted(estimator, frame).sample(2, length=5)
    require(isinstance(drawn, pd.DataFrame), f"A panel frame came out as {type(drawn)}.")
    require(drawn.index.names == frame.index.names, f"The index is {drawn.index.names}.")
    require(drawn.columns.equals(frame.columns), f"The columns are {list(drawn.columns)}.")
    for level in (0, 1):
        types = [index.levels[level].dtype for index in (drawn.index, frame.index)]
        require(types[0] == types[1], f"Index level {level} came out as {types[0]}.")
    stamps = drawn.index.get_level_values(1)
    require(stamps.equals(time[:5].append(time[:5])), f"The time stamps are {stamps}.")


def check_start_moves_the_time(estimator: Any) -> None:
    """Check that `start` is the first stamp, and is refused without a time index."""
    time = pd.date_range("2024-01-30", periods=N_TIMESTEPS, freq="D")
    generator = fitted(estimator, panel_frame(panel_array(), time=time))
    here, there = (
        generator.sample(2, length=3, random_state=0, **start)
        for start in ({}, {"start": pd.Timestamp("2025-02-27")})
    )
    stamps = there.index.get_level_values(1)[:3]
    expected = pd.date_range("2025-02-27", periods=3, freq="D")
    require(stamps.equals(expected), f"start='2025-02-27' gave the time stamps {stamps}.")
    require_same(there.to_numpy(), here.to_numpy(), "start changed the values.")
    with refusal(ValueError, "start=5 after fitting an array", "start", 5):
        fitted(estimator).sample(1, start=5)


def check_containers_are_one_panel(estimator: Any) -> None:
    """Check that the same series as array, list and frame give the same model, scores and draws."""
    X = panel_array()
    containers = {"array": X, "list": list(X), "frame": panel_frame(X)}
    models = {name: fitted(estimator, given) for name, given in containers.items()}
    score = models["array"].score(X)
    draw = models["array"].sample(2, length=6, random_state=1)
    for name, given in containers.items():
        for scored in (models[name].score(given), models["array"].score(_plain(given))):
            require_same(scored, score, f"The score of a {name} differs from that of an array.")
        drawn = models[name].sample(2, length=6, random_state=1)
        values = np.stack(drawn) if isinstance(drawn, list) else np.asarray(drawn)
        require_same(values.reshape(draw.shape), draw, f"A {name} changed the draw.")


def check_short_series_are_fitted(estimator: Any) -> None:
    """Check that ten rows of one column are enough, and so are series of one step."""
    X = panel_array()
    shape = fitted(estimator, X[0, :10, :1]).sample(2, length=12).shape
    require(shape == (2, 12, 1), f"Ten rows of one column gave the shape {shape}.")
    drawn = fitted(estimator, [X[0], X[1, :3], X[2, :1]]).sample(2, length=4)
    require(np.shape(drawn) == (2, 4, N_CHANNELS), f"A ragged list gave {np.shape(drawn)}.")


def _plain(given: Any) -> Any:
    """Leave the column names out, which an array in `fit` did not have."""
    return given.set_axis([0, 1], axis=1) if isinstance(given, pd.DataFrame) else given


CONTAINER_LAWS = (
    check_arrays_give_arrays,
    check_dtypes_survive,
    check_lists_give_lists,
    check_frame_gives_frame,
    check_panel_frame_gives_panel_frame,
    check_start_moves_the_time,
    check_containers_are_one_panel,
    check_short_series_are_fitted,
)
