"""AVIRIS-3, AVIRIS-5 and reprocessed AVIRIS-NG as NetCDF: surface reflectance (L2A) or radiance (L1B).

After the files' readers at JPL and ORNL DAAC: a group ``reflectance`` or ``radiance`` holds the array of that name,
bands first, with ``wavelength`` and ``fwhm`` beside it; the root holds the grid mapping, ``transverse_mercator``, with
``spatial_ref`` and GDAL's ``GeoTransform``. Radiance that is not yet on the grid has ``lon`` and ``lat``, or nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import xarray as xr
from affine import Affine
from pyproj import CRS

from workbench.cubes.acquired import utc, utc_in_name
from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.crs import known_crs, known_transform
from workbench.cubes.grid import place
from workbench.cubes.hdf5 import Hdf5, looks_like
from workbench.cubes.hdf5_array import Array
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import lazy_cube, native_block
from workbench.cubes.stored import Stored
from workbench.cubes.wavelengths import detector_order, in_nanometres

SCALINGS = {
    "reflectance": Scaling("reflectance", "surface reflectance as stored"),
    "radiance": Scaling("radiance", "radiance as stored, in µW cm⁻² nm⁻¹ sr⁻¹"),
}
MAPPINGS = ("transverse_mercator", "spatial_ref", "crs")
SENSORS = {"av3": "AVIRIS-3", "av5": "AVIRIS-5", "ang": "AVIRIS-NG"}


def recognises(path: Path) -> bool:
    """By the groups inside."""
    return looks_like(path, lambda file: bool(_quantity(file)))


def read(path: Path) -> xr.DataArray:
    """The flight line or its part, lazily."""
    file = Hdf5(path)
    quantity = _quantity(file)
    if not quantity:
        raise CubeError(
            f"an AVIRIS scene has a group reflectance or radiance with its wavelengths, but {path.name} has none; "
            "open the RFL or RDN file"
        )
    array = file.array(f"{quantity}/{quantity}", ndim=3)
    n_bands, height, width = array.shape

    coords = {}
    for name in ("wavelength", "fwhm"):
        if name == "wavelength" or f"{quantity}/{name}" in file:
            listed = file.array(f"{quantity}/{name}", (n_bands,))
            numbers = file.numbers(listed[(slice(None),)], name, n_bands)
            coords[name] = ("band", in_nanometres(numbers, str(listed.attribute("units") or "nm")), {"units": "nm"})
    order, note = detector_order(coords["wavelength"][1])
    if order is not None:
        coords = {key: (dim, values[order], *rest) for key, (dim, values, *rest) in coords.items()}

    native = native_block(array.shape, array.chunks, DIMS)
    stored = Stored(array, DIMS, array.number("_FillValue"), SCALINGS[quantity], native[1:], order)
    attrs = {
        **SCALINGS[quantity].attrs,
        "sensor": SENSORS.get(path.name[:3].lower(), "AVIRIS"),
        "acquired": utc(file.attribute("time_coverage_start")) or utc_in_name(path.name),
        "wavelength_note": note,
        "stored_dtype": str(array.dtype),
    }
    cube = place(lazy_cube(stored, native, coords, attrs), *_grid(file, array))
    if cube.rio.crs is None:
        for name, plane in {"longitude": "lon", "latitude": "lat"}.items():
            if plane in file and file.array(plane).shape == (height, width):
                degrees = file.array(plane)
                cube = cube.assign_coords({name: (("y", "x"), degrees.plane(degrees.number("_FillValue")))})
    return cube


def _quantity(file: Collection[str]) -> str:
    """Which of the two it holds."""
    return next((name for name in SCALINGS if f"{name}/{name}" in file and f"{name}/wavelength" in file), "")


def _grid(file: Hdf5, array: Array) -> tuple[CRS | None, Affine | None]:
    """CRS and transform, where the array's rows and columns are those of the grid."""
    name = next((name for name in MAPPINGS if name in file), None)
    sizes = [file.array(axis).shape[0] for axis in ("northing", "easting") if axis in file]
    if name is None or (sizes and tuple(sizes) != array.shape[1:]):
        return None, None
    numbers, wkt = file.attribute("GeoTransform", name), file.attribute("spatial_ref", name)
    wkt = wkt or file.attribute("crs_wkt", name)
    if numbers is None or not wkt:
        return None, None
    return known_crs(str(wkt), file.path), known_transform(numbers, file.path)
