"""Where samples are drawn from: a whole scene, or tiles spread at random over one that does not fit in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from workbench.patches.blocks import Block, blocks_of

MEMORY = {"cpu": 224 * 2**20}
"""Bytes of samples, by the kind of device, where nobody says otherwise; 2 GiB on any other."""


def tiles_that_fit(
    height: int, width: int, pixels: int, *, tile: int, seed: int
) -> tuple[tuple[int, int], list[Block]]:
    """Tiles of a scene that hold at most about `pixels` pixels, and their common shape (rows, columns).

    Parameters
    ----------
    height, width : int
        Of the scene.
    pixels : int
        How many fit. A scene that does is a single tile.
    tile : int
        Least side of a tile [pixels] otherwise: as many as fit side by side are stretched until they cover the scene
        but for a few rows and columns at its edge. At least one is taken.
    seed : int
        Chooses them.
    """
    if height * width <= pixels:
        return (height, width), list(blocks_of(height, width, (height, width)))
    shape = tuple(size // max(1, size // tile) for size in (height, width))
    whole = (size // side * side for size, side in zip((height, width), shape, strict=True))
    tiles = list(blocks_of(*whole, shape))
    chosen = np.random.default_rng(seed).permutation(len(tiles))
    return shape, [tiles[k] for k in chosen[: max(1, pixels // (shape[0] * shape[1]))]]


@dataclass
class Neighbours:
    """Draws pixels that have data, each with another up to `reach` pixels away in the same tile.

    Pixels are counted along the rows of one tile after another.
    """

    shape: tuple[int, int]
    """Rows and columns of a tile."""

    has_data: Tensor
    """Of each pixel."""

    n: int
    """Pairs a draw."""

    reach: int
    """Farthest neighbour in each direction [pixels]; 0 pairs a pixel with itself."""

    generator: torch.Generator
    """Source of the draws."""

    share: tuple[int, int] = (0, 1)
    """Which part of how many equal ones this is: all together draw `n` times as many, and each takes its own."""

    def __post_init__(self) -> None:
        """Look up which pixels may be drawn."""
        self.valid = self.has_data.nonzero()[:, 0]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Two tensors of shape (n,): pixels and their neighbours."""
        here = self.valid[self._integers(0, len(self.valid))]
        return here, self.near(here)

    def near(self, here: Tensor) -> Tensor:
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
        part, parts = self.share
        numbers = torch.randint(low, high, (parts * self.n,), generator=self.generator, device=self.has_data.device)
        return numbers[part * self.n : (part + 1) * self.n]
