"""A panel with columns of every kind: numbers, a count, levels, a flag, gaps, static columns."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.datasets._arguments import RandomState, check_count
from sktsgen.datasets._linear import make_ar1

_KINDS = ("cafe", "museum", "park")
_SKIES = ("clear", "cloudy", "rain")
_CAPACITY = {"cafe": 25.0, "museum": 60.0, "park": 110.0}
_HOURS = {"cafe": (7, 20), "museum": (10, 18), "park": (6, 22)}
# Steps from one outage of a thermometer to the next, and of an outage, on the average.
_BETWEEN_OUTAGES, _OUTAGE = 60.0, 5.0


def make_mixed_panel(
    n_series: int = 12,
    n_timesteps: int = 240,
    *,
    start: str = "2024-03-25",
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Draw hourly visits and weather at places of three kinds, as a panel of mixed columns.

    - `kind`: cafe, museum or park; static, a category.
    - `area`: in square metres, log-normal round a typical size of the kind; static.
    - `pressure`: hectopascal, an autoregression (0.97 from hour to hour) of standard deviation 8
      round 1013.
    - `temperature`: degrees Celsius, a day of amplitude 5 round a level of the place, cooler in
      rain, plus an autoregression; missing during outages of about five hours, a twelfth of all
      cells.
    - `sky`: clear, cloudy or rain, an ordered category; the lower the pressure the worse, with
      logistic noise of scale 2 hectopascal round the limits 1016 and 1007.
    - `visitors`: a count, Poisson, none while closed; up with the area and round the middle of the
      day, and down by half in the rain.
    - `is_open`: whether the place is open, by the hours of its kind on the clock on the wall.

    Parameters
    ----------
    n_series : int, default=12
        Number of places, at least 2; kinds are as equal in number as possible.
    n_timesteps : int, default=240
        Hours of each, at least 1.
    start : str or Timestamp, default="2024-03-25"
        The first hour, in the time zone Europe/Berlin; of another zone the same moment there.
    random_state : int, numpy Generator, RandomState or None, default=None
        Source of the draws; an int repeats them, None takes fresh entropy.

    Returns
    -------
    X : DataFrame of shape (n_series * n_timesteps, 7)
        Columns as above; the index has the levels "place" (text) and "time" (hourly stamps with a
        time zone, whose clock changes on 31 March 2024).

    Raises
    ------
    ValueError
        If a count is too small.

    Examples
    --------
    >>> from sktsgen.datasets import make_mixed_panel
    >>> X = make_mixed_panel(3, 24, random_state=0)
    >>> X.dtypes["visitors"], X["kind"].groupby(level=0).nunique().max()
    (dtype('int64'), np.int64(1))
    """
    n_series = check_count("n_series", n_series, minimum=2)
    n_timesteps = check_count("n_timesteps", n_timesteps)
    zone, first = "Europe/Berlin", pd.Timestamp(start)
    begin = start if first.tz is None else first.tz_convert(zone)
    time = pd.date_range(begin, periods=n_timesteps, freq="h", tz=zone)
    rng = np.random.default_rng(random_state)
    kinds = rng.permutation(np.arange(n_series) % len(_KINDS))
    places = [_draw_place(_KINDS[kind], time, rng) for kind in kinds]
    names = [f"place_{i:02d}" for i in range(n_series)]
    return pd.concat(places, keys=names, names=["place", "time"])


def _draw_place(kind: str, time: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    n_timesteps = len(time)
    hour = time.hour.to_numpy()
    capacity = _CAPACITY[kind] * np.exp(0.3 * rng.standard_normal())
    pressure = 1013.0 + _disturbance(n_timesteps, 0.97, 8.0, rng)
    sky = _draw_sky(pressure, rng)
    opening, closing = _HOURS[kind]
    is_open = (hour >= opening) & (hour < closing)
    return pd.DataFrame(
        {
            "kind": pd.Categorical([kind] * n_timesteps, categories=_KINDS),
            "area": np.round(10.0 * capacity, 1),
            "pressure": pressure,
            "temperature": _draw_temperature(hour, sky, rng),
            "sky": pd.Categorical(np.array(_SKIES)[sky], categories=_SKIES, ordered=True),
            "visitors": _draw_visitors(hour, sky, is_open, capacity, rng),
            "is_open": is_open,
        },
        index=time,
    )


def _draw_sky(pressure: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    blurred = pressure + 2.0 * rng.logistic(size=len(pressure))
    return (blurred < 1016.0).astype(np.int64) + (blurred < 1007.0)


def _draw_temperature(
    hour: NDArray[np.int32], sky: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    level = 12.0 + 3.0 * rng.standard_normal()
    wave = 5.0 * np.sin(2.0 * np.pi * (hour - 9.0) / 24.0)  # warmest at 15 o'clock
    temperature = level + wave - 3.0 * (sky == 2) + _disturbance(len(hour), 0.9, 1.5, rng)
    return np.where(_draw_outages(len(hour), rng), np.nan, temperature)


def _draw_outages(n_timesteps: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Alternate times with and without outage, both geometric; the first step is never out."""
    lengths = rng.geometric(1.0 / np.array([_BETWEEN_OUTAGES, _OUTAGE]), (n_timesteps, 2))
    is_out = np.tile([False, True], n_timesteps)
    return np.repeat(is_out, lengths.ravel())[:n_timesteps]


def _draw_visitors(
    hour: NDArray[np.int32],
    sky: NDArray[np.int64],
    is_open: NDArray[np.bool_],
    capacity: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    wave = np.exp(-0.5 * ((hour - 14.0) / 4.0) ** 2)
    return rng.poisson(0.5 * capacity * wave * is_open * np.where(sky == 2, 0.5, 1.0))


def _disturbance(
    n_timesteps: int, phi: float, scale: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    sigma = scale * np.sqrt(1.0 - phi**2)
    return make_ar1(1, n_timesteps, phi=phi, sigma=sigma, random_state=rng)[0, :, 0]
