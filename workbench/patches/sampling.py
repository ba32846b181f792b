"""Pixels and their neighbours, drawn for a whole batch in one operation, with no worker and no loop over samples.

Two pixels a few steps apart are usually the same cover. So a sample is a pair: a pixel, and another up to `reach`
pixels away. Each comes as the means of the windows the encoder looks at, computed once for the scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from workbench.cubes import good_bands
from workbench.patches.scaling import BandScaler
from workbench.patches.tensors import scene_tensor
from workbench.patches.windows import window_means


class ScenePairs:
    """Endless batches of neighbouring pixels of one scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Read here: whole if it fits, else square tiles spread at random over the scene.
    windows : sequence of int
        Odd widths of the windows whose means describe a pixel.
    n : int
        Pairs a batch.
    reach : int
        The neighbour is at most this many pixels away in each direction; 0 pairs a pixel with itself.
    seed : int
        The same seed gives the same batches on the same device.
    device : str or torch.device
        Where the pixels lie and the batches come from.
    memory : int
        Bytes the windows may take.
    tile : int
        Side of a tile [pixels], where the scene does not fit.

    Attributes
    ----------
    scaler : BandScaler
        Fitted to the pixels read; the batches are scaled by it.
    n_pixels : int
        Pixels with data to draw from.
    """

    def __init__(
        self,
        cube: xr.DataArray,
        windows: Sequence[int] = (1,),
        *,
        n: int = 512,
        reach: int = 0,
        seed: int = 0,
        device: str | torch.device = "cpu",
        memory: int = 2 * 1024**3,
        tile: int = 256,
    ) -> None:
        self.n, self.reach, self.device = n, reach, torch.device(device)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        n_bands, (height, width) = int(good_bands(cube).sum()), cube.shape[1:]
        affordable = max(1, memory // (4 * n_bands * len(windows)))
        if height * width <= affordable:
            corners, self.shape = [(0, 0)], (height, width)
        else:
            self.shape = min(tile, height), min(tile, width)
            corners = _spread(height, width, self.shape, max(1, affordable // (self.shape[0] * self.shape[1])), seed)
        tiles = [_read(cube, corner, self.shape, self.device) for corner in corners]
        self.scaler = BandScaler(n_bands).to(self.device).fit(torch.cat([t.flatten(1) for t in tiles], dim=1))
        # One row a pixel, its bands and windows side by side in memory: a draw copies whole rows.
        self.pixels = torch.cat(
            [window_means(self.scaler(t[None])[0], windows).flatten(2).permute(2, 0, 1) for t in tiles]
        )
        self.has_data = self.pixels[:, 0, 0].isfinite()
        self.valid = self.has_data.nonzero()[:, 0]

    @property
    def n_pixels(self) -> int:
        """Pixels with data."""
        return len(self.valid)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pairs (pixel, neighbour), each of shape (n, n_bands, n_windows)."""
        while True:
            here = self.valid[self._integers(0, len(self.valid))]
            there = self.neighbours(here)
            yield self.pixels[here], self.pixels[there]

    def neighbours(self, here: Tensor) -> Tensor:
        """For each pixel another nearby; the pixel itself where that one is outside or has no data."""
        if self.reach == 0:
            return here
        height, width = self.shape
        row, column = here // width % height, here % width
        down, right = (self._integers(-self.reach, self.reach + 1) for _ in range(2))
        inside = (row + down >= 0) & (row + down < height) & (column + right >= 0) & (column + right < width)
        there = torch.where(inside, here + down * width + right, here)
        return torch.where(self.has_data[there], there, here)

    def _integers(self, low: int, high: int) -> Tensor:
        return torch.randint(low, high, (self.n,), generator=self.generator, device=self.device)


def _spread(height: int, width: int, shape: tuple[int, int], n: int, seed: int) -> list[tuple[int, int]]:
    """Upper left corners of `n` tiles that do not overlap, chosen at random from a lattice."""
    rows, columns = (range(0, full - side + 1, side) for full, side in zip((height, width), shape, strict=True))
    lattice = [(row, column) for row in rows for column in columns]
    chosen = np.random.default_rng(seed).permutation(len(lattice))[:n]
    return [lattice[k] for k in chosen]


def _read(cube: xr.DataArray, corner: tuple[int, int], shape: tuple[int, int], device: torch.device) -> Tensor:
    row, column = corner
    return scene_tensor(cube.isel(y=slice(row, row + shape[0]), x=slice(column, column + shape[1])), device)
