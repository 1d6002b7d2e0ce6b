"""What a module works out from its buffers, and does not keep in files."""

from __future__ import annotations

from typing import Any

from torch import nn


class Derived(nn.Module):
    """A module that remembers what follows from its buffers, until they change.

    Attributes
    ----------
    derived : dict
        Worked out again by whoever needs it; empty in copies, files and on other devices.
    """

    def __init__(self) -> None:
        super().__init__()
        self.derived: dict[Any, Any] = {}

    def _apply(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self.derived = {}
        return super()._apply(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self.derived = {}
        super()._load_from_state_dict(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "derived": {}}
