"""A cube as a Cloud-Optimised GeoTIFF: for other programs by its band tags, and the same cube again by ``geotiff_own``.

Bands carry ``wavelength``, ``wavelength_units``, ``fwhm`` and ``bbl`` as ENVI and the EnMAP-Box name
them; what those have no word for stands in tags of our own, as JSON. Bands lie one after the other in small tiles: a
picture of three bands of 600 × 600 × 200 then takes 16 ms and a spectrum 41 ms, where pixel-interleaved tiles take 712
and 11. GDAL can only copy a file into this layout, so the numbers pass through a plain one beside it, block by block.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import rasterio
import rasterio.shutil
import xarray as xr
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetWriter
from rasterio.windows import Window

from workbench.cubes.contract import CubeError, has_wavelengths
from workbench.cubes.grid import transform_of

OWN = "WORKBENCH_CUBE"
"""The file's tag that holds the cube's attrs as JSON; a band's own ``band_name`` is JSON too."""

_TILE = 128
_SMALLEST = 256
"""Rows and columns that an overview need not be halved again."""


def write(cube: xr.DataArray, path: Path) -> None:
    """Every value and everything said about it; a lazy cube is read once, block by block.

    Raises
    ------
    CubeError
        If the cube is a swath with a longitude and a latitude of every pixel, which a GeoTIFF has no place for.
    """
    if {"longitude", "latitude"} & set(cube.coords):
        raise CubeError(
            "a GeoTIFF has no place for each pixel's longitude and latitude, but this cube is a swath that has them; "
            "write it to .zarr, .nc or .npz"
        )
    # GDAL would leave a half-written file where a name in the user's folder was meant; the draft's folder is as full.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}.") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a scene may lie on a plain pixel grid
        plain = Path(folder) / "plain.tif"
        _write_plain(cube, plain)
        rasterio.shutil.copy(plain, path, driver="GTiff", copy_src_overviews=True, **_layout(cube), **_PACKED)


_PACKED = {"compress": "deflate", "predictor": 3, "num_threads": "all_cpus", "bigtiff": "if_safer"}


def _layout(cube: xr.DataArray) -> dict[str, object]:
    """Tiles no larger than the scene, in the multiples of 16 that TIFF asks for."""
    _, height, width = cube.shape
    rows, columns = (min(_TILE, -(-size // 16) * 16) for size in (height, width))
    return {"tiled": True, "blockxsize": columns, "blockysize": rows, "interleave": "band"}


def _write_plain(cube: xr.DataArray, path: Path) -> None:
    """The numbers, tags and overviews, not packed."""
    n_bands, height, width = cube.shape
    shape = {"count": n_bands, "height": height, "width": width, "dtype": "float32", "nodata": np.nan}
    place = {} if cube.rio.crs is None else {"crs": cube.rio.crs, "transform": transform_of(cube)}
    with rasterio.open(path, "w", driver="GTiff", **shape, **place, **_layout(cube), bigtiff="if_safer") as file:
        file.update_tags(**{OWN: json.dumps(cube.attrs)})
        for i, (told, name) in enumerate(zip(_tags(cube), _names(cube), strict=True), 1):
            file.update_tags(i, **told)
            file.set_band_description(i, name)
        if cube.chunks is None:
            file.write(cube.values)
        else:
            da.store(cube.variable.data, _Target(file), lock=True)
    factors = [2**i for i in range(1, 16) if max(height, width) > _SMALLEST * 2 ** (i - 1)]
    if factors:
        with rasterio.open(path, "r+") as file:
            file.build_overviews(factors, Resampling.average)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where dask puts one block after the other."""

    file: DatasetWriter

    def __setitem__(self, key: tuple[slice, slice, slice], values: NDArray[np.float32]) -> None:
        bands, rows, columns = key
        window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        self.file.write(values, list(range(bands.start + 1, bands.stop + 1)), window=window)


def _tags(cube: xr.DataArray) -> list[dict[str, str]]:
    """What each band's tags say."""
    tags: list[dict[str, str]] = [{} for _ in range(cube.sizes["band"])]
    for told, wavelength in zip(tags, cube["wavelength"].values.astype(float).tolist(), strict=True):
        if np.isfinite(wavelength):
            told |= {"wavelength": repr(wavelength), "wavelength_units": "Nanometers"}
    if "fwhm" in cube.coords:
        for told, width in zip(tags, cube["fwhm"].values.astype(float).tolist(), strict=True):
            told["fwhm"] = repr(width)
    if "good" in cube.coords:
        for told, is_good in zip(tags, cube["good"].values, strict=True):
            told["bbl"] = "1" if is_good else "0"
    if "band_name" in cube.coords:
        for told, name in zip(tags, cube["band_name"].values, strict=True):
            told["band_name"] = json.dumps(str(name))  # escapes what XML cannot hold
    return tags


def _names(cube: xr.DataArray) -> list[str]:
    """Titles of the bands for other programs: the band's name, or its wavelength."""
    if "band_name" in cube.coords:
        return ["".join(c if c.isprintable() else " " for c in str(name)) for name in cube["band_name"].values]
    if has_wavelengths(cube):
        return [f"{wavelength:g} nm" for wavelength in cube["wavelength"].values]
    return [f"band {i + 1}" for i in range(cube.sizes["band"])]
