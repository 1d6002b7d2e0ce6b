"""What one call of `check_panel` allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rules:
    """What one call of `check_panel` allows, and in whose name it speaks.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Where names and number of channels are set or checked.
    reset : bool, default=False
        Whether this is `fit`.
    min_rows : int, default=1
        Fewest rows of all series together.
    mixed : bool, default=False
        Whether columns may hold something else than numbers.
    missing : bool, default=False
        Whether cells may be missing.
    name : str, default="X"
        What messages call the input.
    """

    estimator: Any = None
    reset: bool = False
    min_rows: int = 1
    mixed: bool = False
    missing: bool = False
    name: str = "X"
