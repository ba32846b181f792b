"""NEON's airborne imaging spectrometer, HDF5: directional (DP1.30006.001, DP3.30006.001) and bidirectional (….002).

After NEON's own tutorials: one group named like the site holds ``Reflectance/Reflectance_Data`` (row, column, band) in
10,000ths, −9999 where there is none, and ``Metadata`` beside it: wavelengths, ENVI's ``Map_Info`` and an EPSG code.
Two windows of water vapour are named in the group's attributes; their bands are not good.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from pyproj import CRS

from workbench.cubes.acquired import utc_in_name
from workbench.cubes.contract import CubeError
from workbench.cubes.crs import known_crs
from workbench.cubes.envi_place import georeference
from workbench.cubes.grid import place
from workbench.cubes.hdf5 import Hdf5, looks_like
from workbench.cubes.scaling import Scaling
from workbench.cubes.sources import lazy_cube, native_block
from workbench.cubes.stored import Stored
from workbench.cubes.wavelengths import detector_order, in_nanometres

LAYOUT = ("y", "x", "band")


def recognises(path: Path) -> bool:
    """By the one site inside that has reflectance or radiance."""
    return looks_like(path, lambda file: bool(_site(file)))


def read(path: Path) -> xr.DataArray:
    """The flight line or tile, lazily."""
    file = Hdf5(path)
    site = _site(file)
    if not site or f"{site}/Reflectance" not in file:
        has = "radiance" if site else "neither site nor reflectance"
        raise CubeError(f"a NEON scene is reflectance, but {path.name} holds {has}; open a file named …_reflectance.h5")
    group = f"{site}/Reflectance"
    array = file.array(f"{group}/Reflectance_Data", ndim=3)
    n_bands = array.shape[2]

    coords = {}
    for name, stored_name in {"wavelength": "Wavelength", "fwhm": "FWHM"}.items():
        where = f"{group}/Metadata/Spectral_Data/{stored_name}"
        if name == "wavelength" or where in file:
            listed = file.array(where, (n_bands,))
            numbers = file.numbers(listed[(slice(None),)], stored_name, n_bands)
            coords[name] = ("band", in_nanometres(numbers, str(listed.attribute("Units") or "nm")), {"units": "nm"})
    centres = coords["wavelength"][1]
    good = np.ones(n_bands, dtype=bool)
    windows = [file.attribute(f"Band_Window_{i}_Nanometers", group) for i in (1, 2)]
    for window in windows:
        if window is not None:
            low, high = file.numbers(window, "a 'Band_Window'", 2)
            good &= (centres < low) | (centres > high)
    coords["good"] = ("band", good)
    order, note = detector_order(centres)
    if order is not None:
        coords = {key: (dim, values[order], *rest) for key, (dim, values, *rest) in coords.items()}

    divisor = array.number("Scale_Factor")
    if not divisor or not np.isfinite(divisor):
        raise CubeError(f"reflectance names its 'Scale_Factor', got {divisor} in {path.name}; copy it again")
    scaling = Scaling("reflectance", f"divided by {divisor:g}, as the file's scale factor states", 1 / divisor)
    native = native_block(array.shape, array.chunks, LAYOUT)
    stored = Stored(array, LAYOUT, array.number("Data_Ignore_Value"), scaling, native[1:], order)
    attrs = {
        **scaling.attrs,
        "sensor": "NEON AIS",
        "site": site,
        "acquired": utc_in_name(path.name),
        "wavelength_note": note,
        "stored_dtype": str(array.dtype),
    }
    return place(lazy_cube(stored, native, coords, attrs), *_grid(file, f"{group}/Metadata/Coordinate_System"))


def _site(file: Collection[str]) -> str:
    """The first group with reflectance or radiance."""
    kinds = {"Reflectance": "Reflectance_Data", "Radiance": ""}
    return next((name for name in file for kind, array in kinds.items() if f"{name}/{kind}/{array}" in file), "")


def _grid(file: Hdf5, group: str) -> tuple[CRS | None, Affine | None]:
    """CRS by the EPSG code, transform by ENVI's map info."""
    crs, transform = georeference({"map info": file.text(f"{group}/Map_Info")}, file.path)
    code = file.text(f"{group}/EPSG Code").strip()
    return (known_crs(f"EPSG:{code}", file.path) if code else crs), transform
