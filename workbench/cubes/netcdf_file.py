"""NetCDF files of anybody as plain arrays with attributes, by xarray: version 3 by SciPy, version 4 by h5netcdf."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError
from workbench.cubes.hdf5_array import damage_named
from workbench.cubes.hdf5_heaps import has_damaged_heap
from workbench.cubes.hdf5_outside import refuse_leading_out

_DENSEST = 2000
"""Most bytes of values that a byte of a compressed file holds."""

_AS_STORED = dict.fromkeys(("mask_and_scale", "decode_times", "concat_characters", "decode_coords"), False)

Groups = dict[str, xr.Dataset]
"""A file's groups by path, "/" first; nothing is decoded or read."""


def open_groups(path: Path) -> Groups:
    """Every group of the file, unread."""
    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"
    if has_damaged_heap(path):
        raise CubeError(f"the texts in {path.name} are damaged; copy it again")
    try:
        if classic:
            return {"/": xr.open_dataset(path, engine="scipy", cache=False, **_AS_STORED)}
        with h5py.File(path, "r") as file:  # where this fails, h5netcdf would stumble over its own unfinished file
            file.attrs.get("_nc3_strict")
            refuse_leading_out(file, path)
        found = xr.open_groups(path, engine="h5netcdf", cache=False, phony_dims="access", **_AS_STORED)
    except CubeError:
        raise
    except Exception as error:  # a damaged file fails in a dozen ways in these libraries, all of them the user's file
        raise CubeError(f"{path.name} is no NetCDF file, cut off or damaged; copy it again") from error
    return {name: found[name] for name in sorted(found, key=lambda name: (name != "/", name))}


@dataclass(frozen=True, eq=False)
class Stripped:
    """A variable as an array that reads what is indexed; dims of length 1 that nobody asked for are left out."""

    variable: xr.Variable
    """Not read."""

    dims: tuple[str, ...]
    """Those that are kept, in the file's order."""

    name: str
    """Of the file, for refusals."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the kept dims."""
        return tuple(self.variable.sizes[dim] for dim in self.dims)

    @property
    def ndim(self) -> int:
        """How many these are."""
        return len(self.dims)

    @property
    def dtype(self) -> np.dtype:
        """As stored."""
        return self.variable.dtype

    def __getitem__(self, key: tuple) -> NDArray:
        """Dims are kept."""
        at = dict(zip(self.dims, key, strict=True))
        wanted = tuple(at.get(dim, 0) for dim in self.variable.dims)
        with damage_named(Path(self.name)):
            return np.asarray(self.variable[wanted].values)


def numbers(variable: xr.Variable, name: str, path: Path) -> NDArray[np.float64]:
    """A short variable's values, NaN where it has its fill value."""
    if variable.dtype.kind not in "buif" or variable.ndim != 1:
        raise CubeError(f"{name!r} is one number a band, got {variable.dtype} in {path.name}; correct it")
    refuse_absurd(variable, name, path)
    with damage_named(path):
        values = np.asarray(variable.values).astype(float)
    fill = fill_value(variable)
    if fill is not None:
        values[values == fill] = np.nan
    return values * single(variable, "scale_factor", 1.0) + single(variable, "add_offset", 0.0)


def fill_value(variable: xr.Variable) -> float | None:
    """The number that means no data."""
    for name in ("_FillValue", "missing_value"):
        if name in variable.attrs:
            return single(variable, name, None)
    return None


def single(variable: xr.Variable, name: str, default: float | None) -> float | None:
    """An attribute that is one number, or the default."""
    value = np.asarray(variable.attrs.get(name, np.nan)).ravel()
    if value.size != 1 or value.dtype.kind not in "uif" or (np.isnan(value[0]) and name != "_FillValue"):
        return default
    return float(value[0])


def text(variable: xr.Variable | xr.Dataset, name: str) -> str:
    """An attribute as text, empty where there is none."""
    value = variable.attrs.get(name, "")
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def refuse_absurd(variable: xr.Variable, name: str, path: Path) -> None:
    """Refuse a size that the file cannot hold."""
    have = path.stat().st_size
    if variable.nbytes > have * (_DENSEST if variable.encoding.get("chunksizes") else 1):
        raise CubeError(f"{name!r} claims {variable.nbytes} bytes, but {path.name} has {have} in all; copy it again")
