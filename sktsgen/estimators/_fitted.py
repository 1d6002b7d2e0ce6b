"""What estimators that hold trained networks do alike: files, pickles, devices."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sktsgen.nn import Network
from sktsgen.persistence import Saving
from sktsgen.training import resolve_device


class FittedNetworks(Saving):
    """Saving, pickling and moving of an estimator whose attributes may be networks."""

    device_: str

    def to_device(self, device: str) -> Self:
        """Move the fitted networks.

        Parameters
        ----------
        device : str
            As the parameter `device`.

        Returns
        -------
        self : object
            The estimator itself.
        """
        check_is_fitted(self)
        self.device_ = str(resolve_device(device))
        for value in vars(self).values():
            if isinstance(value, Network):
                value.to(self.device_)
        return self

    def _torch_device(self) -> torch.device:
        return torch.device(self.device_)

    def __getstate__(self) -> dict[str, Any]:
        # Numpy and builtins only: a pickle made on a GPU opens on a machine without one.
        return {
            name: value.to_plain() if isinstance(value, Network) else value
            for name, value in vars(self).items()
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A file of an earlier version lacks the parameters that are new.
        defaults = type(self)().get_params(deep=False)  # type: ignore[attr-defined]
        for name, value in {**defaults, **state}.items():
            is_network = isinstance(value, dict) and "__module__" in value
            setattr(self, name, Network.from_plain(value).frozen() if is_network else value)
        if "device_" in state:
            self.to_device(_device_here(state["device_"], state.get("device")))


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Put an estimator back as it was if the block fails: no half-fitted one is left."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _device_here(device: str, wanted: str | None) -> str:
    """Return the device a model was on, or the next best; warn where it was asked for by name."""
    for here in (device, device.partition(":")[0]):
        if _is_here(here):
            return here
    if wanted is not None and not _is_here(wanted):
        warnings.warn(
            f"The model was fitted with device={wanted!r}, which is not here; it works on the "
            f"CPU, and to_device moves it.",
            UserWarning,
            stacklevel=2,
        )
    return "cpu"


def _is_here(device: str) -> bool:
    try:
        resolve_device(device)
    except ValueError:
        return False
    return True
