"""GeoTIFFs written by ``geotiff_writing``: the cube that was saved, without guessing.

A file counts as ours by its tag. One that another program has rescaled or given other numbers keeps the tag, but no
longer what it says: it is left to ``geotiff``.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from workbench.cubes.contract import DIMS, UNITS, CubeError
from workbench.cubes.drivers import driver_of
from workbench.cubes.geotiff_writing import OWN
from workbench.cubes.grid import place
from workbench.cubes.raster import Raster
from workbench.cubes.remote import alone
from workbench.cubes.stored import Stored

_BLOCK = 4_000_000


def recognises(path: Path) -> bool:
    """By our tag, on numbers as we wrote them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with alone(path), rasterio.open(path, driver=driver_of(path)) as source:
                return _attrs(source) is not None
    except (RasterioError, OSError, UnicodeDecodeError):
        return False


def read(path: Path) -> xr.DataArray:
    """The saved cube, lazily."""
    raster = Raster(path)
    source = raster.dataset
    attrs = _attrs(source)
    if attrs is None:
        raise CubeError(
            f"a GeoTIFF of our own has the tag {OWN} and float32 bands, but {path.name} has not; pass format='geotiff'"
        )
    tags = [source.tags(i) for i in source.indexes]
    try:
        coords = _coords(tags)
    except ValueError as error:
        raise CubeError(f"the band tags of {path.name} were changed ({error}); pass format='geotiff'") from error
    rows, columns = block = source.block_shapes[0]
    stored = Stored(raster, nodata=source.nodata, block=block)
    n_bands, height, width = stored.shape
    # Runs of bands over whole rows of tiles, as they lie in the file.
    bands = max(1, min(n_bands, _BLOCK // (min(height, 8 * rows) * width)))
    blocks = stored.blocks({"band": bands, "y": min(height, 8 * rows), "x": width})
    cube = xr.DataArray(blocks, dims=DIMS, coords=coords, attrs=attrs).rename(None)
    cube.encoding["preferred_chunks"] = {"y": rows, "x": columns}
    crs = source.crs
    code = crs.to_epsg() if crs else None
    return place(cube, f"EPSG:{code}" if code else crs, source.transform)


def _attrs(source: DatasetReader) -> dict[str, object] | None:
    """What the cube's attrs were; None if the file is not, or no longer, one of ours."""
    is_as_written = set(source.dtypes) == {"float32"} and set(source.scales) == {1.0} and set(source.offsets) == {0.0}
    try:
        attrs = json.loads(source.tags().get(OWN, "null")) if is_as_written else None
    except json.JSONDecodeError:
        return None
    return attrs if isinstance(attrs, dict) and attrs.get("quantity") in UNITS else None


def _coords(tags: list[dict[str, str]]) -> dict[str, tuple]:
    """What is known of each band."""
    wavelength = np.array([float(tag.get("wavelength", "nan")) for tag in tags])
    coords = {"wavelength": ("band", wavelength, {"units": "nm"})}
    if all("fwhm" in tag for tag in tags):
        coords["fwhm"] = ("band", np.array([float(tag["fwhm"]) for tag in tags]), {"units": "nm"})
    if all("bbl" in tag for tag in tags):
        coords["good"] = ("band", np.array([tag["bbl"] == "1" for tag in tags]))
    if all("band_name" in tag for tag in tags):
        coords["band_name"] = ("band", np.array([str(json.loads(tag["band_name"])) for tag in tags], dtype=object))
    return coords
