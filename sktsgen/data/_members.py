"""Members of a list: their lengths, and what messages call their rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from sktsgen.data._cells import RowName
from sktsgen.data._rules import Rules


def member_lengths(members: list[Any], rules: Rules) -> np.ndarray:
    """Return the number of rows of each member; none may be empty."""
    lengths = np.array([len(member) for member in members], dtype=np.int64)
    if not lengths.all():
        empty = f"{rules.name}[{int(lengths.argmin())}]"
        raise ValueError(f"{empty} has no rows; remove it from the list.")
    return lengths


def member_row_name(lengths: np.ndarray, rules: Rules) -> RowName:
    """Return what tells the row of a member by its number in all members together."""
    ends = np.cumsum(lengths)

    def name(row: int) -> str:
        member = int(np.searchsorted(ends, row, side="right"))
        return f"row {row - int(ends[member] - lengths[member])} of {rules.name}[{member}]"

    return name
