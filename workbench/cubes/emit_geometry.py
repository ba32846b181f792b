"""A swath on the map by a geometry lookup table: each pixel of the grid names the swath's column and row it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.stored import Source

TILE = 128
"""Rows and columns laid on the map in one go: the swath lies askew, and only what such a tile touches is read."""


@dataclass(frozen=True, eq=False)
class Orthorectified:
    """A swath (row, column, band) as the grid shows it; NaN where the grid shows none of it."""

    swath: Source
    """As it was scanned."""

    glt_x: Source
    """Columns of the swath, from 1; negative where filled in, 0 where there is none; one a pixel of the grid."""

    glt_y: Source
    """Rows of the swath."""

    name: str
    """Of the file, for refusals."""

    dtype = np.dtype("float32")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the grid, and the swath's bands."""
        return (*self.glt_x.shape, self.swath.shape[2])

    def __getitem__(self, key: tuple) -> NDArray[np.float32]:
        """Dims are kept."""
        rows, columns = (np.arange(size)[k] for size, k in zip(self.glt_x.shape, key[:2], strict=True))
        n_bands = len(np.arange(self.shape[2])[key[2]])
        values = np.full((len(rows), len(columns), n_bands), np.nan, "float32")
        for top in range(0, len(rows), TILE):
            for left in range(0, len(columns), TILE):
                tile = slice(top, top + TILE), slice(left, left + TILE)
                self._fill(values[tile], (rows[tile[0]], columns[tile[1]]), key[2])
        return values

    def _fill(self, values: NDArray[np.float32], at: tuple, bands: slice | NDArray[np.intp]) -> None:
        """Look up one tile, and read the part of the swath that it shows."""
        column, row = (np.abs(np.asarray(table[at], dtype=np.int64)) for table in (self.glt_x, self.glt_y))
        shown = (column > 0) & (row > 0)
        if not shown.any() or not values.size:
            return
        row, column = row[shown] - 1, column[shown] - 1
        height, width = self.swath.shape[:2]
        if row.max() >= height or column.max() >= width:
            raise CubeError(
                f"a lookup table points into the swath of {height} × {width}, but in {self.name} to row "
                f"{row.max() + 1}, column {column.max() + 1}; copy it again"
            )
        top, left = row.min(), column.min()
        part = self.swath[top : row.max() + 1, left : column.max() + 1, bands]
        values[shown] = part[row - top, column - left]
