"""Lazy rasters written tile by tile, so that a map may be larger than memory.

GDAL on a full disk cries on the terminal, names no reason and may even be content. So the space is asked of the system
first, where Python says what is wrong, and what was written is read back and compared.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

TILE = 256
"""Side of a tile [pixels]."""

CACHE = 64 * 2**20
"""Bytes that GDAL may keep of the files it reads and writes; its own choice is a share of all memory."""


def write_tiled(image: xr.DataArray, path: Path, *, colors: dict[int, tuple] | None = None, **profile: object) -> None:
    """Write a lazy image (y, x) or (feature, y, x) as a plain tiled GeoTIFF.

    Parameters
    ----------
    image : xarray.DataArray
        Read tile by tile, twice: to write it, and to compare what was written.
    path : Path
        The file; half a file is left where something goes wrong.
    colors : dict of int to tuple, optional
        Colour table.
    **profile
        What rasterio is told besides sizes and type.
    """
    *many, height, width = image.shape
    reserve(path, image.nbytes + image.nbytes // 8 + 2**16)
    sizes = {"count": math.prod(many), "height": height, "width": width, "dtype": image.dtype}
    tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE}
    with (
        warnings.catch_warnings(),
        rasterio.Env(GDAL_CACHEMAX=CACHE),
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a scene without a CRS is allowed
        with rasterio.open(path, "w", driver="GTiff", **sizes, **tiles, **profile) as file:
            for window, values in pieces(image):
                file.write(values, window=window)
            if colors:
                file.write_colormap(1, colors)
        check_written(image, path)


def pieces(image: xr.DataArray) -> Iterator[tuple[Window, NDArray]]:
    """Tile by tile: where it lies, and its values (n, height, width)."""
    height, width = image.shape[-2:]
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            rows, columns = slice(top, min(top + TILE, height)), slice(left, min(left + TILE, width))
            values = image.isel(y=rows, x=columns).values
            window = Window(left, top, columns.stop - left, rows.stop - top)
            yield window, values.reshape(-1, *values.shape[-2:])


def check_written(image: xr.DataArray, path: Path) -> None:
    """Read `path` back and refuse one that is not `image`."""
    with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(path) as file:
        for window, values in pieces(image):
            if not np.array_equal(file.read(window=window), values, equal_nan=values.dtype.kind == "f"):
                raise OSError(f"{path.name} does not read back as it was written; check the disk and try again")


def reserve(path: Path, size: int) -> None:
    """Raise OSError where the disk has no room for `size` bytes at `path`; leaves an empty file there."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            file.truncate(0)
