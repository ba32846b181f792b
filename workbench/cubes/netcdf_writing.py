"""A cube as CF NetCDF: for other programs by the conventions, and the same cube again by ``netcdf_own``.

CF has no word for some of what a cube knows (Python's types, attributes of its coordinates), so a text variable keeps
that beside it as JSON. Chunks of 4 bands × 128 × 128 pixels, lightly packed, serve pictures and spectra alike: from
600 × 600 × 200 random values a picture of three bands takes some 130 ms and a spectrum less than half of that; with 8
bands a picture takes twice as long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import h5netcdf
import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import DIMS
from workbench.cubes.grid import transform_of

RECORD = "workbench_cube"
"""Variable with the JSON."""

CHUNKS = (4, 128, 128)
"""Bands, rows and columns."""

_IN_MEMORY = 48_000_000
"""Values held at once while a lazy cube is written."""

_PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
_CUBE = {
    "reflectance": {"standard_name": "surface_bidirectional_reflectance", "units": "1"},
    "radiance": {"standard_name": "upwelling_radiance_per_unit_wavelength_in_air", "units": "uW cm-2 nm-1 sr-1"},
    "dn": {"long_name": "digital number", "units": "1"},
}
_COORDINATES = {
    "wavelength": {"standard_name": "radiation_wavelength", "long_name": "band centre", "units": "nm"},
    "fwhm": {"long_name": "full width at half maximum", "units": "nm"},
    "good": {"long_name": "band to learn from", "flag_values": np.array([0, 1], "i1"), "flag_meanings": "bad good"},
    "band_name": {"long_name": "band name"},
    "longitude": {"standard_name": "longitude", "units": "degrees_east"},
    "latitude": {"standard_name": "latitude", "units": "degrees_north"},
}


def write(cube: xr.DataArray, path: Path) -> None:
    """Every value and everything said about it; a lazy cube is read once or twice, block by block."""
    name = cube.attrs["quantity"]
    with h5netcdf.File(path, "w") as file:
        file.dimensions = dict(zip(DIMS, cube.shape, strict=True))
        file.attrs["Conventions"] = "CF-1.11"
        file.attrs["title"] = f"cube of {cube.sizes['band']} bands"
        for key, attribute in {"sensor": "instrument", "acquired": "time_coverage_start"}.items():
            if cube.attrs.get(key):
                file.attrs[attribute] = str(cube.attrs[key])
        shown = [key for key in cube.coords if key not in (*DIMS, "spatial_ref") and _writes(file, cube, key)]
        for axis in ("y", "x"):
            _axis(file, cube, axis)
        if cube.rio.crs is not None:
            _grid_mapping(file, cube)
        _record(file, cube)
        chunks = tuple(min(size, most) for size, most in zip(cube.shape, CHUNKS, strict=True))
        values = file.create_variable(name, DIMS, "f4", chunks=chunks, fillvalue=np.float32(np.nan), **_PACKED)
        values.attrs.update({**_CUBE[name], "coordinates": " ".join(shown)})
        if cube.rio.crs is not None:
            values.attrs["grid_mapping"] = "spatial_ref"
        for block in _blocks(cube.shape):
            values[block] = np.asarray(cube.variable[block].values)


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Parts of whole chunks: all bands, and columns and rows as far as memory allows."""
    n_bands, height, width = shape
    _, rows, columns = CHUNKS
    bands = n_bands if n_bands * rows * columns <= 4 * _IN_MEMORY else 1024
    across = max(1, _IN_MEMORY // (bands * rows * columns)) * columns
    down = max(1, _IN_MEMORY // (bands * rows * min(width, across))) * rows
    for band in range(0, n_bands, bands):
        for top in range(0, height, down):
            for left in range(0, width, across):
                ends = (band + bands, top + down, left + across)
                yield tuple(slice(a, min(b, n)) for a, b, n in zip((band, top, left), ends, shape, strict=True))


def _writes(file: h5netcdf.File, cube: xr.DataArray, name: str) -> bool:
    """Write a coordinate, if NetCDF has its type; numbers are kept as they are."""
    coordinate = cube[name].variable
    if not set(coordinate.dims) <= set(DIMS):
        return False
    values = np.asarray(coordinate.values)
    if values.dtype.kind in "OUS":
        texts = np.vectorize(_harmless, otypes=[object])(values) if values.size else values
        variable = file.create_variable(name, coordinate.dims, h5py.string_dtype())
        variable[...] = texts if values.ndim else str(texts)
    elif values.dtype.kind in "buif":
        plain = values.astype("i1") if values.dtype.kind == "b" else values
        packed = {**_PACKED, "chunks": tuple(min(n, 1024) for n in plain.shape)} if plain.ndim == 2 else {}
        file.create_variable(name, coordinate.dims, plain.dtype, data=plain, **packed)
    else:
        return False
    file[name].attrs.update(_COORDINATES.get(name, {}))
    return True


def _harmless(text: object) -> str:
    """A text that HDF5 can hold."""
    return str(text).encode("utf-8", errors="replace").decode("utf-8").replace("\0", " ")


def _axis(file: h5netcdf.File, cube: xr.DataArray, axis: str) -> None:
    """Rows or columns: named places where there is a CRS and they do not turn."""
    file.create_variable(axis, (axis,), cube[axis].dtype, data=cube[axis].values)
    crs = cube.rio.crs
    if crs is None or not transform_of(cube).is_rectilinear:
        file[axis].attrs["long_name"] = f"pixel centre, counted from the {'left' if axis == 'x' else 'upper'} edge"
        return
    if crs.is_geographic:
        name, units = ("longitude", "degrees_east") if axis == "x" else ("latitude", "degrees_north")
    else:
        name, units = f"projection_{axis}_coordinate", "m" if crs.linear_units.lower() in ("metre", "meter") else ""
    file[axis].attrs.update({"standard_name": name, "axis": axis.upper(), **({"units": units} if units else {})})


def _grid_mapping(file: h5netcdf.File, cube: xr.DataArray) -> None:
    """CF's words for the CRS, and GDAL's for the grid."""
    variable = file.create_variable("spatial_ref", (), "i4", data=np.int32(0))
    said = {key: value for key, value in cube["spatial_ref"].attrs.items() if isinstance(value, str | int | float)}
    wkt = cube.rio.crs.to_wkt()
    grid = " ".join(repr(float(number)) for number in transform_of(cube).to_gdal())
    variable.attrs.update({**said, "crs_wkt": wkt, "spatial_ref": wkt, "GeoTransform": grid})


def _record(file: h5netcdf.File, cube: xr.DataArray) -> None:
    """What NetCDF would change: types, attributes, texts with odd characters."""
    coordinates = {}
    for name, coordinate in cube.coords.items():
        held = {"dims": list(coordinate.dims), "dtype": coordinate.dtype.str, "attrs": dict(coordinate.attrs)}
        if coordinate.dtype.kind not in "buif":
            as_text = coordinate.dtype.kind in "mM"
            held["values"] = (coordinate.astype("int64") if as_text else coordinate).values.tolist()
        coordinates[name] = held
    told = {key: value for key, value in cube.attrs.items() if key not in ("source", "format", "options")}
    content = {"name": cube.attrs["quantity"], "attrs": told, "coords": coordinates}
    variable = file.create_variable(RECORD, (), h5py.string_dtype())
    variable[...] = json.dumps(content, default=_plain)
    variable.attrs["long_name"] = "what the workbench knows of this cube, JSON"


def _plain(value: object) -> object:
    """What JSON has no word for."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def values_of(held: dict, stored: NDArray | None) -> NDArray:
    """A coordinate's values as they were, from the record and what is stored beside it."""
    dtype = np.dtype(held["dtype"])
    if "values" not in held:
        return np.asarray(stored).astype(dtype)
    values = np.array(held["values"], dtype="int64" if dtype.kind in "mM" else object)
    return values.astype(dtype) if dtype.kind != "O" else values
