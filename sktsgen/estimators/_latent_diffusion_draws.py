"""Hidden rows of series drawn window by window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sktsgen.diffusion import ConditionalFlow, Sampler, window_noise
from sktsgen.estimators._latent_diffusion_tiles import Tile
from sktsgen.exceptions import OutOfMemoryError

# Windows, all draws counted, that go through the network together.
_CHUNK = 128


@dataclass(frozen=True)
class Drawing:
    """How hidden cells are drawn.

    Attributes
    ----------
    network : ConditionalFlow
        Trained.
    sampler : Sampler
        Step of the solver.
    n_steps : int
        Number of steps.
    seed : int
        Key of the noise.
    draws : sequence of int
        Numbers of the draws; none asks for the answer of one pass instead.
    """

    network: ConditionalFlow
    sampler: Sampler
    n_steps: int
    seed: int
    draws: Sequence[int]

    def rows(
        self,
        features: np.ndarray,
        visible: np.ndarray,
        offsets: np.ndarray,
        keys: np.ndarray,
        rounds: Iterable[list[Tile]],
    ) -> np.ndarray:
        """Fill the hidden cells of series.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_features) or (n_draws, n_rows, n_features)
            Rows of all series, one below the other, for all draws or for each.
        visible : ndarray of shape (n_rows, n_columns), bool
            Cells that are given.
        offsets : ndarray of shape (n_series,)
            Where row 0 of every series is, or would be if its first rows were not left out.
        keys : ndarray of shape (n_series,), dtype uint64
            Keys of the noise of every series.
        rounds : iterable of list of Tile
            Windows; those of one round do not see what the others draw.

        Returns
        -------
        drawn : ndarray of shape (n_draws, n_rows, n_features), float32
            One draw at least: the answer of one pass counts as one.
        """
        n_draws = max(1, len(self.draws))
        state = torch.from_numpy(
            np.array(np.broadcast_to(features, (n_draws, *features.shape[-2:])))
        )
        shown = torch.from_numpy(visible.copy())
        size = max(1, _CHUNK // n_draws)
        for tiles in rounds:
            needed = [tile for tile in tiles if self._hides(shown, offsets, tile)]
            for first in range(0, len(needed), size):
                self._draw_tiles(state, shown, offsets, keys, needed[first : first + size])
            for tile in needed:
                shown[_kept(offsets, tile)] = True
        return state.numpy()

    def _hides(self, shown: Tensor, offsets: np.ndarray, tile: Tile) -> bool:
        return not bool(shown[_kept(offsets, tile)].all())

    def _draw_tiles(
        self,
        state: Tensor,
        shown: Tensor,
        offsets: np.ndarray,
        keys: np.ndarray,
        tiles: list[Tile],
    ) -> None:
        device = self.network.columns.device
        steps = np.arange(self.network.n_timesteps)
        rows = np.stack([offsets[tile.series] + tile.start + steps for tile in tiles])
        visible = shown[rows].to(device)
        for first in range(0, len(state), _CHUNK):
            some = slice(first, first + _CHUNK)
            windows = state[some, rows].transpose(0, 1).to(device)
            drawn = self._windows(windows, visible, keys, tiles, self.draws[some]).cpu()
            for window, tile in zip(drawn, tiles, strict=True):
                inside = slice(tile.begin - tile.start, tile.end - tile.start)
                state[some, _kept(offsets, tile)] = window[:, inside]

    def _windows(
        self,
        windows: Tensor,
        visible: Tensor,
        keys: np.ndarray,
        tiles: list[Tile],
        draws: Sequence[int],
    ) -> Tensor:
        """Fill windows together, or half of them at a time where memory is short."""
        try:
            return self._together(windows, visible, keys, tiles, draws)
        except torch.OutOfMemoryError as error:
            if len(tiles) == 1 and len(draws) <= 1:
                raise OutOfMemoryError(
                    f"One window of window_length={self.network.n_timesteps} does not fit into "
                    f"the memory of {windows.device}; fit with a lower window_length, or move the "
                    f"estimator with to_device('cpu')."
                ) from error
        # Beyond the handler, which would keep what filled the memory alive.
        if len(tiles) == 1:
            halves = [
                self._windows(windows[:, part], visible, keys, tiles, draws[part])
                for part in _halves(len(draws))
            ]
            return torch.cat(halves, dim=1)
        halves = [
            self._windows(windows[part], visible[part], keys, tiles[part], draws)
            for part in _halves(len(tiles))
        ]
        return torch.cat(halves)

    @torch.inference_mode()
    def _together(
        self,
        windows: Tensor,
        visible: Tensor,
        keys: np.ndarray,
        tiles: list[Tile],
        draws: Sequence[int],
    ) -> Tensor:
        if not len(draws):
            return self.network.point(windows, visible)
        size = self.network.n_noise
        noise = [
            window_noise(self.seed, int(keys[tile.series]), draws, tile.start, size)
            for tile in tiles
        ]
        return self.network.draw(
            windows,
            visible,
            torch.stack(noise).to(windows.device),
            sampler=self.sampler,
            n_steps=self.n_steps,
        )


def _halves(n: int) -> tuple[slice, slice]:
    return slice(n // 2), slice(n // 2, n)


def _kept(offsets: np.ndarray, tile: Tile) -> slice:
    first = int(offsets[tile.series])
    return slice(first + tile.begin, first + tile.end)
