"""Elevation models in a GeoTIFF: one band whose file says so. Metres, unless the file states another unit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.contract import CubeError
from workbench.cubes.geotiff import understand_raster
from workbench.cubes.multispectral import Bands
from workbench.cubes.raster import Raster
from workbench.cubes.raster_words import told
from workbench.cubes.scaling import Scaling

_SAYS = re.compile(
    r"(?<![a-z])(dem|dtm|dsm|dhm|elevation|srtm(gl)?\d*|copdem|aster[-_ ]?gdem\w*|nasadem)(?![a-z])", re.IGNORECASE
)
_UNITS = {"ft": ("ft", "foot", "feet", "us survey foot"), "m": ("", "m", "metre", "meter", "metres", "meters")}


def recognises(path: Path) -> bool:
    """One band without a wavelength, whose name, folder, tags or description speak of elevation."""
    words = told(path)
    return words is not None and words.n_bands == 1 and not words.wavelengths and bool(_SAYS.search(words.text))


def read(path: Path) -> xr.DataArray:
    """The model, lazily."""
    raster = Raster(path)
    source = raster.dataset
    if source.count != 1:
        raise CubeError(f"an elevation model has one band, but {path.name} has {source.count}; read it as geotiff")
    stated = (source.units[0] or "").strip().lower()
    unit = next((unit for unit, words in _UNITS.items() if stated in words), stated)
    gain, offset = source.scales[0], source.offsets[0]
    told_so = f"in {unit}" if stated else "taken to be in metres, as the file states no unit"
    scaling = Scaling("dn", f"elevation, {told_so}", gain, offset)
    bands = Bands("", (f"elevation [{unit}]",), (np.nan,), (np.nan,), "elevation has no wavelength")
    cube = understand_raster(raster, source, path, bands, scaling).cube()
    return cube.assign_attrs(units=unit)
