"""The arrays of a MATLAB file, wherever they lie in it: version 5 by SciPy, version 7.3 by h5py and lazily.

A structure's fields are listed as MATLAB names them, ``hsi.Data``. Of a 7.3 file only what it holds itself is followed:
no link to another file, and no reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import scipy.io
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError

_DEEPEST = 6
"""Structures in structures that are looked into."""


def arrays(path: str | Path) -> dict[str, da.Array]:
    """Every numeric array of a MATLAB file, as MATLAB shows them (rows first), for labels too.

    Parameters
    ----------
    path : str or Path
        A file of version 5 or 7.3.

    Returns
    -------
    dict of str to dask.array.Array
        By name, a structure's as ``hsi.Data``. Those of a 7.3 file are read when they are asked for.

    Raises
    ------
    CubeError
        If it is no MATLAB file, or a damaged one.
    """
    path = Path(path)
    with path.open("rb") as file:
        start = file.read(128)
    if h5py.is_hdf5(path):
        return _hdf5(path)
    if not start.startswith(b"MATLAB") and b"\0" not in start:
        got = start[:30].decode("latin-1").split("\n")[0] or "nothing"
        raise CubeError(f"a .mat file begins with 'MATLAB', but {path.name} begins with {got!r}; it is no MATLAB file")
    try:
        content = scipy.io.loadmat(path)
    except Exception as error:  # a damaged file fails in a dozen ways in SciPy, all of them the user's file
        raise CubeError(f"{path.name} is cut off, damaged or no MATLAB file; copy it again") from error
    found = {name: array for key, value in content.items() for name, array in _fields(key, value)}
    return {name: da.from_array(array, chunks=_chunks(array.shape), name=False) for name, array in found.items()}


def _fields(name: str, value: object, depth: int = 0) -> Iterator[tuple[str, NDArray]]:
    """Numeric arrays of a variable, and of the fields of a single structure."""
    if not isinstance(value, np.ndarray) or not value.size:
        return
    if value.dtype.kind in "uifb":
        yield name, value
    elif value.dtype.names and value.size == 1 and depth < _DEEPEST:
        for field in value.dtype.names:
            yield from _fields(f"{name}.{field}", value.ravel()[0][field], depth + 1)


def _hdf5(path: Path) -> dict[str, da.Array]:
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise CubeError(f"{path.name} is cut off or damaged; copy it again") from error
    try:
        # HDF5 lists MATLAB's dims backwards.
        return {
            name: da.from_array(item, chunks=_chunks(item.shape), lock=True).transpose()
            for name, item in _datasets(file, "")
        }
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise CubeError(f"{path.name} is cut off or damaged; copy it again") from error


def _datasets(group: h5py.Group, prefix: str, depth: int = 0) -> Iterator[tuple[str, h5py.Dataset]]:
    """Numeric arrays that lie in the file itself."""
    for name in group:
        if (
            not isinstance(name, str)
            or name.startswith("#")
            or not isinstance(group.get(name, getlink=True), h5py.HardLink)
        ):
            continue
        item = group[name]
        if isinstance(item, h5py.Group) and depth < _DEEPEST:
            yield from _datasets(item, f"{prefix}{name}.", depth + 1)
        elif (
            isinstance(item, h5py.Dataset)
            and not (item.external or item.is_virtual)
            and item.dtype.kind in "uifb"
            and item.size
        ):
            yield f"{prefix}{name}", item


def _chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Runs along the first axis of some 4 million values."""
    rest = math.prod(shape[1:])
    return (max(1, min(shape[0], 4_000_000 // max(1, rest))), *shape[1:])
