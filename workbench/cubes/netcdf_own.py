"""NetCDF written by ``netcdf_writing``, read as the very same cube."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from workbench.cubes.contract import DIMS, CubeError
from workbench.cubes.hdf5 import Hdf5, looks_like
from workbench.cubes.netcdf_writing import RECORD, values_of
from workbench.cubes.sources import dask_chunks, native_block
from workbench.cubes.stored import in_blocks


def is_ours(path: Path) -> bool:
    """By the record inside."""
    return looks_like(path, lambda file: RECORD in file)


def read(path: Path) -> xr.DataArray:
    """The cube, lazily."""
    file = Hdf5(path)
    try:
        record = json.loads(file.text(RECORD))
        array = file.array(record["name"], ndim=3)
        attrs, held = dict(record["attrs"]), dict(record["coords"])
        sizes = dict(zip(DIMS, array.shape, strict=True))
        coords = {}
        for name, coordinate in held.items():
            dims = tuple(coordinate["dims"])
            shape = tuple(sizes[dim] for dim in dims)
            stored = None
            if "values" not in coordinate:
                stored = file.single(name) if not dims else file.values(name, shape)
            coords[name] = (dims, values_of(coordinate, stored).reshape(shape), dict(coordinate["attrs"]))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, CubeError):
            raise
        raise CubeError(f"{RECORD!r} in {path.name} does not fit its cube; write the file again") from error
    native = native_block(array.shape, array.chunks, DIMS)
    chunks = dask_chunks(array.shape, native)
    if array.dtype != np.float32:
        raise CubeError(f"a written cube holds float32, got {array.dtype} in {path.name}; write the file again")
    cube = xr.DataArray(in_blocks(array, chunks), dims=DIMS, coords=coords, attrs=attrs).rename(None)
    if "spatial_ref" in cube.coords:
        cube.encoding["grid_mapping"] = "spatial_ref"
    cube.encoding["preferred_chunks"] = {"y": native[1], "x": native[2]}
    return cube
