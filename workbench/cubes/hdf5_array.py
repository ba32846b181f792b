"""An array of an HDF5 file that reads what is indexed.

What a header claims is checked against the file before anything of that size is made: deflate, the filter of all the
products here, packs at most some 1030 to 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dask.array as da
import h5py
import numpy as np
from numpy.typing import NDArray

from workbench.cubes.contract import CubeError

if TYPE_CHECKING:
    from workbench.cubes.hdf5 import Hdf5

_DENSEST = 2000
"""Most bytes of values that a byte of a file holds."""

_LARGEST_CHUNK = 2**28
_PLANE = 1024


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """What HDF5's library says of a damaged file, in our words; it has many."""
    try:
        yield
    except CubeError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise CubeError(f"{path.name} could not be read to its end and may be damaged; copy it again") from error


class Array:
    """An array of an HDF5 file: reads what is indexed, slices and lists alike, and no more of it."""

    def __init__(self, file: Hdf5, name: str, shape: tuple[int, ...] | None = None, ndim: int | None = None) -> None:
        self.file, self.name = file, name
        where = file.path.name
        if name not in file:
            raise CubeError(f"{where} has no {name}; it is another product or level, or copy it again")
        with damage_named(file.path):
            found = file.file[name]
            holds_numbers = isinstance(found, h5py.Dataset) and found.dtype.kind in "buif"
        if not holds_numbers:
            raise CubeError(f"{name} holds numbers, but not in {where}; it is another product, or copy it again")
        wanted = shape or ("?",) * (found.ndim if ndim is None else ndim)
        if found.ndim != len(wanted) or (shape and found.shape != shape):
            expected = " × ".join(map(str, wanted))
            raise CubeError(f"{name} has {expected} values, got shape {found.shape} in {where}; copy it again")
        have = file.path.stat().st_size
        if found.nbytes > have * _DENSEST or (found.chunks is None and found.nbytes > have):
            raise CubeError(f"{name} claims {found.nbytes} bytes, but {where} has {have} in all; copy it again")
        self.chunks = found.chunks
        if found.chunks and np.prod(found.chunks, dtype=float) * found.dtype.itemsize > _LARGEST_CHUNK:
            raise CubeError(f"{name} in {where} is stored in chunks above 256 MiB; store it in smaller ones")
        self._array = found
        self.shape, self.dtype, self.ndim = found.shape, found.dtype, found.ndim

    def __reduce__(self) -> tuple:
        """The file is opened again where it is unpickled."""
        return Array, (self.file, self.name)

    def __getitem__(self, key: tuple[slice | int | NDArray[np.intp], ...]) -> NDArray:
        """As NumPy's, but that lists of several dims are crossed."""
        picked = [np.atleast_1d(np.arange(size)[k]) for size, k in zip(self.shape, key, strict=True)]
        order = [np.unique(indices, return_inverse=True) for indices in picked]
        values = np.empty([len(indices) for indices, _ in order], self.dtype)
        with damage_named(self.file.path), self.file.lock:
            for runs in itertools.product(*(list(_runs(indices)) for indices, _ in order)):
                into, out = zip(*runs, strict=True)
                values[into] = self._array[out]
        for axis, (indices, back) in enumerate(order):
            if len(back) != len(indices) or (np.diff(back) != 1).any():
                values = values.take(back, axis=axis)
        return values[tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)]

    def scalar(self) -> object:
        """The number that an array without dims is."""
        with damage_named(self.file.path):
            return self._array[()]

    def attribute(self, name: str) -> object:
        """One of its attributes, or None."""
        return self.file.attribute(name, self.name)

    def number(self, name: str) -> float | None:
        """One of its attributes as a number; None where it has none."""
        value = self.attribute(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            where = self.file.path.name
            raise CubeError(f"{name!r} of {self.name} is a number, got {str(value)[:40]!r} in {where}; copy it again")
        return value

    def plane(self, nodata: float | None = None) -> da.Array:
        """A 2-D array as float64 when it is asked for, NaN where nodata: longitudes, say."""
        chunks = tuple(min(_PLANE, size) for size in self.shape)
        raw = da.from_array(self, chunks=chunks, name=False, lock=False, asarray=False)
        return raw.map_blocks(_clean, nodata, dtype="float64")


def _clean(values: NDArray, nodata: float | None) -> NDArray[np.float64]:
    values = values.astype(float)
    values[~np.isfinite(values) | (values == nodata if nodata is not None else False)] = np.nan
    return values


def _runs(indices: NDArray[np.intp]) -> Iterator[tuple[slice, slice]]:
    """Where runs of increasing, evenly spaced indices go, and where they come from."""
    if len(indices) < 2 or (np.diff(indices) == indices[1] - indices[0]).all():
        step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
        start = int(indices[0]) if len(indices) else 0
        yield slice(0, len(indices)), slice(start, start + step * len(indices), step)
        return
    starts = np.flatnonzero(np.diff(indices, prepend=indices[0] - 2) != 1)
    for first, end in itertools.pairwise([*starts, len(indices)]):
        yield slice(int(first), int(end)), slice(int(indices[first]), int(indices[end - 1]) + 1)
