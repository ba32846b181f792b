"""EMIT on the space station, NetCDF: surface reflectance (L2A) or radiance (L1B), laid on the map by its lookup table.

After LP DAAC's description of the product: the cube (downtrack, crosstrack, bands) lies at the root, wavelengths in
``sensor_band_parameters``, and ``location`` holds longitudes, latitudes and the geometry lookup table: for each pixel
of a grid in degrees the column and row of the swath, from 1, negative where it was filled in from a neighbour, 0 where
there is none. A mask file of the same scene is found if it lies beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr
from affine import Affine
from pyproj import CRS

from workbench.cubes.acquired import utc, utc_in_name
from workbench.cubes.contract import CubeError
from workbench.cubes.crs import known_crs, known_transform
from workbench.cubes.emit_geometry import TILE, Orthorectified
from workbench.cubes.grid import place
from workbench.cubes.hdf5 import Hdf5, looks_like
from workbench.cubes.hdf5_array import Array
from workbench.cubes.masked import Flag, Masked, chosen_masks
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import Layer, lazy_cube, native_block
from workbench.cubes.stored import Stored
from workbench.cubes.wavelengths import detector_order, in_nanometres

LAYOUT = ("y", "x", "band")
GEOMETRIES = ("ortho", "swath")
SCALINGS = {
    "reflectance": Scaling("reflectance", "surface reflectance as stored"),
    "radiance": Scaling("radiance", "radiance as stored, in µW cm⁻² nm⁻¹ sr⁻¹"),
}
_BANDS = "sensor_band_parameters"
_DEGREES = {"longitude": "lon", "latitude": "lat"}


def recognises(path: Path) -> bool:
    """By the arrays inside."""
    return looks_like(path, lambda file: f"{_BANDS}/wavelengths" in file and any(name in file for name in SCALINGS))


def read(path: Path, *, geometry: str = "ortho", mask: str | Sequence[str] = ()) -> xr.DataArray:
    """The scene, lazily: on its grid, or with `geometry` "swath" as it was scanned, with longitudes and latitudes.

    `mask` names flags of the mask file beside it (cloud, cirrus, …) whose pixels become NaN.
    """
    if geometry not in GEOMETRIES:
        raise CubeError(f"geometry= is {' or '.join(GEOMETRIES)}, got {geometry!r} for {path.name}; choose one of them")
    file = Hdf5(path)
    quantity = next((name for name in SCALINGS if name in file), None)
    if quantity is None:
        raise CubeError(f"an EMIT scene has reflectance or radiance, but {path.name} has neither; open its RFL file")
    array = file.array(quantity, ndim=3)

    coords = _bands(file, array.shape[2])
    order, note = detector_order(coords["wavelength"][1])
    if order is not None:
        coords = {key: (dim, values[order], *rest) for key, (dim, values, *rest) in coords.items()}

    flags = _flags(path, array)
    asked = chosen_masks(mask, flags, path)
    source = Masked(array, tuple(flags[name] for name in asked)) if asked else array
    native = native_block(array.shape, array.chunks, LAYOUT)
    if geometry == "ortho":
        across = file.array("location/glt_x", ndim=2)
        source = Orthorectified(source, across, file.array("location/glt_y", across.shape), path.name)
        native = (native[0], TILE, TILE)
    nodata = array.number("_FillValue")
    stored = Stored(source, LAYOUT, -9999.0 if nodata is None else nodata, SCALINGS[quantity], native[1:], order)
    attrs = {
        **SCALINGS[quantity].attrs,
        "sensor": "EMIT",
        "acquired": utc(file.attribute("time_coverage_start")) or utc_in_name(path.name),
        "geometry": geometry,
        "masks": list(flags),
        "wavelength_note": note,
        "stored_dtype": str(array.dtype),
    }
    cube = lazy_cube(stored, native, coords, attrs)
    if geometry == "ortho":
        return place(cube, *_grid(file))
    planes = {name: file.array(f"location/{key}", array.shape[:2]) for name, key in _DEGREES.items()}
    degrees = {name: (("y", "x"), plane.plane(plane.number("_FillValue"))) for name, plane in planes.items()}
    return place(cube, None, None).assign_coords(degrees)


def _bands(file: Hdf5, n_bands: int) -> dict[str, tuple]:
    """Wavelengths, widths and good bands."""
    coords = {}
    for name, key in {"wavelength": "wavelengths", "fwhm": "fwhm", "good": "good_wavelengths"}.items():
        if name != "wavelength" and f"{_BANDS}/{key}" not in file:
            continue
        listed = file.array(f"{_BANDS}/{key}", (n_bands,))
        numbers = file.numbers(listed[(slice(None),)], key, n_bands)
        if name == "good":
            coords[name] = ("band", numbers > 0)
        else:
            coords[name] = ("band", in_nanometres(numbers, str(listed.attribute("units") or "nm")), {"units": "nm"})
    return coords


def _flags(path: Path, array: Array) -> dict[str, Flag]:
    """Flags of the mask file of the same scene, by short names."""
    when = next((part for part in path.stem.split("_") if len(part) == 15 and part[8:9] == "T"), "")
    beside = sorted(path.parent.glob(f"EMIT_L2A_MASK_*_{when}*.nc")) if when else []
    if not beside:
        return {}
    file = Hdf5(beside[0])
    plane = file.array("mask", ndim=3)
    if plane.shape[:2] != array.shape[:2]:
        got = f"{plane.shape[:2]} for {array.shape[:2]}"
        raise CubeError(f"a mask file has one value a pixel, got shape {got} in {beside[0].name}; get the right file")
    names = file.texts(f"{_BANDS}/mask_bands")
    short = [name.lower().removesuffix("flag").strip().replace(" ", "-") for name in names]
    return {
        name: Flag(Layer(plane, i), LAYOUT, (1,))
        for i, (name, full) in enumerate(zip(short, names, strict=True))
        if full.lower().endswith("flag") and i < plane.shape[2]
    }


def _grid(file: Hdf5) -> tuple[CRS, Affine]:
    """CRS and transform of the lookup table."""
    numbers, wkt = file.attribute("geotransform"), file.attribute("spatial_ref")
    if wkt is None or numbers is None:
        raise CubeError(
            f"EMIT's grid is in 'geotransform' and 'spatial_ref', but not in {file.path.name}; copy it again"
        )
    return known_crs(str(wkt), file.path), known_transform(numbers, file.path)
