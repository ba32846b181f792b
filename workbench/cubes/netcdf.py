"""NetCDF by the CF conventions, and the one that the workbench writes.

The cube is the one variable with a band-like dim, in the root or a group; its dims may stand in any order. Wavelengths
are told by CF's standard name or by their own, numbers by ``scale_factor``, ``add_offset`` and ``_FillValue``, place
by the grid mapping or by longitudes and latitudes. Rows listed from the south are turned.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes import netcdf_own
from workbench.cubes.acquired import utc
from workbench.cubes.grid import place
from workbench.cubes.netcdf_bands import band_coordinates, choose
from workbench.cubes.netcdf_file import Stripped, fill_value, open_groups, refuse_absurd, single, text
from workbench.cubes.netcdf_place import place_of
from workbench.cubes.netcdf_writing import write
from workbench.cubes.radiance_units import to_ours
from workbench.cubes.scaling import Scaling, understand
from workbench.cubes.sensors import named_sensor
from workbench.cubes.sources import Picked, lazy_cube, native_block
from workbench.cubes.stored import Stored
from workbench.cubes.wavelengths import detector_order

__all__ = ["read", "recognises", "write"]


def recognises(path: Path) -> bool:
    """By the ending; what is wrong inside is said on reading."""
    return path.suffix.lower() in (".nc", ".nc4", ".cdf")


def read(path: Path, *, variable: str | None = None) -> xr.DataArray:
    """The file's cube, lazily; pass `variable`, with its group, where several could be it."""
    if variable is None and netcdf_own.is_ours(path):
        return netcdf_own.read(path)
    groups = open_groups(path)
    name, cube, variables, dims = choose(groups, variable, path)
    refuse_absurd(cube, name, path)
    kept = tuple(dim for dim in cube.dims if dim in dims)
    layout = tuple(("band", "y", "x")[dims.index(dim)] for dim in kept)
    source = Stripped(cube, kept, path.name)
    n_bands = cube.sizes[dims[0]]

    coords, note = band_coordinates(dims[0], n_bands, variables, path)
    centres = coords["wavelength"][1]
    order, overlap = (np.arange(n_bands)[::-1], "") if _falls(centres) else detector_order(centres)
    if order is not None:
        coords = {key: (dim, values[order], *rest) for key, (dim, values, *rest) in coords.items()}

    where = place_of(cube, dims[1:], variables, path)
    if where.is_upside_down:
        rows = np.arange(cube.sizes[dims[1]])[::-1]
        source = Picked(source, layout.index("y"), rows)
    chunks = cube.encoding.get("chunksizes")
    sizes = dict(zip(cube.dims, chunks, strict=True)) if chunks else {}
    native = native_block(source.shape, tuple(sizes[dim] for dim in kept) if sizes else None, layout)
    stored = Stored(source, layout, fill_value(cube), block=native[1:], order=order)
    scaling = _scaling(stored, cube, name, has_wavelengths=bool(np.isfinite(centres).all()))
    attrs = {
        **scaling.attrs,
        "sensor": named_sensor(path.stem) or named_sensor(_words(groups["/"])),
        "acquired": utc(text(groups["/"], "time_coverage_start")),
        "variable": name,
        "wavelength_note": overlap or note,
        "stored_dtype": str(cube.dtype),
    }
    lazy = lazy_cube(replace(stored, scaling=scaling), native, coords, attrs)
    return place(lazy, where.crs, where.transform).assign_coords(where.degrees or {})


def _falls(centres: np.ndarray) -> bool:
    return len(centres) > 1 and bool((np.diff(centres) < 0).all())


def _words(dataset: xr.Dataset) -> str:
    """What the file says of its sensor."""
    return " ".join(text(dataset, name) for name in ("instrument", "sensor", "platform", "title", "source"))


def _scaling(stored: Stored, cube: xr.Variable, name: str, *, has_wavelengths: bool) -> Scaling:
    """What the numbers mean: by CF's standard name and units, and only else by a look at them."""
    gain, offset = single(cube, "scale_factor", None), single(cube, "add_offset", 0.0)
    units, standard = text(cube, "units").strip(), text(cube, "standard_name")
    words = " ".join([name, standard, text(cube, "long_name"), units])
    factor = to_ours(units)
    if factor is not None:
        how = f"stored in {units}, multiplied by {factor:g}" if factor != 1 else f"stored in {units}"
        return Scaling("radiance", how, (1.0 if gain is None else gain) * factor, offset * factor)
    if "reflectance" in standard and units in ("", "1", "%", "percent"):
        part = 0.01 if units in ("%", "percent") else 1.0
        how = "reflectance, as its standard name states" + (", in percent" if part != 1 else "")
        return Scaling("reflectance", how, (1.0 if gain is None else gain) * part, offset * part)
    if "radiance" in words.lower() and "reflectance" not in words.lower() and units not in ("", "1"):
        how = f"radiance in units of its own, {units!r}"
        return Scaling("dn", how, 1.0 if gain is None else gain, offset)
    stated = "the file's scale_factor and add_offset"
    if gain is None and offset:
        gain = 1.0
    return understand(stored.sample(), words, has_wavelengths=has_wavelengths, gain=gain, offset=offset, stated=stated)
