"""PRISMA, HDF-EOS5: reflectance on a grid (L2D) or as a swath (L2C), and radiance (L1, L2B).

After ASI's product specification, issue 2.3: VNIR and SWIR cubes (row, band, column) of 16-bit numbers; wavelengths in
the root's attributes, falling, 0 for a band that is not used. Level 2 is ``min + number · (max − min) / 65535``, level
1 is ``number / factor − offset`` [W m⁻² sr⁻¹ µm⁻¹], a tenth of which are our units. L2D's corners are the centres of
its corner pixels, as the EnMAP-Box and prismaread take them.

Both detectors are kept where they overlap. A pixel is empty where probed bands of both are 0; 0 in one band stays, as
dark water has it in the short-wave infrared, and is told by the mask ``negative``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from pyproj import CRS

from workbench.cubes.acquired import utc
from workbench.cubes.contract import CubeError
from workbench.cubes.crs import known_crs
from workbench.cubes.grid import place
from workbench.cubes.hdf5 import Hdf5, looks_like
from workbench.cubes.hdf5_array import Array
from workbench.cubes.masked import Flag, Masked, chosen_masks
from workbench.cubes.prisma_bands import DETECTORS, Empty, by_wavelength, listed, scaling, stated
from workbench.cubes.sources import Joined, Picked, lazy_cube, native_block
from workbench.cubes.stored import Stored

LAYOUT = ("y", "band", "x")
LEVELS = ("L2D", "L2C", "L2B", "L1")

ERRORS = {
    "L1": ("{}_PIXEL_SAT_ERR_MATRIX", {"defective": (1,), "saturated": (2,)}),
    "L2": ("{}_PIXEL_L2_ERR_MATRIX", {"invalid": (1,), "negative": (2,), "saturated": (3, 4)}),
}
"""Matrices of errors and what their numbers mean (saturated is 3 in the specification, 4 to the EnMAP-Box)."""

PLANES = {"cloud": "Cloud_Mask", "sunglint": "SunGlint_Mask"}
"""Masks of level 1; 1 where there is one."""

PIXEL = 30.0
"""A pixel's side [m]."""


def recognises(path: Path) -> bool:
    """By the swath inside."""
    return looks_like(path, lambda file: bool(_level(file)))


def read(path: Path, *, mask: str | Sequence[str] = ()) -> xr.DataArray:
    """The scene, lazily; `mask` names errors, whose values become NaN, or, of level 1, cloud and sunglint."""
    file = Hdf5(path)
    level = _level(file)
    if not level:
        raise CubeError(f"a PRISMA scene is of level {', '.join(LEVELS)}, but {path.name} is not; open another file")
    fields = f"HDFEOS/SWATHS/PRS_{level}_HCO/Data Fields"
    arrays = tuple(file.array(f"{fields}/{detector.upper()}_Cube", ndim=3) for detector in DETECTORS)
    (height, n_vnir, width), other = arrays[0].shape, arrays[1].shape
    if (other[0], other[2]) != (height, width):
        raise CubeError(f"detectors see one scene, got {arrays[0].shape} and {other} in {path.name}; copy it again")

    centres, fwhm = (listed(file, name, arrays) for name in ("List_Cw", "List_Fwhm"))
    order, note = by_wavelength(centres, n_vnir, path)
    coords = {"wavelength": ("band", centres[order], {"units": "nm"}), "fwhm": ("band", fwhm[order], {"units": "nm"})}

    flags = _flags(file, fields, level, arrays)
    asked = chosen_masks(mask, flags, path)
    empty = Empty(arrays, (np.sort(order[order < n_vnir]), np.sort(order[order >= n_vnir]) - n_vnir))
    source = Picked(Masked(Joined(arrays, 1), (empty, *(flags[name] for name in asked))), 1, order)
    meaning = scaling(file, level, order, n_vnir)
    native = native_block(arrays[0].shape, arrays[0].chunks, LAYOUT)
    attrs = {
        **meaning.attrs,
        "sensor": "PRISMA",
        "level": level,
        "acquired": utc(file.attribute("Product_StartTime")),
        "masks": list(flags),
        "wavelength_note": note,
        "stored_dtype": str(arrays[0].dtype),
    }
    cube = lazy_cube(Stored(source, LAYOUT, None, meaning, native[1:]), native, coords, attrs)
    if level == "L2D":
        return place(cube, *_grid(file, height, width))
    return place(cube, None, None).assign_coords(_degrees(file, level, (height, width)))


def _level(file: Collection[str]) -> str:
    return next((level for level in LEVELS if f"HDFEOS/SWATHS/PRS_{level}_HCO/Data Fields/VNIR_Cube" in file), "")


def _flags(file: Hdf5, fields: str, level: str, arrays: Sequence[Array]) -> dict[str, Flag]:
    """Errors by band and pixel, and planes, as far as the file has them."""
    pattern, errors = ERRORS["L1" if level == "L1" else "L2"]
    names = [f"{fields}/{pattern.format(detector.upper())}" for detector in DETECTORS]
    flags = {}
    if all(name in file for name in names):
        matrix = Joined(tuple(file.array(n, array.shape) for n, array in zip(names, arrays, strict=True)), 1)
        flags |= {name: Flag(matrix, LAYOUT, raised) for name, raised in errors.items()}
    for name, plane in PLANES.items():
        if f"{fields}/{plane}" in file:
            flags[name] = Flag(file.array(f"{fields}/{plane}", arrays[0].shape[::2]), LAYOUT, (1,))
    return flags


def _grid(file: Hdf5, height: int, width: int) -> tuple[CRS, Affine]:
    """CRS and transform from the corners."""
    ends = {}
    for axis, size in (("easting", width), ("northing", height)):
        names = [f"Product_{corner}corner_{axis}" for corner in ("UL", "LR")]
        first, last = (stated(file, name) for name in names)
        if abs(abs(last - first) - PIXEL * (size - 1)) > PIXEL / 2:
            raise CubeError(
                f"{size} pixels of {PIXEL:g} m lie between the corners' {axis}s, got {first:g} and {last:g} in "
                f"{file.path.name}; copy it again"
            )
        ends[axis] = first
    transform = Affine(PIXEL, 0, ends["easting"] - PIXEL / 2, 0, -PIXEL, ends["northing"] + PIXEL / 2)
    return known_crs(f"EPSG:{stated(file, 'Epsg_Code'):.0f}", file.path), transform


def _degrees(file: Hdf5, level: str, shape: tuple[int, int]) -> dict[str, tuple]:
    """Longitudes and latitudes of a swath; level 1 has them by detector, on the same pixels."""
    found = {}
    for name in ("Longitude", "Latitude"):
        where = [f"HDFEOS/SWATHS/PRS_{level}_HCO/Geolocation Fields/{name}{of}" for of in ("", "_VNIR")]
        key = next((key for key in where if key in file), where[0])
        plane = file.array(key, shape)
        found[name.lower()] = (("y", "x"), plane.plane(plane.number("_FillValue")))
    return found
