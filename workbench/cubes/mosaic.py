"""Many GeoTIFF tiles of one grid as one scene: a folder of them, or a pattern such as ``tiles/enmap_*.tif``.

Tiles share CRS, pixels, bands and what their numbers mean, and lie a whole number of pixels apart; between them are
holes, NaN. Where tiles overlap, the first by name that has data counts, as in ``rasterio.merge``. A window opens only
the tiles it touches, and few stay open.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.dated import is_dated
from workbench.cubes.geotiff import understand_raster
from workbench.cubes.grid import check_transform
from workbench.cubes.many import rasters_in
from workbench.cubes.mosaic_header import Header
from workbench.cubes.multispectral import stack_of, stack_told
from workbench.cubes.opened import Opened
from workbench.cubes.raster import Raster
from workbench.cubes.raster_words import told

MOST_PIXELS = 4_000_000_000
"""Rows times columns of a mosaic, holes too; more is a tile that lies elsewhere."""

_SIDE = 512


def recognises(path: Path) -> bool:
    """A folder or a pattern of rasters that are not dates of one place."""
    try:
        return len(rasters_in(path)) > 1 and not is_dated(path)
    except (CubeError, OSError):
        return False


def read(path: Path, *, sensor: str = "") -> xr.DataArray:
    """The mosaic, lazily; `sensor` names that of stacks which do not, such as ``sentinel-2``."""
    paths = rasters_in(path)
    if not paths:
        raise CubeError(f"a mosaic is made of GeoTIFF tiles, but {path} has none; name their folder or a pattern")
    first = Raster(paths[0])
    tiles = Tiles(paths, first, path)
    sensor = sensor or stack_told(told(paths[0]), ("sentinel", "landsat"))
    bands = stack_of(sensor, first.shape[0], paths[0].name) if sensor else None
    understood = understand_raster(tiles, first.dataset, paths[0], bands)
    block = tuple(min(_SIDE, size) for size in first.shape[1:])
    chunks = {
        "band": min(16, tiles.shape[0]),
        **{
            dim: min(whole, size * max(1, _SIDE // size))
            for dim, size, whole in zip(("y", "x"), block, tiles.shape[1:], strict=True)
        },
    }
    stored = replace(understood.stored, block=block, nodata=None if np.isnan(tiles.hole) else tiles.hole)
    cube = replace(understood, stored=stored, transform=tiles.transform, chunks=chunks).cube()
    return cube.assign_attrs(tiles=len(paths))


class Tiles:
    """Rasters of one grid as one array in the first one's type, or as floats with NaN where it has no nodata value."""

    ndim = 3

    def __init__(self, paths: list[Path], first: Raster, scene: Path) -> None:
        self.paths, self.opened = paths, Opened()
        nodata = first.dataset.nodata
        places, nodatas, types = [], [], []
        shared = Header.of(first.dataset)
        check_transform(first.dataset.transform, paths[0].name)
        for path in paths:
            source = Raster(path).dataset
            if difference := shared.differs(Header.of(source)):
                raise CubeError(f"tiles of a mosaic are alike, but {path.name} has {difference}; leave it out")
            check_transform(source.transform, path.name)
            left, top = ~first.dataset.transform @ (source.transform.c, source.transform.f)
            if not np.isfinite([left, top]).all() or max(abs(left - round(left)), abs(top - round(top))) > 0.01:
                raise CubeError(
                    f"tiles of a mosaic lie whole pixels apart, but {path.name} is {left % 1:.2f} columns and "
                    f"{top % 1:.2f} rows off the first; warp it to the grid of the others"
                )
            places.append((round(top), round(left), round(top) + source.height, round(left) + source.width))
            nodatas.append(source.nodata)
            types.append(source.dtypes[0])
        self.places = np.array(places)
        start, stop = self.places[:, :2].min(axis=0), self.places[:, 2:].max(axis=0)
        self.places -= np.tile(start, 2)
        height, width = (int(size) for size in stop - start)
        if height * width > MOST_PIXELS:
            raise CubeError(
                f"a mosaic has at most {MOST_PIXELS:,} pixels, but the tiles of {scene} span {height:,} × {width:,}; "
                "leave out those that lie elsewhere"
            )
        self.transform: Affine = first.dataset.transform @ Affine.translation(int(start[1]), int(start[0]))
        self.shape = (first.shape[0], height, width)
        own = np.dtype(types[0])
        plain = {*types} == {types[0]} and {*nodatas} == {nodata} and nodata is not None
        self.dtype = own if plain else np.result_type(*types, "float32")
        self.nodatas, self.hole = nodatas, nodata if plain else np.nan

    def __getitem__(self, key: tuple[slice | NDArray[np.intp], slice, slice]) -> NDArray:
        """Bands, a slice or a list of them, of a slice of rows and columns."""
        bands = np.arange(self.shape[0])[key[0]]
        rows, columns = range(self.shape[1])[key[1]], range(self.shape[2])[key[2]]
        if not (len(bands) and rows and columns):
            return np.empty((len(bands), len(rows), len(columns)), self.dtype)
        corner = np.array([min(rows), min(columns)])
        end = np.array([max(rows) + 1, max(columns) + 1])
        out = np.full((len(bands), *(end - corner)), self.hole, self.dtype)
        for i in np.flatnonzero(((self.places[:, :2] < end) & (self.places[:, 2:] > corner)).all(axis=1)):
            start, stop = np.maximum(self.places[i, :2], corner), np.minimum(self.places[i, 2:], end)
            (top, left), (bottom, right) = ((edge - self.places[i, :2]).tolist() for edge in (start, stop))
            there = out[:, start[0] - corner[0] : stop[0] - corner[0], start[1] - corner[1] : stop[1] - corner[1]]
            values = self.opened[self.paths[i]][bands, top:bottom, left:right]
            np.copyto(there, values, where=_is(there, self.hole) & ~_is(values, self.nodatas[i]), casting="unsafe")
        return out[:, :: rows.step, :: columns.step]


def _is(values: NDArray, nodata: float | None) -> NDArray[np.bool_]:
    """Where values are nodata; a number without data is never one."""
    if nodata is None:
        return np.zeros(values.shape, bool)
    return np.isnan(values) if np.isnan(nodata) else values == nodata
