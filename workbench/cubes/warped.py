"""A cube's values on another grid, computed with GDAL's warp when pixels are asked for, from what lies under them.

Where the wanted pixels are no more than one and a half times as long as the cube's own, values are bilinear between its
pixels, else averaged over those that a wanted pixel covers, so that none is skipped.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import cached_property

import dask.array as da
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject

_ONE_AT_A_TIME = threading.Lock()
"""rasterio silences a warning inside ``reproject`` in a way that is not safe in threads."""


@dataclass(frozen=True, eq=False)
class Warped:
    """A cube's values on another grid, computed for what is asked for."""

    values: NDArray[np.float32] | da.Array
    """(n_bands, height, width)."""

    own: Affine
    """Its grid."""

    own_crs: CRS
    """Its CRS."""

    grid: Affine
    """The grid wanted."""

    crs: CRS
    """The CRS wanted."""

    size: tuple[int, int]
    """Height and width wanted."""

    ndim = 3
    dtype = np.dtype("float32")

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_bands, height, width) on the grid wanted."""
        return (self.values.shape[0], *self.size)

    def __getitem__(self, key: tuple[slice | int | NDArray[np.intp], ...]) -> NDArray[np.float32]:
        """Any basic selection; of the cube only what lies under it is read."""
        flat = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)
        bands, rows, columns = (slice(k, k + 1) if isinstance(k, int | np.integer) else k for k in key)
        taken_rows, taken_columns = range(self.size[0])[rows], range(self.size[1])[columns]
        n_bands = len(np.arange(self.shape[0])[bands])
        out = np.full((n_bands, len(taken_rows), len(taken_columns)), np.nan, "float32")
        if not out.size:
            return out[flat]
        top, left = min(taken_rows), min(taken_columns)
        block = (slice(top, max(taken_rows) + 1), slice(left, max(taken_columns) + 1))
        window = self.source_window(*block)
        if window is None:
            return out[flat]
        source = self.values[bands, window[0], window[1]]
        if isinstance(source, da.Array):
            source = source.compute(scheduler="synchronous")  # already inside a task
        whole = np.full((out.shape[0], block[0].stop - top, block[1].stop - left), np.nan, "float32")
        coarser = self.covered > 1.5**2
        with _ONE_AT_A_TIME:
            reproject(
                np.ascontiguousarray(source, dtype="float32"),
                whole,
                src_transform=self.own @ Affine.translation(window[1].start, window[0].start),
                src_crs=self.own_crs,
                dst_transform=self.grid @ Affine.translation(left, top),
                dst_crs=self.crs,
                src_nodata=np.nan,
                dst_nodata=np.nan,
                resampling=Resampling.average if coarser else Resampling.bilinear,
            )
        out[:] = whole[:, :: taken_rows.step, :: taken_columns.step]
        return out[flat]

    def source_window(self, rows: slice, columns: slice) -> tuple[slice, slice] | None:
        """Rows and columns of the cube under a block of the grid wanted, with a margin; None if there are none."""
        down, across = self._own_pixels(
            np.linspace(rows.start, rows.stop, 21), np.linspace(columns.start, columns.stop, 21)
        )
        if not np.isfinite(down).any():
            return None
        margin = 3 + math.ceil(self.covered**0.5)
        found = []
        for at, size in zip((down, across), self.values.shape[1:], strict=True):
            start, stop = np.nanmin(at), np.nanmax(at)
            if stop <= 0 or start >= size:
                return None
            found.append(slice(max(0, math.floor(start) - margin), min(size, math.ceil(stop) + margin)))
        return found[0], found[1]

    def _own_pixels(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Row and column in the cube of a lattice of places on the grid wanted; NaN where there is none."""
        column, row = (part.ravel() for part in np.meshgrid(columns, rows))
        x, y = self.grid @ (column, row)
        change = Transformer.from_crs(self.crs.to_wkt(), self.own_crs.to_wkt(), always_xy=True)
        x, y = (np.where(np.isfinite(part), part, np.nan) for part in change.transform(x, y))
        across, down = ~self.own @ (x, y)
        return down, across

    @cached_property
    def covered(self) -> float:
        """How many of the cube's pixels one of the grid's covers, in the middle."""
        height, width = self.size
        down, across = self._own_pixels(height / 2 + np.array([0.0, 1.0]), width / 2 + np.array([0.0, 1.0]))
        covered = (across[1] - across[0]) * (down[2] - down[0]) - (across[2] - across[0]) * (down[1] - down[0])
        return abs(float(covered)) if np.isfinite(covered) else 1.0
