"""Planet's Tanager HDF-EOS5: basic scenes (swath) and ortho scenes (UTM grid), surface reflectance or radiance.

The layout is that of Planet's reader ``xarray-hyperspectral`` (Apache-2.0), read here by h5py alone: the cube lies in
``HDFEOS/SWATHS/HYP`` or ``HDFEOS/GRIDS/HYP`` under ``Data Fields`` with its bands first, wavelengths, widths and good
bands in its attributes. Radiance is stored in W m⁻² sr⁻¹ µm⁻¹, a tenth of which are µW cm⁻² nm⁻¹ sr⁻¹.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from pyproj import CRS

from workbench.cubes.acquired import utc, utc_in_name
from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.crs import known_crs
from workbench.cubes.grid import place
from workbench.cubes.hdf5 import Hdf5, looks_like
from workbench.cubes.masked import Flag, Masked, chosen_masks
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import lazy_cube, native_block
from workbench.cubes.stored import Stored
from workbench.cubes.wavelengths import detector_order

GRID, SWATH = "HDFEOS/GRIDS/HYP", "HDFEOS/SWATHS/HYP"

SCALINGS = {
    "surface_reflectance": Scaling("reflectance", "surface reflectance as stored"),
    "toa_radiance": Scaling("radiance", "W m⁻² sr⁻¹ µm⁻¹ divided by 10", 0.1),
}
"""What each cube holds."""

MASKS = {"cloud": "beta_cloud_mask", "cirrus": "beta_cirrus_mask", "nodata": "nodata_pixels"}


def recognises(path: Path) -> bool:
    """By the groups inside."""
    return looks_like(path, lambda file: any(f"{group}/Data Fields" in file for group in (GRID, SWATH)))


def read(path: Path, *, mask: str | Sequence[str] = ()) -> xr.DataArray:
    """The scene, lazily; `mask` names those of cloud, cirrus and nodata whose pixels become NaN."""
    file = Hdf5(path)
    group = GRID if GRID in file else SWATH
    fields = f"{group}/Data Fields"
    name = next((name for name in SCALINGS if f"{fields}/{name}" in file), None)
    if name is None:
        raise CubeError(f"a Tanager scene has {' or '.join(SCALINGS)}, but {path.name} has neither; open another file")
    array = file.array(f"{fields}/{name}", ndim=3)
    n_bands, height, width = array.shape

    centres = file.numbers(array.attribute("wavelengths"), "'wavelengths'", n_bands)
    coords = {"wavelength": ("band", centres, {"units": "nm"})}
    if array.attribute("fwhm") is not None:
        coords["fwhm"] = ("band", file.numbers(array.attribute("fwhm"), "'fwhm'", n_bands), {"units": "nm"})
    if array.attribute("good_wavelengths") is not None:
        good = file.numbers(array.attribute("good_wavelengths"), "'good_wavelengths'", n_bands)
        coords["good"] = ("band", good > 0)
    order, note = detector_order(centres)
    if order is not None:
        coords = {key: (dim, values[order], *rest) for key, (dim, values, *rest) in coords.items()}

    flags = {
        key: Flag(file.array(f"{fields}/{plane}", (height, width)), DIMS, (1,))
        for key, plane in MASKS.items()
        if f"{fields}/{plane}" in file
    }
    asked = chosen_masks(mask, flags, path)
    source = Masked(array, tuple(flags[key] for key in asked)) if asked else array
    native = native_block(array.shape, array.chunks, DIMS)
    stored = Stored(source, DIMS, array.number("_FillValue"), SCALINGS[name], native[1:], order)
    attrs = {
        **SCALINGS[name].attrs,
        "sensor": "Tanager",
        "acquired": utc_in_name(path.name) or _first_time(file, group),
        "masks": list(flags),
        "wavelength_note": note,
        "stored_dtype": str(array.dtype),
    }
    cube = lazy_cube(stored, native, coords, attrs)
    if group == GRID:
        return place(cube, *_grid(file, width, height))
    cube = place(cube, None, None)
    where = f"{group}/Geolocation Fields"
    for key in ("Longitude", "Latitude"):
        if f"{where}/{key}" in file:
            plane = file.array(f"{where}/{key}", (height, width))
            cube = cube.assign_coords({key.lower(): (("y", "x"), plane.plane(plane.number("_FillValue")))})
    return cube


def _grid(file: Hdf5, width: int, height: int) -> tuple[CRS, Affine]:
    """CRS and transform, from HDF-EOS's description of the grid."""
    said = dict(re.findall(r"(\w+)=([^\n]+)", file.text("HDFEOS INFORMATION/StructMetadata.0")))
    try:
        (left, top), (right, bottom) = (
            [float(number) for number in said[corner].strip().strip("()").split(",")]
            for corner in ("UpperLeftPointMtrs", "LowerRightMtrs")
        )
        code = file.attribute("epsg_code", GRID)
        zone = 0 if code is not None else int(said["ZoneCode"])
        code = int(code) if code is not None else (32600 + zone if zone > 0 else 32700 - zone)
    except (KeyError, ValueError, TypeError) as error:
        raise CubeError(
            f"an ortho scene names its corners and UTM zone, but {file.path.name} does not; copy it again"
        ) from error
    if not np.isfinite([left, top, right, bottom]).all() or left == right or top == bottom:
        raise CubeError(f"a grid's corners lie apart, got {said['UpperLeftPointMtrs']} twice in {file.path.name}")
    return known_crs(f"EPSG:{code}", file.path), Affine(
        (right - left) / width, 0, left, 0, (bottom - top) / height, top
    )


def _first_time(file: Hdf5, group: str) -> str:
    """The first line's time, kept as seconds since 1970."""
    name = f"{group}/Geolocation Fields/Time"
    if name not in file:
        return ""
    times = file.array(name)
    first = times[(slice(0, 1),) * times.ndim].ravel()
    seconds = float(first[0]) if first.size else 0.0
    return utc(datetime.fromtimestamp(seconds, UTC).isoformat()) if 0 < seconds < 4e9 else ""
