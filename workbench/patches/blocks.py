"""A scene in blocks, each read with a halo: how whatever looks at a pixel's surroundings is done in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import xarray as xr

Place = tuple[slice, slice]
"""Rows and columns in the scene."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a scene."""

    place: Place
    """What it is for."""

    wide: Place
    """What is read for it: with the halo, as far as the scene goes."""

    @property
    def inner(self) -> Place:
        """Where `place` lies in `wide`."""
        return tuple(
            slice(own.start - read.start, own.stop - read.start)
            for own, read in zip(self.place, self.wide, strict=True)
        )

    @property
    def n_pixels(self) -> int:
        """Pixels without the halo."""
        rows, columns = self.place
        return (rows.stop - rows.start) * (columns.stop - columns.start)

    def touches(self, sight: Place) -> bool:
        """Whether some of its pixels lie in a part of the scene."""
        return all(own.start < part.stop and part.start < own.stop for own, part in zip(self.place, sight, strict=True))

    def read(self, cube: xr.DataArray) -> xr.DataArray:
        """The block with its halo, of a cube or an embedding; nothing is computed yet."""
        return cube.isel(y=self.wide[0], x=self.wide[1])

    def held(self, cube: xr.DataArray) -> Block:
        """The same block, its part of a cube read now, once for all that look at it."""
        return Held(self.place, self.wide, cube, self.read(cube).compute())


@dataclass(frozen=True, slots=True, eq=False)
class Held(Block):
    """A block and what it holds of one cube."""

    cube: xr.DataArray
    values: xr.DataArray

    def read(self, cube: xr.DataArray) -> xr.DataArray:
        """What is held; of another cube it is read."""
        return self.values if cube is self.cube else cube.isel(y=self.wide[0], x=self.wide[1])


def blocks_of(height: int, width: int, size: tuple[int, int], halo: int = 0) -> Iterator[Block]:
    """Blocks of at most `size` (rows, columns) that cover a scene, row by row.

    Examples
    --------
    >>> [block.place for block in blocks_of(3, 4, (2, 4))]
    [(slice(0, 2, None), slice(0, 4, None)), (slice(2, 3, None), slice(0, 4, None))]
    >>> [block.inner for block in blocks_of(3, 4, (2, 4), halo=1)][1]
    (slice(1, 2, None), slice(0, 4, None))
    """
    for top in range(0, height, size[0]):
        for left in range(0, width, size[1]):
            bottom, right = min(top + size[0], height), min(left + size[1], width)
            wide = (
                slice(max(0, top - halo), min(height, bottom + halo)),
                slice(max(0, left - halo), min(width, right + halo)),
            )
            yield Block((slice(top, bottom), slice(left, right)), wide)


def seen_first(blocks: Iterable[Block], sight: Place | None) -> list[Block]:
    """Blocks in their order, but those that somebody looks at (rows, columns) first.

    Examples
    --------
    >>> blocks = seen_first(blocks_of(6, 4, (2, 4)), (slice(3, 4), slice(0, 1)))
    >>> [block.place[0].start for block in blocks]
    [2, 0, 4]
    """
    return list(blocks) if sight is None else sorted(blocks, key=lambda block: not block.touches(sight))
