"""A table that looks like a building's energy meter and weather station."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sktsgen.datasets._arguments import RandomState, check_count
from sktsgen.datasets._linear import make_ar1

_OPENING_HOURS = (8, 18)


def make_building_energy(
    n_days: int = 120, *, start: str = "2024-01-01", random_state: RandomState = None
) -> pd.DataFrame:
    """Draw an hourly table of weather, people and energy of one office building.

    Daily and weekly seasons, autocorrelated disturbances, skewed, bounded and counted columns,
    and columns that depend on each other: what a real table has, without its licence.

    - `temperature`: a year of amplitude 11 and a day of amplitude 4 round 10 degrees Celsius, plus
      an autoregression (correlation 0.97 from hour to hour) of standard deviation 3.
    - `humidity`: a logistic curve between 0 and 100 percent that falls as the day warms.
    - `wind_speed`: log-normal and autocorrelated, metres per second.
    - `occupancy`: people, Poisson round a day's curve between 8 and 18 o'clock; a tenth of it at
      weekends; each day is busier or quieter than the last by an autocorrelated factor.
    - `electricity`: kilowatt hours; a base load, the people, heating below 16 and cooling above
      22 degrees, and a disturbance that grows with the load.

    Parameters
    ----------
    n_days : int, default=120
        Number of days, at least 1; the table has 24 rows for each.
    start : str or Timestamp, default="2024-01-01"
        The first hour.
    random_state : int, numpy Generator, RandomState or None, default=None
        Source of the draws; an int repeats them, None takes fresh entropy.

    Returns
    -------
    table : DataFrame of shape (24 * n_days, 5)
        Columns as above, `occupancy` int64 and the others float64; the index is a
        DatetimeIndex named "time" of frequency "h".

    Raises
    ------
    ValueError
        If `n_days` is below 1.

    Examples
    --------
    >>> from sktsgen.datasets import make_building_energy
    >>> make_building_energy(2, random_state=0).columns.tolist()
    ['temperature', 'humidity', 'wind_speed', 'occupancy', 'electricity']
    """
    n_hours = 24 * check_count("n_days", n_days)
    time = pd.date_range(start, periods=n_hours, freq="h", name="time")
    rng = np.random.default_rng(random_state)
    day_wave = np.sin(2.0 * np.pi * (_hour(time) - 9.0) / 24.0)  # warmest at 15 o'clock
    temperature = _temperature(time, day_wave, rng)
    occupancy = _occupancy(time, rng)
    return pd.DataFrame(
        {
            "temperature": temperature,
            "humidity": 100.0
            / (1.0 + np.exp(-0.8 + 0.9 * day_wave - _disturbance(time, rng, 0.7))),
            "wind_speed": 3.0 * np.exp(_disturbance(time, rng, 0.5)),
            "occupancy": occupancy,
            "electricity": _electricity(temperature, occupancy, _disturbance(time, rng, 0.08)),
        },
        index=time,
    )


def _temperature(
    time: pd.DatetimeIndex, day_wave: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    year_wave = np.cos(2.0 * np.pi * (time.day_of_year.to_numpy() - 200.0) / 365.25)
    return 10.0 + 11.0 * year_wave + 4.0 * day_wave + _disturbance(time, rng, 3.0, phi=0.97)


def _occupancy(time: pd.DatetimeIndex, rng: np.random.Generator) -> NDArray[np.int64]:
    opening, closing = _OPENING_HOURS
    progress = np.clip((_hour(time) + 0.5 - opening) / (closing - opening), 0.0, 1.0)
    curve = 40.0 * np.sin(np.pi * progress) ** 0.7
    weekday = np.where(time.day_of_week.to_numpy() < 5, 1.0, 0.1)
    busyness = np.exp(make_ar1(1, len(time), phi=0.98, sigma=0.03, random_state=rng)[0, :, 0])
    return rng.poisson(curve * weekday * busyness).astype(np.int64)


def _electricity(
    temperature: NDArray[np.float64],
    occupancy: NDArray[np.int64],
    disturbance: NDArray[np.float64],
) -> NDArray[np.float64]:
    heating, cooling = np.maximum(16.0 - temperature, 0.0), np.maximum(temperature - 22.0, 0.0)
    return (8.0 + 0.25 * occupancy + 0.5 * heating + 0.8 * cooling) * np.exp(disturbance)


def _hour(time: pd.DatetimeIndex) -> NDArray[np.float64]:
    return time.hour.to_numpy().astype(np.float64)


def _disturbance(
    time: pd.DatetimeIndex, rng: np.random.Generator, scale: float, *, phi: float = 0.9
) -> NDArray[np.float64]:
    """Draw an autocorrelated disturbance of standard deviation `scale`."""
    sigma = scale * np.sqrt(1.0 - phi**2)
    return make_ar1(1, len(time), phi=phi, sigma=sigma, random_state=rng)[0, :, 0]
