"""What the networks of this room know of the tables that they work on."""

from __future__ import annotations

import torch
from torch import Tensor

from sktsgen.nn import LevelCodes, Loss, Network, mean_of, mean_where


class TableNetwork(Network):
    """A network of windows of a table: which features are which cells.

    Parameters
    ----------
    widths : list of int
        Features of every block: 1 for a number, the number of levels for a discrete one.
    columns : list of int
        Column of every block.
    n_columns : int
        Columns that can be hidden; those from there on are always known.
    has_room : bool, default=False
        As of `LevelCodes`.
    """

    columns: Tensor

    def __init__(
        self, widths: list[int], columns: list[int], n_columns: int, has_room: bool = False
    ) -> None:
        super().__init__()
        self.n_columns = n_columns
        self.n_known = max(columns) + 1 - n_columns
        self.codes = LevelCodes(widths, has_room)
        self.register_buffer("columns", torch.tensor(columns), persistent=False)

    def seen(self, observed: Tensor) -> Tensor:
        """Say which codes are observed if the columns of `observed` are."""
        return self.codes.spread(self.by_block(observed, True))

    @property
    def discrete_columns(self) -> list[bool]:
        """Which columns that can be hidden hold levels."""
        of_blocks = zip(self.columns.tolist(), self.codes.widths, strict=True)
        discrete = {column for column, width in of_blocks if width > 1}
        return [column in discrete for column in range(self.n_columns)]

    def by_block(self, by_column: Tensor, known: bool) -> Tensor:
        """Give every block what its column has, and the known ones `known`."""
        flags = by_column.new_full((*by_column.shape[:-1], self.n_known), known)
        return torch.cat([by_column, flags], dim=-1)[..., self.columns]

    def by_feature(self, by_column: Tensor, known: bool) -> Tensor:
        """Give every feature what its column has, and the known ones `known`."""
        repeats = torch.tensor(self.codes.widths, device=by_column.device)
        return self.by_block(by_column, known).repeat_interleave(repeats, dim=-1)

    def of_numbers(self, by_block: Tensor) -> Tensor:
        """Give every code what its block has, save the codes of levels: False."""
        return self.codes.spread(by_block) & ~self.codes.is_code

    def level_loss(self, logits: Tensor, features: Tensor, by_block: Tensor) -> Loss:
        """Mean cross-entropy of the levels of the blocks that are asked for."""
        if not self.codes.level_widths:
            return mean_of(features.new_zeros(0))
        discrete = torch.tensor([w > 1 for w in self.codes.widths], device=features.device)
        error = self.codes.cross_entropy(logits, features)
        return mean_where(error, by_block[..., discrete])


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw standard normal numbers."""
    return torch.randn(shape, generator=generator, device=generator.device)


def seeded(device: torch.device) -> torch.Generator:
    """Make the source of noise of a loss that is evaluated: the same in every call."""
    return torch.Generator(device).manual_seed(0)
