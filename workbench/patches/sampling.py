"""Pixels and their neighbours, drawn for a whole batch in one operation, with no worker and no loop over samples.

Two pixels a few steps apart are usually the same cover. So a sample is a pair: a pixel, and another up to `reach`
pixels away. Each comes as the means of the windows the encoder looks at, computed once for the scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import xarray as xr
from torch import Tensor

from workbench.cubes import good_bands
from workbench.patches.blocks import Block, blocks_of
from workbench.patches.scaling import BandScaler
from workbench.patches.tensors import scene_tensor
from workbench.patches.tiles import MEMORY, Neighbours, tiles_that_fit
from workbench.patches.windows import window_means

ENOUGH = 1 << 16
"""Pixels, spread over the scene, from which mean and spread of the bands are taken."""

AT_ONCE = 1 << 22
"""Values that are scaled in one go."""


class ScenePairs:
    """Endless batches of neighbouring pixels of one scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Read here, piece by piece: whole if its window means fit, else square tiles spread at random over the scene.
    windows : sequence of int
        Odd widths of the windows whose means describe a pixel, the smallest first.
    n : int
        Pairs a batch.
    reach : int
        The neighbour is at most this many pixels away in each direction; 0 pairs a pixel with itself.
    seed : int
        The same seed gives the same batches on the same device.
    share : (int, int)
        Number of this process and how many there are: each has its `n` rows of the batches of all.
    device : str or torch.device
        Where the pixels lie and the batches come from.
    memory : int, optional
        Bytes the window means may take; little comes on top. By default what ``MEMORY`` says.
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
        share: tuple[int, int] = (0, 1),
        device: str | torch.device = "cpu",
        memory: int | None = None,
        tile: int = 128,
    ) -> None:
        self.device = torch.device(device)
        n_bands, (height, width) = int(good_bands(cube).sum()), cube.shape[1:]
        memory = memory or MEMORY.get(self.device.type, 2 * 2**30)
        affordable = max(1, memory // (4 * n_bands * len(windows)))
        shape, tiles = tiles_that_fit(height, width, affordable, tile=tile, seed=seed)
        self.pixels = _window_table(cube, tiles, windows, n_bands, self.device)
        generator = torch.Generator(self.device).manual_seed(seed)
        self.draws = Neighbours(shape, self.pixels[:, 0, 0].isfinite(), n, reach, generator, share)
        few = self.draws.valid[:: max(1, self.n_pixels // ENOUGH)]
        self.scaler = BandScaler(n_bands).to(self.device).fit(self.pixels[few, :, 0].T)
        for part in self.pixels.split(max(1, AT_ONCE // (n_bands * len(windows)))):
            part.copy_(self.scaler(part))

    @property
    def n_pixels(self) -> int:
        """Pixels with data."""
        return len(self.draws.valid)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pairs (pixel, neighbour), each of shape (n, n_bands, n_windows)."""
        while True:
            here, there = self.draws.draw()
            yield self.pixels.index_select(0, here), self.pixels.index_select(0, there)


def _window_table(
    cube: xr.DataArray, pieces: Sequence[Block], windows: Sequence[int], n_bands: int, device: torch.device
) -> Tensor:
    """One row a pixel, its bands and windows side by side in memory: a draw copies whole rows."""
    table = torch.empty((sum(piece.n_pixels for piece in pieces), n_bands, len(windows)), device=device)
    halo, start = max(windows) // 2, 0
    for piece in pieces:
        tile = piece.read(cube)
        rows = max(8, AT_ONCE // (tile.sizes["x"] * n_bands * len(windows)))
        for strip in blocks_of(*tile.shape[1:], (rows, tile.sizes["x"]), halo):
            means = window_means(scene_tensor(strip.read(tile), device), windows)[:, :, *strip.inner]
            table[start : start + strip.n_pixels] = means.flatten(2).permute(2, 0, 1)
            start += strip.n_pixels
    return table
