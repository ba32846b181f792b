"""Patches round pixels and round their neighbours, gathered for a whole batch in one operation.

Each pixel of the scene is kept once, its bands side by side, in tiles that carry the halo their patches need; a batch
is then one look-up of whole spectra, on the device where they lie.
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

ENOUGH = 1 << 16
"""Pixels, spread over the scene, from which mean and spread of the bands are taken."""

AT_ONCE = 1 << 22
"""Values that are read or scaled in one go."""


class PatchPairs:
    """Endless batches of patches of one scene, each with that of a neighbouring pixel.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Read here, piece by piece: whole if it fits, else square tiles spread at random over the scene.
    size : int
        Side of a patch [pixels], odd: the pixel is its middle.
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
        Bytes the pixels may take; a batch comes on top. By default what ``MEMORY`` says.
    tile : int
        Side of a tile [pixels], where the scene does not fit; its patches reach beyond it.

    Attributes
    ----------
    scaler : BandScaler
        Fitted to the pixels read; the batches are scaled by it.
    n_pixels : int
        Pixels with data to draw from.

    Raises
    ------
    ValueError
        If `size` is not odd.
    """

    def __init__(
        self,
        cube: xr.DataArray,
        size: int,
        *,
        n: int = 512,
        reach: int = 0,
        seed: int = 0,
        share: tuple[int, int] = (0, 1),
        device: str | torch.device = "cpu",
        memory: int | None = None,
        tile: int = 128,
    ) -> None:
        if size < 1 or size % 2 == 0:
            raise ValueError(f"a patch has a pixel in its middle, so its side is odd, got {size}; use {size + 1}")
        device, half = torch.device(device), size // 2
        n_bands, (height, width) = int(good_bands(cube).sum()), cube.shape[1:]
        memory = memory or MEMORY.get(device.type, 2 * 2**30)
        affordable = max(1, memory // (4 * n_bands))
        if (height + 2 * half) * (width + 2 * half) > affordable:
            affordable = int(affordable * (min(tile, height) / (min(tile, height) + 2 * half)) ** 2)
        shape, tiles = tiles_that_fit(height, width, affordable, tile=tile, seed=seed)
        rows, columns = shape[0] + 2 * half, shape[1] + 2 * half
        self.pixels = _wide_tiles(cube, tiles, half, (rows, columns), n_bands, device)
        # Where in the wide tiles each pixel of the tiles lies, and what to add to get to each pixel of its patch.
        grid = torch.arange(len(self.pixels), device=device).view(len(tiles), rows, columns)
        self.places = grid[:, half : half + shape[0], half : half + shape[1]].flatten()
        step = torch.arange(-half, half + 1, device=device)
        self.steps, self.size = (step[:, None] * columns + step[None]).flatten(), size
        has_data = self.pixels[self.places, 0].isfinite()
        generator = torch.Generator(device).manual_seed(seed)
        self.draws = Neighbours(shape, has_data, n, reach, generator, share)
        few = self.places[self.draws.valid[:: max(1, self.n_pixels // ENOUGH)]]
        self.scaler = BandScaler(n_bands).to(device).fit(self.pixels[few].T)
        for part in self.pixels.split(max(1, AT_ONCE // n_bands)):
            part.copy_(self.scaler(part))

    @property
    def n_pixels(self) -> int:
        """Pixels with data."""
        return len(self.draws.valid)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pairs (patch, neighbour's patch), each of shape (n, n_bands, size, size); NaN where there is no data."""
        while True:
            here, there = self.draws.draw()
            yield self.at(here), self.at(there)

    def at(self, pixels: Tensor) -> Tensor:
        """Patches (n, n_bands, size, size) round pixels (n,), counted along the rows of one tile after another."""
        wanted = (self.places[pixels][:, None] + self.steps).flatten()
        spectra = self.pixels.index_select(0, wanted).unflatten(0, (len(pixels), -1))  # quicker than indexing by two
        return spectra.transpose(1, 2).unflatten(2, (self.size, self.size)).contiguous()


def _wide_tiles(
    cube: xr.DataArray, tiles: Sequence[Block], half: int, shape: tuple[int, int], n_bands: int, device: torch.device
) -> Tensor:
    """Spectra (pixels, n_bands) of the tiles and `half` pixels round each; NaN outside the scene."""
    table = torch.full((len(tiles), *shape, n_bands), torch.nan, device=device)
    height, width = cube.shape[1:]
    for tile, wide in zip(tiles, table, strict=True):
        top, left = tile.place[0].start - half, tile.place[1].start - half
        bottom, right = min(height, top + shape[0]), min(width, left + shape[1])
        rows, columns = slice(max(0, top), bottom), slice(max(0, left), right)
        part = cube.isel(y=rows, x=columns)
        inside = wide[rows.start - top : bottom - top, columns.start - left : right - left]
        at_once = max(8, AT_ONCE // (part.sizes["x"] * n_bands))
        for strip in blocks_of(*part.shape[1:], (at_once, part.sizes["x"])):
            inside[strip.place[0]] = scene_tensor(strip.read(part), device).permute(1, 2, 0)
    return table.view(-1, n_bands)
