"""Rasters on the scene's grid as Cloud-Optimised GeoTIFFs; class codes with their colours and names.

Category names have no place inside a GeoTIFF; GDAL keeps them in a small file beside it (``….tif.aux.xml``), and so do
we. Read by ``raster``.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import rasterio
import xarray as xr
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.shutil import copy

from workbench.files import replacing
from workbench.labels.grid import grid_of
from workbench.labels.tiled import CACHE, check_written, reserve, write_tiled

MOST_COLORS = 255
"""Classes that a GeoTIFF's colour table has room for."""


def write_codes(codes: xr.DataArray, path: Path) -> list[Path]:
    """Write labels or a class map.

    Parameters
    ----------
    codes : xarray.DataArray of shape (height, width)
        0 = none, 1…K; ``attrs["classes"]`` and ``attrs["colors"]`` ("#rrggbb"). Beyond 255 classes there is no colour
        table.
    path : Path
        The GeoTIFF.

    Returns
    -------
    list of Path
        The files written: the GeoTIFF and its names.
    """
    names, colors = codes.attrs["classes"], codes.attrs["colors"]
    fits = len(names) <= MOST_COLORS
    table = {0: (0, 0, 0, 0)} | {code: (*_rgb(color), 255) for code, color in enumerate(colors, start=1)}
    beside = path.with_name(f"{path.name}.aux.xml")
    write_cog(codes.astype("uint8" if fits else "int16"), path, nodata=0, colors=table if fits else None)
    with replacing(beside) as draft:
        draft.write_text(_category_names(["", *names]), encoding="utf-8")
    return [path, beside]


def write_cog(image: xr.DataArray, path: Path, *, nodata: float, colors: dict[int, tuple] | None = None) -> None:
    """Write one band on the scene's grid, whole or not at all; a lazy one tile by tile."""
    grid = grid_of(image)
    placed = {} if grid.crs is None else {"crs": grid.crs.to_wkt(), "transform": grid.transform}
    profile = {"driver": "COG", "count": 1, "dtype": image.dtype, "nodata": nodata, "compress": "deflate", **placed}
    with warnings.catch_warnings(), replacing(path) as draft:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a scene without a CRS is allowed
        if image.chunks is not None:
            _by_tiles(image, draft, colors, nodata=nodata, **placed)
            return
        # In memory first: on a full disk GDAL cries on the terminal and names no reason; Python says what is wrong.
        with MemoryFile() as memory:
            with memory.open(height=grid.height, width=grid.width, overview_resampling="nearest", **profile) as file:
                file.write(np.asarray(image.values), 1)
                if colors:
                    file.write_colormap(1, colors)
            draft.write_bytes(memory.getbuffer())


def _by_tiles(image: xr.DataArray, path: Path, colors: dict[int, tuple] | None, **profile: object) -> None:
    """A plain tiled file first, which GDAL then turns into a cloud-optimised one, never holding much of either."""
    plain = path.with_name(f"{path.stem}.plain.tif")
    try:
        write_tiled(image, plain, colors=colors, bigtiff="if_safer", **profile)
        reserve(path, 2 * image.nbytes + 2**16)  # overviews are a third; GDAL keeps them beside it for a while
        with rasterio.Env(GDAL_CACHEMAX=CACHE):
            copy(plain, path, driver="COG", compress="deflate", overview_resampling="nearest", bigtiff="if_safer")
        check_written(image, path)
    finally:
        plain.unlink(missing_ok=True)


def _rgb(color: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(color.removeprefix("#")))


def _category_names(names: list[str]) -> str:
    """GDAL's own layout of a file of category names."""
    rows = "\n".join(f"      <Category>{escape(name)}</Category>" for name in names)
    return (
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n'
        f"{rows}\n    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n"
    )
