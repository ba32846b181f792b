"""A raster file that GDAL opens, as an array: what is indexed is read, a few million numbers at a time."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from workbench.cubes.contract import CubeError
from workbench.cubes.drivers import driver_of
from workbench.cubes.remote import Address, alone, unread

BLOCK = 4_000_000
"""Numbers that are read in one go."""

Key = tuple[slice | NDArray[np.intp], slice, slice]
"""Bands, a slice or a list of them, of a slice of rows and columns."""


class Raster:
    """Reads what is indexed; one dataset a process, used by one thread at a time."""

    ndim = 3

    def __init__(self, path: Path | Address, level: int | None = None) -> None:
        self.path, self.level = path, level
        self._open()
        self.shape = (self.dataset.count, self.dataset.height, self.dataset.width)
        self.dtype = np.result_type(*self.dataset.dtypes)

    def _open(self) -> None:
        self.lock, self._coarser = threading.Lock(), {}
        only = {} if self.level is None else {"overview_level": self.level}
        try:
            with warnings.catch_warnings(), alone(self.path):
                warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a scene may lie on a plain pixel grid
                self.dataset: DatasetReader = rasterio.open(self.path, driver=driver_of(self.path), **only)
                self.dataset.tags(), self.dataset.units, self.dataset.descriptions  # read, or not UTF-8
        except UnicodeDecodeError as error:
            raise CubeError(
                f"the words in {self.path.name} are not UTF-8, or damaged ({error.reason}); copy it again, or take its "
                "tags and units away"
            ) from error
        except RasterioIOError as error:
            name = self.path.name
            raise CubeError(f"a GeoTIFF is read by GDAL, but {name} is none or is damaged; copy it again") from error

    def __getitem__(self, key: Key) -> NDArray:
        """The pixels themselves; dims are kept."""
        n_bands, height, width = self.shape
        return self._read(np.arange(n_bands)[key[0]], range(height)[key[1]], range(width)[key[2]])

    def coarse(self, key: Key) -> NDArray:
        """The same for looking at: where a step leaves pixels out, what the file's overviews hold in their place."""
        n_bands, height, width = self.shape
        bands, rows, columns = np.arange(n_bands)[key[0]], range(height)[key[1]], range(width)[key[2]]
        found = self._overview(min(rows.step, columns.step))
        if found is None or not (len(bands) and rows and columns):
            return self[key]
        _, high, wide = found.shape
        down, right = np.array(rows) * high // height, np.array(columns) * wide // width
        window = range(down[0], down[-1] + 1), range(right[0], right[-1] + 1)
        return found._read(bands, *window)[:, down - down[0]][:, :, right - right[0]]

    def _overview(self, step: int) -> Raster | None:
        """The coarsest overview with a pixel for every step; None without one."""
        levels = [i for i, factor in enumerate(self.dataset.overviews(1)) if factor <= step]
        if not levels or self.level is not None:
            return None
        with self.lock:
            if levels[-1] not in self._coarser:
                self._coarser[levels[-1]] = Raster(self.path, levels[-1])
        return self._coarser[levels[-1]]

    def _read(self, bands: NDArray[np.intp], rows: range, columns: range) -> NDArray:
        """Strip by strip where rows are left out, so that the ones between are not all held at once."""
        values = np.empty((len(bands), len(rows), len(columns)), self.dtype)
        if not values.size:
            return values
        left, across = min(columns), max(columns) - min(columns) + 1
        strip = max(1, BLOCK // (len(bands) * across * abs(rows.step)))
        if abs(rows.step) == 1:
            strip = len(rows)
        elif abs(rows.step) >= 2 * self.dataset.block_shapes[0][0]:
            strip = 1  # whole strips of the file lie between two rows
        numbers = [int(band) + 1 for band in bands]
        for first in range(0, len(rows), strip):
            some = rows[first : first + strip]
            window = Window(left, min(some), across, max(some) - min(some) + 1)
            try:
                with self.lock:
                    read = self.dataset.read(numbers, window=window)
            except RasterioIOError as error:
                raise self._unread(error) from error
            values[:, first : first + strip] = read[:, :: some.step, :: columns.step]
        return values

    def _unread(self, error: Exception) -> CubeError:
        if isinstance(self.path, Address):
            return unread(self.path, error)
        return CubeError(f"{self.path.name} could not be read to its end and may be cut off; copy it again")

    def __reduce__(self) -> tuple:
        """Opened again where it is unpickled."""
        return Raster, (self.path, self.level)
