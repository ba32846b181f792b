"""Many raster files read as if all were open, with few open at a time: tiles of a mosaic, bands of a scene."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.raster import Raster

MOST = 64
"""Files kept open by one :class:`Opened`; those being read when another takes their place stay open until they are."""


_CHUNK = 4_000_000


class Opened:
    """Rasters by their path, opened when they are first asked for; those used last stay open."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._rasters: OrderedDict[Path, Raster] = OrderedDict()

    def __getitem__(self, path: Path) -> Raster:
        """The raster of a file; it closes when nothing refers to it any more."""
        with self._lock:
            raster = self._rasters.pop(path, None) or Raster(path)
            self._rasters[path] = raster
            while len(self._rasters) > self.most:
                self._rasters.popitem(last=False)
        return raster

    def __reduce__(self) -> tuple:
        """Empty where it is unpickled."""
        return Opened, (self.most,)


class BandFiles:
    """Bands of one scene, each a file of its own, on the grid of the finest or of any between.

    A coarser file's pixels are repeated, a finer one's are averaged over those that have data; both are whole numbers
    of pixels, so that no value is invented between two.
    """

    def __init__(
        self,
        paths: tuple[Path, ...],
        ratios: tuple[float, ...],
        shape: tuple[int, int],
        nodata: float,
        index: int = 0,
    ) -> None:
        self.paths, self.ratios, self.nodata, self.index = paths, ratios, nodata, index
        self.shape = (len(paths), *shape)
        self.dtype = np.dtype("float32")
        self.opened = Opened()

    def __getitem__(self, key: tuple[slice | NDArray[np.intp], slice, slice]) -> NDArray[np.float32]:
        """Only the files of the bands asked for are opened."""
        bands = np.arange(self.shape[0])[key[0]]
        rows, columns = range(self.shape[1])[key[1]], range(self.shape[2])[key[2]]
        values = np.empty((len(bands), len(rows), len(columns)), self.dtype)
        if values.size:
            for i, band in enumerate(bands):
                values[i] = self._band(int(band), rows, columns)
        return values

    def _band(self, band: int, rows: range, columns: range) -> NDArray[np.float32]:
        raster, ratio = self.opened[self.paths[band]], self.ratios[band]
        (top, bottom), (left, right) = ((min(at), max(at) + 1) for at in (rows, columns))
        step = (slice(None, None, rows.step), slice(None, None, columns.step))
        own = slice(self.index, self.index + 1)
        if ratio == 1:
            return raster[own, top:bottom, left:right][0][step]
        if ratio > 1:  # a coarse pixel covers several of the grid
            n = round(ratio)
            coarse = raster[own, top // n : -(-bottom // n), left // n : -(-right // n)][0]
            fine = coarse.repeat(n, axis=0).repeat(n, axis=1)
            return fine[top % n :, left % n :][: bottom - top, : right - left][step]
        n = round(1 / ratio)
        fine = raster[own, top * n : bottom * n, left * n : right * n][0].astype("float64")
        fine[fine == self.nodata] = np.nan
        blocks = fine.reshape(bottom - top, n, right - left, n)
        count = np.isfinite(blocks).sum(axis=(1, 3))
        mean = np.nansum(blocks, axis=(1, 3)) / np.maximum(count, 1)
        return np.where(count, mean, self.nodata)[step]

    def __reduce__(self) -> tuple:
        """Opened again where it is unpickled."""
        return BandFiles, (self.paths, self.ratios, self.shape[1:], self.nodata, self.index)


def band_by_band(shape: tuple[int, ...], block: tuple[int, int]) -> dict[str, int]:
    """Chunks of a single band, so that a picture opens the files of its bands: whole blocks, some 4 million values."""
    rows, columns = (min(n, size) for n, size in zip(block, shape[1:], strict=True))
    x = min(shape[2], columns * max(1, _CHUNK // (rows * columns)))
    return {"band": 1, "y": min(shape[1], rows * max(1, _CHUNK // (rows * x))), "x": x}


class Plane:
    """The only band of a source, without the dim."""

    def __init__(self, source: BandFiles) -> None:
        self.source, self.shape, self.dtype = source, source.shape[1:], source.dtype

    def __getitem__(self, key: tuple[slice, slice]) -> NDArray[np.float32]:
        """Rows and columns."""
        return self.source[(slice(0, 1), *key)][0]
