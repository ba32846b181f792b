"""Where a NetCDF cube lies, by CF: a grid mapping with evenly spaced coordinates, or longitudes and latitudes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from workbench.cubes.crs import known_crs, known_transform
from workbench.cubes.netcdf_file import Stripped, fill_value, numbers, refuse_absurd, text

_UNEVEN = 0.01
"""Share of a pixel that a coordinate may lie beside an even grid."""

_NAMES = {"longitude": ("lon", "longitude", "long"), "latitude": ("lat", "latitude")}


@dataclass(frozen=True)
class Place:
    """What :func:`workbench.cubes.grid.place` takes, and what a swath has instead."""

    crs: CRS | None = None
    transform: Affine | None = None
    degrees: dict[str, tuple] | None = None
    """``longitude`` and ``latitude`` on (y, x)."""

    is_upside_down: bool = False
    """Whether rows were listed from the south; they are to be turned."""


def place_of(cube: xr.Variable, dims: tuple[str, str], variables: dict[str, xr.Variable], path: Path) -> Place:
    """Place of a variable with rows and columns `dims`, among all variables that it may name."""
    mapping = variables.get(text(cube, "grid_mapping").split(":")[0].split(" ")[0])
    axes = [variables.get(dim) for dim in dims]
    even = [_even(axis, name, path) for axis, name in zip(axes, dims, strict=True)]
    stated = mapping.attrs.get("GeoTransform") if mapping is not None else None
    crs = _crs(mapping, path) if mapping is not None else None
    if crs is None and all(_is(axis, kind) for axis, kind in zip(axes, ("latitude", "longitude"), strict=True)):
        crs = CRS.from_epsg(4326)
    transform = None
    if stated is not None:
        transform = known_transform(stated if isinstance(stated, str | bytes) else np.ravel(stated), path)
    # GDAL writes rows from the south and a transform from the north: coordinates win, but for a rotated grid.
    if crs is not None and all(even) and (transform is None or transform.is_rectilinear):
        (top, down), (left, right) = even
        upside_down = down > 0
        if upside_down:
            top, down = top + down * (cube.sizes[dims[0]] - 1), -down
        return Place(crs, Affine(right, 0, left - right / 2, 0, down, top - down / 2), is_upside_down=upside_down)
    if crs is not None and transform is not None:
        return Place(crs, transform)
    return _swath(cube, dims, variables, path)


def _crs(mapping: xr.Variable, path: Path) -> CRS | None:
    for name in ("crs_wkt", "spatial_ref", "epsg_code"):
        said = text(mapping, name)
        if said:
            return known_crs(f"EPSG:{said}" if said.isdecimal() else said, path)
    try:
        attrs = {key: value for key, value in mapping.attrs.items() if key != "GeoTransform"}
        crs = CRS.from_cf(attrs)
    except (CRSError, KeyError, ValueError, TypeError):
        return None
    return known_crs(crs.to_wkt(), path)


def _even(axis: xr.Variable | None, name: str, path: Path) -> tuple[float, float] | None:
    """First centre and step of evenly spaced coordinates."""
    if axis is None or axis.ndim != 1 or axis.size < 2 or axis.dtype.kind not in "uif":
        return None
    refuse_absurd(axis, name, path)
    centres = numbers(axis, name, path)
    if not np.isfinite(centres).all():
        return None
    step = (centres[-1] - centres[0]) / (len(centres) - 1)
    straight = centres[0] + step * np.arange(len(centres))
    if not step or np.abs(centres - straight).max() > _UNEVEN * abs(step):
        return None
    return float(centres[0]), float(step)


def _is(variable: xr.Variable | None, kind: str) -> bool:
    """Whether it holds longitudes, or latitudes."""
    if variable is None:
        return False
    units = "degrees_east" if kind == "longitude" else "degrees_north"
    return text(variable, "standard_name") == kind or text(variable, "units") in (
        units,
        units[:-1],
        "degree" + units[7:],
    )


def _swath(cube: xr.Variable, dims: tuple[str, str], variables: dict[str, xr.Variable], path: Path) -> Place:
    """Longitudes and latitudes of every pixel, or of every row and column; else no place at all."""
    degrees = {}
    for kind, names in _NAMES.items():
        found = [
            (name, variable)
            for name, variable in variables.items()
            if set(variable.dims) <= set(dims)
            and variable.ndim
            and variable.dtype.kind in "if"
            and (name.lower() in names or _is(variable, kind))
        ]
        found.sort(key=lambda one: -one[1].ndim)
        if not found:
            return Place()
        name, variable = found[0]
        refuse_absurd(variable, name, path)
        degrees[kind] = (("y", "x"), _plane(variable, dims, tuple(cube.sizes[dim] for dim in dims), path))
    return Place(degrees=degrees)


def _plane(variable: xr.Variable, dims: tuple[str, str], shape: tuple[int, int], path: Path) -> da.Array:
    source = Stripped(variable, tuple(dim for dim in variable.dims if dim in dims), path.name)
    blocks = da.from_array(source, chunks=source.shape, name=False, lock=False, asarray=False)
    blocks = blocks.map_blocks(_clean, fill_value(variable), dtype="float64")
    if source.dims == dims[::-1]:
        return blocks.T
    if len(source.dims) == 1:
        blocks = blocks[:, None] if source.dims[0] == dims[0] else blocks[None, :]
        return da.broadcast_to(blocks, shape)
    return blocks


def _clean(values: NDArray, fill: float | None) -> NDArray[np.float64]:
    values = values.astype(float)
    values[~np.isfinite(values) | (values == fill if fill is not None else False)] = np.nan
    return values
